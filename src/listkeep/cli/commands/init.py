"""``listkeep init``: make an instance in one go, or leave nothing behind.

Everything is made in a folder beside its place and moved there at the end,
``cli.toml`` last: an instance is there when that file is.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from listkeep.cli.home import CONFIG_FILE, PRIVATE_FOLDER, CliConfig, write_private
from listkeep.cli.origins import APP_PORT, DOCK_PORT, SEAL_PORT, write_origins
from listkeep.cli.output import WrongUsage, hint, note, write
from listkeep.cli.running.children import run_own
from listkeep.cli.running.locks import require_socket_path
from listkeep.core.canonical import digest
from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Genesis
from listkeep.wire.config import instance_home, write_config
from listkeep.wire.identifiers import new_id, new_service_key

from .staging import staged, taken_back

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson

_SEAL_HOST = "seal.localhost"  # browsers take it for this machine, and for secure


class Profile(StrEnum):
    """What an instance is for; sealed in its genesis."""

    DEMO = "demo"
    PRODUCTION = "production"


_Database = Annotated[
    str,
    typer.Option(
        metavar="postgresql://…",
        help="An empty database for the keeper; else a file in the instance.",
        show_default=False,
    ),
]
_DockDatabase = Annotated[
    str,
    typer.Option(
        metavar="postgresql://…",
        help="An empty database for the dock; else a file in the instance.",
        show_default=False,
    ),
]
Port = Annotated[
    int, typer.Option(min=1, max=65535, help="The dock's port on this machine.")
]
SealPort = Annotated[
    int, typer.Option(min=1, max=65535, help="The port of the pages to sign on.")
]
AppPort = Annotated[
    int, typer.Option(min=1, max=65535, help="The port of the console's pages.")
]
_SealOrigin = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Where people sign, if not on this machine; it cannot change later.",
        show_default=False,
    ),
]
_Links = Annotated[
    bool,
    typer.Option(
        "--links",
        help="Print two links, over which the custodians found the instance in their "
        "browsers.",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep init --custodian cleo --custodian cyrus")(
        init
    )


def init(  # noqa: PLR0913 - each is an option
    *,
    profile: Annotated[
        Profile, typer.Option(help="Whether software passkeys count (demo).")
    ] = Profile.DEMO,
    custodian: Annotated[
        list[str], typer.Option(metavar="NAME", help="A first custodian; give two.")
    ] = ["cleo", "cyrus"],  # noqa: B006 - the words of a manual, never changed
    port: Port = DOCK_PORT,
    database: _Database = "",
    dock_database: _DockDatabase = "",
    seal_port: SealPort = SEAL_PORT,
    app_port: AppPort = APP_PORT,
    seal_origin: _SealOrigin = "",
    links: _Links = False,
) -> None:
    """Make a new instance in LISTKEEP_HOME (default ./var).

    Two custodians vouch for the beginning. In the demo profile, and without --links,
    they get software passkeys under demo/people: whoever can read such a file is
    that person.
    """
    if len(custodian) != 2 or custodian[0] == custodian[1]:
        raise WrongUsage("an instance begins with two different custodians")
    plan = Plan(
        profile=profile,
        custodians=(custodian[0], custodian[1]),
        port=port,
        app_port=app_port,
        seal_origin=seal_origin or f"http://{_SEAL_HOST}:{seal_port}",
        database=database,
        dock_database=dock_database,
    )
    if not links:
        _require_software(plan)
    home = instance_home()
    made = make_instance(home, plan, begin=_begin_links if links else _begin_at_once)
    note(f"made an instance of profile {profile.value} in {home}")
    note(f"the custodians are {custodian[0]} and {custodian[1]}")
    if links:
        _show_links(plan, made.links)
    else:
        note(f"its genesis is {made.genesis}")
        hint("start it with `listkeep up`")


def _require_software(plan: "Plan") -> None:
    """Refuse what software passkeys cannot begin.

    Raises:
        RefusedError: The profile takes none.
        WrongUsage: They would sign for another host.
    """
    if plan.profile is Profile.PRODUCTION:
        raise RefusedError(
            "the production profile takes hardware passkeys only",
            hint="add --links: the custodians enrol theirs in their browsers",
        )
    if urlsplit(plan.seal_origin).hostname != _SEAL_HOST:
        raise WrongUsage(
            f"software passkeys sign for {_SEAL_HOST} and no other host",
            hint="add --links, or leave the host as it is",
        )


def _show_links(plan: "Plan", links: tuple[str, ...]) -> None:
    note("each gets one link, which is valid for seven days and used once:")
    for name, link in zip(plan.custodians, links, strict=True):
        write(f"{name} {link}")
    hint("they open once `listkeep up` runs, which waits until both have signed")
    if plan.profile is Profile.PRODUCTION:
        hint(
            "first name the models and makers of keys you trust: attestation_aaguids "
            "in keeper.toml, root certificates in keys/attestation"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What kind of instance is wanted."""

    profile: Profile
    custodians: tuple[str, str]
    port: int
    app_port: int
    seal_origin: str
    database: str  # an address of PostgreSQL, or empty
    dock_database: str = ""


Services = dict[str, dict[str, str]]
"""What the genesis says of the dock and of the console."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the keeper's part is, once it was made."""

    keeper: str
    genesis: str = ""  # not known before both custodians signed
    links: tuple[str, ...] = ()


def make_instance(
    home: Path, plan: Plan, *, begin: Callable[[Path, Plan, Services], Begun]
) -> Begun:
    """Make an instance; this process becomes the keeper's Django project.

    Raises:
        ConflictError: There is an instance, or part of one.
        MalformedError: The seal origin is no origin.
    """
    require_socket_path(home / "keeper.sock")
    os.umask(0o077)
    with taken_back() as undo, staged(home) as staging:
        os.environ["LISTKEEP_HOME"] = str(staging)
        _write_settings(staging, plan)
        write_origins(
            staging,
            port=plan.port,
            app_port=plan.app_port,
            seal_origin=plan.seal_origin,
        )
        if plan.database:
            undo.append(_make_tables())
        begun = _begin_keeper(staging, plan, begin=begin)
        for folder in ("cli", "log", "spool", "staging", "exports", "forms"):
            (staging / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        run_own("migrate", "dock", "--fresh", home=staging)
        for leftover in staging.glob("*.lock"):
            leftover.unlink()
    os.environ["LISTKEEP_HOME"] = str(home)
    return begun


def _begin_keeper(
    staging: Path, plan: Plan, *, begin: Callable[[Path, Plan, Services], Begun]
) -> Begun:
    """Make the keeper's part, and write down what its clients have to know."""
    _become_keeper()
    from django.db import connections  # noqa: PLC0415

    from listkeep.keeper.gate.endpoint import open_store  # noqa: PLC0415
    from listkeep.keeper.ledger.services import ledger_key  # noqa: PLC0415
    from listkeep.keeper.project import start  # noqa: PLC0415

    start.prepare()
    keys = {name: _new_service(name) for name in ("dock", "console")}
    services = {name: subject for name, (subject, _) in keys.items()}
    begun = begin(staging, plan, services)
    config = CliConfig(
        dock=f"http://127.0.0.1:{plan.port}",
        keeper=begun.keeper,
        profile=plan.profile.value,
        genesis=begun.genesis,
        ledger_key=ledger_key(open_store(), origin=begun.keeper).format(),
        dock_service=services["dock"]["id"],
    )
    connections.close_all()  # which also folds the write-ahead log into the file
    write_config(staging / CONFIG_FILE, config)
    for name, (_, key) in keys.items():
        write_private(staging / f"{name}.key", f"{key}\n".encode())
    return begun


def _begin_at_once(staging: Path, plan: Plan, services: Services) -> Begun:
    """Have both custodians vouch with software passkeys."""
    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415
    from listkeep.keeper.gate.people.genesis import write_facts  # noqa: PLC0415
    from listkeep.keeper.project import start  # noqa: PLC0415

    keeper, folder = new_id("k"), staging / "demo" / "people"
    first, second = (SoftwarePerson.create(folder, name) for name in plan.custodians)
    facts = write_facts(
        keeper=keeper,
        profile=plan.profile,
        seal_origin=plan.seal_origin,
        custodians=(first.subject(role="custodian"), second.subject(role="custodian")),
        dock=services["dock"],
        console=services["console"],
        now=datetime.now(UTC),
    )
    vouch = _voucher(keeper, digest(facts))
    start.begin(facts, (vouch(first), vouch(second)), now=datetime.now(UTC))
    return Begun(keeper, genesis=digest(facts))


def _begin_links(_staging: Path, plan: Plan, services: Services) -> Begun:
    """Prepare the links over which both custodians found the instance."""
    from listkeep.keeper.gate.endpoint import open_store  # noqa: PLC0415
    from listkeep.keeper.gate.people.founding import begin_founding  # noqa: PLC0415

    keeper = new_id("k")
    invitations = begin_founding(
        open_store(),
        keeper=keeper,
        profile=plan.profile,
        seal_origin=plan.seal_origin,
        custodians=plan.custodians,
        dock=services["dock"],
        console=services["console"],
        now=datetime.now(UTC),
    )
    links = tuple(each.link(plan.seal_origin) for each in invitations)
    return Begun(keeper, links=links)


def _new_service(name: str) -> tuple[dict[str, str], str]:
    """Make the key of a building; the genesis names the key's verifier."""
    service, key = new_service_key()
    verifier = hashlib.sha256(key.encode()).hexdigest()
    return {"id": service, "name": name, "kind": name, "verifier": verifier}, key


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


def _write_settings(staging: Path, plan: Plan) -> None:
    (staging / "keeper.toml").write_text(
        "# Settings of the keeper; docs/configuration.md lists them.\n"
        f'socket = "keeper.sock"\nseal_origin = {json.dumps(plan.seal_origin)}\n'
        f"{_where(plan.database)}"
    )
    inbox_url = json.dumps(f"{plan.seal_origin}/")
    (staging / "dock.toml").write_text(
        "# Settings of the dock; docs/configuration.md lists them.\n"
        f'bind = "127.0.0.1"\nport = {plan.port}\ninbox_url = {inbox_url}\n'
        f"{_where(plan.dock_database)}"
    )


def _where(database: str) -> str:
    return f"database = {json.dumps(database)}\n" if database else ""
