"""``listkeep init``: make an instance in one go, or leave nothing behind.

Everything is made in a folder beside its place and moved there at the end, the
keeper's database last: an instance is there when that file is.
"""

import hashlib
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

from listkeep.core.canonical import digest, encode
from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Action, Decision, Genesis
from listkeep.wire.config import instance_home, write_config
from listkeep.wire.identifiers import new_id, new_service_key

from .children import run_own
from .home import CONFIG_FILE, PRIVATE_FOLDER, CliConfig, write_private
from .locks import require_socket_path
from .output import WrongUsage, hint, note

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson
    from listkeep.keeper.gate.turns import Gate

_COMMIT_POINT = "keeper.sqlite3"
_OURS = (
    *("keys", "demo", "cli", "log", "spool", "staging", "exports"),
    *("keeper.toml", "dock.toml", CONFIG_FILE, "dock.key", "dock.sqlite3"),
    _COMMIT_POINT,
)
_DOCK_SERVICE = "dock"
_SEAL_HOST = "seal.localhost"  # browsers take it for this machine, and for secure
_WHY = "beginning of the instance"


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
    )
    note(f"made an instance of profile demo in {home}")
    note(f"the custodians are {custodian[0]} and {custodian[1]}")
    hint("start it with `listkeep up`")


def make_instance(
    home: Path, *, custodians: tuple[str, str], port: int, seal_origin: str
) -> None:
    """Make an instance of profile demo.

    This process becomes the keeper's Django project.

    Raises:
        ConflictError: There is an instance, or part of one.
    """
    require_socket_path(home / "keeper.sock")
    os.umask(0o077)
    with _staged(home) as staging:
        os.environ["LISTKEEP_HOME"] = str(staging)
        (staging / "keeper.toml").write_text(
            "# Settings of the keeper; docs/configuration.md lists them.\n"
            f'socket = "keeper.sock"\nseal_origin = "{seal_origin}"\n'
        )
        config, service_key = _begin_keeper(staging, custodians=custodians, port=port)
        write_private(staging / "dock.key", f"{service_key}\n".encode())
        _write_settings(staging, config=config, port=port)
        for folder in ("cli", "log", "spool", "staging", "exports"):
            (staging / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        run_own("migrate", "dock", home=staging)
        for leftover in staging.glob("*.lock"):
            leftover.unlink()
    os.environ["LISTKEEP_HOME"] = str(home)


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
    """Make the keeper's part, and enrol the dock with both custodians' signatures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.settings"
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415
    from listkeep.keeper.gate.endpoint import open_gate  # noqa: PLC0415
    from listkeep.keeper.gate.genesis import write_facts  # noqa: PLC0415
    from listkeep.keeper.ledger.services import ledger_key  # noqa: PLC0415
    from listkeep.keeper.project import start  # noqa: PLC0415

    start.prepare()
    keeper, folder = new_id("k"), staging / "demo" / "people"
    first, second = (SoftwarePerson.create(folder, name) for name in custodians)
    facts = write_facts(
        keeper=keeper,
        profile=Profile.DEMO,
        seal_origin=settings.CONFIG.seal_origin,
        custodians=(
            first.subject(keeper=keeper, role="custodian"),
            second.subject(keeper=keeper, role="custodian"),
        ),
        now=datetime.now(UTC),
    )
    vouch = _voucher(keeper, digest(facts))
    start.begin(facts, (vouch(first), vouch(second)), now=datetime.now(UTC))
    gate = open_gate()
    service, key = new_service_key()
    _enrol_dock(gate, service, key, custodians=(first, second))
    verifier = ledger_key(gate.store, origin=gate.origin).format()
    connections.close_all()  # which also folds the write-ahead log into the file
    config = CliConfig(
        dock=f"http://127.0.0.1:{port}",
        keeper=keeper,
        profile=Profile.DEMO.value,
        ledger_key=verifier,
        dock_service=service,
    )
    return config, key


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


def _enrol_dock(
    gate: "Gate",
    service: str,
    key: str,
    *,
    custodians: tuple["SoftwarePerson", "SoftwarePerson"],
) -> None:
    """Have both custodians sign for the dock; the keeper gets the key's verifier."""
    from listkeep.keeper.gate import requests, sessions  # noqa: PLC0415
    from listkeep.wire import messages as m  # noqa: PLC0415

    asking, agreeing = custodians
    nonce = sessions.begin_sign_in(gate, now=datetime.now(UTC)).nonce
    signed = asking.sign_in(keeper=gate.origin, service=sessions.DIRECT, nonce=nonce)
    session = sessions.finish_sign_in(
        gate,
        m.FinishSignIn(credential=asking.credential, assertion=signed),
        now=datetime.now(UTC),
    ).session
    subject = {
        "id": service,
        "name": _DOCK_SERVICE,
        "kind": "dock",
        "verifier": hashlib.sha256(key.encode()).hexdigest(),
    }
    view = requests.draft_request(
        gate,
        m.DraftRequest(
            session=session,
            action=Action.SERVICE_ADD.value,
            purpose=_WHY,
            subject=encode(subject).decode(),
        ),
        now=datetime.now(UTC),
    )
    terms = hashlib.sha256(view.terms).hexdigest()
    for person, decision in ((asking, Decision.REQUEST), (agreeing, Decision.APPROVE)):
        assertion = person.sign_request(
            keeper=gate.origin, request=terms, decision=decision.value
        )
        requests.submit_statement(
            gate,
            m.SubmitStatement(request=view.id, assertion=assertion),
            now=datetime.now(UTC),
        )
    sessions.end_session(gate, session, now=datetime.now(UTC))


def _write_settings(staging: Path, *, config: CliConfig, port: int) -> None:
    write_config(staging / CONFIG_FILE, config)
    (staging / "dock.toml").write_text(
        "# Settings of the dock; docs/configuration.md lists them.\n"
        f'bind = "127.0.0.1"\nport = {port}\n'
    )
