"""Tell the keeper what came of rows it opened, so that it never opens them again.

Nothing waits for it: outcomes gather, go along with the next rows that are asked for,
or by themselves after a second. Until the keeper has heard them they are kept, and told
again; a process that dies takes them along, and the keeper has these rows wait.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.wire.messages import sends as d

log = structlog.get_logger("listkeep.dock.outlet")

FLUSH_SECONDS = 1.0
_PAUSE_SECONDS = 5.0  # before a keeper that did not answer is asked again


class Outcome(NamedTuple):
    """What came of one row: nothing more is to be sent, or it is tried again."""

    token: bytes
    trigger: str
    is_over: bool


class Told(NamedTuple):
    """A part of the outcomes, as a message says it."""

    outcomes: tuple[Outcome, ...]
    ended: d.RowNames
    waiting: d.RowNames


@dataclass
class Closing:
    """The outcomes of one send that the keeper has not heard yet."""

    tell: Callable[[Told], Awaitable[None]]
    _outcomes: deque[Outcome] = field(default_factory=deque)
    _task: asyncio.Task[None] | None = None

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome, to be told within a second or along with other things."""
        self._outcomes.append(outcome)
        self._begin()

    def take(self) -> Told:
        """Take what is to be told now; put it back if it was not heard."""
        count = min(len(self._outcomes), d.MAX_ROWS_OPENED)
        outcomes = tuple(self._outcomes.popleft() for _ in range(count))
        return Told(
            outcomes,
            ended=_names(one for one in outcomes if one.is_over),
            waiting=_names(one for one in outcomes if not one.is_over),
        )

    def put_back(self, told: Told) -> None:
        """Keep what was not heard, for the next time."""
        self._outcomes.extendleft(reversed(told.outcomes))
        self._begin()

    async def flush(self) -> None:
        """Tell all there is.

        Raises:
            ListkeepError: The keeper did not hear it; it is kept.
        """
        while self._outcomes:
            told = self.take()
            try:
                await self.tell(told)
            except (UnavailableError, asyncio.CancelledError):
                self._outcomes.extendleft(reversed(told.outcomes))
                raise

    async def close(self) -> None:
        """Tell all there is, and no more after that."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        try:
            await self.flush()
        except ListkeepError as error:
            log.warning("delivery.not_told", code=error.code)

    def _begin(self) -> None:
        if self._outcomes and self._task is None:
            self._task = asyncio.create_task(self._flush_later())

    async def _flush_later(self) -> None:
        pause = FLUSH_SECONDS
        while self._outcomes:
            await asyncio.sleep(pause)
            try:
                await self.flush()
            except UnavailableError:
                pause = _PAUSE_SECONDS
            except ListkeepError as error:  # of a send that is no more
                log.warning("delivery.not_told", code=error.code)
        self._task = None


def _names(outcomes: Iterable[Outcome]) -> d.RowNames:
    named = list(outcomes)
    return d.RowNames(
        tokens=b"".join(one.token for one in named),
        triggers=[one.trigger for one in named],
    )
