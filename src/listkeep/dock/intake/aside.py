"""Have a large file read in a process of its own, while this one stores and waits.

Parsing is half of what an import costs the dock, and Python does one thing at a time
in a process. Bytes go in and batches come out as either side is ready, so neither waits
for the other with both pipes full.
"""

import fcntl
import os
import selectors
import subprocess
import sys
from collections.abc import Generator, Iterable
from contextlib import suppress
from itertools import chain
from typing import Final

import structlog

from listkeep.core.errors import Code, ListkeepError
from listkeep.wire.problems import error_of

from .encoding import Packed
from .frames import PIECE_BYTES, Ended, Frames, Plan, read_answer, write_frame

log = structlog.get_logger("listkeep.dock.intake")
_PIPE_BYTES: Final = 1024 * 1024  # a batch and a half
_SET_PIPE_SIZE: Final = 1031  # F_SETPIPE_SZ, which Python 3.11's fcntl knows on Linux
_COMMAND: Final = (sys.executable, "-P", "-m", "listkeep.dock.intake.reader")


def read_aside(chunks: Iterable[bytes], plan: Plan) -> Generator[Packed]:
    """Yield a file's batches, read by another process.

    Whoever stops early must close this generator, which ends that process.

    Raises:
        MalformedError: The file is not a list after all.
        ListkeepError: The process died or failed.
    """
    # Its own words would be a parser's, and go nowhere.
    child = subprocess.Popen(  # noqa: S603 - our own module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )
    try:
        yield from _Talk(child).read(chain([write_frame(plan)], chunks))
    finally:
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        child.wait()


class _Talk:
    """Both pipes of one reader, each served when it is ready."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        if child.stdin is None or child.stdout is None:
            raise ValueError(child)
        self._stdin = child.stdin
        self._in, self._out = child.stdin.fileno(), child.stdout.fileno()
        self._frames = Frames()
        self._ended = False
        self._ready = selectors.DefaultSelector()
        for pipe in (self._in, self._out):
            os.set_blocking(pipe, False)
            with suppress(OSError):  # as large as this user may have them
                fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE_BYTES)

    def read(self, chunks: Iterable[bytes]) -> Generator[Packed]:
        with self._ready:
            self._ready.register(self._out, selectors.EVENT_READ)
            self._ready.register(self._in, selectors.EVENT_WRITE)
            for chunk in chunks:
                yield from self._feed(chunk)
            self._ready.unregister(self._in)
            self._stdin.close()  # the end of the file
            while not self._ended:
                self._ready.select()
                yield from self._take()

    def _feed(self, chunk: bytes) -> Generator[Packed]:
        left = memoryview(chunk)
        while left and not self._ended:
            for key, _ in self._ready.select():
                if key.fd == self._out:
                    yield from self._take()
                else:
                    left = left[self._write(left) :]

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._in, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:  # it has ended, and has said or will not say why
            return len(data)

    def _take(self) -> Generator[Packed]:
        try:
            piece = os.read(self._out, PIECE_BYTES)
        except BlockingIOError:
            return
        if not piece:
            raise _died("without a word")
        for frame in self._frames.add(piece):
            answer = read_answer(frame)
            if isinstance(answer, Ended):
                self._end(answer)
            else:
                yield answer

    def _end(self, end: Ended) -> None:
        if end.problem is not None:
            raise error_of(end.problem)
        if end.fault:
            raise _died(end.fault)
        self._ended = True


def _died(fault: str) -> ListkeepError:
    log.error("import.reader-died", fault=fault)
    return ListkeepError(
        "the process that read the file died",
        code=Code.INTERNAL,
        hint="nothing was changed; the dock's log says more",
    )
