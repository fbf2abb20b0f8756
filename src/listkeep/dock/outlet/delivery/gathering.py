"""Turn single questions into calls for many: what comes while one waits goes next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

BREATH_SECONDS: Final = 0.01
T = TypeVar("T")
R = TypeVar("R")


class Gatherer(Generic[T, R]):
    """One call at a time; the next takes all that gathered meanwhile.

    Whoever is alone waits for nobody. After a call for several there is a moment in
    which more can gather: a call costs about the same however many are in it. A call
    that fails fails for those in it.
    """

    def __init__(
        self, call: Callable[[list[T]], Awaitable[Sequence[R]]], *, most: int
    ) -> None:
        """Call with at most ``most`` questions, and expect as many answers."""
        self._call = call
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, item: T) -> R:
        """Ask for one; raises what the call it is part of raises."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and no call is under way."""
        return self._task is None

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._answer(batch)
                if len(batch) > 1 and len(self._waiting) < self._most:
                    await asyncio.sleep(BREATH_SECONDS)
        finally:
            self._task = None

    async def _answer(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._call([item for item, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001 - it is for those who asked
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # its asker may have gone
            return
        for (_, future), answer in answered:
            if not future.done():
                future.set_result(answer)
