"""What the pages of sends make of what they are told, and what they prepare."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount
from listkeep.wire.dock.sends import (
    DockCameBack,
    DockHour,
    DockOutcomes,
    DockProgress,
    DockProvider,
    DockReason,
)
from tests.console.conftest import KEPT, ROUTE, Buildings, Desk

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SUBJECT = {
    "kind": "campaign",
    "templates": "a" * 64,
    "from": "News <news@example.com>",
    "reply_to": "",
    "title": "Spring offers",
    "links": "shop.example.com",
    "tracking": "",
    "fields": "",
    "pace": "500",
    "mail_domain": "b.example",
}
FIELDS = {
    "segment": 'plan = "pro"',
    "template": KEPT.digest,
    "route": ROUTE["id"],
    "cap": "1,200",
    "pace": "500",
    "days": "3",
    "purpose": "spring offers",
}


def view_of(
    facts: dict[str, str] | None = None, *, action: Action = Action.SEND
) -> m.RequestView:
    terms = Terms(
        keeper="k_1",
        action=action,
        tenant="t_acme",
        list="l_news",
        selection='plan = "pro"',
        cap=100,
        purpose="spring offers",
        recipient="x_relay",
        subject=encode(SUBJECT).decode(),
        not_before=NOON,
        expires=NOON + timedelta(days=7),
        nonce="n",
        facts="f",
    )
    return m.RequestView(
        id="r_spring",
        terms=terms.format(),
        state="granted",
        missing=(),
        facts={"list": "news", "route": "relay, to r.example:587", **(facts or {})},
        signed_by=("ben (request)", "ada (approve)"),
    )


@pytest.fixture
def running(buildings: Buildings) -> Buildings:
    buildings.requests = (
        view_of(
            {
                "new": "new link domain: shop.example.com",
                "changed": "rows: 100, before 90\ntemplate: aa…, before bb…",
                "last like it": "r_winter of 2025-12-05T12:00:00Z",
            }
        ),
    )
    buildings.outcomes = DockOutcomes(
        progress=DockProgress(
            request="r_spring",
            state="running",
            code="over-pace",
            delivered=60,
            under_way=2,
            deferred=8,
            failed=5,
        ),
        reasons=(DockReason(state="deferred", code="4.7.0", messages=8),),
        hours=(DockHour(at="2026-01-05T12:00:00Z", delivered=60),),
        returned=(
            DockCameBack(outcome="complaint", state="settled", things=2),
            DockCameBack(outcome="complaint", state="held", things=41),
        ),
    )
    return buildings


def test_a_send_is_shown_against_its_cap_with_what_is_unusual(
    ada: Desk, running: Buildings
) -> None:
    text = ada.get("/sends/r_spring").content.decode()

    assert 'aria-label="60 delivered, 10 under way, 5 failed, 25 left of 100"' in text
    assert "500 an hour at most" in text
    assert "new link domain: shop.example.com" in text
    assert "template: aa…, before bb…" in text
    assert "the provider refuses us for now" in text
    assert "41 are held" in text
    assert "/freeze?class=campaigns" in text


def test_a_freeze_from_a_send_is_one_of_campaigns(ada: Desk) -> None:
    text = ada.get("/freeze?class=campaigns").content.decode()

    assert 'value="campaigns" checked' in text
    assert 'value="export+reveal" checked' not in text


def test_sends_are_a_table_and_a_file(ada: Desk, running: Buildings) -> None:
    assert b"Spring offers" in ada.get("/sends").content

    content = ada.get("/sends?as=csv").content.decode()

    [row] = csv.DictReader(io.StringIO(content))
    names = ("id", "state", "cap", "delivered", "waiting", "failed", "left")
    assert [row[name] for name in names] == [
        *("r_spring", "running", "100", "60", "10", "5", "25")
    ]


def test_of_a_send_that_ended_the_keepers_count_is_told(
    ada: Desk, running: Buildings
) -> None:
    """Its messages are counted on its own page: a list may have had many sends."""
    (view,) = running.requests
    facts = {**view.facts, "counted": "97"}
    running.requests = (msgspec.structs.replace(view, state="done", facts=facts),)
    running.away("show_progress")

    assert b"97 opened" in ada.get("/sends").content
    [row] = csv.DictReader(io.StringIO(ada.get("/sends?as=csv").content.decode()))
    assert (row["opened"], row["delivered"]) == ("97", "")


@pytest.mark.parametrize("table", ["reasons", "hours", "returned"])
def test_each_table_of_a_send_is_a_file(
    ada: Desk, running: Buildings, table: str
) -> None:
    answer = ada.get(f"/sends/r_spring?as={table}")

    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.content.splitlines()) >= 2


@pytest.mark.parametrize("table", ["providers", "tokens", "../x"])
def test_there_is_no_other_table(ada: Desk, running: Buildings, table: str) -> None:
    assert ada.get(f"/sends/r_spring?as={table}").status_code == 404


def test_providers_come_as_a_part_of_the_page_and_alone(
    ada: Desk, running: Buildings
) -> None:
    row = DockProvider(
        provider="gmail",
        delivered=50,
        waiting=1,
        failed=2,
        bounces=3,
        complaints=4,
        unsubscribes=5,
    )
    running.providers = (row,)

    part = ada.get("/sends/r_spring/providers", **{"hx-request": "true"}).content
    alone = ada.get("/sends/r_spring/providers").content
    file = ada.get("/sends/r_spring/providers?as=csv").content.decode()

    assert b"gmail" in part
    assert b"<html" not in part
    assert b"<h1>" in alone
    assert file.splitlines()[1] == "gmail,50,1,2,3,4,5"


def test_a_list_without_providers_teaches_how_it_gets_them(
    ada: Desk, running: Buildings
) -> None:
    running.providers = None

    assert b"provider:text" in ada.get("/sends/r_spring/providers").content


def test_a_dock_that_is_away_leaves_what_was_signed_for(
    ada: Desk, running: Buildings
) -> None:
    running.away("show_outcomes", "show_progress", "count_providers")

    page = ada.get("/sends/r_spring")

    assert page.status_code == 200
    assert b"not running or not reachable" in page.content
    assert b"500 an hour at most" in page.content
    assert ada.get("/sends").status_code == 200
    # A file of noughts would say that nothing went out.
    paths = ("/sends?as=csv", "/sends/r_spring?as=hours")
    assert {ada.get(path).status_code for path in paths} == {503}


def test_what_is_no_send_is_none(ada: Desk, buildings: Buildings) -> None:
    buildings.requests = (view_of(action=Action.EXPORT),)

    assert ada.get("/sends/r_spring").status_code == 404
    assert b"Nothing was sent yet" in ada.get("/sends").content


# --- asking for one ---


def test_a_send_is_prepared_as_its_template_says(
    ada: Desk, buildings: Buildings
) -> None:
    answer = ada.post("/lists/news/send", {"token": ada.token, **FIELDS})

    assert b"Open the keeper" in answer.content
    (draft,) = buildings.drafts
    assert (draft.action, draft.list, draft.recipient) == ("send", "l_news", "x_relay")
    assert (draft.selection, draft.cap) == ('plan = "pro"', 1200)
    assert draft.valid_seconds == 3 * 86_400
    assert json.loads(draft.subject) == {
        "kind": "campaign",
        "templates": KEPT.digest,
        "from": KEPT.sender,
        "reply_to": "",
        "title": KEPT.title,
        "links": "shop.example.com www.example.net",
        "tracking": "",
        "fields": "first_name",
        "pace": "500",
    }


def test_who_says_no_number_asks_for_as_many_as_there_are(
    ada: Desk, buildings: Buildings
) -> None:
    ada.post("/lists/news/send", {"token": ada.token, **FIELDS, "cap": ""})

    assert [draft.cap for draft in buildings.drafts] == [12_345]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("cap", value) for value in ("0", "-1", "many", "1.5", "٣")],
        *[("pace", value) for value in ("-1", "fast")],
        *[("days", value) for value in ("0", "8", "99", "x")],
        *[("template", value) for value in ("", "b" * 64, "../x")],
    ],
)
def test_what_cannot_be_asked_says_what_to_do_and_keeps_what_was_typed(
    ada: Desk, buildings: Buildings, field: str, value: str
) -> None:
    fields = {"token": ada.token, **FIELDS, field: value}

    answer = ada.post("/lists/news/send", fields)

    assert answer.status_code == 400
    assert not buildings.drafts
    text = answer.content.decode()
    assert 'role="alert"' in text
    assert 'value="spring offers"' in text
    assert 'value="plan = &quot;pro&quot;"' in text


def test_what_the_keeper_refuses_is_told_on_the_form(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.broken["draft_request"] = RefusedError("the sender is of no domain")

    answer = ada.post("/lists/news/send", {"token": ada.token, **FIELDS})

    assert answer.status_code == 403
    assert b"the sender is of no domain" in answer.content
    assert b'value="1,200"' in answer.content


def test_an_empty_shelf_teaches_where_templates_come_from(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.shelf = ()

    assert b"/templates/l_news" in ada.get("/lists/news/send").content


def test_only_who_is_subscribed_is_counted(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def count(_name: str, segment: str, **_age: int) -> DockCount:
        asked.append(segment)
        return DockCount(count=3, segment=segment)

    monkeypatch.setattr(buildings, "count", count)

    ada.get("/lists/news/send/count")
    ada.get("/lists/news/send/count?segment=n+%3D+1+or+n+%3D+2")

    assert asked == ["status = subscribed", "(n = 1 or n = 2) and status = subscribed"]


def test_who_may_not_send_is_offered_none(ada: Desk, buildings: Buildings) -> None:
    buildings.role = ("view", "administer")

    assert b"/sends/new" not in ada.get("/sends").content
    assert b"/send" not in ada.get("/lists/news").content.replace(b"/sends", b"")
