import io
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from listkeep.core.errors import MalformedError
from listkeep.keeper.release.frames import read_ahead, read_frames

END = bytes(4)


def framed(*frames: bytes) -> bytes:
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def readers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "frames"]


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.001)
    return holds()


def test_a_body_is_cut_into_its_frames() -> None:
    body = io.BytesIO(framed(b"one", b"two" * 1000, b"3") + END + b"more")

    assert list(read_frames(body)) == [b"one", b"two" * 1000, b"3"]


def test_a_body_that_comes_in_pieces_is_put_together() -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    body = Dripping(framed(b"0123456789", b"abc") + END)

    assert list(read_frames(body)) == [b"0123456789", b"abc"]


@pytest.mark.parametrize(
    "body", [b"", framed(b"one"), framed(b"one") + b"\0\0", framed(b"one")[:-1]]
)
def test_a_body_without_its_end_is_not_a_short_one(body: bytes) -> None:
    with pytest.raises(MalformedError, match="ended in the middle"):
        list(read_ahead(read_frames(io.BytesIO(body))))


def test_a_frame_that_is_too_long_is_not_read() -> None:
    with pytest.raises(MalformedError, match="too long"):
        list(read_ahead(read_frames(io.BytesIO(b"\xff" * 100))))


def test_frames_come_in_order_and_an_error_where_it_happened() -> None:
    def frames() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise MalformedError("no more")

    read = read_ahead(frames())

    assert [next(read), next(read)] == [b"one", b"two"]
    with pytest.raises(MalformedError, match="no more"):
        next(read)
    assert until(lambda: not readers())


def test_no_more_is_read_than_a_frame_or_two_ahead() -> None:
    taken: list[int] = []

    def frames() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"row"

    read = read_ahead(frames())
    next(read)

    assert until(lambda: len(taken) == 3)
    read.close()


def test_whoever_stops_early_leaves_no_reader_behind() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"row"

    read = read_ahead(endless())
    next(read)
    read.close()

    assert until(lambda: not readers())
