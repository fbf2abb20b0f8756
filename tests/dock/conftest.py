"""The cast and the stage: Ada owns the list, Ben works with it, Eve is a stranger.

Tests run on SQLite. With ``LISTKEEP_TEST_ENGINE=postgresql`` all of them run on
PostgreSQL, but those few that are about SQLite's file.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client

from listkeep.core.sealing import format_token
from listkeep.dock.lists.keeper import use_keeper
from listkeep.dock.project.database import database_settings
from listkeep.wire import messages as m
from tests.fakes.keeper import OWNER_RIGHTS, FakeKeeper
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

# pytest-django has read the settings by now, but nothing has used them yet: an
# instance of somebody who works here stays out of the tests.
HOME = Path(tempfile.mkdtemp(prefix="listkeep-dock-"))
settings.LISTKEEP_HOME = HOME
settings.DATABASES["default"]["NAME"] = str(HOME / "dock.sqlite3")
settings.DATABASES["default"]["TEST"]["NAME"] = str(HOME / "test.sqlite3")
# No test cuts the power, so the database need not wait for the disk.
_OPTIONS = settings.DATABASES["default"]["OPTIONS"]
if "init_command" in _OPTIONS:
    _OPTIONS["init_command"] += "PRAGMA synchronous = OFF;"
ENGINE = os.environ.get("LISTKEEP_TEST_ENGINE", "sqlite")

HEADER = "E-mail,Plan,Country,Name\n"
FACETS = ["plan:text", "country:text"]
MAPPING = {"address": "E-mail"}


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Api:
    """The dock's API as one caller sees it."""

    caller: m.Caller | None = None

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any) -> Answer:
        return self.call("POST", path, json.dumps(body).encode())

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, json.dumps(body).encode())

    def put(self, path: str, content: bytes) -> Answer:
        return self.call("PUT", path, content, kind="application/octet-stream")

    def call(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        kind: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        headers = {}
        if self.caller is not None:
            bearer = self.caller.session or self.caller.service_key
            headers["authorization"] = f"Bearer {bearer}"
            if self.caller.session and self.caller.service_key:  # the console
                headers["authorization"] = f"Bearer {self.caller.service_key}"
                headers["listkeep-session"] = self.caller.session
        client = Client(raise_request_exception=False)
        response = client.generic(
            method,
            f"/v1{path}",
            content,
            content_type=kind,
            headers=headers,
            query_params=dict(query or {}),
            CONTENT_LENGTH=str(len(content)),  # also when it is nothing
        )
        data = response.getvalue()
        response.close()
        return Answer(response.status_code, data, response.headers)

    # --- what takes more than one call ---

    def open_list(
        self,
        name: str = "news",
        facets: Sequence[str] = FACETS,
        fields: Sequence[str] = (),
    ) -> str:
        answer = self.post(
            "/lists", {"name": name, "facets": list(facets), "fields": list(fields)}
        )
        assert answer.status == 201, answer.content
        return str(answer.json["id"])

    def begin_import(self, list_id: str, **body: Any) -> str:
        body.setdefault("mapping", MAPPING)
        answer = self.post(f"/lists/{list_id}/imports", body)
        assert answer.status == 201, answer.content
        return str(answer.json["id"])

    def send(self, list_id: str, content: bytes, **body: Any) -> Answer:
        import_id = self.begin_import(list_id, **body)
        return self.put(f"/imports/{import_id}/file", content)

    def fill(self, list_id: str, *lines: str) -> Answer:
        content = HEADER + "".join(f"{line}\n" for line in lines)
        answer = self.send(list_id, content.encode())
        assert answer.status == 200, answer.content
        return answer

    def tokens(self, list_id: str, segment: str = "all") -> list[dict[str, Any]]:
        answer = self.get(f"/lists/{list_id}/tokens", segment=segment, stream="jsonl")
        assert answer.status == 200, answer.content
        return [json.loads(line) for line in answer.content.splitlines()]


def _delete_all(
    operations: Any, _style: Any, tables: Sequence[str], **_options: Any
) -> list[str]:
    """Empty tables as a superuser does: Django's TRUNCATE makes each file anew."""
    if not tables:
        return []
    deletes = [f"DELETE FROM {operations.quote_name(each)}" for each in tables]  # noqa: S608
    return ["; ".join(("SET LOCAL session_replication_role = replica", *deletes))]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """Have pytest-django make its database on the engine that was asked for."""
    if ENGINE == "postgresql":
        server: Cluster = request.getfixturevalue("cluster")
        known = database_settings(server.url("dock"), home=HOME)
        connections.settings = connections.configure_settings({"default": known})
        DatabaseOperations.sql_flush = _delete_all  # type: ignore[assignment]
        del connections["default"]


@pytest.fixture
def sqlite() -> None:
    """The test is about SQLite's own ways."""
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite's own file")


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """An own home for each test; the database is Django's for tests."""
    settings.LISTKEEP_HOME = tmp_path
    yield tmp_path
    shutil.rmtree(tmp_path / "staging", ignore_errors=True)
    settings.LISTKEEP_HOME = HOME


@pytest.fixture(autouse=True)
def _database(transactional_db: None) -> None:
    """Commits are real here: an import attaches a file and ends in one of its own."""


@pytest.fixture
def keeper() -> Iterator[FakeKeeper]:
    fake = FakeKeeper()
    with use_keeper(fake):
        yield fake


@pytest.fixture
def ada(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_person("ada", "acme", OWNER_RIGHTS))


@pytest.fixture
def ben(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_person("ben", "acme"))


@pytest.fixture
def eve(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_person("eve", "other", OWNER_RIGHTS))


@pytest.fixture
def app(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_service("app", "acme"))


@pytest.fixture
def intake(keeper: FakeKeeper) -> Api:
    return Api(keeper.add_service("intake", "acme"))


@pytest.fixture
def nobody() -> Api:
    return Api()


@pytest.fixture
def news(ada: Api) -> str:
    """A list of four."""
    list_id = ada.open_list()
    ada.fill(
        list_id,
        "anna@example.com,pro,DE,Anna",
        "bert@example.com,pro,FR,Bert",
        "carl@example.com,free,DE,Carl",
        "dora@example.com,free,,Dora",
    )
    return list_id


def database_address() -> str:
    """Tell another process where the tests' database is."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(known["NAME"])
    return f"postgresql://{known['USER']}@/{known['NAME']}?host={known['HOST']}"


def database_folder() -> Path:
    """Tell where the engine keeps its files: tables, write-ahead log, server's log."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return Path(str(known["NAME"])).parent
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")  # tables reach their files
    return Path(known["HOST"])


def token_text(keeper: FakeKeeper, address: str, tenant: str = "acme") -> str:
    """Write the token of an address."""
    return format_token(keeper.token_of(tenant, address))
