import json

import httpx
import pytest

from listkeep.core.errors import RefusedError
from tests.wire.dock.spoken import client, problem

VIEW = {
    "request": "r1",
    "list": "l1",
    "state": "running",
    "code": "",
    "selected": 3,
    "delivered": 1,
    "deferred": 1,
    "failed": 0,
}


def test_each_question_has_its_place() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        if request.method == "PUT":
            assert request.headers["content-type"] == "message/rfc822"
            assert request.read() == b"From: x"
            return httpx.Response(
                200, content=json.dumps({"digest": "d", "subject": "s"})
            )
        return httpx.Response(200, content=json.dumps({**VIEW, "newer": 1}))

    with client(answer) as dock:
        assert dock.put_template("r1", b"From: x").digest == "d"
        for call in (
            dock.start_send,
            dock.show_send,
            dock.pause_send,
            dock.resume_send,
        ):
            assert call("r1").delivered == 1

    assert asked == [
        ("PUT", "/v1/sends/r1/template"),
        ("POST", "/v1/sends/r1/start"),
        ("GET", "/v1/sends/r1"),
        ("POST", "/v1/sends/r1/pause"),
        ("POST", "/v1/sends/r1/resume"),
    ]


def test_an_applications_send_is_begun_and_says_where_its_mail_goes() -> None:
    asked: list[tuple[str, str]] = []
    view = {
        "request": "r1",
        "list": "l1",
        "kind": "standing",
        "state": "live",
        "cap": 9,
        "token_domain": "tok.example.com",
        "expires": "x",
        "newer": 1,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(200, content=json.dumps(view))

    with client(answer) as dock:
        begun = dock.begin_send("r1")

    assert (begun.kind, begun.cap, begun.token_domain) == (
        *("standing", 9),
        "tok.example.com",
    )
    assert asked == [("POST", "/v1/sends/r1/begin")]


def test_a_template_that_is_refused_is_read_as_a_problem() -> None:
    with pytest.raises(RefusedError), client(lambda _: problem(403)) as dock:
        dock.put_template("r1", b"")
