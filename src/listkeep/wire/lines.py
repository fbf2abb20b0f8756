"""Questions over a unix socket, each with one answer, on connections that are kept.

A look-up asks the keeper and waits, and a general client of HTTP took half as long
about the asking as the keeper about the answer. What is streamed goes through one.
"""

import select
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final, NamedTuple

from listkeep.core.errors import Code, UnavailableError

_CONNECT_SECONDS: Final = 5
_KEPT: Final = 16


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Lines:
    """Connections to one socket; safe to share between threads."""

    def __init__(
        self, path: Path, *, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        """Prepare; nothing is sent yet."""
        self._path, self._timeout = str(path), timeout_seconds
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self._headers = "".join(("host: keeper\r\n", *lines))
        self._idle: deque[socket.socket] = deque(maxlen=_KEPT)

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop().close()

    def ask(self, path: str, body: bytes) -> Answer:
        """Post a body and read all of the answer.

        Raises:
            UnavailableError: Nobody is there, it takes too long, or the line breaks.
        """
        size = f"content-length: {len(body)}\r\n\r\n"
        head = f"POST {path} HTTP/1.1\r\n{self._headers}{size}"
        line: socket.socket | None = None
        try:
            line = self._take()
            answer, may_stay = _exchange(line, head.encode() + body)
        except TimeoutError as error:
            raise too_late() from error
        except (OSError, HTTPException) as error:
            raise not_there() from error
        else:
            if may_stay and len(self._idle) < _KEPT:
                self._idle.append(line)
                line = None
            return answer
        finally:
            if line is not None:
                line.close()

    def _take(self) -> socket.socket:
        with suppress(IndexError):
            while True:
                line = self._idle.pop()
                if not _is_readable(line):  # or it was closed at the other end
                    return line
                line.close()
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(_CONNECT_SECONDS)
            line.connect(self._path)
            line.settimeout(self._timeout)
        except BaseException:
            line.close()
            raise
        return line


def too_late() -> UnavailableError:
    """Say that no answer came."""
    return UnavailableError(
        "the keeper did not answer in time",
        code=Code.KEEPER_UNAVAILABLE,
        hint="look at `listkeep status`, then try again",
    )


def not_there() -> UnavailableError:
    """Say that there is nobody, or was nobody to the end."""
    return UnavailableError(
        "the keeper is not running or not reachable",
        code=Code.KEEPER_UNAVAILABLE,
        hint="start it with `listkeep up`",
    )


def _exchange(line: socket.socket, data: bytes) -> tuple[Answer, bool]:
    """Send a question and read its answer; tell whether the line can be used again."""
    is_sent = True
    try:
        line.sendall(data)
    except (BrokenPipeError, ConnectionResetError):  # a refusal may have come first
        is_sent = False
    with HTTPResponse(line, method="POST") as response:
        response.begin()
        body = response.read()
        return Answer(response.status, body), is_sent and not response.will_close


def _is_readable(line: socket.socket) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))
