"""Whoever signs up is asked by mail, and on the list when they confirmed."""

import pytest

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.sealing import format_token
from listkeep.dock.intake.sign_ups.mailing import Carried, NoCourier
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.intake.sign_ups.settling import forget_old
from listkeep.dock.lists.models import Entry
from tests.dock.conftest import Api
from tests.dock.sign_ups.conftest import (
    Post,
    _now,
    ask,
    grow_older,
    join,
    mail,
    press,
    settle,
)
from tests.fakes.keeper import FakeKeeper

NEW = "new@example.com"
ANNA = "anna@example.com"


def statuses(ada: Api) -> dict[str, int]:
    return {k: v for k, v in ada.get("/lists/news").json["statuses"].items() if v}


def test_who_confirms_is_on_the_list(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    assert ask(intake, NEW).json == {"accepted": True}
    assert statuses(ada) == {"subscribed": 4}, "nobody yet"
    assert mail(keeper, post) == 1
    token = keeper.token_of("acme", NEW)
    assert press(keeper, post.links[token]) == 200
    assert statuses(ada) == {"subscribed": 4}

    assert settle(keeper) == 1

    assert statuses(ada) == {"subscribed": 5}
    entry = Entry.objects.get(token=token)
    record = keeper.lists[entry.list_id]
    assert keeper.entries[entry.list_id] == 5, "the keeper counts them, too"
    assert record.name == "news"
    assert SignUp.objects.count() == 0
    assert all(ticket.end for ticket in keeper.tickets.values())


def test_who_does_not_confirm_is_nowhere_and_forgotten_after_a_week(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    ask(intake, NEW)
    mail(keeper, post)
    assert settle(keeper) == 0
    assert len(ada.tokens("news")) == 4
    assert ada.get("/lists/news/count").json["count"] == 4
    assert forget_old(keeper=keeper, now=_now()) == 0
    grow_older(days=7, minutes=1)

    press(keeper, post.links[keeper.token_of("acme", NEW)])
    assert settle(keeper) == 0, "too late"
    assert forget_old(keeper=keeper, now=_now()) == 1

    assert SignUp.objects.count() == 0
    [last] = [t for t in keeper.tickets.values() if t.end and not t.end.committed]
    assert last.end is not None
    assert last.end.added == 0


def test_what_was_typed_is_sealed_and_comes_with_them(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    assert ask(intake, NEW, name="Nora").status == 202
    mail(keeper, post)
    press(keeper, post.links[keeper.token_of("acme", NEW)])
    settle(keeper)

    row = Entry.objects.get(token=keeper.token_of("acme", NEW))
    assert b"Nora" not in bytes(row.sealed)
    assert row.facets == "[null,null]"


def test_without_a_way_for_mail_everything_waits(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    ask(intake, NEW)

    assert mail(keeper, NoCourier()) == 0  # type: ignore[arg-type]
    post.answer = Carried.LATER
    assert mail(keeper, post) == 0
    assert SignUp.objects.get().state == SignUp.State.ASKED
    post.answer = Carried.SENT
    assert mail(keeper, post) == 1


def test_mail_that_is_refused_for_good_ends_it(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    ask(intake, NEW)
    post.answer = Carried.NEVER
    mail(keeper, post)

    assert SignUp.objects.count() == 0


def test_nobody_is_mailed_who_is_there_or_was_asked_today(
    keeper: FakeKeeper, intake: Api, post: Post
) -> None:
    """A form is a way to have mail sent to others."""
    for _ in range(3):
        ask(intake, ANNA)
        ask(intake, NEW)
        mail(keeper, post)

    assert post.asked == [keeper.token_of("acme", NEW)]
    assert SignUp.objects.count() == 1
    grow_older(days=1, minutes=1)
    ask(intake, NEW)
    assert mail(keeper, post) == 1


def test_somebody_who_left_comes_back_with_all_they_had(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    token = keeper.token_of("acme", ANNA)
    before = Entry.objects.get(token=token)
    ada.post("/lists/news/suppress", {"tokens": [_text(token)], "reason": "bounced"})
    assert statuses(ada) == {"subscribed": 3, "bounced": 1}

    join(keeper, intake, post, ANNA)

    assert statuses(ada) == {"subscribed": 4}
    assert token not in keeper.suppressed[before.list_id]
    entry = Entry.objects.get(token=token)
    assert (entry.facets, bytes(entry.sealed)) == (before.facets, bytes(before.sealed))


def test_who_complained_stays_away(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    token = keeper.token_of("acme", ANNA)
    body = {"tokens": [_text(token)], "reason": "complained"}
    ada.post("/lists/news/suppress", body)
    keeper.reasons[token] = "complained"

    join(keeper, intake, post, ANNA)

    assert statuses(ada) == {"subscribed": 3, "complained": 1}
    assert SignUp.objects.count() == 0


@pytest.mark.parametrize("proof", [b"", b"x" * 16, None])
def test_a_hand_that_puts_somebody_else_into_a_sign_up_brings_nobody_back(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post, proof: bytes | None
) -> None:
    """Eve signs herself up, confirms it, and writes to the dock's table."""
    token = keeper.token_of("acme", ANNA)
    body = {"tokens": [_text(token)], "reason": "unsubscribed"}
    ada.post("/lists/news/suppress", body)
    ask(intake, NEW)
    mail(keeper, post)
    press(keeper, post.links[keeper.token_of("acme", NEW)])
    SignUp.objects.update(token=token)
    if proof is not None:
        SignUp.objects.update(proof=proof)

    assert settle(keeper) == 0

    assert token in keeper.suppressed[post.send.list]
    assert statuses(ada) == {"subscribed": 3, "unsubscribed": 1}
    assert SignUp.objects.count() == 0


def test_over_the_budget_of_changes_they_wait_for_another_day(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    body = {"tokens": [_text(keeper.token_of("acme", ANNA))], "reason": "unsubscribed"}
    ada.post("/lists/news/suppress", body)
    spent = RefusedError("enough for today", code=Code.BUDGET_SPENT)
    keeper.break_at("readmit", spent)
    join(keeper, intake, post, ANNA)
    assert SignUp.objects.get().state == SignUp.State.CONFIRMED

    keeper.mend()
    assert settle(keeper) == 1
    assert statuses(ada) == {"subscribed": 4}


def test_many_who_confirm_at_once_are_merged_at_once(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    people = [f"n{number}@example.com" for number in range(20)]
    for number, address in enumerate(people):
        ask(intake, address, source=f"198.51.{number}.1")
        ask(intake, address, source=f"203.0.{number}.1")
    mail(keeper, post)
    for address in people:
        press(keeper, post.links[keeper.token_of("acme", address)])

    assert settle(keeper) == 20
    assert statuses(ada) == {"subscribed": 24}
    assert keeper.entries[Entry.objects.all()[0].list_id] == 24
    changes = ada.get("/lists/news/history").json["changes"]
    assert [change["kind"] for change in changes] == ["import", "import"]


@pytest.mark.parametrize("after", [0, 1])
def test_a_keeper_that_is_away_while_they_are_merged_adds_nobody_twice(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post, after: int
) -> None:
    for number in range(2):
        ask(intake, f"n{number}@example.com", source=f"198.51.{number}.1")
    mail(keeper, post)
    for link in post.links.values():
        press(keeper, link)
    keeper.break_at("finish_import", UnavailableError("away"), after=after)
    with pytest.raises(UnavailableError):
        settle(keeper)
    assert statuses(ada) == {"subscribed": 4}

    keeper.mend()
    assert settle(keeper) == 2
    assert statuses(ada) == {"subscribed": 6}
    assert keeper.entries[Entry.objects.all()[0].list_id] == 6


def test_a_row_under_a_key_that_is_gone_does_not_come_in(
    keeper: FakeKeeper, ada: Api, intake: Api, post: Post
) -> None:
    ask(intake, NEW)
    sealed = bytes(SignUp.objects.get().sealed)
    SignUp.objects.update(sealed=sealed[:1] + (99).to_bytes(2, "big") + sealed[3:])

    mail(keeper, post)
    press(keeper, post.links[keeper.token_of("acme", NEW)])

    assert settle(keeper) == 0
    assert statuses(ada) == {"subscribed": 4}


def _text(token: bytes) -> str:
    return format_token(token)
