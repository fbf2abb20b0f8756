"""What a list was before is kept: who changed what, and what stood there."""

from datetime import timedelta

import pytest

from listkeep.core.errors import RefusedError
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.models import Change, Entry, PastEntry
from listkeep.dock.lists.services import lower_status
from tests.dock.conftest import Api, token_text
from tests.fakes.grants import NOON
from tests.fakes.keeper import FakeKeeper

Told = tuple[int, str, str, int, int, int]


def told(list_id: str) -> list[Told]:
    changes = Change.objects.filter(list_id=list_id).order_by("number")
    return [(c.number, c.kind, c.who, c.added, c.updated, c.removed) for c in changes]


def past(list_id: str) -> list[tuple[bytes, int, int, int]]:
    rows = PastEntry.objects.filter(list_id=list_id).order_by("replaced_by", "token")
    return [(bytes(r.token), r.change, r.replaced_by, r.status) for r in rows]


def test_a_first_import_leaves_one_row_of_history_and_no_predecessor(news: str) -> None:
    assert told(news) == [(1, "import", "ada", 4, 0, 0)]
    assert past(news) == []
    assert set(Entry.objects.values_list("change", flat=True)) == {1}


def test_an_import_keeps_what_it_replaces_as_it_was(
    keeper: FakeKeeper, ada: Api, ben: Api, news: str
) -> None:
    anna = keeper.token_of("acme", "anna@example.com")
    before = Entry.objects.get(list_id=news, token=anna)

    ben.fill(news, "anna@example.com,free,FR,Anne", "emil@example.com,pro,DE,Emil")

    kept = PastEntry.objects.get(list_id=news)
    assert told(news)[1:] == [(2, "import", "ben", 1, 1, 0)]
    assert past(news) == [(anna, 1, 2, 0)]
    for column in ("batch_id", "position", "sealed", "facets", "status"):
        assert getattr(kept, column) == getattr(before, column)
    assert Entry.objects.get(list_id=news, token=anna).change == 2


def test_an_address_that_stands_twice_in_a_file_has_one_predecessor(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    ada.fill(
        news,
        "anna@example.com,pro,FR,Anna",
        "emil@example.com,pro,DE,Emil",
        "Anna@example.com,pro,DE,Anne",
        "emil@example.com,pro,FR,Emil",
    )

    assert told(news)[1:] == [(2, "import", "ada", 1, 1, 0)]
    assert past(news) == [(keeper.token_of("acme", "anna@example.com"), 1, 2, 0)]


def test_a_worse_status_keeps_the_better_one(
    keeper: FakeKeeper, app: Api, news: str
) -> None:
    tokens = [token_text(keeper, f"{n}@example.com") for n in ("anna", "bert", "zoe")]

    for reason in ("unsubscribed", "complained", "unsubscribed"):
        body = {"tokens": tokens, "reason": reason, "request": "r7"}
        assert app.post(f"/lists/{news}/suppress", body).status == 200

    assert told(news)[1:] == [
        (2, "status", "acme_app", 0, 2, 0),
        (3, "status", "acme_app", 0, 2, 0),
    ]
    assert Change.objects.get(list_id=news, number=2).source == "r7"
    assert [row[1:] for row in past(news)] == [(1, 2, 0)] * 2 + [(2, 3, 1)] * 2


def test_what_did_not_come_about_leaves_no_history(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.break_at("suppress", RefusedError("no"))
    path = f"/lists/{news}/entries/{token_text(keeper, 'anna@example.com')}"
    assert ada.patch(path, {"status": "bounced"}).status == 403
    content = (
        b"E-mail,Status\nanna@example.com,unsubscribed\nemil@example.com,bounced\n"
    )
    assert ada.send(news, content).status == 403

    assert told(news) == [(1, "import", "ada", 4, 0, 0)]
    assert past(news) == []


def test_history_is_numbered_for_each_list_alone(ada: Api, eve: Api, news: str) -> None:
    theirs = eve.open_list("theirs")
    eve.fill(theirs, "anna@example.com,pro,DE,Anna")
    eve.fill(theirs, "anna@example.com,pro,DE,Anna")

    assert [row[0] for row in told(theirs)] == [1, 2]
    assert len(past(theirs)) == 1
    assert past(news) == []


@pytest.mark.parametrize("back", [1, 3600])
def test_time_does_not_run_backwards_in_a_history(
    keeper: FakeKeeper, news: str, back: int
) -> None:
    token = keeper.token_of("acme", "anna@example.com")
    latest = Change.objects.get(list_id=news)
    early = NOON.fromtimestamp(latest.at, tz=NOON.tzinfo) - timedelta(seconds=back)

    lower_status(news, [token], status=1, author=Author("p_ada"), now=early)

    assert Change.objects.get(list_id=news, number=2).at == latest.at


def test_an_erased_entry_is_not_replaced_and_not_kept(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    anna = keeper.token_of("acme", "anna@example.com")
    Entry.objects.filter(list_id=news, token=anna).update(status=4, sealed=b"")

    ada.fill(news, "anna@example.com,free,FR,Anne", "bert@example.com,pro,FR,Bert")

    assert past(news) == [(keeper.token_of("acme", "bert@example.com"), 1, 2, 0)]
    assert Entry.objects.get(list_id=news, token=anna).change == 1
