"""One call for many questions: each asker gets an answer, or hears there is none."""

import asyncio
from collections.abc import Sequence

import pytest

from listkeep.dock.outlet.delivery.gathering import Gatherer


async def ask_all(gatherer: Gatherer[int, int], *items: int) -> list[object]:
    asked = (gatherer.ask(item) for item in items)
    async with asyncio.timeout(10):
        return list(await asyncio.gather(*asked, return_exceptions=True))


def test_what_comes_while_one_waits_goes_in_one_call() -> None:
    calls: list[list[int]] = []

    async def double(items: list[int]) -> Sequence[int]:
        calls.append(items)
        await asyncio.sleep(0)
        return [2 * item for item in items]

    async def go() -> list[object]:
        gatherer = Gatherer(double, most=3)
        first = asyncio.create_task(gatherer.ask(0))
        for _ in range(2):  # turns of the loop, and its call is under way
            await asyncio.sleep(0)
        rest = await ask_all(gatherer, 1, 2, 3, 4)
        return [await first, *rest]

    assert asyncio.run(go()) == [0, 2, 4, 6, 8]
    assert max(map(len, calls)) == 3
    assert len(calls) == 3


@pytest.mark.parametrize("answers", [(), (1,), (1, 2, 3, 4)])
def test_a_call_with_too_few_or_too_many_answers_leaves_nobody_waiting(
    answers: tuple[int, ...],
) -> None:
    async def answer(_items: list[int]) -> Sequence[int]:
        return answers

    async def go() -> list[object]:
        return await ask_all(Gatherer(answer, most=3), 1, 2, 3)

    told = asyncio.run(go())

    assert len(told) == 3
    assert all(isinstance(each, ValueError) for each in told)
