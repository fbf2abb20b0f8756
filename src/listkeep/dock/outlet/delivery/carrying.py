"""Hand a letter to the next mail server by the enrolled route, and by no other way."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from listkeep.wire.messages import sends as d

from .connections import Hop, Pool
from .delivering import Letter
from .dialogue import NotReachedError

LONGEST_SECONDS = 240.0
"""Less than a mail server waits for its answer, and than a claim holds."""
MAX_HOPS = 5


class NoWayError(Exception):
    """There is no mail server to hand it to. The text is a reply of ours."""


class Hops(Protocol):
    """Finds the mail servers to try, in their order."""

    async def find(self, route: d.RouteView, *, domain: str, source: str) -> list[Hop]:
        """Find the hops of a route for one addressee's domain.

        Raises:
            NoWayError: There is none, now or for good.
        """


@dataclass
class RouteCarrier:
    """Carries letters over a pool of connections."""

    hops: Hops
    pool: Pool
    longest_seconds: float = LONGEST_SECONDS
    _sources: dict[tuple[str, ...], Iterator[str]] = field(default_factory=dict)

    async def carry(self, send: d.Send, letter: Letter) -> str:
        """Hand a letter over; give the reply as it came, or one of ours."""
        try:
            async with asyncio.timeout(self.longest_seconds):
                return await self._carry(send.route, letter)
        except TimeoutError:
            return "451 4.4.1 listkeep: it took too long"
        except NoWayError as error:
            return str(error)

    async def _carry(self, route: d.RouteView, letter: Letter) -> str:
        domain = letter.recipient.rpartition("@")[2]
        hops = await self.hops.find(
            route, domain=domain, source=self._next_source(route)
        )
        reply = "451 4.4.4 listkeep: there is no mail server to try"
        for hop in hops[:MAX_HOPS]:
            try:
                return await self.pool.send(hop, letter)
            except NotReachedError as error:
                reply = error.reply
        return reply

    def _next_source(self, route: d.RouteView) -> str:
        """Take the route's source addresses in turn."""
        if not route.sources:
            return ""
        turn = self._sources.get(route.sources)
        if turn is None:
            turn = self._sources[route.sources] = itertools.cycle(route.sources)
        return next(turn)
