"""Somebody copies the whole instance: database, journal, spool, key store, backup."""

import logging
from pathlib import Path

import pytest

from listkeep.core.sealing import format_token
from listkeep.keeper.gate.endpoint import open_store
from tests.keeper.instance import refusal, service_key
from tests.keeper.mailing import open_rows, report, send_of, sign
from tests.keeper.sending import add_domain, add_route, send_subject
from tests.keeper.world import Rows, World, batch_of

PLANTED = "canary.of.the.cellar"


def everything(folder: Path) -> bytes:
    return b"\x00".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    )


@pytest.fixture
def lived(world: World, caplog: pytest.LogCaptureFixture) -> World:
    """Do all there is to do with a few planted addresses, also what goes wrong."""
    caplog.set_level(logging.DEBUG)
    found = world.create_list(fields=("name",))
    ticket = world.start_import("ben", found.id).ticket
    addresses = [f"{PLANTED}{number}@example.com" for number in range(4)]
    sealed = world.seal(ticket, addresses, fields=f'["{PLANTED}"]')
    rows = world.rows_of(found.id, addresses, sealed)
    world.finish(ticket)
    world.look_up("ben", rows.list_id, addresses[0])
    world.look_up("ben", rows.list_id, f"{PLANTED}9@example.com")
    refusal(world.look_up, "ben", rows.list_id, f"{PLANTED} @example.com")
    view, _ = world.ask_reveal("ben", rows, 0)
    world.reveal("ben", view, rows.batch(0))
    world.suppress("ben", rows, 1)
    world.run("ben", world.granted_export(rows), rows.whole())
    refusal(world.run, "ben", world.granted_export(rows, 1), rows.whole())
    mail(world, rows)
    return world


def mail(world: World, rows: Rows) -> None:
    """Send to them, also more than may be, and have some come back."""
    add_route(world)
    add_domain(world)
    request = send_of(world, rows, 2, subject=send_subject(fields="name"))
    assert PLANTED in str(open_rows(world, request, rows.whole()))
    sign(world, request)
    report(world, request, [row.token for row in rows.sealed])
    open_rows(world, request, batch_of([rows.sealed[0]._replace(facets=PLANTED)]))


def test_there_is_no_address_in_any_file(lived: World) -> None:
    live = everything(lived.home)
    assert b"SQLite format 3" in live
    assert (lived.home / "keeper.sqlite3-wal").exists()

    assert PLANTED.encode() not in live
    assert PLANTED.encode("utf-16-le") not in live
    lived.leave()
    assert PLANTED.encode() not in everything(lived.home)


def test_there_is_no_address_in_any_log(
    lived: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert PLANTED not in caplog.text
    assert PLANTED not in str(lived.entries())


def test_there_is_no_token_in_the_ledger_but_those_people_signed(
    lived: World,
) -> None:
    """A reveal's terms name its tokens; nothing else does."""

    entries = [entry for entry in lived.entries() if "terms" not in entry]
    tokens = {
        token
        for row in lived.entries()
        if "reveal" in row.get("terms", "")
        for token in [row["terms"].split('"selection":"')[1].split('"')[0]]
    }
    assert tokens
    for token in tokens:
        assert token not in str(entries)
    assert format_token(bytes(16)) not in str(entries)


def test_there_is_no_session_or_service_key_in_any_file(lived: World) -> None:
    data = everything(lived.home)

    for name, service in (("ben", "keeper"), ("ben", "dock"), ("ada", "keeper")):
        secret = lived.session(name, service)[19:]
        assert secret.encode() not in data
    for name in ("dock", "app", "intake"):
        assert service_key(name)[19:].encode() not in data


def test_there_is_no_key_of_a_list_outside_the_key_store(lived: World) -> None:

    store = open_store()
    names = [path.stem for path in (lived.home / "keys").glob("*.key")]
    secrets = [
        store.get(name)
        for name in names
        if name.startswith(("list-", "index-", "state", "ledger"))
    ]
    assert len(secrets) == 4

    data = everything(lived.home)
    root = (lived.home / "keys" / "root.key").read_bytes()
    for secret in secrets:
        assert secret not in data
    assert everything(lived.home / "keys").count(root) == 1
    assert root not in (lived.home / "keeper.sqlite3").read_bytes()
