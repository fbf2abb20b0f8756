"""An instance whose keeper keeps its ledger in PostgreSQL."""

import os
import resource
import secrets
import subprocess
from collections.abc import Iterator
from unittest import mock

import psycopg
import pytest

from listkeep.cli.commands.status import LANDLOCK, NO_WALL
from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Terminal, granted
from tests.ports import find_port
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    name = f"lk_{secrets.token_hex(6)}"
    yield cluster.make(name)
    cluster.drop(name)


def tables(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT LIKE 'django_%'"
        ).fetchone()
    assert row
    return int(row[0])


def cut_all_connections(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        cut = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert cut


def test_an_instance_lives_in_postgresql(bare: Terminal, database: str) -> None:
    bare.ok(f"listkeep init --port {find_port()} --database {database}")
    assert not (bare.home / "keeper.sqlite3").exists()
    bare.ok("listkeep migrate")
    with (
        mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(bare.home)}),
        Supervisor(Instance.open()),
    ):
        for name in ("cleo", "cyrus"):
            bare.ok(f"listkeep login --as {name}")
        granted(bare, "tenant add acme --owner ada --owner amir", "cleo", "cyrus")
        told = bare.ok("listkeep registry verify --live --json --as cleo").json
        cut_all_connections(database)  # as a server that was restarted does
        status = bare.ok("listkeep status --json").json
        bare.ok("listkeep login --as ada")

    assert {person["name"] for person in told["people"]} == {
        *("cleo", "cyrus", "ada", "amir")
    }
    assert status["keeper"]["running"]
    assert status["wall"] in (LANDLOCK, NO_WALL)


def test_the_docks_lists_live_in_postgresql(bare: Terminal, database: str) -> None:
    bare.ok(f"listkeep init --port {find_port()} --dock-database {database}")
    assert not (bare.home / "dock.sqlite3").exists()
    bare.ok("listkeep migrate")
    with (
        mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(bare.home)}),
        Supervisor(Instance.open()),
    ):
        for name in ("cleo", "cyrus"):
            bare.ok(f"listkeep login --as {name}")
        granted(bare, "tenant add acme --owner ada --owner amir", "cleo", "cyrus")
        bare.ok("listkeep login --as ada")
        bare.ok("listkeep list create news --facet plan:text --as ada")
        bare.ok("listkeep sample sample.csv --rows 200")
        bare.ok("listkeep import news sample.csv --as ada")
        cut_all_connections(database)  # as a server that was restarted does
        counted = bare.ok("listkeep count news --json --as ada").json
    other = Terminal(bare.home.with_name("other"), bare.folder)

    taken = other(f"listkeep init --dock-database {database}")

    assert counted["count"] > 150
    assert taken.status == 5
    assert "a dock in this database already" in taken.stderr
    assert not other.home.exists()


def test_a_database_with_a_keeper_in_it_is_left_alone(
    bare: Terminal, database: str
) -> None:
    bare.ok(f"listkeep init --port {find_port()} --database {database}")
    other = Terminal(bare.home.with_name("other"), bare.folder)

    ran = other(f"listkeep init --database {database}")

    assert ran.status == 5
    assert "a keeper in this database already" in ran.stderr
    assert not other.home.exists()
    assert tables(database) > 0
    assert bare("listkeep migrate keeper").status == 0


def test_a_failed_beginning_leaves_no_table_behind(
    bare: Terminal, database: str
) -> None:
    """The disk is full when the dock's database is made."""
    done = subprocess.run(
        own_command("init", "--database", database),
        env=own_environment(bare.home),
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
        timeout=60,
    )

    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
    assert not bare.home.exists()
    assert tables(database) == 0


def test_a_password_on_the_command_line_is_refused(bare: Terminal) -> None:
    ran = bare("listkeep init --database postgresql://keeper:tulip@db.example/lk")

    assert ran.status == 3
    assert "password does not belong" in ran.stderr
    assert "tulip" not in ran.stderr
    assert not bare.home.exists()


def test_a_server_that_is_away_is_said_to_be(bare: Terminal, database: str) -> None:
    bare.ok(f"listkeep init --port {find_port()} --database {database}")
    settings = bare.home / "keeper.toml"
    settings.write_text(settings.read_text().replace("/lk_", "/gone_"))

    for command in ("serve keeper", "migrate keeper"):
        ran = bare(f"listkeep {command}")
        assert ran.status == 6
        assert "the keeper's database does not answer" in ran.stderr
        assert os.fspath(bare.home) not in ran.stderr
