"""Copies that nobody fetched, and what a killed run left, do not stay for ever."""

import os
from datetime import timedelta
from pathlib import Path

from listkeep.keeper.release import deliveries
from tests.keeper.world import Rows, World


def leave(world: World, name: str, *, age: timedelta = timedelta(0)) -> Path:
    """Put something into the spool that was written so long ago."""
    path = world.home / "spool" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(b"ciphertext")
    at = (world.now - age).timestamp()
    os.utime(path, (at, at))
    return path


def run_another(world: World, rows: Rows) -> Path:
    return world.run("ben", world.granted_export(rows), rows.whole())


def test_a_copy_goes_when_its_request_has_expired_undelivered(world: World) -> None:
    rows = world.list_with_rows(2)
    view = world.granted_export(rows)
    finished = world.run("ben", view, rows.whole())
    expires = world.registry.requests[view.id].terms.expires

    world.now = expires - timedelta(seconds=1)
    deliveries.sweep(world.gate, world.home / "spool", now=world.now)
    assert finished.exists()
    world.now = expires
    deliveries.sweep(world.gate, world.home / "spool", now=world.now)

    assert not finished.exists()


def test_a_copy_of_no_request_goes_at_the_next_run(world: World) -> None:
    rows = world.list_with_rows(1)
    planted = leave(world, "r_nothingnothi.age")

    run_another(world, rows)

    assert not planted.exists()


def test_what_a_killed_run_left_goes_after_a_day_and_what_runs_stays(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    left = leave(world, "r_killed.part", age=timedelta(days=1, seconds=1))
    running = leave(world, "r_running.part", age=timedelta(hours=23))

    run_another(world, rows)

    assert not left.exists()
    assert running.exists()
