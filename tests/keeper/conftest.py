"""One instance is built per run; each test works on its own copy of it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.keeper.world import World

# An instance of somebody who works here stays out of the tests. No test cuts the
# power, so the database need not wait for the disk.
os.environ["LISTKEEP_HOME"] = tempfile.mkdtemp(prefix="listkeep-keeper-")
_OPTIONS: Any = settings.DATABASES["default"]["OPTIONS"]
_OPTIONS["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> World:
    world = World(tmp_path_factory.mktemp("template") / "home")
    with django_db_blocker.unblock():
        world.enter()
        world.found()
        world.populate()
        world.leave()
    return world


@pytest.fixture
def world(
    template: World, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[World]:
    """The whole cast on an instance of its own, in files of its own."""
    copy = template.copy_to(tmp_path / "home")
    with django_db_blocker.unblock():
        copy.enter()
        yield copy
        copy.leave()


@pytest.fixture
def empty(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A folder in which nothing has begun yet."""
    bare = World(tmp_path / "bare")
    with django_db_blocker.unblock():
        bare.enter()
        yield bare
        bare.leave()
