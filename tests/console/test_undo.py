"""What the form of a signed undo makes of what is typed into it."""

import pytest

from listkeep.core.errors import RefusedError
from listkeep.wire.answers import DockChange
from tests.console.conftest import Buildings, Desk

FIELDS = {"to": "2026-01-05T12:00:00Z", "rows": "12,298", "purpose": "wrong file"}


def test_an_undo_is_prepared_for_one_list_one_time_and_a_number_of_entries(
    ada: Desk, buildings: Buildings
) -> None:
    answer = ada.post("/lists/news/undo", {"token": ada.token, **FIELDS})

    assert b"Open the keeper" in answer.content
    (draft,) = buildings.drafts
    assert (draft.action, draft.list, draft.cap) == ("list.restore", "l_news", 12_298)
    assert draft.subject == '{"moment":"2026-01-05T12:00:00Z"}'
    assert draft.purpose == "wrong file"


def test_the_form_is_filled_in_by_the_docks_link(ada: Desk) -> None:
    page = ada.get("/lists/news/undo?to=2026-01-05T12%3A00%3A00Z&rows=40").content

    assert b'value="2026-01-05T12:00:00Z"' in page
    assert b'value="40"' in page


@pytest.mark.parametrize(
    "bent",
    [
        {"rows": "0"},
        {"rows": ""},
        {"rows": "many"},
        {"to": ""},
        {"to": "yesterday"},
        {"to": "2026-13-05T12:00:00Z"},
    ],
)
def test_what_is_no_time_or_number_is_refused_and_everything_typed_is_kept(
    ada: Desk, buildings: Buildings, bent: dict[str, str]
) -> None:
    answer = ada.post("/lists/news/undo", {"token": ada.token, **FIELDS, **bent})

    assert answer.status_code == 400
    assert not buildings.drafts
    assert b'value="wrong file"' in answer.content


def test_another_tenants_list_or_a_form_from_elsewhere_prepares_nothing(
    ada: Desk, buildings: Buildings
) -> None:
    fields = {"token": ada.token, **FIELDS}

    assert ada.post("/lists/other/undo", fields).status_code == 404
    evil = ada.post("/lists/news/undo", fields, origin="https://evil.example")
    without = ada.post("/lists/news/undo", {**fields, "token": ""})

    assert evil.status_code == without.status_code == 403
    assert not buildings.drafts


def test_what_the_keeper_refuses_is_told_on_the_form(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.broken["draft_request"] = RefusedError("your role may not ask for this")

    answer = ada.post("/lists/news/undo", {"token": ada.token, **FIELDS})

    assert answer.status_code == 403
    assert b"your role may not ask for this" in answer.content


@pytest.mark.parametrize("path", ["/lists/news", "/lists/news/history"])
def test_each_change_that_can_be_taken_back_leads_to_the_dock(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def read_history(_name: str, **_limit: int) -> object:
        return iter([_change(4321, can_undo=True), _change(7, can_undo=False)])

    monkeypatch.setattr(buildings, "read_history", read_history)

    page = ada.get(path).content.decode()

    assert '/lists/l_news/undo?before=4321" rel="noopener"' in page
    assert "before=7" not in page
    assert "listkeep restore" not in page


def _change(number: int, *, can_undo: bool) -> DockChange:
    return DockChange(
        number=number,
        kind="import",
        at="2026-01-05T12:00:00Z",
        who="p_ada",
        source="",
        moment=None,
        added=1,
        updated=0,
        removed=0,
        rounded=False,
        can_undo=can_undo,
    )
