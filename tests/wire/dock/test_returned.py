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
    assert request.url.params["waiting"] == "true"
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


WEBHOOK = {
    "contact": "d_hook",
    "state": "telling",
    "told": 7,
    "attempts": 0,
    "outcome": "delivered",
    "next_at": None,
}


def test_a_webhook_is_set_shown_and_removed() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path, request.content))
        return httpx.Response(200, json=WEBHOOK)

    dock = client(answer)

    assert dock.set_webhook("news", "d_hook").contact == "d_hook"
    assert dock.show_webhook("news").told == 7
    assert dock.remove_webhook("news").contact == "d_hook"
    assert [method for method, _, _ in sent] == ["PUT", "GET", "DELETE"]
    assert {path for _, path, _ in sent} == {"/v1/lists/news/returned/webhook"}
    assert json.loads(sent[0][2]) == {"contact": "d_hook"}
