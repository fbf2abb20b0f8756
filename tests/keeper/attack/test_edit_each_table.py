"""Somebody edits a table by hand, each table in each way, and gains nothing by it.

A new table needs two things: a line in ``WORTH``, and rows in ``plot.py`` that were
worth having before something took them away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError
from pytest_django import DjangoDbBlocker

from listkeep.core.errors import ListkeepError
from tests.keeper.attack.plot import Plot, lay_out, powers
from tests.keeper.conftest import DEFAULT, Stages
from tests.keeper.world import World
from tests.tamper import (
    Table,
    by_turns,
    changes_to,
    read_table,
    table_names,
    write_table,
)

WORTH = {
    "django_migrations": "older code on a newer database",
    "gate_draft": "other terms under a keeper's nonce, or a denied request anew",
    "gate_enrolment": "to come in with more, or elsewhere, than one was invited for",
    "gate_lastuse": "a key in use that looks forgotten, or a forgotten one in use",
    "gate_sendopening": "rows of a send for free, above its cap",
    "gate_session": "to be signed in, as somebody else, elsewhere, or for longer",
    "gate_signincode": "to be signed in by a code that is over, or as somebody else",
    "gate_suppression": "an address in a copy that was taken out",
    "ledger_entry": "any authority, budget or grant, and no record",
    "ledger_head": "another past, signed by the keeper itself",
    "ledger_listhead": "a list's newest entries forgotten",
    "ledger_node": "proofs of what never happened",
}


@dataclass(frozen=True)
class Played:
    """The instance everything is tried on, and what can be done there honestly."""

    world: World
    plot: Plot
    honest: frozenset[str]
    honest_again: frozenset[str]


@pytest.fixture(scope="module")
def played(
    stages: Stages,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("plot")
    with django_db_blocker.unblock():
        world = stages.copy(folder, DEFAULT)
        world.enter()
        plot = lay_out(world)
        world.leave()
        untouched = world.copy_to(folder / "untouched")
        untouched.enter()
        honest = frozenset(powers(untouched, plot))
        untouched.restart()
        again = frozenset(powers(untouched, plot))
        untouched.leave()
        yield Played(world, plot, honest, again)


@pytest.fixture
def stage(
    played: Played, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[World]:
    """A running keeper on a copy of that instance."""
    world = played.world.copy_to(tmp_path / "home")
    with django_db_blocker.unblock():
        world.enter()
        assert world.registry.keeper
        yield world
        world.leave()


def tampered() -> list[tuple[str, str]]:
    """Name each table, and each way to change one of its shape."""
    shapes = {
        model._meta.db_table: (
            tuple(field.attname for field in model._meta.concrete_fields),
            tuple(field.attname for field in model._meta.pk_fields),
        )
        for model in apps.get_models()
    }
    shapes["django_migrations"] = (("id", "app", "name", "applied"), ("id",))
    return [
        (name, what)
        for name, (columns, key) in sorted(shapes.items())
        for what, _ in by_turns(Table(name, columns, key, ()))
    ]


@pytest.mark.parametrize(("name", "what"), tampered())
def test_nobody_gains_anything(
    stage: World, played: Played, name: str, what: str
) -> None:
    now = read_table(name)
    change = dict(changes_to(now))[what]
    try:
        write_table(now, change(now, played.plot.before[name]))
    except DatabaseError:
        return  # the table itself does not take it

    assert powers(stage, played.plot) - played.honest == set()
    try:
        stage.restart()
    except ListkeepError:
        return  # it does not start on this
    assert powers(stage, played.plot) - played.honest_again == set()


def test_each_table_there_is_is_tried_and_has_something_in_it(
    stage: World, played: Played
) -> None:
    assert set(table_names()) == set(WORTH)
    assert set(table_names()) == {name for name, _ in tampered()}
    for name in WORTH:
        assert len(played.plot.after[name].rows) > 1 or name == "ledger_head", name
        old = played.plot.before[name].rows
        assert old, name
        assert old != played.plot.after[name].rows or name == "django_migrations", name


def test_what_is_there_was_worth_having(played: Played) -> None:
    """Or the attack would be on an empty house."""
    could = played.honest

    for what in (
        "ben keeper is ben at keeper",
        "granted: person5.news@example.com",
        "sent: person12.news@example.com",
        "sam is support of the operator",
        "t_acmeacmeacme is not frozen",
    ):
        assert what in could, what
    for what in ("denied", "used", "waiting", "frozen", "over budget", "first"):
        assert not any(power.startswith(f"{what}: ") for power in could), what
    for what in ("ended", "idle", "revoked"):
        assert not any(power.startswith(f"{what} is ") for power in could), what
    assert "granted: person0.news@example.com" not in could
    assert "sent: person13.news@example.com" not in could
    assert not any(power.startswith("ending: ") for power in could)
    assert not any("ivan" in power for power in could)
    assert "t_otherotherot is not frozen" not in could


def test_a_hand_that_could_do_something_would_be_seen(
    stage: World, played: Played
) -> None:
    """The powers found here are real: a grant more is one power more."""
    stage.sign("ada", played.plot.exports["waiting"], "approve")

    gained = powers(stage, played.plot) - played.honest

    assert "waiting: person5.news@example.com" in gained
