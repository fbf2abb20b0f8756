"""A copy is of one moment, however much is written while it is made."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from listkeep.cli.copies import databases
from listkeep.cli.copies.databases import (
    Database,
    ServerAwayError,
    find_databases,
    find_tool,
    run_tool,
)
from listkeep.core.errors import Code, UnavailableError
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

ROWS = 3000


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database in which all values add up to nothing, whatever is written."""
    connection = sqlite3.connect(tmp_path / "dock.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE entry (value INTEGER, body BLOB)")
    move(connection, ROWS)
    yield connection
    connection.close()


def move(connection: sqlite3.Connection, rows: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO entry VALUES (?, zeroblob(300))",
        [(value if n % 2 else -value,) for n in range(rows) for value in [n // 2]],
    )
    connection.execute("COMMIT")


def test_what_is_written_meanwhile_is_not_in_the_copy(
    writer: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_PAGES", 16)
    steps = []

    def write_more(done: int, all_: int) -> None:
        steps.append((done, all_))
        move(writer, 2)
        if len(steps) == 5:
            writer.execute("PRAGMA wal_checkpoint(PASSIVE)")

    database = Database("dock", tmp_path / "dock.sqlite3")
    with database.snapshot() as snapshot:
        move(writer, 100)
        snapshot.copy_to(tmp_path / "copy", progress=write_more)

    assert len(steps) > 10, "it was copied in one piece"
    assert sqlite3.connect(tmp_path / "copy").execute(
        "SELECT count(*), sum(value) FROM entry"
    ).fetchone() == (ROWS, 0)
    (written,) = writer.execute("SELECT count(*) FROM entry").fetchone()
    assert written == ROWS + 100 + 2 * len(steps)


def test_a_damaged_database_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "dock.sqlite3").write_bytes(b"not a database, zq7secret" * 100)
    database = Database("dock", tmp_path / "dock.sqlite3")

    with pytest.raises(UnavailableError) as caught, database.snapshot():
        pass
    assert "zq7secret" not in caught.value.message
    assert caught.value.hint


@pytest.fixture
def served(cluster: Cluster) -> Iterator[Database]:
    """A database on a server in which nothing was made yet."""
    yield Database("keeper", None, cluster.make("bare"))
    cluster.drop("bare")


def test_an_empty_database_on_a_server_is_said_to_be_none_of_ours(
    served: Database,
) -> None:
    with pytest.raises(UnavailableError) as caught, served.snapshot() as snapshot:
        list(snapshot.read("SELECT size FROM ledger_head"))
    assert caught.value.code is Code.KEEPER_UNAVAILABLE
    assert not isinstance(caught.value, ServerAwayError)
    assert "ledger_head" not in caught.value.message + caught.value.hint


def read_after_a_cut(database: Database) -> None:
    with database.snapshot() as snapshot:
        assert list(snapshot.read("SELECT 1")) == [(1,)]
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        list(snapshot.read("SELECT 2"))


def test_a_server_that_goes_away_in_between_is_said_to(served: Database) -> None:
    with pytest.raises(ServerAwayError) as caught:
        read_after_a_cut(served)
    assert caught.value.code is Code.KEEPER_UNAVAILABLE


def test_addresses_are_read_as_the_buildings_read_them(tmp_path: Path) -> None:
    url = "postgresql://dock@db.example/dock?passfile=pg.pass&sslmode=verify-full"
    (tmp_path / "dock.toml").write_text(f'database = "{url}"\nport = 8480\n')

    found = find_databases(tmp_path)

    assert list(found) == ["dock", "keeper"], "the dock's moment is the earlier one"
    assert found["keeper"].path == tmp_path / "keeper.sqlite3"
    assert found["dock"].path is None
    assert "sslmode=verify-full" in found["dock"].url
    assert f"passfile={tmp_path}".replace("/", "%2F") in found["dock"].url


def test_a_tool_that_is_not_here_says_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(UnavailableError) as caught:
        find_tool("pg_gone")
    assert "postgresql-client" in caught.value.hint


def test_a_tool_that_fails_says_no_more_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho zq7secret >&2\nexit 3\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnavailableError) as caught:
        run_tool("pg_dump")
    assert "status 3" in caught.value.message
    assert "zq7secret" not in caught.value.message + caught.value.hint
