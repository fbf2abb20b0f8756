"""Somebody writes into the dock's database of a running instance, and it is told."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from .conftest import Said, World

PEOPLE = "E-mail,Plan\n" + "".join(f"person{n}@example.com,free\n" for n in range(300))
_PATIENCE_SECONDS = 90


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


def test_an_edit_is_found_told_noted_on_and_closed(world: World) -> None:
    file = world.file.with_name("members.csv")
    file.write_text(PEOPLE)
    made = ok(
        world, *["list", "create", "members", "--facet", "plan:text", "--as", "ada"]
    )
    members = made.out.strip()
    ok(world, *f"import members {file} --map address=E-mail --as ben".split())
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
