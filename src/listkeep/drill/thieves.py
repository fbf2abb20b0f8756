"""Thieves of disks: they copy files and try what is in them.

A thief returns its loot; what counts is how many planted addresses are in it.
"""

import base64
import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from listkeep.core.errors import ListkeepError
from listkeep.core.sealing import SealedRow, make_token, open_row
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient

from .loot import Loot
from .scene import Scene, attempt

# The client's own things: whoever takes them has robbed a person, not a server.
CLIENT_FOLDERS = ("cli", "demo")
KEY_FOLDER = "keys"
_KEY_LIKE = re.compile(rb"[0-9a-f]{64}|[A-Za-z0-9_-]{43}")


def steal_database(scene: Scene) -> Loot:
    """Copy all databases, logs and temporary files, without the key store."""
    loot = scene.loot()
    files = loot.take_folder(scene.home, without=(KEY_FOLDER, *CLIENT_FOLDERS))
    _open_offline(scene, loot, files.values())
    return loot


def steal_dock_disk(scene: Scene) -> Loot:
    """Copy the dock's disk, and speak to the keeper with the dock's own key."""
    loot = scene.loot()
    dock_only = [
        path.name
        for path in scene.home.iterdir()
        if path.name.startswith("keeper") or path.name == "spool"
    ]
    files = loot.take_folder(
        scene.home, without=(KEY_FOLDER, *CLIENT_FOLDERS, *dock_only)
    )
    _open_offline(scene, loot, files.values())
    key = files["dock.key"].decode().strip()
    with KeeperClient(scene.keeper_socket, service_key=key) as keeper:
        for ask in _as_the_dock(scene, keeper):
            attempt(loot, ask)
    return loot


def _open_offline(scene: Scene, loot: Loot, files: Iterable[bytes]) -> None:
    """Try every string that could be a key on stolen rows and stolen tokens."""
    rows = list(stolen_rows(scene))
    tokens = {row.token for _, row in rows}
    candidates = {bytes(32), b""}
    for data in files:
        for text in _KEY_LIKE.findall(data):
            candidates |= _keys_in(text)
    for key in candidates:
        before = len(loot.found)
        for address in scene.planted:
            if make_token(key[:64], address.lower()) in tokens:
                loot.take(address)  # a guess that a stolen key confirms
        for list_id, row in rows[:3]:
            try:
                loot.take(open_row(key, (key[:64],), list_id=list_id, row=row).address)
            except (ListkeepError, ValueError):
                continue
        opened = len(loot.found) > before
        loot.tried(f"key-like string: {'opened' if opened else 'refused'}")


def stolen_rows(scene: Scene) -> Iterator[tuple[str, SealedRow]]:
    """Read every sealed row out of the dock's stolen database."""
    path = scene.home / "dock.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        table = next(name for name in names if name.endswith("entry"))
        for row in database.execute(
            "SELECT list_id, token, batch_id, position, sealed, facets"  # noqa: S608
            f" FROM {table}"
        ):
            list_id, token, batch_id, position, sealed, facets = row
            yield list_id, SealedRow(token, batch_id, position, sealed, facets)


def _keys_in(text: bytes) -> set[bytes]:
    keys = {text, hashlib.sha256(text).digest()}
    if len(text) == 64:
        keys.add(bytes.fromhex(text.decode()))
    else:
        keys.add(base64.urlsafe_b64decode(text + b"="))
    return {key for key in keys if len(key) >= 16}


def _as_the_dock(scene: Scene, keeper: KeeperClient) -> Iterator[Callable[[], Any]]:
    """What the dock could ask the keeper for if nobody were signed in."""
    nobody = m.Caller()
    rows = list(stolen_rows(scene))[:100]
    list_id = rows[0][0]
    batch = m.RowBatch(
        tokens=b"".join(row.token for _, row in rows),
        batch_ids=b"".join(row.batch_id for _, row in rows),
        positions=[row.position for _, row in rows],
        sealed=[row.sealed for _, row in rows],
        facets=[row.facets for _, row in rows],
    )
    yield lambda: keeper.show_lists(m.ShowLists(caller=nobody))
    yield lambda: keeper.start_import(m.StartImport(caller=nobody, list=list_id))
    yield lambda: keeper.look_up(
        m.LookUp(caller=nobody, list=list_id, address=scene.planted[0])
    )
    for ticket, request in remembered_ids(scene):
        guesses = list(scene.planted[:100])
        yield partial(
            keeper.seal_rows,
            m.SealRows(
                ticket=ticket,
                addresses=guesses,
                fields=["[]"] * len(guesses),
                facets=["[]"] * len(guesses),
            ),
        )
        yield partial(_export, keeper, request, batch)


def remembered_ids(scene: Scene) -> set[tuple[str, str]]:
    """Every ticket and request the dock's database remembers."""
    found = set()
    path = scene.home / "dock.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        text = "\n".join(database.iterdump())
    for ticket in set(re.findall(r"\bi_[a-z2-7]{12}\b", text)) or {"i_aaaaaaaaaaaa"}:
        for request in set(re.findall(r"\br_[a-z2-7]{12}\b", text)):
            found.add((ticket, request))
    return found


def _export(keeper: KeeperClient, request: str, batch: m.RowBatch) -> list[bytes]:
    message = m.RunExport(session="", request=request, format="csv")
    with keeper.run_export(message, [batch]) as chunks:
        return list(chunks)
