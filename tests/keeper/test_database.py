"""The keeper's database: a file, or PostgreSQL, and what is said when it is away."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction

from listkeep.core.errors import MalformedError, UnavailableError
from listkeep.core.ledger.events import Event
from listkeep.keeper.gate.endpoint import make_store, open_store
from listkeep.keeper.gate.sign_in import sessions
from listkeep.keeper.ledger.models import Entry, Head, ListHead, Node
from listkeep.keeper.ledger.services import describe_failure, locked_log
from listkeep.keeper.project import start
from listkeep.keeper.project.database import database_settings
from tests.keeper.instance import DIRECT, database_name, refusal
from tests.keeper.world import World
from tests.postgres import Cluster

HOME = Path("/instance")


# --- what keeper.toml may say ---


@pytest.mark.parametrize("name", ["keeper.sqlite3", "data/ledger.db"])
def test_a_name_is_a_file_of_the_instance(name: str) -> None:
    found = database_settings(name, home=HOME)

    assert found["ENGINE"].endswith("sqlite3")
    assert found["NAME"] == HOME / name


def test_an_address_is_postgresql() -> None:
    found = database_settings(
        "postgresql://keeper@db.example:5433/listkeep?sslmode=verify-full"
        "&passfile=keeper.pgpass&sslrootcert=/etc/ca.pem",
        home=HOME,
    )

    assert found["ENGINE"].endswith("postgresql")
    assert (found["NAME"], found["USER"]) == ("listkeep", "keeper")
    assert (found["HOST"], found["PORT"]) == ("db.example", "5433")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["passfile"] == "/instance/keeper.pgpass"
    assert found["OPTIONS"]["sslrootcert"] == "/etc/ca.pem"
    assert "PASSWORD" not in found


def test_a_socket_or_a_service_is_enough() -> None:
    socket = database_settings("postgresql:///listkeep?host=/run/pg", home=HOME)
    service = database_settings("postgresql:///?service=ledger", home=HOME)

    assert (socket["HOST"], socket["NAME"]) == ("/run/pg", "listkeep")
    assert service["OPTIONS"]["service"] == "ledger"


def test_what_the_server_has_as_its_default_does_not_matter() -> None:
    """Two decisions in a row have to see each other, and survive a power cut."""
    options = database_settings("postgresql:///listkeep", home=HOME)["OPTIONS"]

    assert options["isolation_level"] == 2  # READ COMMITTED
    assert "synchronous_commit=on" in options["options"]
    assert "lock_timeout=60s" in options["options"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://keeper@db.example/listkeep",
        "postgresql://db.example",
        "postgresql://db.example:many/listkeep",
        "postgresql://db.example/listkeep?options=-c%20fsync%3Doff",
        "postgresql://db.example/listkeep?sslmode",
        "postgresql://db.example/listkeep#here",
        "postgresql://[db.example/listkeep",
    ],
)
def test_what_is_neither_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        database_settings(text, home=HOME)
    assert caught.value.code == "config-invalid"
    assert "postgresql://" in caught.value.hint


def test_a_password_does_not_belong_there_and_is_not_repeated() -> None:
    with pytest.raises(MalformedError, match="password does not belong") as caught:
        database_settings("postgresql://keeper:tulip@db.example/listkeep", home=HOME)
    assert "tulip" not in f"{caught.value}{caught.value.hint}"
    assert "passfile" in caught.value.hint


# --- the same keeper on either engine ---


def test_everything_is_decided_the_same_way(anywhere: World) -> None:
    rows = anywhere.list_with_rows(3)
    anywhere.suppress("ben", rows, 2)
    anywhere.look_up("ben", rows.list_id, rows.addresses[0])
    view, device = anywhere.ask_reveal("ben", rows, 0)
    assert device
    assert anywhere.reveal("ben", view, rows.batch(0)).rows == 1
    assert refusal(anywhere.reveal, "ben", view, rows.batch(0)) == "replayed"
    granted = anywhere.granted_export(rows)
    copy = anywhere.export("ben", granted, rows.whole())
    assert [address in copy for address in rows.addresses] == [True, True, False]
    anywhere.freeze("ada")
    frozen, _ = anywhere.ask_reveal("ben", rows, 0)
    assert refusal(anywhere.reveal, "ben", frozen, rows.batch(0)) == "frozen"
    anywhere.remove("ben")

    known = anywhere.registry
    again = anywhere.restart()
    with again.view(anywhere.now) as replayed:
        assert replayed.people == known.people
        assert replayed.freezes == known.freezes
        assert replayed.frontier == known.frontier


def test_each_model_change_has_its_migration_and_each_migration_a_way_back(
    anywhere: World,
) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
    assert start.has_database()

    start.take_back()

    assert not start.has_database()
    start.prepare()
    assert start.has_database()


def test_a_session_with_a_zero_byte_is_none(anywhere: World) -> None:
    for token in ("lks_n_\x00aaaaaaaaaaa_x", "lks_\x00", "lks_n_\ud800aaaaaaaaaaa_x"):
        with anywhere.gate.view(anywhere.now) as registry:
            code = refusal(
                sessions.resolve_session,
                *(anywhere.gate, registry, token),
                service=DIRECT,
                now=anywhere.now,
            )
        assert code == "not-signed-in"


def test_the_first_two_who_append_share_one_head(anywhere: World) -> None:
    """Both find no head row; one makes it, and the other waits for it."""
    for table in (Entry, Node, ListHead, Head):
        table._default_manager.all().delete()
    store, together = open_store(), Barrier(2)
    sizes = []

    def append() -> None:
        together.wait()
        try:
            with locked_log(store, origin="k_demo") as log:
                sizes.append(log.size)
                log.append(Event.SESSION_ENDED, {}, at=anywhere.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(append), pool.submit(append)]:
            done.result()

    assert sorted(sizes) == [0, 1]
    assert Head.objects.get().size == Entry.objects.count() == 2


# --- when it does not answer ---


def test_a_locked_ledger_is_busy_and_not_an_accident(anywhere: World) -> None:
    quicken(anywhere)
    connections.close_all()

    def hold(begun: Barrier, ended: Barrier) -> None:
        with transaction.atomic():
            assert Head.objects.select_for_update().get()
            begun.wait()
            ended.wait()
        connections.close_all()

    begun, ended = Barrier(2), Barrier(2)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(hold, begun, ended)
        begun.wait()
        code = refusal(anywhere.login, "ben")
        ended.wait()
        other.result()

    assert code == "busy"
    assert refusal(anywhere.login, "ben") == "it was not refused"


def quicken(world: World) -> None:
    """Wait for a lock not for a minute but a moment."""
    options = connections.settings["default"]["OPTIONS"]
    if world.cluster:
        options["options"] = "-c lock_timeout=50"
    else:
        options["timeout"] = 0.05
    connections.close_all()
    connection.settings_dict["OPTIONS"] |= options


def test_a_server_that_is_away_is_said_to_be(empty: World, cluster: Cluster) -> None:
    away = World(empty.home / "away", cluster=cluster)  # nobody made its database
    away.enter()

    with pytest.raises(UnavailableError, match="does not answer") as caught:
        start.check_instance()
    assert "keeper.toml" in caught.value.hint


def test_an_empty_database_is_no_instance(empty: World, cluster: Cluster) -> None:
    bare = World(empty.home / "bare", cluster=cluster)
    cluster.make(database_name(bare.home))
    bare.enter()
    make_store()

    with pytest.raises(UnavailableError, match="no instance here"):
        start.check_instance()


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("SELECT nothing", "internal"),
        ("ATTACH '/nowhere/at/all' AS x", "keeper-unavailable"),
    ],
)
def test_what_the_database_says_is_put_into_our_words(cause: str, code: str) -> None:
    try:
        sqlite3.connect(":memory:").execute(cause)
    except sqlite3.OperationalError as error:
        ours = OperationalError("with a row in it")
        ours.__cause__ = error

    found = describe_failure(ours)
    assert found.code == code
    assert "row in it" not in f"{found}{found.hint}"
