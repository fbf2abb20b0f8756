"""Put files in place of others so that a kill leaves the old or the new instance.

What is to be put lies in ``.restore`` with a plan. The rename that gives the folder
this name is the moment that counts: before it nothing was touched, after it every
start of a building first finishes what the plan says. Each step can be done again.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from listkeep.cli.home import PRIVATE_FILE, PRIVATE_FOLDER

from .databases import SIDE_FILES, find_databases, sync_file

READY = ".restore"
_PLAN = "plan.json"
_LOCK = "restore.lock"


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes where."""

    aside: str  # folder of what was there, inside the home
    files: dict[str, str]  # staged name: path, as it stands in the settings
    dumps: dict[str, str]  # staged name: building whose database it replaces


def commit(home: Path, staged: Path, plan: Plan) -> None:
    """Make a staged folder the one that is put in place, whatever happens next."""
    (staged / _PLAN).write_text(json.dumps(asdict(plan)))
    for path in staged.iterdir():
        sync_file(path)
    staged.rename(home / READY)
    sync_file(home / READY)
    finish(home)


def finish(home: Path) -> bool:
    """Finish what was begun to be put in place; tell whether there was something.

    Raises:
        UnavailableError: A dump is to be put back, and its server does not answer.
    """
    if not (home / READY).exists():
        return False
    with _alone(home):
        folder = home / READY
        if (folder / _PLAN).exists():
            plan = Plan(**json.loads((folder / _PLAN).read_text()))
            for name, target in plan.files.items():
                _put(folder / name, home / target, aside=home / plan.aside)
            for name, building in plan.dumps.items():
                if (folder / name).exists():
                    find_databases(home)[building].put_dump(folder / name)
            (folder / _PLAN).unlink()
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _put(staged: Path, target: Path, *, aside: Path) -> None:
    """Set aside what is there, with the logs that belong to it, and put the new one.

    As long as the staged file is there, what lies in its place is the old one.
    """
    if not staged.exists():
        return
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for suffix in ("", *SIDE_FILES):
        old = target.with_name(f"{target.name}{suffix}")
        if old.exists():
            aside.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            old.rename(aside / old.name)
    staged.rename(target)
    target.chmod(PRIVATE_FILE)
    sync_file(target)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let nobody else finish at the same time; who waited finds it done."""
    descriptor = os.open(home / _LOCK, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
