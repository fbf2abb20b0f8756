"""``listkeep restore-backup``: put a backup in place, verified before, whole or not.

Who was suppressed stays suppressed: what the databases that are replaced know of it is
kept in a file, which the dock takes up and tells the keeper when it starts.
"""

import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.copies.databases import (
    DOCK,
    KEEPER,
    Database,
    ServerAwayError,
    find_databases,
    no_room,
)
from listkeep.cli.copies.manifest import (
    NAME,
    SETTINGS,
    Manifest,
    describe,
    file_of,
    read_manifest,
    verify_backup,
)
from listkeep.cli.copies.putting_back import Plan, commit, finish
from listkeep.cli.home import CONFIG_FILE, PRIVATE_FOLDER, CliConfig
from listkeep.cli.output import AsJson, hint, note, plural, progress, show
from listkeep.cli.running.locks import only_one
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    UnavailableError,
)
from listkeep.core.sealing import TOKEN_BYTES
from listkeep.core.segments import Status
from listkeep.wire.config import instance_home, read_config

KNOWN = "suppressed.known"
STATUSES = (
    *(Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.BOUNCED),
    *(Status.COMPLAINED, Status.ERASED),
)
_BUILDINGS = ("supervisor", KEEPER, "seal", DOCK)
_KNOWN_OF = {
    KEEPER: "SELECT list_id, token, reason FROM gate_suppression",
    DOCK: "SELECT list_id, token, status FROM entry WHERE status > 0",
}
_FOLDERS = ("cli", "log", "spool", "staging", "exports", "forms")
_HEAD = "SELECT size FROM ledger_head"
_ID = re.compile(r"[a-z0-9_]{1,40}")


class Only(StrEnum):
    """Which of the two databases."""

    KEEPER = "keeper"
    DOCK = "dock"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        "restore-backup",
        epilog="Example: listkeep restore-backup /backups/monday.tar --only dock",
    )(restore_backup)


def restore_backup(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="What `listkeep backup` made.",
            show_default=False,
        ),
    ],
    *,
    only: Annotated[
        Only | None, typer.Option(help="Put back only this one.", show_default=False)
    ] = None,
    older_ledger: Annotated[
        bool,
        typer.Option(
            "--older-ledger",
            help="Give up the newer entries of the ledger that is here: two custodians "
            "have to sign for that before the keeper starts.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of a stopped instance, or into an empty folder.

    Everything in it is verified first. What was there is kept beside it. Killed at any
    moment, this leaves the old instance or the new one. Who was suppressed meanwhile
    stays suppressed.
    """
    os.umask(0o077)
    home = instance_home()
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    is_new = not any(home.iterdir())
    with ExitStack() as held:
        for building in _BUILDINGS:
            held.enter_context(only_one(home, building))
        if finish(home):
            note("what an earlier run had begun was put in place first")
        with _staged(source.absolute(), home) as folder:
            manifest = read_manifest(folder)
            _verify(home, folder, manifest)
            kept = _plan_and_commit(
                home, folder, manifest, only=only, may_shrink=older_ledger
            )
    for folder_name in _FOLDERS if is_new else ():
        (home / folder_name).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    show({**describe(manifest), "kept": kept}, as_json=as_json)
    _say_what_is_next(home, manifest, kept)


@contextmanager
def _staged(source: Path, home: Path) -> Iterator[Path]:
    """Unpack beside the instance, where a rename is all that is left to do."""
    for leftover in home.glob(".restoring-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = home / f".restoring-{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
        if source.is_dir():
            _take_folder(source, folder)
        else:
            _take_archive(source, folder)
        yield folder
    except FileNotFoundError as error:
        raise UnavailableError("there is no such backup") from error
    except tarfile.TarError as error:
        raise _not_a_backup() from error
    except OSError as error:
        raise _failed(error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_folder(source: Path, folder: Path) -> None:
    manifest = read_manifest(source)
    for name in (*manifest.files, NAME):
        shutil.copyfile(source / name, folder / name)


def _take_archive(source: Path, folder: Path) -> None:
    """Take plain files out of an archive, by their names and nothing else."""
    with (
        tarfile.open(source, "r:") as archive,
        progress("unpacking", total=source.stat().st_size, is_bytes=True) as bar,
    ):
        for member in archive:
            if not member.isreg() or member.name != Path(member.name).name:
                raise _not_a_backup()
            data = archive.extractfile(member)
            if data is None or (folder / member.name).exists():
                raise _not_a_backup()
            with (folder / member.name).open("xb") as file:
                shutil.copyfileobj(data, file, 1 << 20)
            bar.move(member.offset_data + member.size)


def _verify(home: Path, folder: Path, manifest: Manifest) -> None:
    config = home / CONFIG_FILE
    trusted = read_config(config, CliConfig) if config.exists() else None
    strays = {path.name for path in folder.iterdir()} - {*manifest.files, NAME}
    if strays:
        raise _not_a_backup()
    total = sum(part.bytes for part in manifest.files.values())
    with progress("verifying", total=total, is_bytes=True) as bar:
        done = [0]

        def move(count: int) -> None:
            done[0] += count
            bar.move(done[0])

        verify_backup(folder, manifest, trusted=trusted, progress=move)
    if trusted is None:
        found = [n for n in ("keeper.sqlite3", "dock.sqlite3") if (home / n).exists()]
        if found:
            raise ConflictError(
                f"something is in the way: {', '.join(found)}",
                code=Code.ALREADY_EXISTS,
                hint="choose another LISTKEEP_HOME, or move it away",
            )


def _plan_and_commit(
    home: Path,
    folder: Path,
    manifest: Manifest,
    *,
    only: Only | None,
    may_shrink: bool,
) -> str:
    """Lay out what goes where, and do it; give the folder of what was there."""
    is_new = not (home / CONFIG_FILE).exists()
    if is_new and only is not None:
        raise ConflictError(
            "there is no instance here that the other half would belong to",
            hint="leave --only out",
        )
    for name in SETTINGS:
        if not is_new or (home / name).exists():
            (folder / name).unlink(missing_ok=True)
    chosen = [only.value] if only else [DOCK, KEEPER]
    targets = _targets(home, folder)
    if not is_new:
        if KEEPER in chosen:
            _require_newer(targets[KEEPER], manifest, may_shrink=may_shrink)
        keep_suppressions(home, folder, [targets[name] for name in chosen])
    files, dumps = _layout(home, manifest, targets, chosen)
    files |= {name: name for name in (*SETTINGS, KNOWN) if (folder / name).exists()}
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = f"before-restore-{moment}-{secrets.token_hex(2)}"
    for path in folder.iterdir():
        if path.name not in {*files, *dumps}:
            path.unlink()
    commit(home, folder, Plan(aside=aside, files=files, dumps=dumps))
    return aside if (home / aside).exists() else ""


def _targets(home: Path, folder: Path) -> dict[str, Database]:
    """Find where the databases belong: as the settings here say, or those that come."""
    if (home / CONFIG_FILE).exists():
        return find_databases(home)
    return {
        name: replace(each, path=_inside(home, folder, each))
        for name, each in find_databases(folder).items()
    }


def _inside(home: Path, folder: Path, database: Database) -> Path:
    """Find where settings that nobody here wrote lead: to a file in the home."""
    path = database.path
    if path is None:
        raise MalformedError(
            "the settings in the backup name a PostgreSQL server for the "
            f"{database.building}",
            code=Code.CONFIG_INVALID,
            hint="if the rows are to go there, put cli.toml, dock.toml and keeper.toml "
            "here first",
        )
    if path.is_relative_to(folder):
        target = home / path.relative_to(folder)
        if home.resolve() in target.resolve().parents:
            return target
    raise MalformedError(
        "the settings in the backup put a database outside this folder",
        code=Code.CONFIG_INVALID,
        hint="if it is to be there, put cli.toml, dock.toml and keeper.toml here first",
    )


def _layout(
    home: Path, manifest: Manifest, targets: dict[str, Database], chosen: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    files, dumps = dict[str, str](), dict[str, str]()
    for name in chosen:
        if manifest.engines[name] != targets[name].engine:
            raise ConflictError(
                f"the {name}'s database in the backup is of another engine",
                hint=f"set `database` in {name}.toml to {manifest.engines[name]}",
            )
        path = targets[name].path
        if path is None:
            dumps[file_of(manifest, name)] = name
        else:
            files[file_of(manifest, name)] = os.path.relpath(path, home)
    return files, dumps


def _require_newer(present: Database, manifest: Manifest, *, may_shrink: bool) -> None:
    """Refuse to give up a ledger that is longer than the one in the backup.

    Raises:
        ConflictError: It is longer, and nobody said that it may go.
        ServerAwayError: Nobody can tell.
    """
    try:
        with present.snapshot() as snapshot:
            sizes = [int(row[0]) for row in snapshot.read(_HEAD)]
    except ServerAwayError:
        raise  # the longer ledger may be there, a moment later
    except ListkeepError:
        return  # it is damaged or gone: that is what a backup is for
    lost = max(sizes, default=0) - manifest.ledger_size
    if lost > 0 and not may_shrink:
        raise ConflictError(
            f"the ledger here is {plural(lost, 'entry')} longer than the one in the "
            "backup",
            hint="put back the dock alone with --only dock; or add --older-ledger, if "
            "what is here is not to be trusted",
        )


def keep_suppressions(home: Path, folder: Path, replaced: list[Database]) -> Path:
    """Write down who is suppressed according to what is replaced, one a line.

    Raises:
        ServerAwayError: Who is suppressed there cannot be known now.
    """
    before = home / KNOWN
    with (folder / KNOWN).open("w", encoding="ascii") as file:
        if before.exists():  # of an earlier restore that no dock has taken up yet
            lines = before.read_text(encoding="ascii").splitlines(keepends=True)
            file.writelines(line for line in lines if line.count(" ") == 2)
        for database in replaced:
            try:
                with database.snapshot() as snapshot:
                    for row in snapshot.read(_KNOWN_OF[database.building]):
                        file.write(_write_known(*row))
            except ServerAwayError:
                raise  # what it knows is forgotten nowhere else
            except ListkeepError:
                note(
                    f"the {database.building}'s database that is here cannot be read: "
                    "whom only it knew as suppressed is not known any more"
                )
    return folder / KNOWN


def _write_known(list_id: object, token: object, what: object) -> str:
    """Write down whom a row suppresses; nothing of one that an intruder made up."""
    if isinstance(what, int) and what in range(len(STATUSES)):
        what = STATUSES[what].value
    if (
        not isinstance(list_id, str)
        or not _ID.fullmatch(list_id)
        or not isinstance(token, bytes | memoryview)
        or len(token) != TOKEN_BYTES
        or what not in STATUSES[1:]
    ):
        return ""
    return f"{list_id} {bytes(token).hex()} {what}\n"


def _say_what_is_next(home: Path, manifest: Manifest, kept: str) -> None:
    note(f"put back the backup of {manifest.made_at}")
    if kept:
        note(f"what was there before is in {kept}; remove it when all is well")
    absent = [name for name in ("keys", "dock.key") if not (home / name).exists()]
    if absent:
        hint(f"put {' and '.join(absent)} back as well: no backup holds them")
    hint("then run `listkeep migrate` and `listkeep up`")


def _not_a_backup() -> MalformedError:
    return MalformedError(
        "this is no backup of Listkeep", hint="`listkeep backup` makes one"
    )


def _failed(error: OSError) -> ListkeepError:
    if error.errno in (28, 122, 27):  # no space, quota, file too large
        return no_room()
    return UnavailableError(
        "the backup could not be put in place", hint="may this user write there?"
    )
