"""What the form of a copy makes of what is typed into it."""

import pytest

from listkeep.core.errors import RefusedError
from listkeep.wire.answers import DockCount
from tests.console.conftest import Buildings, Desk

FIELDS = {
    "segment": 'plan = "pro"',
    "cap": "1,200",
    "recipient": "c_print",
    "days": "3",
    "purpose": "postcards",
}


def test_a_copy_is_prepared_as_it_was_typed(ada: Desk, buildings: Buildings) -> None:
    answer = ada.post("/lists/news/copy", {"token": ada.token, **FIELDS})

    assert b"Open the keeper" in answer.content
    (draft,) = buildings.drafts
    assert (draft.action, draft.list, draft.recipient) == (
        "export",
        "l_news",
        "c_print",
    )
    assert (draft.selection, draft.cap, draft.subject) == ('plan = "pro"', 1200, "")
    assert draft.valid_seconds == 3 * 86_400


def test_who_says_nothing_asks_for_all_there_are(
    ada: Desk, buildings: Buildings
) -> None:
    fields = {**FIELDS, "cap": "", "segment": "", "days": "x"}

    ada.post("/lists/news/copy", {"token": ada.token, **fields})

    (draft,) = buildings.drafts
    assert (draft.selection, draft.cap) == ("all", 12_345)
    assert draft.valid_seconds == 7 * 86_400


@pytest.mark.parametrize("cap", ["0", "-1", "many", "1.5", "٣"])
def test_a_number_that_is_none_is_refused_and_everything_typed_is_kept(
    ada: Desk, buildings: Buildings, cap: str
) -> None:
    answer = ada.post("/lists/news/copy", {"token": ada.token, **FIELDS, "cap": cap})

    assert answer.status_code == 400
    assert not buildings.drafts
    assert b'value="postcards"' in answer.content
    assert b"plan = &quot;pro&quot;" in answer.content


def test_a_copy_of_nobody_is_not_asked_for(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages = []

    def count(_name: str, segment: str, *, max_age: int) -> DockCount:
        ages.append(max_age)
        return DockCount(count=0, segment=segment)

    monkeypatch.setattr(buildings, "count", count)
    answer = ada.post("/lists/news/copy", {"token": ada.token, **FIELDS, "cap": ""})

    assert answer.status_code == 400
    assert b"nobody is in this segment" in answer.content
    assert not buildings.drafts
    assert ages[-1] == 0  # what is signed for was counted at that moment


def test_what_the_keeper_refuses_is_told_on_the_form(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.broken["draft_request"] = RefusedError("there is no such recipient")

    answer = ada.post("/lists/news/copy", {"token": ada.token, **FIELDS})

    assert answer.status_code == 403
    assert b"there is no such recipient" in answer.content


def test_without_a_recipient_the_page_says_who_enrols_one(ada: Desk) -> None:
    assert b"No recipient is enrolled yet" in ada.get("/lists/news/copy").content


def test_a_large_copy_says_beforehand_who_signs_as_well(ada: Desk) -> None:
    page = ada.get("/lists/news/copy/count?segment=all").content

    assert b"a custodian signs as well" in page


def test_who_may_not_take_copies_is_offered_none(
    ada: Desk, buildings: Buildings
) -> None:
    assert b"/lists/l_news/copy" not in ada.get("/lists/news").content

    buildings.role = ("view", "export")

    assert b"/lists/l_news/copy" in ada.get("/lists/news").content


@pytest.mark.parametrize("kind", ["copy", "send", "standing"])
def test_counting_again_asks_for_nothing_and_keeps_what_was_typed(
    ada: Desk, buildings: Buildings, kind: str
) -> None:
    fields = {**FIELDS, "cap": "many", "count": "again"}

    answer = ada.post(f"/lists/news/{kind}", {"token": ada.token, **fields})

    assert answer.status_code == 200
    assert not buildings.drafts
    assert b'value="postcards"' in answer.content
    assert b"plan = &quot;pro&quot;" in answer.content
    assert b"<b>12,345</b>" in answer.content
