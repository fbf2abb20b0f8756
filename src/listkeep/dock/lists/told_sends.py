"""The sends that the keeper tells of, read by pages, and what ended never twice.

Keys of aliases are in them: they are kept in memory and nowhere else.
"""

from collections.abc import Callable
from time import monotonic

from listkeep.wire.messages import sends as d

from .keeper import Keeper

ANEW_SECONDS = 3600.0
"""How often all is read again: a keeper that was put back may tell otherwise."""


class ToldSends:
    """All sends there are, for one process that asks again and again."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Know of none; ``clock`` counts seconds."""
        self._clock = clock
        self._began_at = clock()
        self._known = 0
        self._ended: dict[int, d.Send] = {}  # by their numbers

    def read(self, keeper: Keeper) -> tuple[d.Send, ...]:
        """Ask what is new; give those that go on, and those that ended lately.

        Raises:
            ListkeepError: The keeper did not answer, or refused; ask again.
        """
        if self._clock() - self._began_at >= ANEW_SECONDS:
            self._forget()
        while True:
            told = keeper.read_sends(d.ReadSends(known=self._known))
            if told.start < self._known:  # it has lost what it told before
                self._forget()
            self._ended |= dict(enumerate(told.ended, told.start))
            self._known = told.known
            if not told.has_more:
                break
        for number in [n for n in self._ended if n < told.kept]:
            del self._ended[number]
        going = {send.request: send for send in told.sends}
        ended = {send.request: send for send in self._ended.values()}
        return tuple((going | ended).values())

    def _forget(self) -> None:
        self._began_at, self._known = self._clock(), 0
        self._ended.clear()


def read_all_sends(keeper: Keeper) -> tuple[d.Send, ...]:
    """Read all sends there are, once.

    Raises:
        ListkeepError: The keeper did not answer, or refused.
    """
    return ToldSends().read(keeper)
