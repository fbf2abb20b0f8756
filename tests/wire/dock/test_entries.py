import json
from collections.abc import Iterator

import httpx
import pytest

from listkeep.core.errors import UnavailableError
from tests.wire.dock.spoken import CANARY, client


def test_an_address_to_look_up_travels_in_the_body_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"address": CANARY}
        assert "canary" not in str(request.url)
        return httpx.Response(
            200, json={"token": "t", "found": False, "status": None, "facets": None}
        )

    assert not client(answer).look_up("news", CANARY).found


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
