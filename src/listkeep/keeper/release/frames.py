"""Cut a streamed body into frames, and read ahead while the one before is worked on.

Without reading ahead the dock would wait while rows are opened, and the opening while
the dock reads rows: each would stand still half of the time.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import Protocol

from listkeep.core.errors import MalformedError
from listkeep.wire.base import FRAME_BYTES

_MAX_FRAME_BYTES = 64 * 1024 * 1024
_FRAMES_AHEAD = 1


class Body(Protocol):
    """What a request's body is read from."""

    def read(self, size: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""


def read_frames(body: Body) -> Iterator[bytes]:
    """Cut a body into frames; an empty one ends it.

    Raises:
        MalformedError: A frame is too long, or the body ends before its end mark.
    """
    while True:
        size = int.from_bytes(_read(body, FRAME_BYTES), "big")
        if size == 0:
            return
        if size > _MAX_FRAME_BYTES:
            raise MalformedError("a frame is too long")
        yield _read(body, size)


def read_ahead(frames: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Read frames in a thread of its own, a few before they are asked for.

    An error comes where its frame would have come. Whoever stops early leaves nothing
    behind: the thread ends at its next frame, or with the connection.
    """
    read: Queue[bytes | Exception | None] = Queue(_FRAMES_AHEAD)
    stopped = Event()
    Thread(
        target=_fill, args=(read, frames, stopped), daemon=True, name="frames"
    ).start()
    try:
        while (frame := read.get()) is not None:
            if isinstance(frame, Exception):
                raise frame
            yield frame
    finally:
        stopped.set()
        with suppress(Empty):  # makes room for the one that waits
            while True:
                read.get_nowait()


def _fill(
    read: "Queue[bytes | Exception | None]", frames: Iterator[bytes], stopped: Event
) -> None:
    last: Exception | None = None
    try:
        for frame in frames:
            read.put(frame)
            if stopped.is_set():
                return
    except Exception as error:  # noqa: BLE001 - raised where it is read
        last = error
    read.put(last)


def _read(body: Body, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        part = body.read(missing)
        if not part:
            raise MalformedError("the rows ended in the middle")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
