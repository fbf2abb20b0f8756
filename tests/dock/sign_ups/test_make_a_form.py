"""A form is made with an intake key, shown without it, and gone when it is closed."""

from pathlib import Path
from typing import Any

import pytest

from listkeep.dock.intake.sign_ups import forms
from tests.dock.conftest import Api
from tests.dock.pages.conftest import ORIGIN, Browser
from tests.dock.pages.links import make_form

GOOD: dict[str, Any] = {"title": "News", "text": "", "fields": {}, "origins": []}


def test_a_form_is_made_shown_and_closed(
    browser: Browser, intake: Api, ada: Api, news: str
) -> None:
    made = intake.post(
        "/lists/news/forms",
        {
            "title": "News of acme",
            "text": "Once a month.",
            "fields": {"name": "Your name"},
            "origins": ["https://www.example.com"],
        },
    )
    assert made.status == 201
    form_id = made.json["id"]
    assert made.json["url"] == f"{ORIGIN}/join/{form_id}"
    assert ada.get("/lists/news/forms").json == {"forms": [made.json]}
    assert browser.get(f"/join/{form_id}").status == 200

    assert ada.call("DELETE", f"/lists/news/forms/{form_id}").json == made.json

    assert ada.get("/lists/news/forms").json == {"forms": []}
    assert browser.get(f"/join/{form_id}").status == 404


def test_the_key_is_in_a_file_of_the_docks_own_and_nowhere_else(
    browser: Browser, intake: Api, ada: Api, news: str, home: Path
) -> None:
    form_id = make_form(intake)
    assert intake.caller is not None
    key = intake.caller.service_key
    [path] = (home / "forms").iterdir()

    assert key in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    shown = (
        ada.get("/lists/news/forms").content + browser.get(f"/join/{form_id}").content
    )
    assert key.encode() not in shown
    assert key not in repr(forms.find_form(form_id))
    ada.call("DELETE", f"/lists/news/forms/{form_id}")
    assert list((home / "forms").iterdir()) == []


@pytest.mark.parametrize("name", ["ada", "ben", "app"])
def test_people_and_applications_make_no_form(
    request: pytest.FixtureRequest, news: str, name: str
) -> None:
    who: Api = request.getfixturevalue(name)

    answer = who.post("/lists/news/forms", GOOD)

    assert (answer.status, answer.json["code"]) == (403, "not-permitted")


@pytest.mark.parametrize(
    "bent",
    [
        {"title": ""},
        {"title": "x\r\nSet-Cookie: a=b"},
        {"text": "x\0"},
        {"fields": {"plan": "Plan"}},
        {"fields": {"nothing": "Nothing"}},
        {"fields": {f"f{n}": "x" for n in range(11)}},
        {"key": "lkk_x"},
        *(
            {"origins": [origin]}
            for origin in (
                *("*", "null", "https://*.example.com", "http://www.example.com"),
                *("https://www.example.com/", "https://www.example.com/path"),
                *("https://WWW.example.com", "https://user@www.example.com"),
                *("https://www.example.com:443", "https://", "https://[", "x"),
                *("https://www.example.com:999999", "javascript://www.example.com"),
                *("https://www.éxample.com", "https://www.example.com?x", ""),
            )
        ),
    ],
    ids=str,
)
def test_what_is_no_form_is_not_made(
    intake: Api, news: str, home: Path, bent: dict[str, Any]
) -> None:
    answer = intake.post("/lists/news/forms", {**GOOD, **bent})

    assert answer.status == 400
    assert not (home / "forms").exists()


def test_a_list_has_twenty_forms_at_most(intake: Api, news: str) -> None:
    for _ in range(forms.MAX_FORMS):
        make_form(intake)

    answer = intake.post("/lists/news/forms", GOOD)

    assert (answer.status, answer.json["code"]) == (409, "busy")


def test_a_form_of_another_list_is_not_closed_by_its_name(
    intake: Api, eve: Api, ada: Api, news: str
) -> None:
    form_id = make_form(intake)
    hers, other = eve.open_list("hers"), ada.open_list("other")

    for who, list_id in ((eve, hers), (ada, other)):
        answer = who.call("DELETE", f"/lists/{list_id}/forms/{form_id}")
        assert (answer.status, answer.json["code"]) == (404, "not-found")
        assert who.get(f"/lists/{list_id}/forms").json == {"forms": []}
    assert len(ada.get("/lists/news/forms").json["forms"]) == 1


@pytest.mark.parametrize(
    "form_id", ["f_aaaaaaaaaaaa", "..", "f_aaaaaaaaaaaa.new", "dock.key", "x", "%2e%2e"]
)
def test_no_other_file_is_read_as_a_form(
    browser: Browser, ada: Api, news: str, home: Path, form_id: str
) -> None:
    (home / "forms").mkdir()
    (home / "forms" / "f_aaaaaaaaaaaa.new").write_text("{}")

    assert browser.get(f"/join/{form_id}").status == 404
    assert ada.call("DELETE", f"/lists/news/forms/{form_id}").status == 404


def test_a_form_that_was_damaged_says_nothing_of_what_is_in_it(
    browser: Browser, intake: Api, ada: Api, news: str, home: Path
) -> None:
    form_id = make_form(intake)
    path = home / "forms" / f"{form_id}.json"
    path.write_bytes(path.read_bytes()[:-20])

    page = browser.get(f"/join/{form_id}")
    answer = ada.get("/lists/news/forms")

    assert (page.status, answer.status) == (503, 503)
    assert "lkk_" not in page.text + answer.content.decode()


def test_a_full_disk_leaves_no_half_form(
    intake: Api, ada: Api, news: str, home: Path
) -> None:
    (home / "forms").write_text("in the way")

    answer = intake.post("/lists/news/forms", GOOD)

    assert (answer.status, answer.json["code"]) == (503, "dock-unavailable")
