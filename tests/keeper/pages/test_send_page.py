"""A send on the signing page: everything it says, what is new, and what differs."""

import html
import re

import pytest

from listkeep.core.grants import Terms
from listkeep.core.ledger.events import Event
from listkeep.wire import messages as m
from tests.keeper.pages.browsing import Browser
from tests.keeper.sending import ask_send, send_subject, with_sending
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(served: World) -> Rows:
    return with_sending(served)


def complete(world: World, rows: Rows, view: m.RequestView, opened: int = 3) -> None:
    """Record that a send began and ended, as what opens rows for it does."""
    fields = {"request": view.id}
    with world.gate.turn(world.now) as turn:
        begun = {"person": world.meet("ben").person, "route": "x_routerouterw"}
        turn.append(
            Event.SEND_INTENDED,
            {**fields, **begun, "cap": "3", "tag": "0a0b0c0d"},
            list_id=rows.list_id,
        )
    with world.gate.turn(world.now) as turn:
        turn.append(Event.SEND_LEASED, {**fields, "rows": "3"}, list_id=rows.list_id)
    with world.gate.turn(world.now) as turn:
        counts = {"opened": str(opened), "delivered": "3", "failed": "0"}
        turn.append(Event.SEND_COMPLETED, {**fields, **counts}, list_id=rows.list_id)


def test_everything_that_is_signed_is_shown(
    served: World, ada: Browser, rows: Rows
) -> None:
    view = ask_send(served, rows)
    told = ada.get(f"/requests/{view.id}")
    shown = {
        name: html.unescape(text)
        for name, text in re.findall(r'data-term="([^"]+)"[^>]*>([^<]*)<', told.text)
    }

    for name, value in Terms.parse(view.terms).subject_fields().items():
        if value and value != "0":  # no limit is not nought an hour
            assert shown[f"subject.{name}"] == value
    for words in (
        *("Mail to news", "relay, to relay.example.com:587 (web)", "subject line"),
        *("Look twice", "new link domain: shop.example.com"),
        "a way out this tenant's mail never took",
    ):
        assert words in told.plain
    assert "Since the last one like it" not in told.plain
    assert "messages an hour" not in told.plain


def test_what_differs_from_the_last_send_stands_beside_the_signatures(
    served: World, ada: Browser, rows: Rows
) -> None:
    first = served.sign("ada", ask_send(served, rows), "approve")
    complete(served, rows, first)
    phish = send_subject(links="evil.example shop.example.com", title="Act now")
    view = ask_send(served, rows, subject=phish)
    told = ada.get(f"/requests/{view.id}")

    assert "new link domain: evil.example" in told.plain
    assert "new link domain: shop.example.com" not in told.plain
    assert f"Since the last one like it {first.id}" in told.plain
    assert "link domains evil.example" in told.plain
    assert "subject line Act now before: Spring" in told.plain
    inbox = ada.get("/")
    assert "new link domain: evil.example" in inbox.plain


def test_who_asks_and_who_approves_are_told_the_same_on_the_command_line(
    served: World, rows: Rows
) -> None:
    first = served.sign("ada", ask_send(served, rows), "approve")
    complete(served, rows, first)
    phish = send_subject(links="evil.example")
    drafted = served.draft(
        "ben", "send", phish, list=rows.list_id, cap=31, recipient="relay"
    )

    assert drafted.facts["new"].splitlines() == [
        "new link domain: evil.example",
        "more than 10 times the largest campaign, 3 rows",
    ]
    assert drafted.facts["last like it"] == f"{first.id} of 2026-01-05T12:00:00Z"
    assert drafted.facts["changed"].splitlines() == [
        "link domains: evil.example, before shop.example.com",
        "rows: 31, before 3",
    ]
    usual = ask_send(served, rows)
    assert usual.state == "granted"
    assert "new" not in usual.facts


def test_a_subject_line_that_poses_as_a_line_of_ours_stays_inside_of_its_own(
    served: World, rows: Rows
) -> None:
    first = served.sign("ada", ask_send(served, rows), "approve")
    complete(served, rows, first)

    view = ask_send(
        served, rows, subject=send_subject(title="Spring; rows: 3, before 3")
    )

    (line,) = view.facts["changed"].splitlines()
    assert line.startswith("subject line: Spring")


def test_night_is_told(served: World, rows: Rows) -> None:
    first = served.sign("ada", ask_send(served, rows), "approve")
    complete(served, rows, first)
    served.wait(hours=10)
    view = ask_send(served, rows)

    assert view.facts["new"] == "asked for at night (22:00 UTC)"
    assert view.state == "waiting"


def test_an_approver_types_how_many_rows_may_leave(
    served: World, ada: Browser, rows: Rows
) -> None:
    view = ask_send(served, rows)

    told = ada.sign(view, "approve", rows="4")
    assert told.code == "count-differs"
    page = ada.get(f"/requests/{view.id}").text
    assert re.search(r'data-decision="approve"[^>]*data-counts="yes"', page)
