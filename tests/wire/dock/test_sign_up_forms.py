import json

import httpx

from tests.wire.dock.spoken import client

FORM = {
    "id": "f_1",
    "url": "https://drop.example.com/join/f_1",
    "title": "News",
    "text": "",
    "fields": {"name": "Your name"},
    "origins": ["https://www.example.com"],
    "service": "s_1",
    "made_at": "2026-01-05T12:00:00Z",
}


def test_a_form_is_made_with_its_words_shown_and_closed() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"null")
        sent.append((request.method, request.url.raw_path, body))
        given = {"forms": [FORM]} if request.method == "GET" else FORM
        return httpx.Response(200, json=given)

    dock = client(answer)
    made = dock.make_form(
        "a/b",
        title="News",
        fields={"name": "Your name"},
        origins=("https://www.example.com",),
    )

    assert (made.id, made.origins) == ("f_1", ("https://www.example.com",))
    assert dock.show_forms("a/b") == (made,)
    assert dock.close_form("a/b", "../f") == made
    assert sent == [
        (
            "POST",
            b"/v1/lists/a%2Fb/forms",
            {key: FORM[key] for key in ("title", "text", "fields", "origins")},
        ),
        ("GET", b"/v1/lists/a%2Fb/forms", None),
        ("DELETE", b"/v1/lists/a%2Fb/forms/..%2Ff", {}),
    ]
