import json

import httpx

from tests.wire.dock.spoken import client

CHANGE = {
    "kind": "import",
    "at": "2026-01-05T12:00:00Z",
    "who": "p_ben",
    "source": "",
    "moment": None,
    "added": 1,
    "updated": 0,
    "removed": 0,
    "rounded": False,
    "can_undo": True,
}
RESTORE = {
    "id": "x",
    "list": "l",
    "state": "waiting",
    "moment": "2026-01-05T12:00:00Z",
    **dict.fromkeys(("rows", "total", "added", "updated", "removed", "refused"), 0),
    **dict.fromkeys(("family", "code", "message", "hint"), ""),
}


def pages(request: httpx.Request) -> httpx.Response:
    number = int(request.url.params.get("cursor", "3"))
    changes = [{**CHANGE, "number": number}]
    cursor = str(number - 1) if number > 1 else None
    return httpx.Response(200, json={"changes": changes, "cursor": cursor})


def test_a_history_is_read_page_by_page_and_no_further_than_asked() -> None:
    dock = client(pages)

    assert [each.number for each in dock.read_history("news")] == [3, 2, 1]
    assert [each.number for each in dock.read_history("news", limit=2)] == [3, 2]


def test_a_restore_names_what_was_looked_at() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=RESTORE)

    dock = client(answer)
    moment = "2026-01-05T12:00:00Z"
    dock.begin_restore("../news", moment, latest=7, request="r_1")
    dock.run_restore("x/y")
    dock.show_restore("x")

    assert json.loads(seen[0].content) == {"to": moment, "latest": 7, "request": "r_1"}
    assert [each.url.raw_path for each in seen] == [
        b"/v1/lists/..%2Fnews/restores",
        b"/v1/restores/x%2Fy/run",
        b"/v1/restores/x",
    ]


def test_a_preview_asks_for_a_time() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["to"] == "2026-01-05T12:00:00Z"
        names = ("latest", "changes", "rows", "come_back", "change", "go")
        counts = dict.fromkeys((*names, "stay_suppressed"), 4)
        return httpx.Response(200, json={"moment": "", "facets": {}, **counts})

    assert client(answer).preview_restore("news", "2026-01-05T12:00:00Z").go == 4


def test_a_token_to_erase_travels_in_the_body_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.raw_path == b"/v1/erasures"
        assert json.loads(request.content) == {"request": "r_1", "token": "a" * 26}
        return httpx.Response(200, json={"lists": 2, "past": 3, "kept": True})

    assert client(answer).erase("r_1", "a" * 26).lists == 2


def test_a_preview_and_a_restore_may_name_the_change_that_follows() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.method == "GET":
            names = ("latest", "changes", "rows", "come_back", "change", "go")
            counts = dict.fromkeys((*names, "stay_suppressed"), 4)
            return httpx.Response(200, json={"moment": "", "facets": {}, **counts})
        return httpx.Response(201, json=RESTORE)

    dock = client(answer)
    dock.preview_restore("news", "2026-01-05T12:00:00Z", before=3)
    dock.begin_restore("news", "2026-01-05T12:00:00Z", latest=7, before=3)

    assert seen[0].url.params["before"] == "3"
    assert json.loads(seen[1].content)["before"] == 3
