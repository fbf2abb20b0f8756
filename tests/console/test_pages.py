"""What the pages make of what they are told."""

import csv
import html
import io

import msgspec
import pytest

from listkeep.console.desk.activity import MOST_LOOKS
from listkeep.console.desk.lists import _narrow
from listkeep.console.desk.tables import write_csv
from listkeep.core.errors import RefusedError
from listkeep.core.segments import Schema, parse_segment
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
