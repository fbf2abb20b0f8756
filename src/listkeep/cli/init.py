"""``listkeep init``: make an instance in one go, or leave nothing behind.

Everything is made in a folder beside its place and moved there at the end,
``cli.toml`` last: an instance is there when that file is.
"""

import hashlib
import json
import os
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.core.canonical import digest
from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Genesis
from listkeep.wire.config import instance_home, write_config
from listkeep.wire.identifiers import new_id, new_service_key

from .children import run_own
from .home import CONFIG_FILE, PRIVATE_FOLDER, CliConfig, Instance, write_private
from .locks import require_socket_path
from .output import WrongUsage, hint, note

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson

_COMMIT_POINT = CONFIG_FILE
_OURS = (
    *("keys", "demo", "cli", "log", "spool", "staging", "exports"),
    *("keeper.toml", "dock.toml", "dock.key", "dock.sqlite3", "keeper.sqlite3"),
    _COMMIT_POINT,
)
_SEAL_HOST = "seal.localhost"  # browsers take it for this machine, and for secure


class Profile(StrEnum):
    """What an instance is for; sealed in its genesis."""

    DEMO = "demo"
    PRODUCTION = "production"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep init --custodian cleo --custodian cyrus")(
        init
    )


def init(
    *,
    profile: Annotated[
        Profile, typer.Option(help="Whether software passkeys count (demo).")
    ] = Profile.DEMO,
    custodian: Annotated[
        list[str], typer.Option(metavar="NAME", help="A first custodian; give two.")
    ] = ["cleo", "cyrus"],  # noqa: B006 - the words of a manual, never changed
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The dock's port on this machine.")
    ] = 8480,
    database: Annotated[
        str,
        typer.Option(
            metavar="postgresql://…",
            help="An empty database for the keeper; else a file in the instance.",
            show_default=False,
        ),
    ] = "",
    seal_port: Annotated[
        int, typer.Option(min=1, max=65535, help="The port of the pages to sign on.")
    ] = 8471,
) -> None:
    """Make a new instance in LISTKEEP_HOME (default ./var).

    Two custodians vouch for the beginning. In the demo profile they get software
    passkeys under demo/people: whoever can read such a file is that person.
    """
    if profile is Profile.PRODUCTION:
        raise RefusedError(
            "the production profile takes hardware passkeys only, "
            "and those cannot be enrolled yet",
            hint="enrolment comes with the signing pages; "
            "until then `listkeep init --profile demo`",
        )
    if len(custodian) != 2 or custodian[0] == custodian[1]:
        raise WrongUsage("an instance begins with two different custodians")
    home = instance_home()
    make_instance(
        home,
        custodians=(custodian[0], custodian[1]),
        port=port,
        seal_origin=f"http://{_SEAL_HOST}:{seal_port}",
        database=database,
    )
    note(f"made an instance of profile demo in {home}")
    note(f"the custodians are {custodian[0]} and {custodian[1]}")
    note(f"its genesis is {Instance.open().config.genesis}")
    hint("start it with `listkeep up`")


def make_instance(
    home: Path,
    *,
    custodians: tuple[str, str],
    port: int,
    seal_origin: str,
    database: str = "",
) -> None:
    """Make an instance of profile demo.

    This process becomes the keeper's Django project. ``database`` is an address of
    PostgreSQL, or empty.

    Raises:
        ConflictError: There is an instance, or part of one.
    """
    require_socket_path(home / "keeper.sock")
    os.umask(0o077)
    with _taken_back() as undo, _staged(home) as staging:
        os.environ["LISTKEEP_HOME"] = str(staging)
        _write_keeper_settings(staging, seal_origin, database)
        if database:
            undo.append(_make_tables())
        config, service_key = _begin_keeper(staging, custodians=custodians, port=port)
        write_private(staging / "dock.key", f"{service_key}\n".encode())
        _write_settings(staging, config=config, port=port, inbox_url=f"{seal_origin}/")
        for folder in ("cli", "log", "spool", "staging", "exports"):
            (staging / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        run_own("migrate", "dock", home=staging)
        for leftover in staging.glob("*.lock"):
            leftover.unlink()
    os.environ["LISTKEEP_HOME"] = str(home)


@contextmanager
def _taken_back() -> Iterator[list[Callable[[], None]]]:
    """Undo outside of the folder what a failed attempt did there."""
    undo: list[Callable[[], None]] = []
    try:
        yield undo
    except BaseException:
        for act in undo:
            act()
        raise


@contextmanager
def _staged(home: Path) -> Iterator[Path]:
    """Give a folder whose content moves to its place when all went well."""
    _require_free(home)
    is_new = not home.exists()
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    staging = home / f".init-{secrets.token_hex(4)}"
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


def _begin_keeper(
    staging: Path, *, custodians: tuple[str, str], port: int
) -> tuple[CliConfig, str]:
    """Make the keeper's part; the genesis names the custodians and the dock."""
    _become_keeper()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415
    from listkeep.keeper.gate.endpoint import open_store  # noqa: PLC0415
    from listkeep.keeper.gate.genesis import write_facts  # noqa: PLC0415
    from listkeep.keeper.ledger.services import ledger_key  # noqa: PLC0415
    from listkeep.keeper.project import start  # noqa: PLC0415

    start.prepare()
    keeper, folder = new_id("k"), staging / "demo" / "people"
    first, second = (SoftwarePerson.create(folder, name) for name in custodians)
    dock, key = _new_dock()
    facts = write_facts(
        keeper=keeper,
        profile=Profile.DEMO,
        seal_origin=settings.SEAL_ORIGIN,
        custodians=(first.subject(role="custodian"), second.subject(role="custodian")),
        dock=dock,
        now=datetime.now(UTC),
    )
    vouch = _voucher(keeper, digest(facts))
    start.begin(facts, (vouch(first), vouch(second)), now=datetime.now(UTC))
    verifier = ledger_key(open_store(), origin=keeper).format()
    connections.close_all()  # which also folds the write-ahead log into the file
    config = CliConfig(
        dock=f"http://127.0.0.1:{port}",
        keeper=keeper,
        profile=Profile.DEMO.value,
        genesis=digest(facts),
        ledger_key=verifier,
        dock_service=dock["id"],
    )
    return config, key


def _new_dock() -> tuple[dict[str, str], str]:
    """Make the dock's key; the genesis names the key's verifier."""
    service, key = new_service_key()
    verifier = hashlib.sha256(key.encode()).hexdigest()
    return {"id": service, "name": "dock", "kind": "dock", "verifier": verifier}, key


def _become_keeper() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.settings"
    import django  # noqa: PLC0415

    django.setup()


def _make_tables() -> Callable[[], None]:
    """Make the tables in a database that has none, and say how to remove them."""
    _become_keeper()
    from listkeep.keeper.project import start  # noqa: PLC0415

    if start.has_database():
        raise ConflictError(
            "there is a keeper in this database already",
            code=Code.ALREADY_EXISTS,
            hint="make an empty database for each instance",
        )
    start.prepare()
    return start.take_back


def _voucher(keeper: str, genesis: str) -> Callable[["SoftwarePerson"], Any]:
    def vouch(person: "SoftwarePerson") -> Any:
        return person.sign(
            Genesis(
                keeper=keeper,
                person=person.person,
                credential=person.credential,
                genesis=genesis,
            )
        )

    return vouch


def _write_keeper_settings(staging: Path, seal_origin: str, database: str) -> None:
    where = f"database = {json.dumps(database)}\n" if database else ""
    (staging / "keeper.toml").write_text(
        "# Settings of the keeper; docs/configuration.md lists them.\n"
        f'socket = "keeper.sock"\nseal_origin = {json.dumps(seal_origin)}\n{where}'
    )


def _write_settings(
    staging: Path, *, config: CliConfig, port: int, inbox_url: str
) -> None:
    write_config(staging / CONFIG_FILE, config)
    (staging / "dock.toml").write_text(
        "# Settings of the dock; docs/configuration.md lists them.\n"
        f'bind = "127.0.0.1"\nport = {port}\ninbox_url = {json.dumps(inbox_url)}\n'
    )
