"""What people outside are told, word for word."""

import json
from typing import Any

import pytest

from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.told import TOLD, Telling
from listkeep.dock.watch.letters import write_letter
from listkeep.dock.watch.sentences import sentence
from listkeep.wire.messages import notices as n
from tests.fakes.keeper import FakeKeeper

INBOX = "https://seal.example/inbox"
EXPORT = """\
ben asks to export up to 1,200 rows of news.

Tenant    acme
Who       ben
List      news
Rows      at most 1,200
When      2026-01-05 12:00:00 UTC
Request   r_spring (waiting)
Missing   the approval of another owner of the tenant
Entry     0

Unusual: ben never touched this list before.

If you expected this, there is nothing to do. If not, open
your inbox, https://seal.example/inbox
by hand and deny the request: an owner can until it is carried out.

--
Message m_1. If it comes twice, it is the same.
Listkeep never asks by mail for a signature, a code or a password.
"""

SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    ("request.made", {"action": "reveal", "rows": 3}, "ben asks to reveal 3"),
    ("request.approved", {}, "ben agrees to export up to 1,200 rows of news"),
    ("request.denied", {"action": "import"}, "denies the request to import up to"),
    (
        "request.made",
        {"action": "person.add", "about": "zoe"},
        "ben asks to add the person zoe",
    ),
    (
        "person.revoked",
        {"action": "person.revoke", "about": "zoe"},
        "it is done: remove the person zoe, as ben asked",
    ),
    (
        "passkey.replaced",
        {"action": "passkey.replace", "about": "zoe"},
        "it is done: replace the passkey of zoe",
    ),
    (
        "from.the-future",
        {"action": "house.paint", "about": ""},
        "it is done: paint the house, as ben asked",
    ),
    ("from.the-future", {"action": ""}, "it is done: change something"),
    ("incident.opened", {"about": "rows-invalid"}, "rows of news do not open"),
    ("incident.opened", {"about": "bad-mood"}, "bad-mood: news"),
    (
        "incident.closed",
        {"about": "rows-extra"},
        "ben closed an incident: news has more entries than the ledger knows",
    ),
    (
        "release.refused",
        {"action": "reveal", "times": 100},
        "ben was refused a reveal (the 100th time that day)",
    ),
    ("statement.refused", {"person_name": ""}, "somebody's name was refused"),
    ("sign-in.refused", {}, "a sign-in in ben's name was refused"),
    ("support.admitted", {}, "ben of support looks at news, as a consent allows"),
    ("address.looked-up", {}, "looks up an address of news for the first time"),
    ("import.started", {}, "imports into news for the first time"),
    ("entries.suppressed", {}, "suppresses addresses of news for the first"),
    (
        "consent.withdrawn",
        {"action": "consent.withdraw", "about": "sam"},
        "it is done: withdraw the consent for sam, as ben asked",
    ),
    (
        "budget.set",
        {"action": "budget.set", "about": "reveals"},
        "it is done: set the budget of reveals",
    ),
    ("policy.set", {"action": "policy.set"}, "it is done: set the policy, as"),
    (
        "recovery.chosen",
        {"action": "recovery.choose", "about": "zoe"},
        "it is done: choose the recovery of zoe",
    ),
    ("ledger.recovered", {}, "the end of the ledger was lost: everything is frozen"),
    ("export.intended", {}, "takes a copy of news for the first time"),
    ("reveal.intended", {"list_name": ""}, "opens addresses of a list for"),
]


def opened(*, digest: n.Digest | None = None, **facts: Any) -> n.OpenedContact:
    keeper = FakeKeeper()
    keeper.tell(**facts)
    return n.OpenedContact(
        kind="mail",
        name="desk",
        destination="desk@acme.example",
        secret="",
        notice=None if digest else keeper.notices[0],
        digest=digest,
    )


def test_a_request_reads_so() -> None:
    letter = write_letter(
        "m_1", opened(severity="warning", first_touch=True), inbox=INBOX
    )

    assert letter.subject == (
        "[Listkeep] acme: ben asks to export up to 1,200 rows of news"
    )
    assert letter.text == EXPORT


def test_an_alarm_says_so_and_what_stops_it() -> None:
    facts: Any = {"action": "freeze", "about": "export+reveal", "state": "done"}
    letter = write_letter(
        "m_1",
        opened(event="releases.frozen", severity="alarm", rows=0, missing=(), **facts),
        inbox="",
    )

    assert letter.subject == ("[Listkeep] ALARM acme: ben froze exports and reveals")
    assert "ask whoever is named" in letter.text
    assert "your inbox on the keeper's pages" in letter.text
    assert "Rows" not in letter.text


def test_an_incident_says_what_was_found_and_where_to_look() -> None:
    facts: Any = {"action": "", "about": "rows-missing", "person_name": ""}
    letter = write_letter(
        "m_1",
        opened(
            event="incident.opened",
            severity="alarm",
            rows=1300,
            request="",
            missing=(),
            **facts,
        ),
        inbox="",
    )

    assert letter.subject.startswith(
        "[Listkeep] ALARM acme: news has fewer entries than the ledger knows"
    )
    assert "Rows      1,300" in letter.text
    assert "listkeep incident ls" in letter.text
    assert "If you expected this" not in letter.text


@pytest.mark.parametrize(("event", "facts", "says"), SENTENCES)
def test_each_kind_has_its_sentence(
    event: str, facts: dict[str, Any], says: str
) -> None:
    notice = opened(event=event, **facts).notice

    assert notice
    assert says in sentence(notice)


@pytest.mark.parametrize(
    "event", [event for event, how in TOLD.items() if how is not Telling.CHANGE]
)
def test_every_event_that_is_no_change_has_a_sentence_of_its_own(event: Event) -> None:
    notice = opened(event=event.value).notice

    assert notice
    assert "it is done" not in sentence(notice)


@pytest.mark.parametrize("action", [*Action])
def test_every_action_can_be_said_at_every_event(action: Action) -> None:
    for event in Event:
        notice = opened(event=event.value, action=action.value).notice
        assert notice
        assert "{" not in sentence(notice)


def test_a_webhook_gets_the_facts_as_json() -> None:
    body = json.loads(write_letter("m_1", opened(), inbox=INBOX).json)

    assert (body["type"], body["timestamp"]) == (
        "listkeep.notice",
        "2026-01-05T12:00:00Z",
    )
    assert body["data"]["index"] == 0
    assert body["data"]["rows"] == 1200
    assert body["data"]["sentence"] == "ben asks to export up to 1,200 rows of news"
    assert "contacts" not in body["data"]
    assert "@" not in json.dumps(body)


def test_a_day_is_told_with_the_ledgers_size_and_root() -> None:
    digest = n.Digest(
        day="2026-01-04",
        keeper="k_demo",
        tenant_name="acme",
        requests=3,
        releases=2,
        rows=1205,
        refusals=1,
        changes=0,
        size=4711,
        root="ab" * 32,
        checkpoint="k_demo\n4711\nq6s=\n\n— k_demo AAAA\n",
    )
    letter = write_letter("m_1", opened(digest=digest), inbox=INBOX)

    assert letter.subject == "[Listkeep] acme: 2026-01-04, 1,205 rows released"
    assert "has 4,711 entries now" in letter.text
    assert "ab" * 32 in letter.text
    assert "\n— k_demo AAAA\n" in letter.text
    data = json.loads(letter.json)["data"]
    assert (data["size"], data["root"]) == (4711, "ab" * 32)


def test_a_day_on_which_nothing_happened_is_told_too() -> None:
    digest = n.Digest(
        day="2026-01-04",
        keeper="k_demo",
        tenant_name="",
        requests=0,
        releases=0,
        rows=0,
        refusals=0,
        changes=0,
        size=1,
        root="00",
        checkpoint="x",
    )
    letter = write_letter("m_1", opened(digest=digest), inbox="")

    assert letter.text.startswith("2026-01-04 (UTC) at everybody: nothing happened.\n")


def test_a_name_does_not_begin_a_header_or_steer_a_terminal() -> None:
    letter = write_letter(
        "m_1",
        opened(person_name="ben\r\nBcc: eve@other.example", list_name="\x1b[2Jnews"),
        inbox=INBOX,
    )

    assert "\n" not in letter.subject
    assert "\x1b" not in letter.text + letter.subject
    assert "\nBcc" not in letter.text
