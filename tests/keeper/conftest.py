"""One instance is built per run; each test works on its own copy of it.

They run on SQLite, and on both engines where a test asks for ``anywhere``. With
``LISTKEEP_TEST_ENGINE=postgresql`` all of them run on PostgreSQL, which those few
refuse that open SQLite's file.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar, cast

import pytest
from pytest_django import DjangoDbBlocker

from tests.keeper.instance import database_name
from tests.keeper.telling import DESK, Telling
from tests.keeper.world import World
from tests.postgres import Cluster, cluster

__all__ = ["cluster"]

# An instance of somebody who works here stays out of the tests.
os.environ["LISTKEEP_HOME"] = tempfile.mkdtemp(prefix="listkeep-keeper-")
_W = TypeVar("_W", bound=World)
ENGINES = ("sqlite", "postgresql")
DEFAULT = os.environ.get("LISTKEEP_TEST_ENGINE", "sqlite")


class Stages:
    """The built instance on each engine that was asked for."""

    def __init__(
        self, factory: pytest.TempPathFactory, request: pytest.FixtureRequest
    ) -> None:
        self._factory, self._request = factory, request
        self._built: dict[str, World] = {}

    def bare(self, folder: Path, engine: str) -> World:
        """Give a folder in which nothing has begun yet."""
        home = folder / "bare"
        if engine == "sqlite":
            return World(home)
        server = cast("Cluster", self._request.getfixturevalue("cluster"))
        server.make(database_name(home))
        return World(home, cluster=server)

    def copy(self, folder: Path, engine: str) -> World:
        """Give a copy of the whole cast on an instance of its own."""
        return self.built(engine).copy_to(folder / "home")

    def built(self, engine: str) -> World:
        """Give the instance that is only ever copied."""
        if engine not in self._built:
            world = self.bare(self._factory.mktemp("template"), engine)
            world.enter()
            world.found()
            world.populate()
            world.leave()
            self._built[engine] = world
        return self._built[engine]


@pytest.fixture(scope="session")
def stages(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Stages:
    return Stages(tmp_path_factory, request)


@pytest.fixture(scope="session")
def template(stages: Stages, django_db_blocker: DjangoDbBlocker) -> World:
    with django_db_blocker.unblock():
        return stages.built(DEFAULT)


def played(world: _W) -> Iterator[_W]:
    world.enter()
    yield world
    world.leave()
    if world.cluster:
        world.cluster.drop(database_name(world.home))


@pytest.fixture
def world(
    stages: Stages, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[World]:
    """The whole cast on an instance of its own, in files of its own."""
    with django_db_blocker.unblock():
        yield from played(stages.copy(tmp_path, DEFAULT))


@pytest.fixture
def empty(
    stages: Stages, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[World]:
    """A folder in which nothing has begun yet."""
    with django_db_blocker.unblock():
        yield from played(stages.bare(tmp_path, DEFAULT))


@pytest.fixture(params=ENGINES)
def anywhere(
    stages: Stages,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
    request: pytest.FixtureRequest,
) -> Iterator[World]:
    """The same as ``world``, once on each engine."""
    with django_db_blocker.unblock():
        yield from played(stages.copy(tmp_path, str(request.param)))


@pytest.fixture
def stage(
    stages: Stages, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Telling]:
    """The whole cast, and people outside who are told."""
    with django_db_blocker.unblock():
        yield from played(Telling.of(stages.copy(tmp_path, DEFAULT)))


@pytest.fixture
def desk(stage: Telling) -> str:
    return stage.add_contact("desk", DESK)
