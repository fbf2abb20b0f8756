"""Ask the keeper for many messages at once: open their rows, sign what was built.

What came of rows is told along with the next ones that are asked for (`closing`).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import NamedTuple, TypeVar

from listkeep.core.errors import UnavailableError
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.bulk.reading import Found
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire.messages import sends as d

from .closing import Closing, Outcome, Told
from .gathering import Gatherer

_R = TypeVar("_R")


class Wanted(NamedTuple):
    """A sealed row that is to be opened for one message."""

    row: Found
    trigger: str


class Opening:
    """The keeper, as the proxy needs it."""

    def __init__(self, callers: Executor, *, keeper: Callable[[], Keeper]) -> None:
        """Call from the threads of ``callers``."""
        self._callers = callers
        self._keeper = keeper
        self._openers: dict[str, Gatherer[Wanted, d.SendRow]] = {}
        self._closings: dict[str, Closing] = {}
        self._signers: dict[tuple[str, d.SigningKey], Gatherer[bytes, bytes]] = {}

    async def open(self, request: str, wanted: Wanted) -> d.SendRow:
        """Have one row opened, together with what else waits.

        Raises:
            ListkeepError: The keeper refused the call, or did not answer.
        """
        gatherer = self._openers.get(request)
        if gatherer is None:
            gatherer = self._openers[request] = Gatherer(
                lambda items: self._open(request, items), most=d.MAX_ROWS_OPENED
            )
        return await gatherer.ask(wanted)

    def tell(self, request: str, outcome: Outcome) -> None:
        """Have the keeper know soon what came of a row."""
        self._closing(request).note(outcome)

    async def close(self) -> None:
        """Tell all that the keeper has not heard; nothing is asked for after that."""
        for closing in self._closings.values():
            await closing.close()

    async def sign(self, request: str, key: d.SigningKey, digest: bytes) -> bytes:
        """Have one digest signed, together with what else waits.

        Raises:
            ListkeepError: The keeper refused the call, or did not answer.
        """
        gatherer = self._signers.get((request, key))
        if gatherer is None:
            gatherer = self._signers[request, key] = Gatherer(
                lambda items: self._sign(request, key, items), most=d.MAX_DIGESTS
            )
        return await gatherer.ask(digest)

    async def _open(self, request: str, items: list[Wanted]) -> Sequence[d.SendRow]:
        closing = self._closing(request)
        told = closing.take()
        message = d.OpenForSend(
            request=request,
            rows=entries.row_batch([item.row for item in items]),
            triggers=[item.trigger for item in items],
            ended=told.ended,
            waiting=told.waiting,
        )
        try:
            answer = await self._ask(lambda: self._keeper().open_for_send(message))
        except UnavailableError:
            closing.put_back(told)
            raise
        return _as_many(answer.rows, items)

    def _closing(self, request: str) -> Closing:
        closing = self._closings.get(request)
        if closing is None:
            closing = self._closings[request] = Closing(
                lambda told: self._close(request, told)
            )
        return closing

    async def _close(self, request: str, told: Told) -> None:
        message = d.CloseForSend(
            request=request, ended=told.ended, waiting=told.waiting
        )
        await self._ask(lambda: self._keeper().close_for_send(message))

    async def _sign(
        self, request: str, key: d.SigningKey, digests: list[bytes]
    ) -> Sequence[bytes]:
        message = d.SignForSend(
            request=request,
            algorithm=key.algorithm,
            domain=key.domain,
            selector=key.selector,
            digests=digests,
        )
        answer = await self._ask(lambda: self._keeper().sign_for_send(message))
        return _as_many(answer.signatures, digests)

    async def _ask(self, call: Callable[[], _R]) -> _R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._callers, call)


def _as_many(answers: Sequence[_R], asked: Sequence[object]) -> Sequence[_R]:
    if len(answers) != len(asked):
        raise UnavailableError("the keeper's answer does not fit what was asked")
    return answers
