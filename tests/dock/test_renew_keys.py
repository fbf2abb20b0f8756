"""Rows move under a newer key while everybody goes on, and nothing is lost."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from listkeep.core.errors import (
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.core.sealing import SealedRow, read_key_number
from listkeep.core.segments import Schema
from listkeep.dock.lists import moments, renewals, shelves
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.models import Change, Entry, PastEntry, Renewal
from listkeep.dock.lists.services import lower_status
from listkeep.dock.project.sweeps import SWEEPS
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.dock.conftest import Api, database_address, token_text
from tests.dock.interrupted_renewal import PAGE_ROWS, pack_keeper, renew
from tests.fakes.keeper import FakeKeeper

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("LISTKEEP_KILLS", "4"))
ROWS = 40


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shelves, "PAGE_ROWS", PAGE_ROWS)
    yield
    assert not connection.in_atomic_block


@pytest.fixture
def many(keeper: FakeKeeper, ada: Api) -> str:
    """A list with a history, whose key is a month old."""
    list_id = ada.open_list()
    lines = [f"u{n}@example.com,pro,DE,U{n}" for n in range(ROWS)]
    ada.fill(list_id, *lines)
    ada.fill(list_id, *lines[:15])  # the first fifteen have a past
    keeper.now += timedelta(days=30)
    return list_id


def addresses(keeper: FakeKeeper, list_id: str) -> list[str]:
    """Open every row of a list and its past, as the keeper does."""
    record = keeper.lists[list_id]
    rows: list[Entry | PastEntry] = [*Entry.objects.filter(list_id=list_id)]
    rows += PastEntry.objects.filter(list_id=list_id)
    return sorted(keeper.open(record, sealed(row)).address for row in rows)


def sealed(row: Entry | PastEntry) -> SealedRow:
    return SealedRow(
        bytes(row.token),
        bytes(row.batch_id),
        row.position,
        bytes(row.sealed),
        row.facets,
    )


def numbers(list_id: str) -> list[int]:
    """Say under which keys the rows of a list are."""
    rows: list[Entry | PastEntry] = [*Entry.objects.filter(list_id=list_id)]
    rows += PastEntry.objects.filter(list_id=list_id)
    return sorted({read_key_number(bytes(row.sealed)) for row in rows})


def renew_until_over(keeper: FakeKeeper) -> None:
    renew(keeper)
    keeper.now += timedelta(days=1)
    renew(keeper)


def test_a_key_that_is_young_is_left_alone(keeper: FakeKeeper, many: str) -> None:
    keeper.now -= timedelta(days=1)

    assert renew(keeper) == 0
    assert keeper.newest_key(many) == 0


def test_all_rows_move_under_the_new_key_and_the_old_one_goes_a_day_later(
    keeper: FakeKeeper, many: str
) -> None:
    before = addresses(keeper, many)

    assert renew(keeper) == ROWS + 15
    assert numbers(many) == [1]
    assert [key for key, _ in keeper.keys_of(many)] == [0, 1]
    keeper.now += timedelta(hours=23)
    renew(keeper)
    assert [key for key, _ in keeper.keys_of(many)] == [0, 1]
    keeper.now += timedelta(hours=1)
    renew(keeper)

    assert [key for key, _ in keeper.keys_of(many)] == [1]
    assert addresses(keeper, many) == before
    assert not Renewal.objects.exists()


def test_facets_statuses_and_changes_stay(keeper: FakeKeeper, many: str) -> None:
    columns = ("token", "facets", "status", "change")
    before = [*Entry.objects.filter(list_id=many).values_list(*columns)]

    renew(keeper)

    assert [*Entry.objects.filter(list_id=many).values_list(*columns)] == before


def test_what_waits_is_shown(keeper: FakeKeeper, many: str) -> None:
    keeper.break_at("renew_rows", UnavailableError("the keeper is away"), after=2)
    [sweep] = [sweep for sweep in SWEEPS if sweep.name == "renew-keys"]

    with pytest.raises(UnavailableError):
        renew(keeper)

    assert sweep.backlog(keeper.now) == ROWS + 15 - 2 * PAGE_ROWS


def test_a_keeper_that_goes_away_in_the_middle_is_waited_for(
    keeper: FakeKeeper, many: str
) -> None:
    before = addresses(keeper, many)
    keeper.break_at("renew_rows", UnavailableError("the keeper is away"), after=2)
    with pytest.raises(UnavailableError):
        renew(keeper)
    assert numbers(many) == [0, 1]
    assert addresses(keeper, many) == before

    keeper.mend()
    assert renew(keeper) == ROWS + 15 - 2 * PAGE_ROWS
    assert keeper.calls.count("renew_key") == 1
    assert addresses(keeper, many) == before


def test_it_goes_on_where_it_was_and_does_not_hold_up_other_work(
    keeper: FakeKeeper, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "_PAGES_AT_ONCE", 2)

    assert renew(keeper) == 2 * PAGE_ROWS
    assert renew(keeper) == 2 * PAGE_ROWS

    state = Renewal.objects.get()
    assert (state.moved, state.left) == (4 * PAGE_ROWS, ROWS + 15 - 4 * PAGE_ROWS)


def test_a_worker_that_is_told_to_stop_stops(keeper: FakeKeeper, many: str) -> None:
    answers = iter([True, True, False])

    moved = renewals.Renewing(
        keeper,
        clock=lambda: keeper.now,
        keep_on=lambda: next(answers),
        every=timedelta(days=30),
    ).run()

    assert moved == PAGE_ROWS


# --- while others work -------------------------------------------------------------


class Interrupted(FakeKeeper):
    """A keeper while whose second answer is on its way something else happens."""

    act: Callable[[], object] | None = None
    answers: int = 0

    def renew_rows(self, message: k.RenewRows) -> m.SealedRows:
        answer = super().renew_rows(message)
        self.answers += 1
        if self.act and self.answers == 2:
            self.act()
        return answer


def during(keeper: FakeKeeper, act: Callable[[], object]) -> None:
    """Have something happen between the keeper's sealing anew and the swap."""
    keeper.__class__ = Interrupted
    assert isinstance(keeper, Interrupted)
    keeper.act = act


def test_an_import_in_the_middle_loses_nothing(
    keeper: FakeKeeper, ada: Api, many: str
) -> None:
    lines = [f"u{n}@example.com,pro,DE,New{n}" for n in range(10, 50)]
    during(keeper, lambda: ada.fill(many, *lines))

    renew_until_over(keeper)

    assert [key for key, _ in keeper.keys_of(many)] == [1]
    assert len(addresses(keeper, many)) == 50 + 15 + 30
    record = keeper.lists[many]
    row = Entry.objects.get(
        list_id=many, token=keeper.token_of("acme", "u12@example.com")
    )
    assert "New12" in keeper.open(record, sealed(row)).fields


def test_a_status_that_sinks_in_the_middle_stays_sunk(
    keeper: FakeKeeper, ada: Api, many: str
) -> None:
    token = token_text(keeper, "u3@example.com")
    path = f"/lists/{many}/entries/{token}"
    during(keeper, lambda: ada.patch(path, {"status": "unsubscribed"}))

    renew_until_over(keeper)

    assert [key for key, _ in keeper.keys_of(many)] == [1]
    entry = Entry.objects.get(
        list_id=many, token=keeper.token_of("acme", "u3@example.com")
    )
    assert entry.status == 1
    assert len(addresses(keeper, many)) == ROWS + 15 + 1


def test_two_sweeps_at_once_lose_nothing(keeper: FakeKeeper, many: str) -> None:
    before = addresses(keeper, many)
    during(keeper, lambda: renew(keeper))

    renew_until_over(keeper)

    assert [key for key, _ in keeper.keys_of(many)] == [1]
    assert addresses(keeper, many) == before


def test_a_row_that_comes_back_under_the_old_key_is_found_before_it_goes(
    keeper: FakeKeeper, many: str
) -> None:
    """An import that began before the renewal ends after it."""
    late = Entry.objects.filter(list_id=many).first()
    assert late is not None
    renew(keeper)
    Entry.objects.filter(list_id=many, token=late.token).update(
        batch_id=late.batch_id, position=late.position, sealed=late.sealed
    )

    renew_until_over(keeper)
    assert [key for key, _ in keeper.keys_of(many)] == [0, 1]
    renew(keeper)
    renew(keeper)

    assert [key for key, _ in keeper.keys_of(many)] == [1]
    assert numbers(many) == [1]


# --- what goes wrong ---------------------------------------------------------------


def test_a_row_that_does_not_open_is_left_and_the_keeper_keeps_the_old_key(
    keeper: FakeKeeper, many: str
) -> None:
    broken = Entry.objects.filter(list_id=many).first()
    assert broken is not None
    garbage = bytes(broken.sealed[:-1]) + b"\x00\x01"
    Entry.objects.filter(list_id=many, token=broken.token).update(sealed=garbage)

    renew(keeper)
    keeper.now += timedelta(days=1)
    with pytest.raises(RefusedError) as refused:
        renew(keeper)

    assert refused.value.code == "count-differs"
    assert [key for key, _ in keeper.keys_of(many)] == [0, 1]
    assert Renewal.objects.get().left == 1
    calls = keeper.calls.count("destroy_keys")
    renew(keeper)  # it rests, and does not show all rows again every minute
    assert keeper.calls.count("destroy_keys") == calls


def test_a_list_in_trouble_keeps_no_other_waiting(
    keeper: FakeKeeper, ada: Api, many: str
) -> None:
    other = ada.open_list("autumn")
    ada.fill(other, "anna@example.com,pro,DE,Anna")
    keeper.held[other] = list(keeper.held[many])
    keeper.entries[many] += 1
    renew(keeper)
    keeper.now += timedelta(days=1)

    with pytest.raises(RefusedError):
        renew(keeper)

    assert [key for key, _ in keeper.keys_of(other)] == [1]


def test_a_row_in_yesterdays_backup_does_not_open_after_the_renewal(
    keeper: FakeKeeper, many: str
) -> None:
    yesterday = [sealed(row) for row in Entry.objects.filter(list_id=many)]

    renew_until_over(keeper)

    for row in yesterday:
        with pytest.raises(VerificationError):
            keeper.open(keeper.lists[many], row)


def test_an_answer_that_does_not_fit_changes_nothing(
    keeper: FakeKeeper, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = addresses(keeper, many)
    for rows in (1, PAGE_ROWS):
        answer = m.SealedRows(
            batch_id=bytes(12), tokens=bytes(16 * rows), sealed=[b"x"] * rows
        )
        monkeypatch.setattr(keeper, "renew_rows", lambda _, answer=answer: answer)
        with pytest.raises(MalformedError):
            renew(keeper)

    assert addresses(keeper, many) == before


def test_killed_at_any_statement_nothing_is_lost(
    keeper: FakeKeeper, many: str, home: Path
) -> None:
    """As many times as asked, each at another place; then it ends as always."""
    before = addresses(keeper, many)
    keeper.renew_key(k.RenewKey(list=many))
    keeper._key(f"{many}.1")  # or each process would make its own
    keeper.now += timedelta(days=1)
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - to play it again
    chance = random.Random(seed)

    for _ in range(KILLS):
        die_after_statements(chance.randint(1, 40), keeper, home)
        assert addresses(keeper, many) == before

    renew(keeper)

    assert numbers(many) == [1]
    assert [key for key, _ in keeper.keys_of(many)] == [1]
    assert addresses(keeper, many) == before


def die_after_statements(statements: int, keeper: FakeKeeper, home: Path) -> None:
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.dock.interrupted_renewal"),
            *(database_address(), str(home), pack_keeper(keeper), str(statements)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        },
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert killed.returncode in (0, 9), killed.stderr.decode()


def test_going_back_over_a_worse_status_changes_nothing_else_after_a_renewal(
    keeper: FakeKeeper, many: str
) -> None:
    newest = Change.objects.filter(list_id=many).order_by("-number")[0]
    rows = Entry.objects.filter(list_id=many).order_by("token")
    tokens = [bytes(token) for token in rows.values_list("token", flat=True)[:20]]
    second = datetime.fromtimestamp(newest.at, UTC)
    later = second + timedelta(hours=1)
    lower_status(many, tokens, status=1, author=Author("ada"), now=later)
    schema = Schema.parse(keeper.lists[many].facets)
    moment = moments.find_moment(many, second)
    before = moments.preview(many, moment, schema=schema)

    renew_until_over(keeper)

    assert numbers(many) == [1]
    assert moments.preview(many, moment, schema=schema) == before
    assert (before.rows, before.stay_suppressed) == (0, 20)
