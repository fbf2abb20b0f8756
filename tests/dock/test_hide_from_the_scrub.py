"""Somebody edits the dock's tables by hand, and the sweep that looks rows over too."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError

from listkeep.dock.lists.models import Entry
from listkeep.dock.watch.models import ScrubPass
from tests.dock.conftest import Api
from tests.dock.scrubbing import Rounds, write
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def rounds(keeper: FakeKeeper) -> Rounds:
    return Rounds(keeper, page_rows=5)


@pytest.fixture
def members(ada: Api) -> str:
    list_id = ada.open_list("members")
    ada.fill(list_id, *(f"person{n}@example.com,free,DE,P{n}" for n in range(17)))
    return list_id


def some(members: str, count: int) -> list[bytes]:
    rows = Entry.objects.filter(list_id=members).order_by("token")[:count]
    return [bytes(row.token) for row in rows]


def pull_people_into_a_segment(members: str, _ada: Api) -> None:
    write('UPDATE entry SET facets = \'["pro","DE"]\' WHERE list_id = %s', members)


def swap_two_rows(members: str, _ada: Api) -> None:
    one, two = Entry.objects.filter(list_id=members).order_by("token")[:2]
    for mine, theirs in ((one, two), (two, one)):
        Entry.objects.filter(list_id=members, token=mine.token).update(
            batch_id=theirs.batch_id, position=theirs.position, sealed=theirs.sealed
        )


def take_rows_away(members: str, _ada: Api) -> None:
    for token in some(members, 3):
        write("DELETE FROM entry WHERE token = %s", token)


def bring_rows_from_another_list(members: str, ada: Api) -> None:
    """The same people, members of nothing there."""
    other = ada.open_list("newsletter")
    ada.fill(other, *(f"person{n}@example.com,pro,DE,P{n}" for n in range(20)))
    write("DELETE FROM entry WHERE list_id = %s", members)
    write("UPDATE entry SET list_id = %s WHERE list_id = %s", members, other)


def put_yesterday_back(members: str, ada: Api) -> None:
    write("CREATE TABLE yesterday AS SELECT * FROM entry WHERE list_id = %s", members)
    ada.fill(members, *(f"later{n}@example.com,pro,DE,L{n}" for n in range(4)))
    write("DELETE FROM entry WHERE list_id = %s", members)
    write("INSERT INTO entry SELECT * FROM yesterday")
    write("DROP TABLE yesterday")


def write_nonsense(members: str, _ada: Api) -> None:
    """Into each column of another row: what the keeper could not even be told."""
    tokens = Entry.objects.filter(list_id=members).order_by("token")
    nonsense = (
        *("position = 70000", "position = -1", "position = 'x'"),
        *("batch_id = x'00'", "batch_id = 7", "sealed = 'text'", "sealed = x''"),
        *("facets = x'ff'", "status = 99"),
    )
    for change, entry in zip(nonsense, tokens, strict=False):
        sql = f"UPDATE entry SET {change} WHERE token = %s"  # noqa: S608 - ours
        with suppress(DatabaseError):  # PostgreSQL takes less nonsense
            write(sql, entry.token)


def write_text_that_is_none(members: str, _ada: Api) -> None:
    for token in some(members, 1):
        write(
            "UPDATE entry SET facets = CAST(x'5bff5d' AS TEXT) WHERE token = %s", token
        )


def hide_rows_under_no_token(members: str, _ada: Api) -> None:
    for token in some(members, 2):
        write("UPDATE entry SET token = %s WHERE token = %s", token + b"\0", token)


CHANGES: dict[Callable[[str, Api], None], set[str]] = {
    pull_people_into_a_segment: {"rows-invalid"},
    swap_two_rows: {"rows-invalid"},
    take_rows_away: {"rows-missing"},
    bring_rows_from_another_list: {"rows-invalid", "rows-extra"},
    put_yesterday_back: {"rows-missing"},
    write_nonsense: {"rows-invalid"},
    hide_rows_under_no_token: {"rows-missing", "rows-invalid"},
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_it_is_an_incident(
    rounds: Rounds, ada: Api, members: str, change: Callable[[str, Api], None]
) -> None:
    change(members, ada)

    for _ in range(100):
        rounds.tick()
        rounds.clock.wait(minutes=1)

    assert set(rounds.kinds()) >= CHANGES[change]
    here = [each for each in rounds.keeper.incidents.values() if each.list == members]
    assert {each.kind for each in here} == CHANGES[change]
    assert members in {list_id for list_id, _, _ in rounds.keeper.scrubbed}


@pytest.mark.usefixtures("sqlite")
def test_text_that_is_none_is_an_incident_and_ends_no_sweep(
    rounds: Rounds, ada: Api, members: str
) -> None:
    """No pass of that list can be completed; the others go on."""
    other = ada.open_list("other")
    ada.fill(other, "anna@example.com,pro,DE,Anna")
    write_text_that_is_none(members, ada)

    for _ in range(20):
        rounds.tick()
        rounds.clock.wait(minutes=1)

    assert rounds.kinds() == ["rows-invalid"]
    assert [list_id for list_id, _, _ in rounds.keeper.scrubbed] == [other]


def test_an_edit_that_is_put_right_before_the_pass_comes_is_met_by_a_sample(
    rounds: Rounds, ada: Api, members: str
) -> None:
    """He sees how far the pass is; where a sample looks, nobody sees."""
    honest = list(Entry.objects.filter(list_id=members))
    rounds.clock.wait(days=-29)  # the pass is done and the next one days away
    pull_people_into_a_segment(members, ada)
    for _ in range(25):
        rounds.tick()
    for entry in honest:
        entry.save()

    assert rounds.kinds() == ["rows-invalid"]


# --- the sweep's own table -----------------------------------------------------------


def half_way(rounds: Rounds) -> ScrubPass:
    rounds.page_rows = 1
    rounds.tick()
    rounds.page_rows = 5
    return ScrubPass.objects.get()


@pytest.mark.parametrize(
    "bookmark", [b"", b"nonsense", b"\x80", bytes(5000)], ids=["0", "1", "2", "3"]
)
def test_nonsense_for_a_bookmark_is_an_incident_and_begins_anew(
    rounds: Rounds, members: str, bookmark: bytes
) -> None:
    half_way(rounds)
    ScrubPass.objects.update(bookmark=bookmark)

    rounds.until_done()

    assert rounds.kinds() == ["scrub-edited"]
    assert rounds.keeper.scrubbed == [(members, 17, 0)]


def test_another_lists_bookmark_is_an_incident(
    rounds: Rounds, ada: Api, members: str
) -> None:
    theirs = half_way(rounds).bookmark
    ScrubPass.objects.all().delete()
    other = ada.open_list("other")
    ada.fill(other, "anna@example.com,pro,DE,Anna")
    ScrubPass.objects.create(list_id=other, bookmark=theirs)

    rounds.until_done(2)

    assert rounds.kinds() == ["scrub-edited"]
    assert next(iter(rounds.keeper.incidents.values())).list == other


def test_a_bookmark_of_before_only_costs_time(rounds: Rounds, members: str) -> None:
    before = half_way(rounds)
    rounds.page_rows = 1
    rounds.tick()
    before.save()
    rounds.page_rows = 5

    rounds.until_done()

    assert rounds.kinds() == []
    assert rounds.keeper.scrubbed == [(members, 17, 0)]


def test_a_bookmark_of_a_pass_that_is_over_ends_no_other(
    rounds: Rounds, members: str
) -> None:
    before = half_way(rounds)
    rounds.until_done()
    take_rows_away(members, Api())
    before.save()
    rounds.clock.wait(days=4)

    rounds.until_done()

    assert rounds.keeper.scrubbed[-1] == (members, 14, 0)
    assert rounds.kinds() == ["rows-missing"]


def test_without_its_row_a_pass_begins_anew(rounds: Rounds, members: str) -> None:
    half_way(rounds).delete()

    rounds.until_done()

    assert rounds.keeper.scrubbed == [(members, 17, 0)]


def test_setting_the_clock_of_a_doubt_ahead_puts_nothing_off(
    rounds: Rounds, members: str, ada: Api
) -> None:
    take_rows_away(members, ada)
    for _ in range(10):
        rounds.tick()
    ScrubPass.objects.update(doubted_at=rounds.clock() + timedelta(days=365))
    rounds.until_done()

    assert rounds.kinds() == ["rows-missing"]


def test_passes_of_lists_that_are_not_there_are_thrown_away(
    rounds: Rounds, members: str
) -> None:
    ScrubPass.objects.create(list_id="l_planted", bookmark=b"")
    rounds.tick()

    assert not ScrubPass.objects.filter(list_id="l_planted").exists()
    assert "scrub-edited" not in rounds.kinds()
