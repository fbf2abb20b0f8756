"""What settings files say of a PostgreSQL server, and what they must not say."""

from pathlib import Path
from typing import Any

import pytest

from listkeep.core.errors import MalformedError
from listkeep.wire import databases
from listkeep.wire.databases import describe_postgresql, unusable_setting

HOME = Path("/instance")
REFUSAL = unusable_setting("dock.toml", "the database is none", "leave it empty")


def describe(text: str) -> dict[str, Any]:
    return describe_postgresql(text, home=HOME, file="dock.toml", refusal=REFUSAL)


def test_files_it_names_are_those_of_the_instance() -> None:
    found = describe(
        "postgresql://dock@db.example:5433/lists?sslmode=verify-full"
        "&passfile=dock.pgpass&sslrootcert=/etc/ca.pem"
    )

    assert (found["NAME"], found["USER"]) == ("lists", "dock")
    assert (found["HOST"], found["PORT"]) == ("db.example", "5433")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["passfile"] == "/instance/dock.pgpass"
    assert found["OPTIONS"]["sslrootcert"] == "/etc/ca.pem"
    assert "PASSWORD" not in found


def test_what_was_committed_is_on_the_disk_and_seen_by_who_waited() -> None:
    options = describe("postgres:///lists?host=/run/postgresql")["OPTIONS"]

    assert options["isolation_level"] == 2  # READ COMMITTED
    assert "synchronous_commit=on" in options["options"]
    assert f"lock_timeout={databases.LOCK_SECONDS}s" in options["options"]


@pytest.mark.parametrize(
    "text",
    [
        "mysql://dock@db.example/lists",
        "postgresql://db.example",
        "postgresql://db.example:many/lists",
        "postgresql://db.example/lists?options=-c%20fsync%3Doff",
        "postgresql://db.example/lists?sslmode",
        "postgresql://db.example/lists#here",
        "postgresql://[db.example/lists",
    ],
)
def test_what_is_no_address_is_refused_in_the_buildings_own_words(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        describe(text)
    assert caught.value is REFUSAL


def test_a_password_does_not_belong_there_and_is_not_repeated() -> None:
    with pytest.raises(MalformedError, match="password does not belong") as caught:
        describe("postgresql://dock:tulip@db.example/lists")
    assert caught.value.message.startswith("dock.toml: ")
    assert "tulip" not in f"{caught.value}{caught.value.hint}"


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(databases, "find_spec", lambda _name: None)

    with pytest.raises(MalformedError) as caught:
        describe("postgresql:///lists")
    assert "listkeep[postgres]" in caught.value.hint
