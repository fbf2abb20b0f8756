"""Who comes in: by which address, from which page, with which form."""

import pytest

from listkeep.console.desk import urls
from tests.console.conftest import Buildings, Desk

PAGES = (
    *("/", "/lists", "/lists/news", "/lists/news/history", "/requests"),
    *("/activity", "/people", "/incidents", "/freeze", "/settings"),
    *("/sends", "/sends/new", "/lists/news/send", "/lists/news/send/count"),
    *("/lists/news/copy", "/lists/news/copy/count", "/lists/news/undo"),
    *("/lists/news/standing", "/activity/hours"),
)
PARTS_OF_PAGES = (
    "/lists/news/send/count",
    "/lists/news/standing",
    "/lists/news/copy/count",
)  # without a heading of their own


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_who_is_signed_in(ada: Desk, path: str) -> None:
    answer = ada.get(path)

    assert answer.status_code == 200, answer.content
    assert b"<h1" in answer.content or path in PARTS_OF_PAGES


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_nothing_but_the_way_in(buildings: Buildings, path: str) -> None:
    for session in ("", "lks_stale", "lkk_s_x_y", "x" * 5000):
        answer = Desk(session).get(path)
        assert answer.status_code == 401
        assert b"Sign in with a passkey" in answer.content
        # but for the page that was asked for, which is led to afterwards
        assert b"news" not in answer.content.replace(path.encode(), b"")


def test_every_address_is_in_the_walk() -> None:
    """A page that is added gets its line here, and in the walk of the live ones."""
    known = {"assets/<str:name>", "sign-in", "signed-in", "sign-out"}
    known |= {path.strip("/").replace("news", "<str:name>") for path in PAGES}
    parts = {
        *("lists/<str:name>/count", "requests/<slug:name>", "activity/newer"),
        *("activity/<int:index>", "incidents/<slug:name>"),
        *("sends/<slug:name>", "sends/<slug:name>/providers"),
    }

    assert {str(each.pattern) for each in urls.urlpatterns} == known | parts


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "cors", "sec-fetch-site": "cross-site"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-site": "same-site"},
    ],
)
def test_a_page_is_not_for_others_to_show_or_fetch(
    ada: Desk, headers: dict[str, str]
) -> None:
    answer = ada.get("/lists", **headers)

    assert answer.status_code == 403
    assert b"12,345" not in answer.content


def test_the_own_scripts_may_fetch_a_part(ada: Desk) -> None:
    answer = ada.get(
        "/lists/news/count?segment=all",
        **{"sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"},
    )

    assert answer.status_code == 200
    assert b"12,345" in answer.content


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_prepares_nothing(
    ada: Desk, buildings: Buildings, headers: dict[str, str]
) -> None:
    fields = {"token": ada.token, "action": "freeze", "class": "export+reveal"}

    answer = ada.post("/freeze", fields, **headers)

    assert answer.status_code == 403
    assert not buildings.drafts


@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_a_form_without_the_pages_token_prepares_nothing(
    ada: Desk, buildings: Buildings, token: str
) -> None:
    answer = ada.post("/freeze", {"token": token, "class": "export+reveal"})

    assert answer.status_code == 403
    assert not buildings.drafts


def test_headers_let_the_page_do_what_it_does_and_no_more(ada: Desk) -> None:
    answer = ada.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "publickey-credentials-get=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_page_that_is_not_there_is_a_page(ada: Desk) -> None:
    for path in ("/nothing", "/assets/nothing.js", "/lists/none", "/activity/x"):
        answer = ada.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["x-frame-options"] == "DENY"


def test_another_method_is_refused(ada: Desk) -> None:
    answer = ada.post("/lists", {"token": ada.token})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
