"""Answers that took long to count, given again for a while to whoever asks the same.

Millions of messages take a moment to count, and a page that is looked at by many, or
looks again by itself, would have them counted again each time. Who may ask is judged
before; what is kept are counts.
"""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, TypeVar

T = TypeVar("T")
WORTH_SECONDS: Final = 0.1
MOST_SECONDS: Final = 60.0
_TIMES: Final = 20  # as long as it took to count
_MOST: Final = 256


class Memory:
    """Counts of this process, each with the time until which they are told again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet; ``clock`` counts seconds."""
        self._clock = clock
        self._lock = Lock()
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def recall(self, name: Hashable, count: Callable[[], T]) -> T:
        """Give what was counted under a name, or count it now."""
        began = self._clock()
        until, value = self._known.get(name, (0.0, None))
        if began < until:
            found: T = value
            return found
        found = count()
        ended = self._clock()
        if ended - began >= WORTH_SECONDS:
            kept = min(MOST_SECONDS, _TIMES * (ended - began))
            with self._lock:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[name] = (ended + kept, found)
        return found
