import io

import httpx
import pytest

from listkeep.core.errors import Code, ListkeepError, MalformedError, UnavailableError
from tests.wire.dock.spoken import client

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
