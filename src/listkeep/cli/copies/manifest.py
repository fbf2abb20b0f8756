"""What a backup says about itself, and what is believed of it.

The manifest holds digests, versions, and the ledger's signed checkpoint. Nothing is
touched before all of it was compared with the files and with the pinned key.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

import listkeep
from listkeep import __version__
from listkeep.cli.home import CliConfig
from listkeep.cli.verification import open_checkpoint
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    VerificationError,
)
from listkeep.core.grants import format_time
from listkeep.core.ledger.note import Checkpoint, NoteKey
from listkeep.core.ledger.tree import Frontier, leaf_hash

from .databases import DOCK, KEEPER, translated
from .dumps import check_dump

NAME = "manifest.json"
FORMAT = 1
SETTINGS = ("cli.toml", "console.toml", "dock.toml", "keeper.toml")
_MOST_BYTES = 1_000_000
_HEX = 64


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds, and of which moment."""

    format: int
    version: str
    made_at: str
    keeper: str
    genesis: str
    profile: str
    ledger_key: str
    ledger_size: int
    ledger_root: str
    checkpoint: str
    engines: dict[str, str]  # by building
    migrations: dict[str, list[str]]  # by building
    files: dict[str, Part]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The newest checkpoint of a copied ledger."""

    checkpoint: str
    size: int
    root: str


def read_checkpoint(data: bytes, config: CliConfig) -> Ledger:
    """Read the checkpoint of a copy, by the key that clients have pinned.

    Raises:
        VerificationError: Another key signed it.
    """
    signed = _open(data, config.ledger_key)
    return Ledger(data.decode(), signed.size, signed.root.hex())


def write_manifest(  # noqa: PLR0913 - one fact each
    folder: Path,
    config: CliConfig,
    *,
    ledger: Ledger,
    engines: dict[str, str],
    migrations: dict[str, list[str]],
    now: datetime,
) -> Manifest:
    """Describe all files of a folder, and write it down beside them."""
    manifest = Manifest(
        format=FORMAT,
        version=__version__,
        made_at=format_time(now.replace(microsecond=0)),
        keeper=config.keeper,
        genesis=config.genesis,
        profile=config.profile,
        ledger_key=config.ledger_key,
        ledger_size=ledger.size,
        ledger_root=ledger.root,
        checkpoint=ledger.checkpoint,
        engines=engines,
        migrations=migrations,
        files={
            path.name: Part(bytes=path.stat().st_size, sha256=_digest(path))
            for path in sorted(folder.iterdir())
        },
    )
    text = json.dumps(msgspec.to_builtins(manifest), indent=2, sort_keys=True)
    (folder / NAME).write_text(f"{text}\n")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        MalformedError: It is no backup, or of a newer form.
    """
    try:
        path = folder / NAME
        if path.stat().st_size > _MOST_BYTES:
            raise _not_a_backup()
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _not_a_backup() from error
    if manifest.format != FORMAT:
        raise _newer()
    known = {*SETTINGS, *(f"{b}.{e}" for b in (DOCK, KEEPER) for e in _SUFFIXES)}
    if not set(manifest.files) <= known or set(manifest.engines) != {DOCK, KEEPER}:
        raise _not_a_backup()
    return manifest


def file_of(manifest: Manifest, building: str) -> str:
    """Name the file with a building's database."""
    return f"{building}.{_SUFFIXES[manifest.engines[building] == 'postgresql']}"


def verify_backup(
    folder: Path,
    manifest: Manifest,
    *,
    trusted: CliConfig | None,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> None:
    """Verify everything that can be known before anything is touched.

    ``trusted`` is what this machine has pinned, if it has an instance already.

    Raises:
        VerificationError: A file is not the one that was copied, or the ledger in it
            not the one that was signed.
        ConflictError: It is of another instance, or of a newer version.
    """
    if trusted is not None and (
        (manifest.keeper, manifest.ledger_key) != (trusted.keeper, trusted.ledger_key)
    ):
        raise ConflictError(
            "this is the backup of another instance",
            hint="choose another LISTKEEP_HOME for it",
        )
    for building in (DOCK, KEEPER):
        if set(manifest.migrations.get(building, ())) - known_migrations(building):
            raise _newer()
    for name, part in manifest.files.items():
        path = folder / name
        if (
            not path.is_file()
            or path.stat().st_size != part.bytes
            or _digest(path, progress) != part.sha256
        ):
            raise _damaged(f"{name} is not the file that was copied")
    for building in (DOCK, KEEPER):
        name = file_of(manifest, building)
        if name not in manifest.files:
            raise _damaged(f"the {building}'s database is not in it")
        if manifest.engines[building] == "sqlite":
            _check_sqlite(folder / name, building)
        else:
            check_dump(folder / name)
    _verify_ledger(folder, manifest)


def known_migrations(building: str) -> set[str]:
    """Name the migrations this version knows, as ``room.name``."""
    root = Path(listkeep.__file__).parent / building
    return {
        f"{path.parent.parent.name}.{path.stem}"
        for path in root.glob("*/migrations/[0-9]*.py")
    }


def _verify_ledger(folder: Path, manifest: Manifest) -> None:
    signed = _open(manifest.checkpoint.encode(), manifest.ledger_key)
    told = (manifest.ledger_size, manifest.ledger_root)
    if (signed.size, signed.root.hex()) != told or signed.origin != manifest.keeper:
        raise _damaged("its ledger is not the one that was signed")
    if manifest.engines[KEEPER] != "sqlite":
        return  # the keeper verifies every entry when it starts
    path = folder / file_of(manifest, KEEPER)
    with (
        translated(KEEPER),
        sqlite3.connect(f"file:{path}?immutable=1", uri=True) as db,
    ):
        frontier = Frontier()
        rows = db.execute('SELECT "index", body FROM ledger_entry ORDER BY "index"')
        for index, body in rows:
            if index != frontier.size:
                break
            frontier, _ = frontier.append(leaf_hash(body))
        if frontier.head != signed.head:
            raise _damaged("its ledger is not the one that was signed")
    db.close()


def _check_sqlite(path: Path, building: str) -> None:
    with (
        translated(building),
        sqlite3.connect(f"file:{path}?immutable=1", uri=True) as database,
    ):
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        (others,) = database.execute(_MORE_THAN_TABLES).fetchone()
    database.close()
    if others:
        raise _damaged(f"the {building}'s database in it has more than tables")
    if found != "ok":
        raise _damaged(f"the {building}'s database in it is damaged")


def _open(checkpoint: bytes, key: str) -> Checkpoint:
    try:
        return open_checkpoint(checkpoint, NoteKey.parse(key))
    except ListkeepError as error:
        raise _damaged("its checkpoint is not signed by this keeper") from error


def _digest(path: Path, progress: Callable[[int], None] = lambda _bytes: None) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            hashed.update(data)
            progress(len(data))
    return hashed.hexdigest()


# A trigger or a view would work for whoever made it up, and we have none.
_MORE_THAN_TABLES = """
    SELECT count(*) FROM sqlite_schema
     WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'
"""
_SUFFIXES = ("sqlite3", "pgdump")


def _not_a_backup() -> MalformedError:
    return MalformedError(
        "this is no backup of Listkeep", hint="`listkeep backup` makes one"
    )


def _newer() -> ConflictError:
    return ConflictError(
        "this backup was made by a newer version of Listkeep",
        code=Code.NEWER_VERSION,
        hint="upgrade Listkeep; a newer instance is never opened by older code",
    )


def _damaged(what: str) -> VerificationError:
    return VerificationError(
        f"the backup cannot be trusted: {what}",
        code=Code.PROOF_INVALID,
        hint="nothing was touched; take another copy",
    )


def describe(manifest: Manifest) -> dict[str, Any]:
    """Describe a backup to people and software."""
    return {
        "keeper": manifest.keeper,
        "made_at": manifest.made_at,
        "version": manifest.version,
        "entries": manifest.ledger_size,
        "root": manifest.ledger_root,
        "bytes": sum(part.bytes for part in manifest.files.values()),
        "files": sorted(manifest.files),
    }
