from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import RefusedError
from listkeep.core.registry.charges import DAY, Charges, Measure

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEN, IVAN = "p_ben", "p_ivan"


def looked_up(charges: Charges, item: str, *, at: datetime = NOON) -> None:
    charges.add(BEN, Measure.LOOK_UPS, at=at, items=(item,))


def try_look_up(charges: Charges, item: str, *, ceiling: int, at: datetime) -> bool:
    """Spend as the keeper does: ask first, then count."""
    try:
        charges.require(BEN, Measure.LOOK_UPS, ceiling=ceiling, now=at, items=(item,))
    except RefusedError:
        return False
    looked_up(charges, item, at=at)
    return True


def test_nothing_is_spent_at_first() -> None:
    assert Charges().used(BEN, Measure.LOOK_UPS, now=NOON) == 0
    assert Charges().used(BEN, Measure.LOOK_UPS, now=NOON, items=("a",)) == 1


def test_days_sum_to_what_is_spent_in_all_of_them() -> None:
    charges, ago = Charges(), timedelta(days=1)
    charges.add(BEN, Measure.ROWS_EXPORTED, at=NOON - 29 * ago, amount=7)
    charges.add(BEN, Measure.ROWS_EXPORTED, at=NOON - ago, amount=5)
    charges.add(BEN, Measure.ROWS_EXPORTED, at=NOON, amount=3)
    about = BEN, Measure.ROWS_EXPORTED

    by_day = charges.used_by_day(*about, now=NOON, days=30)

    assert (by_day[0], by_day[-2:], sum(by_day)) == (7, [5, 3], 15)
    assert sum(by_day) == charges.used(*about, now=NOON, window=30 * ago)
    assert by_day[-1] == charges.used(*about, now=NOON)
    assert charges.used_by_day(IVAN, Measure.LOOK_UPS, now=NOON, days=2) == [0, 0]


def test_after_a_loss_nobody_is_told_days_that_nobody_knows() -> None:
    charges = Charges()
    looked_up(charges, "a")
    charges.exhaust(at=NOON)

    assert charges.used_by_day(BEN, Measure.LOOK_UPS, now=NOON, days=30) == []


def test_the_same_address_counts_once_within_a_window() -> None:
    charges = Charges()
    for item in ("a", "b", "a"):
        looked_up(charges, item)

    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON) == 2
    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON, items=("b", "c")) == 3


def test_asking_the_same_again_and_again_is_remembered_once() -> None:
    charges = Charges()
    for second in range(1000):
        looked_up(charges, "ab"[second % 2], at=NOON + timedelta(seconds=second))

    [spent] = charges._spent.values()
    assert list(spent.items) == ["a", "b"]
    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON + DAY) == 2
    late = NOON + timedelta(seconds=999) + DAY
    assert charges.used(BEN, Measure.LOOK_UPS, now=late) == 0


def test_a_clock_that_steps_back_a_little_forgets_no_spending() -> None:
    charges = Charges()
    looked_up(charges, "a", at=NOON)
    looked_up(charges, "a", at=NOON - timedelta(seconds=4))

    now = NOON + DAY - timedelta(seconds=2)
    assert charges.used(BEN, Measure.LOOK_UPS, now=now) == 1


def test_amounts_always_count() -> None:
    charges = Charges()
    for _ in range(2):
        charges.add(BEN, Measure.ROWS_ADDED, at=NOON, amount=7)

    assert charges.used(BEN, Measure.ROWS_ADDED, now=NOON) == 14


def test_each_principal_and_each_measure_has_an_account_of_its_own() -> None:
    charges = Charges()
    looked_up(charges, "a")

    assert charges.used(IVAN, Measure.LOOK_UPS, now=NOON) == 0
    assert charges.used(BEN, Measure.REVEALS, now=NOON) == 0


def test_a_refusal_spends_nothing_and_says_what_to_do() -> None:
    charges = Charges()
    looked_up(charges, "a")

    for _ in range(2):
        with pytest.raises(RefusedError, match="1 look ups a day") as caught:
            charges.require(BEN, Measure.LOOK_UPS, ceiling=1, now=NOON, items=("b",))
        assert caught.value.code == "budget-spent"
        assert caught.value.hint
    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON) == 1


def test_the_ceiling_itself_may_be_reached() -> None:
    charges = Charges()

    charges.require(BEN, Measure.ROWS_ADDED, ceiling=7, now=NOON, amount=7)
    charges.add(BEN, Measure.ROWS_ADDED, at=NOON, amount=7)
    with pytest.raises(RefusedError):
        charges.require(BEN, Measure.ROWS_ADDED, ceiling=7, now=NOON, amount=1)


def test_a_spending_leaves_the_window_exactly_when_the_window_has_passed() -> None:
    charges = Charges()
    looked_up(charges, "a")
    moment = timedelta(microseconds=1)

    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON + DAY - moment) == 1
    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON + DAY) == 0
    month = timedelta(days=30)
    assert charges.used(BEN, Measure.LOOK_UPS, now=NOON + DAY, window=month) == 1


def test_what_is_older_than_any_window_is_forgotten() -> None:
    charges = Charges()
    looked_up(charges, "old")
    looked_up(charges, "new", at=NOON + timedelta(days=31, seconds=1))

    year = timedelta(days=365)
    now = NOON + timedelta(days=32)
    assert charges.used(BEN, Measure.LOOK_UPS, now=now, window=year) == 1


items = st.sampled_from("abcdefgh")
steps = st.timedeltas(timedelta(), timedelta(hours=13))


@given(st.lists(st.tuples(items, steps), max_size=60), st.integers(0, 6))
def test_no_day_however_laid_ever_holds_more_than_the_ceiling(
    tries: list[tuple[str, timedelta]], ceiling: int
) -> None:
    charges, now = Charges(), NOON
    let_through: list[tuple[datetime, str]] = []
    for item, step in tries:
        now += step
        if try_look_up(charges, item, ceiling=ceiling, at=now):
            let_through.append((now, item))

    for end, _ in let_through:
        day = {item for at, item in let_through if end - DAY < at <= end}
        assert len(day) <= ceiling


@given(st.lists(st.tuples(st.integers(1, 40), steps), max_size=60), st.integers(0, 99))
def test_no_day_however_laid_holds_a_larger_sum_than_the_ceiling(
    tries: list[tuple[int, timedelta]], ceiling: int
) -> None:
    charges, now = Charges(), NOON
    let_through: list[tuple[datetime, int]] = []
    for amount, step in tries:
        now += step
        try:
            charges.require(
                BEN, Measure.ROWS_ADDED, ceiling=ceiling, now=now, amount=amount
            )
        except RefusedError:
            continue
        charges.add(BEN, Measure.ROWS_ADDED, at=now, amount=amount)
        let_through.append((now, amount))

    for end, _ in let_through:
        assert sum(n for at, n in let_through if end - DAY < at <= end) <= ceiling


@given(st.lists(st.tuples(items, st.sampled_from((BEN, IVAN))), max_size=40))
def test_what_others_spend_never_frees_or_takes_from_mine(
    order: list[tuple[str, str]],
) -> None:
    together, alone = Charges(), Charges()
    for item, who in order:
        together.add(who, Measure.LOOK_UPS, at=NOON, items=(item,))
        if who == BEN:
            alone.add(who, Measure.LOOK_UPS, at=NOON, items=(item,))

    mine = together.used(BEN, Measure.LOOK_UPS, now=NOON)
    assert mine == alone.used(BEN, Measure.LOOK_UPS, now=NOON)
