"""Somebody writes into the dock's database of a running instance, and it is told."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from listkeep.cli.running.children import own_environment

from .conftest import Said, World

PEOPLE = "E-mail,Plan\n" + "".join(f"person{n}@example.com,free\n" for n in range(300))
_PATIENCE_SECONDS = 90
# The dock's own code in a process of its own: a pass now, not in some days.
PASSES = """
from datetime import timedelta
import django
django.setup()
from django.utils import timezone
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.watch import scrubbing
scrubbing.DOUBTED_FOR = timedelta()
for _ in range(3):  # begin, doubt, be sure
    scrubbing.Scrubber(
        keeper=get_keeper(),
        clock=timezone.now,
        keep_on=lambda: True,
        period=timedelta(seconds=2),
        pause=lambda _seconds: None,
    ).tick()
"""


def ok(world: World, *words: str) -> Said:
    said = world.run(*words)
    assert said.status == 0, said.err
    return said


def read(world: World, *words: str) -> Any:
    return json.loads(ok(world, *words, "--json").out)


def write(world: World, sql: str, *parameters: str) -> None:
    with closing(sqlite3.connect(world.home / "dock.sqlite3", timeout=30)) as database:
        database.execute(sql, parameters)
        database.commit()


def look_everything_over(world: World) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings"}
    done = subprocess.run(
        (sys.executable, "-c", PASSES),
        env={**own_environment(world.home), **settings},
        capture_output=True,
        check=False,
        timeout=120,
    )
    world.said.append(done.stdout.decode() + done.stderr.decode())
    assert done.returncode == 0, done.stderr.decode()


def wait_for(look: Callable[[], Any]) -> Any:
    """Ask again until there is something to see."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
    raise AssertionError("nothing came of it")


def assert_told(world: World) -> None:
    notices = read(world, "notice", "ls", "--as", "ada")
    told = [each for each in notices if each["event"] == "incident.opened"]
    assert [each["severity"] for each in told] == ["alarm"]
    assert "rows of members do not open" in told[0]["sentence"]


def fill(world: World, name: str) -> str:
    """Make a list of 300; its id."""
    file = world.file.with_name(f"{name}.csv")
    file.write_text(PEOPLE)
    made = ok(world, *f"list create {name} --facet plan:text --as ada".split())
    ok(world, *f"import {name} {file} --map address=E-mail --as ben".split())
    return made.out.strip()


def test_an_edit_is_found_told_noted_on_and_closed(world: World) -> None:
    members = fill(world, "members")
    change = "UPDATE entry SET facets = ? WHERE list_id = ?"
    write(world, change, '["pro"]', members)

    def look() -> list[dict[str, Any]]:
        """Have a sample taken: each of them meets one of few lists."""
        world.run("job", "run", "scrub")
        found = read(world, "incident", "ls", "--as", "ada")
        return [each for each in found if each["list"] == "members"]

    (incident,) = wait_for(look)

    name = str(incident["id"])
    assert (incident["kind"], incident["tenant"]) == ("rows-invalid", "acme")
    assert (incident["state"], incident["found"] > 0) == ("open", True)
    assert f"{name}  open" in ok(world, "incident", "ls", "--as", "amir").out
    for nobody in ("ben", "eve"):
        assert read(world, "incident", "ls", "--as", nobody) == []
        assert world.run("incident", "show", name, "--as", nobody).status == 4
        closing_it = ("incident", "close", name, "--reason", "mine", "--as", nobody)
        assert world.run(*closing_it).status == 4
    assert_told(world)

    for words in (
        ("note", name, "ask anna@example.com"),
        ("close", name, "--reason", "it was anna@example.com"),
    ):
        refused = world.run("incident", *words, "--as", "ada")
        assert refused.status == 2
        assert "anna" not in refused.err
    noted = ok(world, "incident", "note", name, "asking the hosts", "--as", "ada")
    assert "ada noted (asking the hosts)" in noted.out
    shown = read(world, "incident", "show", name, "--as", "amir")
    assert shown["state"] == "acknowledged"

    write(world, change, '["free"]', members)
    reason = ("--reason", "put back", "--as", "ada")
    assert ok(world, "incident", "close", name, *reason).out.strip() == name
    assert world.run("incident", "close", name, *reason).status == 5
    assert read(world, "incident", "ls", "--as", "ada") == []
    (closed,) = read(world, "incident", "ls", "--all", "--as", "ada")
    assert (closed["closed_by"], closed["reason"]) == ("ada", "put back")
    assert closed["timeline"] == []


def test_rows_that_were_taken_away_are_counted_as_missing(world: World) -> None:
    guests = fill(world, "guests")
    write(
        world,
        "DELETE FROM entry WHERE list_id = ? AND token IN"
        " (SELECT token FROM entry WHERE list_id = ? LIMIT 3)",
        *(guests, guests),
    )

    def found() -> list[tuple[str, int]]:
        everything = read(world, "incident", "ls", "--as", "ada")
        return [(i["kind"], i["found"]) for i in everything if i["list"] == "guests"]

    look_everything_over(world)

    assert found() == [("rows-missing", 3)]
    words = ("ledger", "show", "--event", "list.scrubbed", "--list", guests)
    entry = read(world, *words, "--as", "ada")[-1]
    assert (entry["rows"], entry["expected"], entry["invalid"]) == ("297", "300", "0")

    (incident,) = [
        each["id"]
        for each in read(world, "incident", "ls", "--as", "ada")
        if each["list"] == "guests"
    ]
    accepted = ("--reason", "they are gone", "--accept", "--as", "amir")
    ok(world, "incident", "close", incident, *accepted)
    look_everything_over(world)
    assert found() == []
    assert read(world, *words, "--as", "ada")[-1]["expected"] == "297"
