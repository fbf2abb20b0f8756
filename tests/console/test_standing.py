"""What the form of a standing send makes of what is typed, and how one is shown."""

import csv
import io
import json
from dataclasses import replace

import msgspec
import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Terms
from listkeep.core.registry.sending import LONGEST_GRANT, parse_send
from listkeep.wire.dock.sends import DockTrigger
from tests.console.conftest import KEPT, ROUTE, Buildings, Desk
from tests.console.test_sends import SUBJECT, view_of

BASKET = msgspec.structs.replace(
    KEPT,
    digest="b" * 64,
    title="Your basket",
    links=("shop.example.com",),
    fields=(),
    tracking=("t.example.net",),
)
FIELDS = {
    "segment": 'plan = "pro"',
    "template": [KEPT.digest, BASKET.digest],
    "triggers": "Welcome, basket\nwelcome",
    "route": ROUTE["id"],
    "cap": "50,000",
    "pace": "600",
    "days": "90",
    "purpose": "automations of the shop",
}


@pytest.fixture
def shelf(buildings: Buildings) -> Buildings:
    buildings.shelf = (KEPT, BASKET)
    return buildings


def test_a_standing_send_is_prepared_as_its_templates_say(
    ada: Desk, shelf: Buildings
) -> None:
    answer = ada.post("/lists/news/standing", {"token": ada.token, **FIELDS})

    assert b"Open the keeper" in answer.content
    (draft,) = shelf.drafts
    assert (draft.action, draft.list, draft.recipient) == ("send", "l_news", "x_relay")
    assert (draft.selection, draft.cap) == ('plan = "pro"', 50_000)
    assert draft.valid_seconds == LONGEST_GRANT.total_seconds()
    assert json.loads(draft.subject) == {
        "kind": "standing",
        "templates": f"{KEPT.digest} {BASKET.digest}",
        "from": KEPT.sender,
        "reply_to": "",
        "title": "Spring offers / Your basket",
        "links": "shop.example.com www.example.net",
        "tracking": "t.example.net",
        "fields": "first_name",
        "pace": "600",
        "triggers": "basket welcome",
    }


def test_what_is_prepared_is_a_standing_send_to_who_reads_its_terms(
    ada: Desk, shelf: Buildings
) -> None:
    ada.post("/lists/news/standing", {"token": ada.token, **FIELDS})

    (draft,) = shelf.drafts
    subject = {**json.loads(draft.subject), "mail_domain": "b.example"}
    said = parse_send(with_subject(subject))
    assert (said.triggers, said.pace) == (("basket", "welcome"), 600)


def with_subject(subject: dict[str, str]) -> Terms:
    terms = Terms.parse(view_of().terms)
    return replace(terms, subject=encode(subject).decode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("triggers", value) for value in ("", ",", "wel come!", "ü", "-a", "a" * 61)],
        *[("cap", value) for value in ("", "0", "many")],
        *[("pace", value) for value in ("", "0", "fast")],
        *[("days", value) for value in ("", "0", "91", "x")],
        *[("template", value) for value in ("", "c" * 64, [KEPT.digest, "../x"])],
        ("template", [KEPT.digest] * 13),
    ],
)
def test_what_cannot_be_asked_says_what_to_do_and_keeps_what_was_typed(
    ada: Desk, shelf: Buildings, field: str, value: str | list[str]
) -> None:
    fields = {"token": ada.token, **FIELDS, field: value}

    answer = ada.post("/lists/news/standing", fields)

    text = answer.content.decode()
    assert answer.status_code == 400
    assert not shelf.drafts
    assert 'role="alert"' in text
    assert 'value="automations of the shop"' in text
    assert text.count(" checked") == (
        2 if field != "template" else KEPT.digest in value
    )


def test_templates_of_two_senders_are_two_sends(ada: Desk, shelf: Buildings) -> None:
    """A second sender behind the first one's name would be signed unseen."""
    other = msgspec.structs.replace(BASKET, sender="Shop <shop@example.com>")
    shelf.shelf = (KEPT, other)

    answer = ada.post("/lists/news/standing", {"token": ada.token, **FIELDS})

    assert answer.status_code == 400
    assert b"one sender" in answer.content
    assert not shelf.drafts


def test_what_the_keeper_refuses_is_told_on_the_form(
    ada: Desk, shelf: Buildings
) -> None:
    shelf.broken["draft_request"] = RefusedError("the sender is of no domain")

    answer = ada.post("/lists/news/standing", {"token": ada.token, **FIELDS})

    assert answer.status_code == 403
    assert b"the sender is of no domain" in answer.content
    assert b'value="50,000"' in answer.content


def test_both_kinds_of_send_lead_to_each_other_with_the_segment(
    ada: Desk, shelf: Buildings
) -> None:
    for here, there in (("send", "standing"), ("standing", "send")):
        page = ada.get(f"/lists/news/{here}?segment=n+%3D+1").content.decode()
        assert f'/lists/l_news/{there}?segment=n%20%3D%201"' in page


@pytest.fixture
def standing(buildings: Buildings) -> Buildings:
    view = view_of({"began": "2026-01-05T12:00:00Z", "counted": "12"})
    subject = {**SUBJECT, "kind": "standing", "triggers": "basket welcome"}
    terms = with_subject(subject).format()
    buildings.requests = (msgspec.structs.replace(view, terms=terms),)
    return buildings


def test_a_standing_send_says_what_sets_it_off_and_how_it_is_stopped(
    ada: Desk, standing: Buildings
) -> None:
    text = ada.get("/sends/r_spring").content.decode()

    assert "<code>basket</code> <code>welcome</code>" in text
    assert "running" in text  # it began, though no message came yet
    assert "/freeze?class=transactional" in text
    assert "Begin at the dock" not in text
    assert "500 an hour at most" in text


def test_what_each_trigger_set_off_is_counted_also_what_set_off_nothing(
    ada: Desk, standing: Buildings
) -> None:
    told = DockTrigger(trigger="welcome", delivered=1_200, waiting=3, failed=4)
    standing.outcomes = msgspec.structs.replace(standing.outcomes, triggers=(told,))

    page = ada.get("/sends/r_spring").content.decode()
    table = page.partition('id="set-off"')[2].partition("</section>")[0]
    file = io.StringIO(ada.get("/sends/r_spring?as=triggers").content.decode())

    assert table.count("<tr>") == 3
    assert '<td class="number">1,200</td>' in table
    assert list(csv.reader(file))[1:] == [
        ["basket", "0", "0", "0"],
        ["welcome", "1200", "3", "4"],
    ]


def test_a_standing_send_is_told_from_campaigns_in_table_and_file(
    ada: Desk, standing: Buildings
) -> None:
    assert b"set off by basket, welcome" in ada.get("/sends").content

    [row] = csv.DictReader(io.StringIO(ada.get("/sends?as=csv").content.decode()))
    assert (row["kind"], row["triggers"]) == ("standing", "basket welcome")
