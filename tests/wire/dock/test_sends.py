import json

import httpx
import pytest

from listkeep.core.errors import RefusedError
from tests.wire.dock.spoken import client, problem

KEPT = {
    "digest": "d",
    "stored_at": "2026-01-05T12:00:00Z",
    "sender": "news@example.com",
    "reply_to": "",
    "title": "Spring",
    "links": ["shop.example.com"],
    "tracking": [],
    "fields": [],
}
PROGRESS = {"request": "r1", "delivered": 3, "newer": 1}
PROVIDER = {
    "provider": "gmail",
    **dict.fromkeys(("delivered", "waiting", "failed"), 1),
    **dict.fromkeys(("bounces", "complaints", "unsubscribes"), 2),
}
ANSWERS: dict[str, object] = {
    "/v1/lists/news/templates": {"templates": [KEPT]},
    "/v1/lists/news/sends": {"sends": [PROGRESS]},
    "/v1/lists/news/sends/r1": {
        "progress": PROGRESS,
        "reasons": [{"state": "failed", "code": "5.1.1", "messages": 2}],
        "hours": [{"at": "2026-01-05T12:00:00Z", "delivered": 3}],
        "returned": [{"outcome": "complaint", "state": "held", "things": 1}],
    },
    "/v1/lists/news/sends/r1/providers": {"providers": [PROVIDER]},
    "/v1/lists/news/sends/r2/providers": {"providers": None},
}


def answer(request: httpx.Request) -> httpx.Response:
    if request.method == "PUT":
        assert request.headers["content-type"] == "message/rfc822"
        assert request.read() == b"From: x"
        return httpx.Response(200, content=json.dumps(KEPT))
    if request.url.path.endswith("/sends"):
        assert request.url.params.get_list("requests") == ["r1", "r2"]
    return httpx.Response(200, content=json.dumps(ANSWERS[request.url.path]))


def test_each_question_has_its_place() -> None:
    with client(answer) as dock:
        assert dock.shelve_template("news", b"From: x").digest == "d"
        assert dock.show_shelf("news")[0].links == ("shop.example.com",)
        (progress,) = dock.show_progress("news", ["r1", "r2"])
        told = dock.show_outcomes("news", "r1")
        providers = dock.count_providers("news", "r1")

    assert (progress.delivered, progress.failed) == (3, 0)
    assert (told.progress, told.reasons[0].messages) == (progress, 2)
    assert (told.hours[0].delivered, told.returned[0].things) == (3, 1)
    assert providers is not None
    assert providers[0].complaints == 2


def test_a_list_that_knows_no_providers_answers_none() -> None:
    with client(answer) as dock:
        assert dock.count_providers("news", "r2") is None


def test_a_template_that_is_refused_is_read_as_a_problem() -> None:
    with pytest.raises(RefusedError), client(lambda _: problem(403)) as dock:
        dock.shelve_template("news", b"")
