"""What the attacks do over and over: ask, sign, take rows, run an export."""

import hashlib
import sqlite3
from contextlib import closing

import pyrage

from listkeep.core.grants import Statement
from listkeep.drill.people import SoftwarePerson
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient

from .conftest import World


def asked_export(world: World, cap: int = 10) -> m.RequestView:
    return world.stage.ask(
        "ben",
        "export",
        list="newsletter",
        selection="all",
        cap=cap,
        recipient="warehouse",
    )


def granted_export(world: World, *, cap: int) -> m.RequestView:
    view = world.stage.sign("ada", asked_export(world, cap), "approve")
    assert view.state == "granted", view.missing
    return view


def statement(
    world: World, view: m.RequestView, person: SoftwarePerson, decision: str
) -> m.Assertion:
    return person.sign(
        Statement(
            keeper=world.stage.keeper,
            person=person.person,
            credential=person.credential,
            decision=decision,
            request=hashlib.sha256(view.terms).hexdigest(),
        )
    )


def submit(
    world: World, view: m.RequestView, person: SoftwarePerson, decision: str
) -> m.RequestView:
    assertion = statement(world, view, person, decision)
    return world.keeper.submit_statement(
        m.SubmitStatement(request=view.id, assertion=assertion)
    )


Row = tuple[bytes, bytes, int, bytes, str]


def take_rows(world: World, count: int, of: str = "newsletter") -> list[Row]:
    """Take rows out of the dock's database, as somebody with root there would."""
    with world.dock("ada") as dock:
        list_id = dock.show_list(of).id
    with closing(sqlite3.connect(world.home / "dock.sqlite3")) as database:
        found: list[Row] = database.execute(
            "SELECT token, batch_id, position, sealed, facets FROM entry"
            " WHERE list_id = ? AND status = 0 AND facets LIKE '%free%' LIMIT ?"
            if of == "newsletter"
            else "SELECT token, batch_id, position, sealed, facets FROM entry"
            " WHERE list_id = ? LIMIT ?",
            (list_id, count),
        ).fetchall()
    return found


def run_export(world: World, view: m.RequestView, rows: list[Row]) -> bytes:
    """Speak to the keeper with the dock's own key, bypassing the dock's code."""
    key = (world.home / "dock.key").read_text().strip()
    batch = m.RowBatch(
        tokens=b"".join(row[0] for row in rows),
        batch_ids=b"".join(row[1] for row in rows),
        positions=[row[2] for row in rows],
        sealed=[row[3] for row in rows],
        facets=[row[4] for row in rows],
    )
    message = m.RunExport(
        session=world.stage.carried["ben"], request=view.id, format="csv"
    )
    with (
        KeeperClient(world.instance.socket, service_key=key) as keeper,
        keeper.run_export(message, [batch]) as chunks,
    ):
        age = b"".join(chunks)
    return pyrage.decrypt(age, [world.identity])
