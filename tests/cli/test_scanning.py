import gzip
import os
import secrets
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from listkeep.cli.adoption import scanning
from listkeep.cli.adoption.scanning import UNREADABLE, Finding, Scan
from listkeep.cli.output import WrongUsage
from listkeep.core.errors import UnavailableError
from tests.cli.stage import Terminal
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

ADDRESS = "ada@example.com"


class NoBar:
    def move(self, done: int, *, text: str = "") -> None: ...


def look(place: Path | str, ignored: Sequence[str] = ()) -> list[Finding]:
    return list(Scan(ignored, bar=NoBar()).look(str(place)))


def test_a_folder_is_clean_when_nothing_is_there(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text("to=<abcdefghijklmnopqrstuvwxy2@p1.tok.example>")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")

    assert look(tmp_path) == []


def test_places_are_told_and_not_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a.log").write_text(f"{ADDRESS}\n{ADDRESS}\n")
    with gzip.open(tmp_path / "old.log.gz", "wt") as file:
        file.write(ADDRESS)
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as archive:
        archive.writestr("sheet.xml", f"<t>{ADDRESS}</t>")
        archive.writestr(f"{ADDRESS}.txt", "")

    assert look(tmp_path) == [
        Finding("book.xlsx: sheet.xml", "zip", 1),
        Finding("book.xlsx: (an address)", "name of the file", 1),
        Finding("old.log.gz", "gzip", 1),
        Finding("app/a.log", "file", 2),
    ]
    assert [each.what for each in look(tmp_path, ["example.com"])] == [
        "name of the file"  # it is at example.com.txt
    ]


def test_columns_of_a_database_are_told(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    database = sqlite3.connect(path)
    database.execute('CREATE TABLE contacts (id INTEGER, email TEXT, "no""te" BLOB)')
    database.execute(
        "INSERT INTO contacts VALUES (1, ?, ?)", (ADDRESS, ADDRESS.encode())
    )
    database.commit()
    database.close()

    assert look(path) == [
        Finding("app.db: contacts.email", "column", 1),
        Finding('app.db: contacts.no"te', "column", 1),
    ]


def test_what_deleted_rows_leave_behind_is_found(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA secure_delete = OFF")
    database.execute("CREATE TABLE contacts (email TEXT)")
    database.executemany("INSERT INTO contacts VALUES (?)", [(ADDRESS,)] * 500)
    database.commit()
    database.execute("DELETE FROM contacts")
    database.commit()

    [finding] = look(path)
    assert finding.what == "deleted rows: VACUUM it"

    database.execute("VACUUM")
    database.close()
    assert look(path) == []


def test_a_database_that_is_damaged_is_not_clean(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.write_bytes(b"SQLite format 3\0" + ADDRESS.encode() + bytes(5000))

    [finding] = look(path)
    assert "cannot be read" in finding.what


@pytest.mark.parametrize("name", ["torn.gz", "torn.zip"])
def test_what_cannot_be_unpacked_is_not_clean(tmp_path: Path, name: str) -> None:
    start = b"\x1f\x8b\x08" if name.endswith("gz") else b"PK\x03\x04"
    (tmp_path / name).write_bytes(start + b"torn")

    assert look(tmp_path) == [Finding(name, UNREADABLE, 0)]


def test_a_bomb_keeps_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MOST_UNPACKED", 10)
    with gzip.open(tmp_path / "bomb.gz", "wb") as file:
        file.write(bytes(5_000_000))

    assert look(tmp_path) == [Finding("bomb.gz", UNREADABLE, 0)]


def test_a_place_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        look(tmp_path / "nowhere")


def test_the_command_ends_well_only_when_all_is_clean(terminal: Terminal) -> None:
    log = terminal.folder / "app.log"
    log.write_text(f"sent to {ADDRESS}\n")

    dirty = terminal(f"listkeep adopt --scan {log}")
    log.write_text("sent to somebody\n")
    clean = terminal(f"listkeep adopt --scan {log}")

    assert (dirty.status, clean.status) == (1, 0)
    assert ADDRESS not in dirty.stdout + dirty.stderr
    assert "app.log" in dirty.stdout


def test_an_instance_of_listkeep_is_clean(terminal: Terminal) -> None:
    people = "".join(f"planted{at}@example.com,{at}\n" for at in range(200))
    (terminal.folder / "people.csv").write_text(f"email,code\n{people}")
    terminal.ok("listkeep list create scanned --as ben")
    terminal.ok("listkeep import scanned people.csv --as ben")

    assert look(terminal.home, ["drop.localhost"]) == []


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    name = f"lk_{secrets.token_hex(6)}"
    yield cluster.make(name)
    cluster.drop(name)


def test_tables_of_postgresql_are_told_and_left_as_they_were(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA scanned")
        connection.execute(
            "CREATE TABLE scanned.people (id int, email text, note bytea, more jsonb)"
        )
        connection.execute(
            "INSERT INTO scanned.people SELECT n, 'ada@example.com', "
            "'ben@example.com'::bytea, '{\"mail\": \"cleo@example.com\"}' "
            "FROM generate_series(1, 5000) n"
        )
        found = look(database)
        rows = connection.execute("SELECT count(*) FROM scanned.people").fetchone()

    assert found == [
        Finding("scanned.people.email", "column", 5000),
        Finding("scanned.people.more", "column", 5000),
        Finding("scanned.people.note", "column", 5000),
    ]
    assert rows == (5000,)


def test_a_database_that_does_not_answer_is_not_clean() -> None:
    with pytest.raises(UnavailableError) as caught:
        look("postgresql://somebody@127.0.0.1:1/nowhere")

    assert caught.value.__cause__ is None
