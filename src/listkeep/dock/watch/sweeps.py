"""A sweep: work of the background that may be done again at any time without harm."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.dock.lists.keeper import Keeper


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What a sweep may use: the keeper, the clock, and whether to go on."""

    keeper: Keeper
    clock: Callable[[], datetime]
    keep_on: Callable[[], bool]  # keeps the lease; false: stop soon


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """One kind of work, as `listkeep job ls` shows it."""

    name: str
    what: str
    every: timedelta
    run: Callable[[Work], int]  # gives how many things were done
    backlog: Callable[[datetime], int]  # how many things wait at a time
