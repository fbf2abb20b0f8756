"""What the pages make of what they are told."""

import csv
import html
import io
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from listkeep.console.desk.activity import MOST_LOOKS
from listkeep.console.desk.lists import _narrow
from listkeep.console.desk.tables import write_csv
from listkeep.core.canonical import encode
from listkeep.core.errors import RefusedError
from listkeep.core.segments import Schema, parse_segment
from listkeep.wire import messages as m
from tests.console.conftest import LIST, Buildings, Desk


def test_a_freeze_is_prepared_and_its_signature_asked_for(
    ada: Desk, buildings: Buildings
) -> None:
    fields = {
        "token": ada.token,
        "action": "freeze",
        "class": ["transactional", "export+reveal"],
        "purpose": "a phish came in",
    }

    answer = ada.post("/freeze", fields)

    (draft,) = buildings.drafts
    assert (draft.session, draft.action) == ("lks_ada", "freeze")
    assert draft.subject == '{"classes":"export+reveal transactional"}'
    assert b"Open the keeper" in answer.content


def test_what_was_typed_stays_when_it_is_refused(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.broken["draft_request"] = RefusedError("your role may not ask for this")

    answer = ada.post(
        "/freeze",
        {"token": ada.token, "class": "campaigns", "purpose": "words of mine"},
    )

    assert answer.status_code == 403
    assert b"your role may not" in answer.content
    assert b'value="words of mine"' in answer.content
    assert b'value="campaigns" checked' in answer.content


@pytest.mark.parametrize("action", ["export", "person.add", "unfreeze;", ""])
def test_the_freeze_page_prepares_freezes_alone(
    ada: Desk, buildings: Buildings, action: str
) -> None:
    answer = ada.post(
        "/freeze", {"token": ada.token, "action": action, "class": "campaigns"}
    )

    assert answer.status_code == 400
    assert not buildings.drafts


def test_lists_are_a_table_and_a_file(ada: Desk, buildings: Buildings) -> None:
    assert b"12,345" in ada.get("/lists").content

    rows = list(csv.reader(io.StringIO(ada.get("/lists?as=csv").content.decode())))

    assert rows[1][:2] == ["news", "12345"]
    told = dict(zip(rows[0], rows[1], strict=True))
    assert (told["subscribed"], told["bounced"]) == ("12000", "345")


def test_no_list_yet_teaches_how_one_comes_in(ada: Desk, buildings: Buildings) -> None:
    buildings.lists = ()

    assert b"Drop a file on the dock" in ada.get("/lists").content


def test_support_and_marketers_are_not_shown_people(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.role = ("view",)

    answer = ada.get("/people")

    assert answer.status_code == 403
    assert b'href="/people"' not in answer.content


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_spreadsheet_runs_nothing_of_a_file(text: str) -> None:
    (_, row) = csv.reader(io.StringIO(write_csv(["a"], [[text]])))

    assert row == [f"'{text}"]


@pytest.mark.parametrize("value", ['a"b', "back\\slash", "x and y", "ü", None])
def test_a_bar_leads_to_the_segment_it_counts(value: str | None) -> None:
    schema = Schema.parse(["plan:text", "n:int", "vip:bool"])

    once = _narrow("all", "plan", value, "text")
    twice = _narrow(once, "n", 5, "int")

    assert parse_segment(twice, schema).format()
    assert parse_segment(_narrow("n = 1 or n = 2", "vip", True, "bool"), schema)


def test_who_may_read_nothing_of_the_ledger_is_told_whom_to_ask(
    ada: Desk, buildings: Buildings
) -> None:
    assert b"Nothing here yet" in ada.get("/activity").content

    buildings.role = ("view",)

    assert b"ask one of them" in ada.get("/activity").content


def test_what_software_did_is_told_by_its_name(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    buildings.services = ({"id": "s_bounces", "name": "bounces", "kind": "sink"},)
    fields = {
        "at": "2026-01-05T12:00:00Z",
        "event": "entries.suppressed",
        "principal": "s_bounces",
    }
    entry = m.LedgerEntry(index=0, leaf=b"", body=encode(fields))
    page = m.LedgerPage(entries=(entry,), checkpoint=b"", ledger_key="")
    monkeypatch.setattr(buildings, "read_ledger", lambda _message: page)
    health = m.Health(version="0", keeper="k", profile="demo", ledger_size=1)
    monkeypatch.setattr(buildings, "health", lambda: health)

    assert b"<td>bounces</td>" in ada.get("/activity").content


def test_names_from_outside_are_escaped(ada: Desk, buildings: Buildings) -> None:
    evil = msgspec.structs.replace(LIST, name="<script>alert(1)</script>")
    buildings.lists = (evil,)

    assert b"<script>alert" not in ada.get("/lists").content


def test_a_page_nobody_sits_at_stops_following_so_that_a_session_can_end(
    ada: Desk, buildings: Buildings
) -> None:
    path, looks = "/activity/newer?after=0&looks=1", 0
    while path:
        looks += 1
        assert looks <= MOST_LOOKS
        content = ada.get(path).content.decode()
        path = html.unescape(content.partition('hx-get="')[2].partition('"')[0])

    assert looks == MOST_LOOKS
    assert "stopped following" in content


@pytest.mark.parametrize("looks", ["", "-1", "0", "x", "9" * 30])
def test_a_page_that_cannot_count_its_looks_stops_following(
    ada: Desk, buildings: Buildings, looks: str
) -> None:
    content = ada.get(f"/activity/newer?after=0&looks={looks}").content

    assert b"hx-get" not in content


# --- who has access, and what nobody uses ---

NOW = datetime.now(UTC)


def ago(days: int) -> str:
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def service(name: str) -> dict[str, str]:
    return {"id": f"s_{name}", "name": name, "kind": "app", "parent": "", "tenant": "a"}


def use(name: str, *, since: str = "", last_used: str = "") -> dict[str, str]:
    return {"id": name, "since": since, "last_used": last_used, "tenant": "a"}


def test_what_nobody_uses_is_named_and_what_is_new_or_works_is_not(
    ada: Desk, buildings: Buildings
) -> None:
    names = ("shop", "old", "never", "new", "unknown")
    buildings.services = tuple(map(service, names))
    buildings.uses = (
        use("s_shop", since=ago(400), last_used=ago(1)),
        use("s_old", since=ago(400), last_used=ago(31)),
        use("s_never", since=ago(31)),
        use("s_new", since=ago(29)),
        use("s_unknown"),
    )

    text = ada.get("/people").content.decode()

    note = text.partition('id="forgotten"')[2].partition("</section>")[0]
    named = {name for name in names if f">{name}<" in note}
    assert named == {"old", "never"}
    assert "no use was noted since it came" in note
    assert 'id="row-s_old"' in text
    assert '<a href="/activity?who=s_old"' in text


def test_an_agency_that_ends_soon_is_named(ada: Desk, buildings: Buildings) -> None:
    agency = {"id": "a_1", "name": "kite", "until": ago(-10), "tenant": "a"}
    buildings.agencies = (
        agency,
        {**agency, "id": "a_2", "name": "later", "until": ago(-60)},
    )

    text = ada.get("/people").content.decode()

    note = text.partition('id="ending"')[2].partition("</section>")[0]
    assert "kite" in note
    assert "later" not in note


def test_uses_are_in_the_file_as_well(ada: Desk, buildings: Buildings) -> None:
    buildings.services = (service("shop"),)
    buildings.uses = (use("s_shop", last_used=ago(1)),)

    [row] = csv.DictReader(io.StringIO(ada.get("/people?as=service").content.decode()))

    assert row["last_used"] == ago(1)


def test_without_uses_the_page_says_so_and_names_nothing(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.services = (service("shop"),)

    text = ada.get("/people").content.decode()

    assert "Nobody used these" not in text
    assert "not noted" in text


@pytest.mark.parametrize(
    ("rights", "tenant", "offered", "hidden"),
    [
        (
            (),
            "",
            ("/incidents", "/look-up"),
            ("/people", "/sends", "/freeze", "/lists"),
        ),
        (("view", "send"), "t", ("/sends", "/lists"), ("/people", "/freeze")),
        (("view", "administer"), "t", ("/people", "/freeze", "/sends"), ()),
    ],
    ids=["support", "marketer", "owner"],
)
def test_nobody_is_offered_what_then_refuses_them(  # noqa: PLR0917
    ada: Desk,
    buildings: Buildings,
    rights: tuple[str, ...],
    tenant: str,
    offered: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    buildings.role, buildings.tenant = rights, tenant

    text = ada.get("/").content.decode()

    assert all(f'{place}"' in text for place in offered)
    assert not any(f'href="{place}"' in text for place in hidden)


def test_people_are_shown_with_names_and_without_empty_columns(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {"id": "p_nina", "name": "nina", "role": "agent", "tenant": "acme"}
    more = {"team": "a_studio", "passkey": "synced, synced", "state": ""}
    rows = {
        "person": ({**person, **more},),
        "agency": ({"id": "a_studio", "name": "studio", "until": "2099-01-01"},),
    }
    monkeypatch.setattr(
        buildings,
        "show_registry",
        lambda asked: m.RegistryRows(rows=rows.get(asked.kind, ())),
    )

    text = ada.get("/people").content.decode()

    assert "<td>studio</td>" in text
    assert "2 × synced" in text  # noqa: RUF001 - times
    assert ">state<" not in text
    assert ">tenant<" not in text
    assert b"a_studio" in ada.get("/people?as=person").content
