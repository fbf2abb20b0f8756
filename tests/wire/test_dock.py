"""The dock's client over a wire that behaves and misbehaves; no dock needed."""

import io
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.wire.dock import DockClient

CANARY = "canary@example.com"
COUNT = {"count": 3, "segment": "all"}


def client(answer: Callable[[httpx.Request], httpx.Response]) -> DockClient:
    return DockClient(
        "http://dock.test/",
        bearer="lks_session",
        transport=httpx.MockTransport(answer),
    )


def problem(status: int, code: str = "expired") -> httpx.Response:
    return httpx.Response(
        status, json={"code": code, "detail": "a sentence", "hint": "a hint"}
    )


def test_names_are_one_part_of_the_path_and_the_bearer_is_a_header() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=COUNT)

    with client(answer) as dock:
        assert dock.count("../a b/ü?x#y", 'plan = "pro"').count == 3

    [request] = seen
    assert request.url.raw_path.startswith(b"/v1/lists/..%2Fa%20b%2F%C3%BC%3Fx%23y/")
    assert request.url.params["segment"] == 'plan = "pro"'
    assert request.headers["authorization"] == "Bearer lks_session"


def test_without_a_bearer_none_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        return httpx.Response(200, json={"version": "1", "keeper": True})

    dock = DockClient("http://dock.test", transport=httpx.MockTransport(answer))

    assert dock.health().profile is None


def test_an_address_to_look_up_travels_in_the_body_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"address": CANARY}
        assert "canary" not in str(request.url)
        return httpx.Response(
            200, json={"token": "t", "found": False, "status": None, "facets": None}
        )

    assert not client(answer).look_up("news", CANARY).found


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (400, MalformedError),
        (401, RefusedError),
        (403, RefusedError),
        (404, RefusedError),
        (405, MalformedError),
        (409, ConflictError),
        (413, MalformedError),
        (422, VerificationError),
        (500, ListkeepError),
        (503, UnavailableError),
    ],
)
def test_a_problem_becomes_the_error_it_was(
    status: int, family: type[ListkeepError]
) -> None:
    with pytest.raises(family) as caught:
        client(lambda _: problem(status)).count("news")

    assert type(caught.value) is family
    assert caught.value.code is Code.EXPIRED
    assert (caught.value.message, caught.value.hint) == ("a sentence", "a hint")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"code": "expired"}'])
def test_an_error_that_is_no_problem_document_is_still_an_error(content: bytes) -> None:
    with pytest.raises(UnavailableError) as caught:
        client(lambda _: httpx.Response(503, content=content)).count("news")

    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize("content", [b"", b"{}", CANARY.encode(), b'{"count": "x"}'])
def test_an_answer_that_is_not_understood_is_not_repeated(content: bytes) -> None:
    with pytest.raises(ListkeepError) as caught:
        client(lambda _: httpx.Response(200, content=content)).count("news")

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (httpx.ConnectError, "not running"),
        (httpx.ReadTimeout, "in time"),
        (httpx.ReadError, "broke off"),
        (httpx.RemoteProtocolError, "broke off"),
    ],
)
def test_a_dock_that_is_away_is_said_so(
    fault: type[httpx.HTTPError], message: str
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise fault(CANARY)

    with pytest.raises(UnavailableError, match=message) as caught:
        client(answer).count("news")

    assert caught.value.code is Code.DOCK_UNAVAILABLE
    assert caught.value.hint
    assert "canary" not in caught.value.message


def test_a_stream_that_breaks_off_is_not_a_short_list() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"first\n"
            raise httpx.RemoteProtocolError("peer closed connection")

    dock = client(lambda _: httpx.Response(200, stream=Broken()))

    with (
        pytest.raises(UnavailableError, match="broke off"),
        dock.stream_tokens("news") as chunks,
    ):
        list(chunks)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
@pytest.mark.parametrize(
    ("file_format", "content", "end"),
    [
        ("jsonl", b'{"token":"a"}\n' * 30, b'{"end":true,"entries":30}\n'),
        ("csv", b"token,status\n" + b"aaaa,bounced\n" * 30, b"end,30\n"),
        ("jsonl", b"", b'{"end":true,"entries":0}\n'),
        ("csv", b"token,status\n", b"end,0\n"),
    ],
)
def test_a_stream_is_whole_when_its_last_line_counts_the_others(
    file_format: str, content: bytes, end: bytes, size: int
) -> None:
    def chunks(data: bytes) -> Iterator[bytes]:
        yield from (data[at : at + size] for at in range(0, len(data), size))

    dock = client(lambda _: httpx.Response(200, content=chunks(content + end)))
    with dock.stream_tokens("news", file_format=file_format) as found:
        assert b"".join(found) == content

    for cut in (content, content + end[:-1], content[: len(content) // 2] + end):
        if cut == content + end:
            continue
        dock = client(lambda _, cut=cut: httpx.Response(200, content=chunks(cut)))  # type: ignore[misc]
        with (
            pytest.raises(UnavailableError, match="broke off"),
            dock.stream_tokens("news", file_format=file_format) as found,
        ):
            list(found)


def test_a_refused_stream_is_read_as_a_problem() -> None:
    with (
        pytest.raises(RefusedError, match="a sentence"),
        client(lambda _: problem(403)).fetch_export("x"),
    ):
        pass


IMPORT = {
    "id": "i",
    "list": "l",
    "state": "done",
    "rows": 1,
    "rejected": 0,
    "bytes": 3,
    "size": 3,
    "added": None,
    "updated": None,
    "rounded": False,
    "sha256": "",
    "family": "",
    "code": "",
    "message": "",
    "hint": "",
    "max_rows": 10,
}


def test_a_file_is_sent_with_its_size_and_its_progress_is_told() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-length"] == "300000"
        assert "transfer-encoding" not in request.headers
        assert len(request.read()) == 300_000
        return httpx.Response(200, json=IMPORT)

    told: list[int] = []
    file = io.BytesIO(bytes(300_000))
    done = client(answer).send_file("i", file, size_bytes=300_000, progress=told.append)

    assert done.state == "done"
    assert told == [262_144, 300_000]


@pytest.mark.parametrize(
    ("import_now", "error", "code"),
    [
        (
            {**IMPORT, "state": "failed", "family": "malformed", "code": "file-binary"},
            MalformedError,
            Code.FILE_BINARY,
        ),
        ({**IMPORT, "state": "receiving"}, UnavailableError, Code.DOCK_UNAVAILABLE),
        (None, UnavailableError, Code.DOCK_UNAVAILABLE),
    ],
)
def test_a_dock_that_stops_listening_is_asked_why(
    import_now: dict[str, object] | None, error: type[ListkeepError], code: Code
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" or import_now is None:
            raise httpx.WriteError("broken pipe")
        return httpx.Response(200, json=import_now)

    with pytest.raises(error) as caught:
        client(answer).send_file("i", io.BytesIO(b"abc"), size_bytes=3)

    assert caught.value.code is code


def test_rejected_lines_are_read_page_by_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["cursor"])
        row = {"line": start, "reason": "r", "detail": "d"}
        return httpx.Response(
            200,
            json={"rejects": [row], "cursor": str(start + 1) if start < 2 else None},
        )

    assert [row.line for row in client(answer).read_rejects("i")] == [0, 1, 2]
