"""``listkeep backup``: a copy of one moment, ciphertext only, without any key."""

import os
import re
import shutil
import tarfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.copies.databases import (
    KEEPER,
    Snapshot,
    find_databases,
    missing,
    no_room,
    sync_file,
)
from listkeep.cli.copies.manifest import NAME as MANIFEST
from listkeep.cli.copies.manifest import (
    SETTINGS,
    Manifest,
    describe,
    known_migrations,
    read_checkpoint,
    write_manifest,
)
from listkeep.cli.home import PRIVATE_FOLDER, Instance
from listkeep.cli.output import AsJson, hint, note, plural, progress, show
from listkeep.core.errors import Code, ConflictError, ListkeepError, UnavailableError

_TAR = ".tar"
_PASSWORD = re.compile(r"(://[^:/@\s\"']*):[^@/\s\"']*@")
_MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY app, name"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep backup /backups/monday.tar")(backup)


def backup(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="A new .tar file, or a new folder.",
            show_default=False,
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Copy both databases of an instance, also while it runs.

    The copy is of one moment: every row in it is known to the ledger in it. It holds
    ciphertext and settings, and no key: not the key store, not the dock's own key. Copy
    those apart (docs/guides/what-to-back-up.md); without them nothing in it opens.
    """
    instance = Instance.open()
    target = target.absolute()
    if target.exists():
        raise ConflictError(
            "there is such a file or folder already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name",
        )
    os.umask(0o077)
    with _beside(target) as folder:
        manifest = _copy(instance, folder)
        _move(folder, target)
    show(describe(manifest), as_json=as_json)
    note(f"copied {plural(manifest.ledger_size, 'entry')} of the ledger and all rows")
    hint("no key is in it: keep a copy of the key store elsewhere")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a folder beside the target, which is gone afterwards, moved or not."""
    folder = target.with_name(f".{target.name}.part")
    draft = target.with_name(f".{target.name}.tar-part")
    try:
        for leftover in (folder, draft):
            _remove(leftover)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE_FOLDER)
        yield folder
    except OSError as error:
        raise _failed(error) from error
    finally:
        for leftover in (folder, draft):
            _remove(leftover)


def _copy(instance: Instance, folder: Path) -> Manifest:
    databases = find_databases(instance.home)
    for database in databases.values():
        if not database.exists():
            raise missing(database.building)
    with ExitStack() as held:
        # The dock's moment is the earlier one: the ledger knows every row of it.
        snapshots = {
            name: held.enter_context(database.snapshot())
            for name, database in databases.items()
        }
        _require_room(folder, snapshots.values())
        (row,) = snapshots[KEEPER].read("SELECT checkpoint FROM ledger_head")
        ledger = read_checkpoint(bytes(row[0]), instance.config)
        migrations = {
            name: _read_migrations(name, snapshot)
            for name, snapshot in snapshots.items()
        }
        for snapshot in snapshots.values():
            _copy_one(snapshot, folder)
    for name in SETTINGS:
        path = instance.home / name
        if path.exists():
            text = _PASSWORD.sub(r"\1@", path.read_text(encoding="utf-8"))
            (folder / name).write_text(text, encoding="utf-8")
    return write_manifest(
        folder,
        instance.config,
        ledger=ledger,
        engines={name: each.engine for name, each in databases.items()},
        migrations=migrations,
        now=datetime.now(UTC),
    )


def _read_migrations(building: str, snapshot: Snapshot) -> list[str]:
    rooms = {name.partition(".")[0] for name in known_migrations(building)}
    applied = snapshot.read(_MIGRATIONS)
    return [f"{room}.{name}" for room, name in applied if room in rooms]


def _copy_one(snapshot: Snapshot, folder: Path) -> None:
    name, size = snapshot.file_name, snapshot.size
    with progress(f"copying {name}", total=size, is_bytes=True) as bar:
        snapshot.copy_to(
            folder / name,
            progress=lambda done, all_: bar.move(size * done // max(1, all_)),
        )


def _require_room(folder: Path, snapshots: Collection[Snapshot]) -> None:
    needed = sum(each.size for each in snapshots)
    if shutil.disk_usage(folder).free < needed:
        raise no_room()


def _move(folder: Path, target: Path) -> None:
    """Put the finished copy in its place, all of it or nothing.

    Its new name is the last thing: nobody would clear away what lay beside it then.
    """
    for path in folder.iterdir():
        sync_file(path)
    if target.suffix != _TAR:
        folder.rename(target)
        sync_file(target)
        return
    draft = target.with_name(f".{target.name}.tar-part")
    paths = sorted(folder.iterdir(), key=lambda path: path.name != MANIFEST)
    total = sum(path.stat().st_size for path in paths)
    with progress("packing", total=total, is_bytes=True) as bar:
        done = 0
        with tarfile.open(draft, "w") as archive:
            for path in paths:
                archive.add(path, arcname=path.name, filter=_nameless)
                done += path.stat().st_size
                bar.move(done)
    sync_file(draft)
    _remove(folder)
    draft.rename(target)
    sync_file(target)


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _failed(error: OSError) -> ListkeepError:
    if error.errno in (28, 122, 27):  # no space, quota, file too large
        return no_room()
    return UnavailableError(
        "the copy could not be written", hint="may this user write there?"
    )
