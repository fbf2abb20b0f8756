import json

import httpx

from tests.wire.dock.spoken import client

INCIDENT = {
    "id": "w_1",
    "kind": "rows-missing",
    "sentence": "news has fewer entries",
    "tenant": "acme",
    "list": "news",
    "state": "open",
    "found": 2,
    "times": 1,
    "opened_at": "2026-01-05T12:00:00Z",
    "closed_at": "",
    "closed_by": "",
    "reason": "",
    "timeline": [
        {"at": "2026-01-05T12:00:00Z", "who": "", "what": "opened", "text": "found: 2"}
    ],
    "severity": "of a newer dock",
}


def test_incidents_are_read_with_and_without_their_stories() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/incidents":
            short = {k: v for k, v in INCIDENT.items() if k != "timeline"}
            return httpx.Response(200, json={"incidents": [short]})
        assert request.url.path == "/v1/incidents/w_1"
        return httpx.Response(200, json=INCIDENT)

    dock = client(answer)

    (short,) = dock.show_incidents()
    assert (short.id, short.timeline) == ("w_1", ())
    assert dock.show_incident("w_1").timeline[0].what == "opened"


def test_a_note_and_a_closing_say_what_they_say() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(200, json=INCIDENT)

    dock = client(answer)
    dock.note_incident("w_1", "asking the hosts")
    dock.close_incident("w_1", reason="a test", accept=True)

    assert sent == [
        ("POST", "/v1/incidents/w_1/notes", {"text": "asking the hosts"}),
        ("POST", "/v1/incidents/w_1/close", {"reason": "a test", "accept": True}),
    ]
