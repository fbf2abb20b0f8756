"""Errors leave as problem documents that repeat nothing of what was sent."""

import json

import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.test import Client, RequestFactory

from listkeep.core.errors import FAMILIES, Code, ListkeepError
from listkeep.dock.project import views
from listkeep.dock.project.problems import MEDIA_TYPE, render_problem
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

CANARY = "canary@example.com"


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda f: f.family)
def test_an_error_keeps_its_status_code_and_hint(family: type[ListkeepError]) -> None:
    answer = render_problem(family("a sentence", code=Code.EXPIRED, hint="a hint"))

    assert answer["content-type"] == MEDIA_TYPE
    document = json.loads(answer.content)
    assert document == {
        "type": "urn:listkeep:problem:expired",
        "title": answer.reason_phrase,
        "status": family.status,
        "detail": "a sentence",
        "code": "expired",
        "hint": "a hint",
    }
    assert answer.status_code == family.status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b"\xff\xfe",
        json.dumps({"name": "a", CANARY: 1}).encode(),
        json.dumps({"name": {CANARY: 1}}).encode(),
        json.dumps({"name": "a", "fields": [CANARY]}).encode(),
        json.dumps({"name": "a", "facets": [f"{CANARY}:text"]}).encode(),
        json.dumps({"name": "a", "facets": CANARY}).encode(),
        b'{"name": "' + b"[" * 100_000 + b'"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_does_not_fit_is_refused_and_not_repeated(
    keeper: FakeKeeper, ada: Api, body: bytes
) -> None:
    answer = ada.call("POST", "/lists", body)

    assert answer.status == 400, answer.content
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert b"canary" not in answer.content
    assert "create_list" not in keeper.calls


def test_the_place_that_does_not_fit_is_named(ada: Api) -> None:
    answer = ada.post("/lists", {"name": "", "fields": ["Not A Name"]})

    assert "name" in answer.json["detail"]
    assert "fields.0" in answer.json["detail"]


def test_a_large_json_body_is_refused_unread(keeper: FakeKeeper, ada: Api) -> None:
    body = json.dumps({"name": "a" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}).encode()

    answer = ada.call("POST", "/lists", body)

    assert (answer.status, answer.json["code"]) == (413, "body-too-large")
    assert keeper.calls == []


@pytest.mark.parametrize("length", ["99999999999999999999", "1048577"])
def test_a_body_that_only_says_it_is_large_is_refused_too(length: str) -> None:
    answer = Client().post(
        "/v1/lists", b"{}", content_type="application/json", CONTENT_LENGTH=length
    )

    assert answer.status_code == 413


def test_a_large_body_of_unknown_length_is_refused_by_django_as_well(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listkeep.dock.project.middleware._is_too_large", bool)
    monkeypatch.setattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", 10)

    answer = ada.post("/lists", {"name": "a long enough name"})

    assert (answer.status, answer.json["code"]) == (413, "body-too-large")


def test_an_address_that_is_none_is_a_problem_document(nobody: Api) -> None:
    for path in ("/nowhere", "/lists/", "/", f"/{CANARY}", "/imports/../../etc/passwd"):
        answer = nobody.get(path)
        assert answer.status in {401, 404}
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert b"canary" not in answer.content


def test_a_method_that_is_not_for_an_address_is_named(nobody: Api) -> None:
    answer = nobody.call("DELETE", "/lists")

    assert (answer.status, answer.headers["content-type"]) == (405, MEDIA_TYPE)
    assert "GET" in answer.headers["allow"]


def test_what_nobody_foresaw_is_logged_by_place_and_told_to_nobody(
    keeper: FakeKeeper,
    ada: Api,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise KeyError(CANARY)

    keeper.break_at("authorize", fail)
    answer = ada.get("/lists")

    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert b"canary" not in answer.content
    assert "builtins.KeyError" in caplog.text
    assert "canary" not in caplog.text


def test_our_own_fault_is_not_explained_to_outsiders(
    keeper: FakeKeeper, ada: Api
) -> None:
    keeper.break_at("authorize", ListkeepError(CANARY))

    answer = ada.get("/lists")

    assert answer.status == 500
    assert b"canary" not in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/imports/..%2f..%2fdock.key",
        "/imports/%2e%2e%2fdock.key/rejects",
        "/exports/..%2fdock.key/file",
        "/exports/%00/file",
        "/exports/x.age.part/file",
        "/lists/..%2f..%2fetc",
        "/lists/x'%20OR%201=1%20--/count",
        "/lists/%25s/count",
        "/docs/assets/../../../../etc/passwd",
        "/docs/assets/..%2f..%2fninja%2fmain.py",
        "/docs/assets/%2fetc%2fpasswd",
    ],
)
def test_names_lead_nowhere_else(ada: Api, news: str, path: str) -> None:
    answer = ada.get(path)

    assert answer.status == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert ada.get(f"/lists/{news}/count").json["count"] == 4


def test_what_django_refuses_by_itself_is_a_problem_document_too() -> None:
    request = RequestFactory().get("/")

    for answer, status in (
        (views.bad_request(request, DisallowedHost(CANARY)), 400),
        (views.missing(request, KeyError(CANARY)), 404),
        (views.broken(request), 500),
    ):
        assert (answer.status_code, answer["content-type"]) == (status, MEDIA_TYPE)
        assert b"canary" not in answer.content


def test_answers_are_not_to_be_kept_or_framed(nobody: Api) -> None:
    headers = nobody.get("/health").headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_health_says_whether_the_keeper_answers(
    keeper: FakeKeeper, nobody: Api
) -> None:
    assert nobody.get("/health").json["keeper"] is True
    keeper.break_at("health", ListkeepError("gone"))

    assert nobody.get("/health").json == {
        "version": nobody.get("/openapi.json").json["info"]["version"],
        "keeper": False,
        "profile": None,
    }


def test_the_documentation_needs_no_other_host(nobody: Api) -> None:
    page = nobody.get("/docs")
    text = page.content.decode()

    assert page.status == 200
    assert "//" not in text.replace("<!DOCTYPE", "").replace("://www.w3", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-init.js"):
        assert f"/v1/docs/assets/ninja/{name}" in text
        assert nobody.get(f"/docs/assets/ninja/{name}").status == 200
    assert nobody.get("/docs/assets/ninja/none.js").status == 404


def test_the_api_describes_itself(nobody: Api) -> None:
    schema = nobody.get("/openapi.json").json

    assert schema["openapi"].startswith("3.1")
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation.get("description") or operation["operationId"]
