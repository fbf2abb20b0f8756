"""A turn commits what can be read back, and leaves everything as it was otherwise."""

from typing import Any

import pytest
from django.db import transaction

from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.core.ledger.events import Event
from listkeep.keeper.keys import KeyStore
from tests.keeper.instance import refusal
from tests.keeper.world import World

NOWHERE = "l_nowherenowher"


def test_an_entry_that_cannot_be_applied_is_never_written(anywhere: World) -> None:
    found = anywhere.create_list()
    before = len(anywhere.entries())

    assert refusal(extend, anywhere, NOWHERE) == "internal"

    assert len(anywhere.entries()) == before
    anywhere.restart()
    assert found.id in anywhere.registry.lists


def test_what_came_before_such_an_entry_in_the_same_turn_is_forgotten(
    world: World,
) -> None:
    found = world.create_list()
    before = len(world.entries())

    assert refusal(extend, world, found.id, NOWHERE) == "internal"

    assert world.registry.lists[found.id].fields == ()
    extend(world, found.id)
    assert world.registry.lists[found.id].fields == ("shoe",)
    assert len(world.entries()) == before + 1
    world.restart()
    assert world.registry.lists[found.id].fields == ("shoe",)


def test_a_turn_that_cannot_be_signed_leaves_the_state_of_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.create_list()
    with monkeypatch.context() as patch:
        patch.setattr(KeyStore, "sign", away)
        with pytest.raises(UnavailableError):
            extend(world, found.id)

    assert world.registry.lists[found.id].fields == ()
    extend(world, found.id)
    assert world.registry.lists[found.id].fields == ("shoe",)


def test_a_turn_that_cannot_be_committed_leaves_the_state_of_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.create_list()
    before = len(world.entries())
    with monkeypatch.context() as patch:
        patch.setattr(transaction.Atomic, "__exit__", give_up)
        with pytest.raises(UnavailableError):
            extend(world, found.id)

    assert len(world.entries()) == before
    assert world.registry.lists[found.id].fields == ()
    extend(world, found.id)
    assert world.registry.lists[found.id].fields == ("shoe",)
    world.restart()
    assert world.registry.lists[found.id].fields == ("shoe",)


def test_a_key_store_that_is_full_after_the_commit_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = world.create_list()
    with monkeypatch.context() as patch:
        patch.setattr(KeyStore, "write_mark", away)
        with pytest.raises(UnavailableError):
            extend(world, found.id)

    assert world.registry.lists[found.id].fields == ("shoe",)
    world.restart()
    assert world.registry.lists[found.id].fields == ("shoe",)


def test_the_refusal_says_that_nothing_was_written(world: World) -> None:
    with pytest.raises(ListkeepError, match="could not be read back") as refused:
        extend(world, NOWHERE)

    assert refused.value.hint.startswith("nothing was written")


def extend(world: World, *lists: str) -> None:
    with world.gate.turn(world.now) as turn:
        for list_id in lists:
            turn.append(Event.LIST_EXTENDED, {"fields": "shoe"}, list_id=list_id)


def away(*_: object, **__: object) -> bytes:
    raise UnavailableError("away")


_exit = transaction.Atomic.__exit__


def give_up(atomic: transaction.Atomic, *reason: Any) -> None:
    if not atomic.durable:  # type: ignore[attr-defined]
        return _exit(atomic, *reason)
    _exit(atomic, UnavailableError, UnavailableError("full"), None)
    raise UnavailableError("full")
