"""``listkeep keys``: copies of all keys, for holders who open them together."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    hint,
    note,
    plural,
    write,
    write_json,
)
from listkeep.cli.request_ids import RequestId, require_request_id
from listkeep.cli.running.locks import only_one
from listkeep.cli.sessions import As
from listkeep.core.errors import Code, ConflictError, VerificationError
from listkeep.core.grants import Action, format_time

from .registry import Purpose, ask_for, find_row

if TYPE_CHECKING:
    from listkeep.keeper.gate.turns import Gate

_MOST_BYTES = 1024**3
_OPERATOR = "(operator)"  # in the place of a tenant's name


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add = app.command
    add(
        "request-backup",
        epilog="Example: listkeep keys request-backup --holder cleo=age1… "
        "--holder cyrus=age1… --holder vera=age1… --needed 2 --as cleo",
    )(request_backup)
    add(epilog="Example: listkeep keys backup r_abcdefghijkl --to copy")(backup)
    add(
        "open-share",
        epilog="Example: listkeep keys open-share share-cleo.age --identity cleo.txt",
    )(open_share)
    add(
        "restore-backup",
        epilog="Example: listkeep keys restore-backup copy/keys.copy "
        "--share cleo.share --share vera.share",
    )(restore_backup)


def request_backup(  # noqa: PLR0913 - each is an option
    *,
    holder: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=AGE_KEY",
            help="Who of the operator's people gets a share, and the age key; 2 to 8.",
        ),
    ],
    needed: Annotated[
        int, typer.Option(min=2, max=8, help="How many shares open the copy.")
    ] = 2,
    keep_days: Annotated[
        int, typer.Option(min=1, max=400, help="After how many days it is destroyed.")
    ] = 365,
    purpose: Purpose = "a copy of the keys, in case they are lost",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a copy of all keys; another custodian has to agree, and a day to pass.

    Until then any other custodian can deny it; only an instance of today does not wait.
    Whoever brings together as many shares as are needed, and has a copy of the rows,
    opens every list of that day. So choose holders who do not work with lists.
    """
    until = datetime.now(UTC) + timedelta(days=keep_days)
    holders = sorted(_pair(each) for each in holder)
    people = [
        find_row("person", who, name=name, tenant=_OPERATOR)["id"] for who, _ in holders
    ]
    ask_for(
        Action.KEYS_BACKUP,
        {
            "holders": " ".join(f"{who}:{key}" for who, key in holders),
            "people": " ".join(people),
            "needed": str(needed),
            "until": format_time(until - timedelta(minutes=1)),
        },
        name=name,
        purpose=purpose,
        as_json=as_json,
    )


def backup(
    request: RequestId,
    *,
    to: Annotated[
        Path, typer.Option(metavar="FOLDER", help="A folder that is not there yet.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write the copy two custodians agreed to, and a share for each holder.

    Run it on the keeper's host, as the keeper's user; the keeper may run meanwhile.
    """
    gate = open_keeper()
    from listkeep.keeper.gate.custody.key_copies import copy_keys  # noqa: PLC0415

    made = copy_keys(
        gate, require_request_id(request), folder=to.absolute(), now=datetime.now(UTC)
    )
    until = format_time(made.terms.until)
    if as_json:
        write_json(
            {
                "keys": made.keys,
                "holders": list(made.terms.holders),
                "needed": made.terms.needed,
                "expires": until,
                "sha256": made.sha256,
            }
        )
    note(f"{plural(made.keys, 'key')} are in keys.copy, to be destroyed by {until}")
    note(
        f"any {made.terms.needed} of {plural(len(made.terms.holders), 'share')} open it"
    )
    hint("give each holder their share, keep keys.copy elsewhere, and empty the folder")


def open_share(
    share: Annotated[
        Path, typer.Argument(metavar="FILE", help="Your share.", show_default=False)
    ],
    *,
    identity: Annotated[
        Path, typer.Option(metavar="FILE", help="Your age identity; it stays with you.")
    ],
) -> None:
    """Decrypt your share, on your own machine, when keys have to be put back.

    `age --decrypt` does the same. Hand what comes out to whoever restores, and to
    nobody else.
    """
    import pyrage  # noqa: PLC0415 - few commands need it

    lines = _read(identity).decode(errors="replace").split()
    secret = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        opened = pyrage.decrypt(_read(share), [pyrage.x25519.Identity.from_str(secret)])
    except (pyrage.IdentityError, pyrage.DecryptError) as error:
        raise VerificationError(
            "this identity does not open this share",
            hint="each share opens with its own holder's identity",
        ) from error
    write(opened.decode().rstrip())


def restore_backup(
    copy: Annotated[
        Path, typer.Argument(metavar="FILE", help="keys.copy.", show_default=False)
    ],
    *,
    share: Annotated[
        list[Path], typer.Option(metavar="FILE", help="An opened share; several.")
    ],
    as_json: AsJson = False,
) -> None:
    """Put lost keys back from a copy, with the shares of enough holders.

    On the keeper's host, with the newest ledger in place and the keeper stopped. The
    ledger is verified first; a key it says was destroyed does not come back.
    """
    instance = Instance.open()
    with only_one(instance.home, "keeper"), only_one(instance.home, "seal"):
        settings = become_keeper()
        from listkeep.keeper.gate.custody import key_restoring  # noqa: PLC0415
        from listkeep.keeper.gate.endpoint import open_roots  # noqa: PLC0415
        from listkeep.keeper.project.start import check_database  # noqa: PLC0415

        check_database()
        done = key_restoring.restore_keys(
            _read(copy),
            [_read(each) for each in share],
            folder=settings.KEY_STORE,
            roots=open_roots(),
            genesis=instance.config.genesis,
            now=datetime.now(UTC),
        )
    if as_json:
        write_json(
            {
                "keys": done.keys,
                "withheld": done.withheld,
                "missing": list(done.missing),
                "entries_since": done.entries_since,
            }
        )
    else:
        for key_id in done.missing:
            write(f"missing {key_id}")
    _tell(done)


def _tell(done: Any) -> None:
    note(f"{plural(done.keys, 'key')} are back, and the ledger is whole")
    if done.withheld:
        note(f"{plural(done.withheld, 'key')} stay destroyed, as the ledger says")
    if done.missing:
        note(
            f"{plural(len(done.missing), 'key')} were made after the copy and are lost"
        )
    if done.is_over:
        note("this copy should have been destroyed by now")
    note(f"the ledger has grown by {done.entries_since:,} entries since the copy")
    hint(
        "compare `listkeep ledger verify` with a head somebody wrote down: what was "
        "cut off behind the copy shows nowhere else"
    )


def open_keeper() -> "Gate":
    """Make this process a keeper's: it reads and verifies the whole ledger.

    Raises:
        ListkeepError: The instance is not there, or in no state to be opened.
    """
    become_keeper()
    from listkeep.keeper.gate.endpoint import open_gate  # noqa: PLC0415
    from listkeep.keeper.project.start import check_instance  # noqa: PLC0415

    check_instance()
    return open_gate()


def become_keeper() -> Any:
    """Make this process one of the keeper's Django project; give its settings.

    Raises:
        UnavailableError: There is no instance here.
    """
    Instance.open()
    os.umask(0o077)
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.settings"
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    django.setup()
    return settings


def _pair(text: str) -> tuple[str, str]:
    name, equals, key = text.partition("=")
    if not equals:
        raise WrongUsage("a holder is NAME=AGE_KEY", hint="as in cleo=age1…")
    return name, key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such file") from error
    if len(data) > _MOST_BYTES:
        raise ConflictError("the file is too large", code=Code.BODY_TOO_LARGE)
    return data
