import json

import httpx

from tests.wire.dock.spoken import client

THING = {
    "request": "r_1",
    "token": "a" * 26,
    "outcome": "hard-bounce",
    "code": "5.1.1",
    "how": "mail",
    "at": "2026-01-05T12:00:00Z",
    "state": "settled",
}


def pages(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/v1/lists/news/returned"
    after = int(request.url.params["cursor"])
    number = after + 1
    return httpx.Response(
        200,
        json={
            "returned": [{**THING, "number": number}],
            "cursor": number,
            "more": number < 3,
            "held": 0,
        },
    )


def test_what_came_back_is_read_page_by_page_to_its_end() -> None:
    dock = client(pages)

    assert [each.number for each in dock.read_returned("news")] == [1, 2, 3]
    assert [each.number for each in dock.read_returned("news", after=2)] == [3]


def test_a_decision_says_which() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(200, json={"decided": 7})

    assert client(answer).decide_returned("news", "drop") == 7
    assert sent == [("POST", "/v1/lists/news/returned/held", {"decision": "drop"})]
