"""One real instance for all of these tests; each brings its own list or people."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Terminal, copy_instance, set_cast


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a unix socket's has room for 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def made(short_folder: Path) -> Path:
    """The home of a new instance, to be copied."""
    home = short_folder / "made"
    Terminal(home, short_folder).ok("listkeep init")
    return home


@pytest.fixture(scope="session")
def running(short_folder: Path, made: Path) -> Iterator[Path]:
    """The home of an instance whose buildings run and whose cast is signed in."""
    home = short_folder / "var"
    copy_instance(made, home)
    terminal = Terminal(home, short_folder)
    with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(home)}):
        supervisor = Supervisor(Instance.open())
    with supervisor:
        set_cast(terminal)
        yield home


@pytest.fixture
def terminal(running: Path, tmp_path: Path) -> Terminal:
    """A terminal on the running instance, in a folder of its own."""
    return Terminal(running, tmp_path)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal where there is no instance yet."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    yield Terminal(folder / "var", tmp_path)
    shutil.rmtree(folder, ignore_errors=True)
