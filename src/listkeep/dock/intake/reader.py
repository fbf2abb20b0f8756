"""A process that reads one file and can do nothing else; ``aside`` starts it.

It has no key and no connection in memory, and may write no file. What it is fed comes
from strangers, so whatever a parser of ours may be talked into ends here. It ends with
the pipes it was given, whatever becomes of the process at their other end.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Final

from listkeep.core.errors import ListkeepError
from listkeep.core.files import open_audience
from listkeep.core.segments import Schema
from listkeep.wire.base import FRAME_BYTES
from listkeep.wire.problems import problem_of

from .encoding import Encoding, pack, read_encoded
from .frames import PIECE_BYTES, Ended, Plan, read_plan, write_frame

_IN, _OUT = 0, 1
_SET_DUMPABLE: Final = 4


def main() -> int:
    """Read the plan, then the file, and answer with batches and how it ended."""
    _give_up()
    try:
        end = _read(read_plan(_read_whole(_read_length())))
    except BrokenPipeError:
        return 1
    _write(write_frame(end))
    return 0


def _read(plan: Plan) -> Ended:
    try:
        audience = open_audience(_pieces(), format=plan.format, mapping=plan.mapping)
        encoding = Encoding(
            audience.field_names, schema=Schema.parse(plan.facets), sealed=plan.fields
        )
        for batch in read_encoded(audience, encoding):
            _write(write_frame(pack(batch, ticket=plan.ticket)))
    except ListkeepError as error:
        return Ended(problem=problem_of(error))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - its words may be the file's
        return Ended(fault=_where(error))
    return Ended()


def _where(error: Exception) -> str:
    """Say what went wrong in which line of ours; the error's own text stays here."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = trace.tb_frame.f_code.co_qualname if trace else ""
    return f"{type(error).__name__} in {place}, line {trace.tb_lineno if trace else 0}"


def _give_up() -> None:
    """Give up what reading a file does not take."""
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the dock, which decides
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # where dumps go into a pipe, that counts for nothing
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)  # rows are many and refer to nothing


def _pieces() -> Iterator[bytes]:
    while piece := os.read(_IN, PIECE_BYTES):
        yield piece


def _read_length() -> int:
    return int.from_bytes(_read_whole(FRAME_BYTES), "big")


def _read_whole(size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := os.read(_IN, size - len(data))):
        data += piece
    return data


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(_OUT, left) :]


if __name__ == "__main__":
    sys.exit(main())
