"""A database was put back: keeper and dock tell each other who is suppressed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from listkeep.core.errors import (
    Code,
    ListkeepError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.models import Entry, PastEntry
from listkeep.dock.lists.reconciling import KNOWN, reconcile
from listkeep.dock.lists.services import lower_status
from listkeep.dock.lists.statuses import STATUS_CODES
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper


def run(keeper: FakeKeeper, home: Path) -> int:
    return reconcile(home, keeper=keeper, now=timezone.now())


def status_of(keeper: FakeKeeper, news: str, address: str) -> int | None:
    token = keeper.token_of("acme", address)
    found = Entry.objects.filter(list_id=news, token=token).first()
    return found.status if found else None


def know(home: Path, *lines: str) -> Path:
    path = home / KNOWN
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_nothing_is_asked_when_nothing_was_put_back(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    keeper.calls.clear()

    assert run(keeper, home) == 0
    assert keeper.calls == []


def test_an_older_dock_learns_what_the_keeper_knows(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    names = ("anna", "bert", "cora")
    tokens = [keeper.token_of("acme", f"{name}@example.com") for name in names]
    present = [t for t in tokens if Entry.objects.filter(token=t).exists()]
    keeper.suppressed[news] |= set(tokens)
    keeper.reasons = dict.fromkeys(tokens, "complained")
    path = know(home)

    assert run(keeper, home) == len(present) > 0
    assert status_of(keeper, news, "anna@example.com") == STATUS_CODES["complained"]
    assert not path.exists()


def test_in_a_folder_of_the_keepers_user_it_is_done_once_as_well(
    keeper: FakeKeeper, news: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where root gave each building a user, the dock removes nothing there."""
    token = keeper.token_of("acme", "anna@example.com")
    keeper.suppressed[news].add(token)
    keeper.reasons = {token: "complained"}
    know(home)
    monkeypatch.setattr(Path, "unlink", _refuse)

    assert run(keeper, home) == 1
    keeper.calls.clear()
    assert run(keeper, home) == 0
    assert keeper.calls == []


def _refuse(_path: Path) -> None:
    raise PermissionError


def test_who_was_erased_is_erased_again_and_no_import_brings_them_in(
    keeper: FakeKeeper, ada: Api, news: str, home: Path
) -> None:
    """Also not after a second run, which finds the mark that the first one left."""
    line = "anna@example.com,free,FR,Anne"
    ada.fill(news, line)
    token = keeper.token_of("acme", "anna@example.com")
    keeper.suppressed[news].add(token)
    keeper.reasons[token] = "erased"

    for found in (1, 0):
        know(home)
        assert run(keeper, home) == found
        ada.fill(news, line)
        row = Entry.objects.get(list_id=news, token=token)
        assert (row.status, bytes(row.sealed)) == (STATUS_CODES["erased"], b"")
        assert row.facets == "[null,null]"
        assert not PastEntry.objects.filter(token=token).exists()


def test_an_older_keeper_is_told_what_was_known_here(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    """By the database that was replaced, and by the rows of the one that is here."""
    anna, gone = (
        keeper.token_of("acme", f"{name}@example.com") for name in ("anna", "gone")
    )
    lower_status(
        news,
        [anna],
        status=STATUS_CODES["bounced"],
        author=Author("ada"),
        now=timezone.now(),
    )
    keeper.suppressed[news].clear()
    keeper.was_recovered = True
    know(home, f"{news} {gone.hex()} complained")

    run(keeper, home)

    assert keeper.suppressed[news] == {anna, gone}
    assert keeper.reasons == {anna: "bounced", gone: "complained"}


def test_a_file_that_may_only_be_written_says_that_it_is_done(
    keeper: FakeKeeper, news: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each building has a user of its own, the folder is not the dock's."""
    path = know(home)

    def refuse(_self: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    run(keeper, home)
    keeper.calls.clear()

    assert path.exists()
    assert run(keeper, home) == 0
    assert keeper.calls == []


def test_a_keeper_that_takes_nothing_stops_no_start(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    path = know(home, f"{news} {'0f' * 16} complained")

    run(keeper, home)

    assert not path.exists()
    assert keeper.suppressed[news] == set()


def test_a_keeper_that_is_away_is_asked_again_at_the_next_start(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    path = know(home, f"{news} {'0f' * 16} complained")
    keeper.was_recovered = True
    keeper.break_at("read_suppressions", UnavailableError("gone"))

    with pytest.raises(UnavailableError):
        run(keeper, home)

    assert path.exists()
    keeper._faults.clear()
    run(keeper, home)
    assert not path.exists()


def test_a_list_the_keeper_cannot_tell_of_is_asked_about_again_and_others_learn(
    keeper: FakeKeeper, ada: Api, news: str, home: Path
) -> None:
    """Somebody edited the keeper's table of one list."""
    more = ada.open_list("more")
    for list_id in (news, more):
        ada.fill(list_id, "anna@example.com,free,FR,Anne")
    path = know(home)
    for list_id in (news, more):
        token = keeper.token_of("acme", "anna@example.com")
        keeper.suppressed[list_id].add(token)
        keeper.reasons[token] = "complained"
    first, second = sorted((news, more))
    keeper.break_at("read_suppressions", once(VerificationError("edited")))

    run(keeper, home)

    complained = STATUS_CODES["complained"]
    assert status_of(keeper, first, "anna@example.com") != complained
    assert status_of(keeper, second, "anna@example.com") == complained
    assert path.exists()
    run(keeper, home)
    assert status_of(keeper, first, "anna@example.com") == complained
    assert not path.exists()


def once(error: ListkeepError) -> Callable[[], None]:
    left = [error]

    def act() -> None:
        if left:
            raise left.pop()

    return act


def test_a_list_that_is_gone_at_the_keeper_stops_no_start(
    keeper: FakeKeeper, news: str, home: Path
) -> None:
    path = know(home)
    keeper.break_at(
        "read_suppressions", RefusedError("there is no such list", code=Code.NOT_FOUND)
    )

    assert run(keeper, home) == 0
    assert not path.exists()


@pytest.mark.parametrize("facets", ["not json", "7"])
def test_who_was_erased_is_erased_again_also_from_a_row_that_was_edited(
    keeper: FakeKeeper, ada: Api, news: str, home: Path, facets: str
) -> None:
    ada.fill(news, "anna@example.com,free,FR,Anne")
    token = keeper.token_of("acme", "anna@example.com")
    Entry.objects.filter(list_id=news, token=token).update(facets=facets)
    keeper.suppressed[news].add(token)
    keeper.reasons[token] = "erased"
    know(home)

    assert run(keeper, home) == 1
    row = Entry.objects.get(list_id=news, token=token)
    assert (row.status, bytes(row.sealed)) == (STATUS_CODES["erased"], b"")
