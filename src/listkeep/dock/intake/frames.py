"""What the dock and a reader of its own say to each other, over two pipes.

The plan goes in, and behind it the file's bytes to their end. Batches come out, and
then how it ended: without such a word the reader died.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from listkeep.core.files import Format
from listkeep.wire import messages as m
from listkeep.wire.base import FRAME_BYTES

from .encoding import Packed

PIECE_BYTES: Final = 256 * 1024


class Plan(msgspec.Struct, frozen=True):
    """What the file is, and which list its rows are for."""

    format: Format
    mapping: dict[str, str]
    facets: tuple[str, ...]  # name:type, as the list has them
    fields: tuple[str, ...]  # the list's sealed fields
    ticket: str


class Ended(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The file was read to its end, or turned out to be none; or the reader failed.

    ``fault`` says where in the program, in no word of the file.
    """

    problem: m.Problem | None = None
    fault: str = ""


_encode = msgspec.msgpack.Encoder().encode
_answers = msgspec.msgpack.Decoder(Packed | Ended)
_plans = msgspec.msgpack.Decoder(Plan)


class Frames:
    """Puts what a pipe brings in pieces together again."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._waiting = bytearray()

    def add(self, piece: bytes) -> Iterator[bytes]:
        """Take a piece; yield what is whole now."""
        self._waiting += piece
        while len(self._waiting) >= FRAME_BYTES:
            end = FRAME_BYTES + int.from_bytes(self._waiting[:FRAME_BYTES], "big")
            if len(self._waiting) < end:
                return
            frame = bytes(self._waiting[FRAME_BYTES:end])
            del self._waiting[:end]
            yield frame


def write_frame(message: msgspec.Struct) -> bytes:
    """Write one message with its length before it."""
    data = _encode(message)
    return len(data).to_bytes(FRAME_BYTES, "big") + data


def read_answer(frame: bytes) -> Packed | Ended:
    """Read what a reader says."""
    answer: Packed | Ended = _answers.decode(frame)
    return answer


def read_plan(frame: bytes) -> Plan:
    """Read what a reader is to do."""
    return _plans.decode(frame)
