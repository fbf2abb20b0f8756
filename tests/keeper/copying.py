"""Holders of shares, and what they do: a copy of the keys, and its way back."""

import shutil
from datetime import timedelta
from pathlib import Path

import pyrage

from listkeep.core.grants import format_time
from listkeep.keeper.gate.custody.key_copies import COPY_FILE, CopyMade, copy_keys
from listkeep.keeper.gate.custody.key_restoring import Restored, restore_keys
from listkeep.keeper.gate.endpoint import open_roots
from listkeep.keeper.keys import Share
from listkeep.wire import messages as m
from tests.keeper.world import World

HOLDERS = ("cleo", "cyrus", "sam")
_IDENTITIES: dict[str, pyrage.x25519.Identity] = {}


def identity(name: str) -> pyrage.x25519.Identity:
    """Give a holder's own age key; it never comes near the keeper."""
    if name not in _IDENTITIES:
        _IDENTITIES[name] = pyrage.x25519.Identity.generate()
    return _IDENTITIES[name]


def subject(world: World, *, needed: int = 2, days: int = 365) -> dict[str, str]:
    holders = (f"{name}:{identity(name).to_public()}" for name in HOLDERS)
    until = format_time(world.now + timedelta(days=days))
    people = " ".join(world.meet(name).person for name in HOLDERS)
    terms = {"needed": str(needed), "until": until}
    return {"holders": " ".join(holders), "people": people, **terms}


def agree(world: World, **facts: int) -> m.RequestView:
    view = world.ask("cleo", "keys.backup", subject(world, **facts))
    return world.sign("cyrus", view, "approve")


def copy(world: World, folder: Path, **facts: int) -> CopyMade:
    return copy_keys(world.gate, agree(world, **facts).id, folder=folder, now=world.now)


def open_share(folder: Path, name: str) -> Share:
    """Open one's share at home."""
    sealed = (folder / f"share-{name}.age").read_bytes()
    return Share.parse(pyrage.decrypt(sealed, [identity(name)]))


def lose_keys(world: World) -> None:
    world.leave()
    shutil.rmtree(world.home / "keys")


def restore(world: World, folder: Path, *holders: str) -> Restored:
    world.enter()
    return restore_keys(
        (folder / COPY_FILE).read_bytes(),
        [open_share(folder, name).format() for name in holders],
        folder=world.home / "keys",
        roots=open_roots(),
        now=world.now,
    )
