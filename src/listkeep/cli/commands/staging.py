"""A folder that is filled beside its place, and moved there when all went well."""

import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from listkeep.cli.home import CONFIG_FILE, PRIVATE_FOLDER
from listkeep.core.errors import Code, ConflictError

_COMMIT_POINT = CONFIG_FILE
_DRAFT = ".init-"
_OURS = (
    *("keys", "demo", "cli", "log", "spool", "staging", "exports", "forms"),
    *("keeper.toml", "dock.toml", "dock.key", "dock.sqlite3", "keeper.sqlite3"),
    *("console.toml", "console.key"),
    _COMMIT_POINT,
)


def is_bare(home: Path) -> bool:
    """Tell whether nothing is here but what an `init` left that was killed."""
    return not home.exists() or all(
        path.name.startswith(_DRAFT) for path in home.iterdir()
    )


@contextmanager
def taken_back() -> Iterator[list[Callable[[], None]]]:
    """Undo outside of the folder what a failed attempt did there."""
    undo: list[Callable[[], None]] = []
    try:
        yield undo
    except BaseException:
        for act in undo:
            act()
        raise


@contextmanager
def staged(home: Path) -> Iterator[Path]:
    """Give a folder whose content moves to its place when all went well."""
    _require_free(home)
    is_new = not home.exists()
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    staging = home / f"{_DRAFT}{secrets.token_hex(4)}"
    staging.mkdir(mode=PRIVATE_FOLDER)
    moved: list[Path] = []
    try:
        with _terminated_as_interrupt():
            yield staging
            _require_free(home)
            for part in _in_order(staging):
                moved.append(home / part.name)
                part.rename(home / part.name)
            home.chmod(PRIVATE_FOLDER)
    except BaseException:
        for path in reversed(moved):
            _remove(path)
        shutil.rmtree(staging, ignore_errors=True)
        if is_new:
            shutil.rmtree(home, ignore_errors=True)
        raise
    staging.rmdir()


def _in_order(staging: Path) -> list[Path]:
    return sorted(staging.iterdir(), key=lambda path: path.name == _COMMIT_POINT)


def _require_free(home: Path) -> None:
    found = [name for name in _OURS if (home / name).exists()]
    if _COMMIT_POINT in found:
        raise ConflictError(
            "there is an instance here already",
            code=Code.ALREADY_EXISTS,
            hint="choose another LISTKEEP_HOME; an instance is never overwritten",
        )
    if found:
        raise ConflictError(
            f"something is in the way: {', '.join(found)}",
            code=Code.ALREADY_EXISTS,
            hint="choose another LISTKEEP_HOME, or move it away",
        )


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """Let a polite end of the process clean up as Ctrl-C does."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
