"""``listkeep ledger recover``: two custodians answer for a lost end of the ledger.

Works where the keeper does not: the keeper refuses to start, and this reads its
database and key store itself, as ``listkeep init`` does.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    ask,
    hint,
    is_interactive,
    note,
    plural,
    show,
)
from listkeep.cli.running.locks import only_one
from listkeep.cli.signing import KeyKind, load_passkey
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import format_time
from listkeep.wire.messages import Assertion

if TYPE_CHECKING:
    from listkeep.keeper.gate.people.recovering import Loss

_MARKS = ("mark-0.key", "mark-1.key")


class _Signs(Protocol):
    def sign_recovery(self, *, keeper: str, recovery: str) -> Assertion: ...


def recover(
    *,
    name: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NAME",
            help="The custodian who signs; without it the loss is only shown.",
        ),
    ] = "",
    key: Annotated[
        KeyKind | None,
        typer.Option(help="Which passkey signs.", show_default=False),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask: the loss was seen before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what of the ledger was lost; with --as, sign to go on from what is left.

    For a keeper that does not start because its ledger is shorter than its key store
    remembers, and only if no newer copy of it is to be had. Two custodians sign, one
    after the other, on the keeper's machine. Then what was asked for before is void,
    budgets count as spent, and everything is frozen until two of each side lift it.
    """
    instance = Instance.open()
    with only_one(instance.home, "keeper"), only_one(instance.home, "seal"):
        store = _become_keeper()
        from listkeep.keeper.gate.people import recovering  # noqa: PLC0415

        loss = recovering.find_loss(store)
        facts = describe(loss, instance.home / "keys")
        if name:
            _show_before(facts)
            _confirm(yes=yes)
            assertion = _sign(instance, loss, name, key)
            loss = recovering.sign_recovery(store, assertion, now=datetime.now(UTC))
            facts["signed by"] = _signers(loss)
    if as_json or not name:
        show({n.replace(" ", "_"): v for n, v in facts.items()}, as_json=as_json)
    _say_what_is_next(loss)


def describe(loss: "Loss", keys: Path) -> dict[str, Any]:
    """Put a loss into words: sizes, times, and who may answer for it."""
    from listkeep.keeper.gate.people.recovering import recoverers  # noqa: PLC0415

    newest = loss.registry.latest_at
    written = [
        (keys / name).stat().st_mtime for name in _MARKS if (keys / name).exists()
    ]
    last = datetime.fromtimestamp(max(written), UTC) if written else None
    return {
        "left": int(loss.facts["kept_size"]),
        "lost": loss.entries,
        "newest that is left": format_time(newest) if newest else "",
        "last written": format_time(last.replace(microsecond=0)) if last else "",
        "epoch": int(loss.facts["epoch"]),
        "may sign": sorted(recoverers(loss)),
        "signed by": _signers(loss),
        "sha256": loss.digest,
    }


def _signers(loss: "Loss") -> list[str]:
    people = loss.registry.people
    return sorted(people[who].name for who in loss.signed if who in people)


def _show_before(facts: dict[str, Any]) -> None:
    left, lost = facts["left"], facts["lost"]
    note(f"{plural(lost, 'entry')} of the ledger is lost, {left:,} are left")
    note(f"the newest that is left is of {facts['newest that is left']}")
    note(f"the ledger was last written about {facts['last written']}")
    note("who was revoked and what was frozen in between is not known any more")


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not is_interactive():
        raise WrongUsage(
            "nobody is there to confirm this",
            hint="look first, then add --yes",
        )
    if ask("go on without what is lost? type yes:").lower() != "yes":
        raise WrongUsage("nothing was signed")


def _sign(
    instance: Instance, loss: "Loss", name: str, kind: KeyKind | None
) -> Assertion:
    passkey = _passkey(instance, loss, name, kind)
    return passkey.sign_recovery(keeper=loss.facts["keeper"], recovery=loss.digest)


def _passkey(
    instance: Instance, loss: "Loss", name: str, kind: KeyKind | None
) -> _Signs:
    from listkeep.keeper.gate.people.recovering import recoverers  # noqa: PLC0415

    known = recoverers(loss)
    if name not in known:
        raise RefusedError(
            "there was no such custodian to the end",
            code=Code.NOT_PERMITTED,
            hint=f"one of {', '.join(sorted(known)) or 'nobody: find a newer copy'}",
        )
    has_file = (instance.people / f"{name}.json").exists()
    if kind is KeyKind.SOFTWARE or (kind is None and has_file):
        return load_passkey(instance, name)
    from listkeep.cli.hardware import HardwarePerson  # noqa: PLC0415

    person, credentials = known[name]
    return HardwarePerson(person, credentials, rp_id=loss.registry.party.rp_id)


def _say_what_is_next(loss: "Loss") -> None:
    if len(loss.signed) >= 2:
        note("the ledger goes on; everything is frozen, and everybody is told")
        hint(
            "start it with `listkeep up`, look through `listkeep registry show`, and "
            "lift the freezes with `listkeep unfreeze`: two of each side"
        )
    elif loss.signed:
        note("one custodian has signed")
        hint("the other one runs `listkeep ledger recover --as NAME`")
    else:
        hint(
            "look for a newer copy first; if there is none, two custodians run "
            "`listkeep ledger recover --as NAME`"
        )


def _become_keeper() -> Any:
    os.umask(0o077)
    os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.settings"
    import django  # noqa: PLC0415

    django.setup()
    from listkeep.keeper.gate.endpoint import open_store  # noqa: PLC0415
    from listkeep.keeper.project.start import check_database  # noqa: PLC0415

    check_database()
    return open_store()
