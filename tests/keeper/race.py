"""Eight keepers on one database: processes of their own that start at one moment."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

from tests.postgres import Cluster

if TYPE_CHECKING:
    from tests.keeper.world import World

PROCESSES = 8
_PATIENCE_SECONDS = 180
_start: list[Barrier] = []


@dataclass(frozen=True)
class Place:
    """What a process has to know to be a keeper of this instance."""

    home: Path
    now: datetime
    cluster: Cluster | None
    names: Sequence[str]
    sessions: dict[tuple[str, str], tuple[str, datetime]]


class Crowd:
    """Eight processes that wait for each other before each act."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            PROCESSES,
            mp_context=spawn,
            initializer=_begin,
            initargs=(spawn.Barrier(PROCESSES),),
        )

    def close(self) -> None:
        self._pool.shutdown()

    def act(
        self, world: "World", act: Callable[..., list[Any]], *shares: Sequence[Any]
    ) -> list[str]:
        """Let all act at once, each with its share, and gather how each try ended."""
        place = Place(
            world.home, world.now, world.cluster, list(world.people), world._sessions
        )
        tries = [
            self._pool.submit(_play, place, act, [share[number] for share in shares])
            for number in range(PROCESSES)
        ]
        return [code for done in tries for code in done.result(_PATIENCE_SECONDS)]


def _begin(barrier: Barrier) -> None:
    """Become a process of the keeper."""
    import django  # noqa: PLC0415

    assert os.environ["DJANGO_SETTINGS_MODULE"] == "listkeep.keeper.project.settings"
    django.setup()
    _start.append(barrier)


def _play(
    place: Place, act: Callable[..., list[str]], shares: Sequence[Any]
) -> list[str]:
    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415
    from tests.keeper.world import World  # noqa: PLC0415

    people = {
        name: SoftwarePerson.load(place.home / "people", name) for name in place.names
    }
    world = World(place.home, place.now, place.cluster, people, dict(place.sessions))
    world.enter()
    try:
        assert world.gate  # reads and verifies the ledger
        _start[0].wait(_PATIENCE_SECONDS)
        return act(world, *shares)
    finally:
        world.leave()


def outcome(act: Callable[..., object], *arguments: object, **facts: object) -> str:
    """Try until the ledger is not busy; say how it ended.

    Anything but an error of ours breaks the test: a raw error of the database would.
    """
    from listkeep.core.errors import ListkeepError  # noqa: PLC0415

    for _ in range(1000):
        try:
            act(*arguments, **facts)
        except ListkeepError as error:
            if error.code != "busy":
                return error.code.value
        else:
            return "done"
    return "always busy"
