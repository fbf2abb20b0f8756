"""``listkeep freeze`` and ``unfreeze``: stop releases now, one person is enough."""

from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.output import AsJson
from listkeep.cli.sessions import As
from listkeep.core.grants import Action

from .registry import Purpose, TenantName, ask_for, read_rows, show_registry


class ReleaseClass(StrEnum):
    """Which releases stop."""

    EXPORT_AND_REVEAL = "export+reveal"
    CAMPAIGNS = "campaigns"
    TRANSACTIONAL = "transactional"


ClassOption = Annotated[
    list[ReleaseClass],
    typer.Option(
        "--class",
        help="Which releases; give it again for another. Transactional mail stops "
        "only when it is named.",
    ),
]
_DEFAULT = [ReleaseClass.EXPORT_AND_REVEAL, ReleaseClass.CAMPAIGNS]
WhatStands = Annotated[
    list[ReleaseClass],
    typer.Option(
        "--class",
        help="Which releases; give it again for another. If left out, what of exports, "
        "reveals and campaigns is frozen.",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command(epilog="Example: listkeep freeze --as ada --purpose 'odd sign-in'")(
        freeze
    )
    program.command(epilog="Example: listkeep unfreeze --as ada")(unfreeze)


def freeze(  # noqa: PLR0913 - each is an option
    *,
    release_class: ClassOption = _DEFAULT,
    tenant: TenantName = "",
    purpose: Purpose = "to be safe",
    show: Annotated[
        bool, typer.Option("--show", help="Only show which freezes stand.")
    ] = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Freeze releases at once: an owner for the own tenant, a custodian for one or all.

    A custodian who names no tenant freezes everything.
    """
    if show:
        columns = ("class", "tenant", "set_by")
        show_registry("freeze", columns, name=name, as_json=as_json)
        return
    ask_for(
        Action.FREEZE,
        {"classes": " ".join(sorted(set(release_class)))},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )


def unfreeze(
    *,
    release_class: WhatStands = [],  # noqa: B006 - never changed
    tenant: TenantName = "",
    purpose: Purpose = "the danger is over",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Lift a freeze: two of the side that set it have to sign."""
    classes = release_class or _standing(name, tenant)
    ask_for(
        Action.UNFREEZE,
        {"classes": " ".join(sorted(set(classes)))},
        name=name,
        tenant=tenant,
        purpose=purpose,
        as_json=as_json,
    )


def _standing(name: str, tenant: str) -> list[ReleaseClass]:
    """Find what is frozen of that which a freeze stops if it names nothing."""
    rows = read_rows("freeze", name=name)
    at_operator = [row for row in rows if row["tenant"].startswith("(")]
    meant = [row for row in rows if row["tenant"] == tenant] if tenant else at_operator
    if not tenant and not at_operator:
        meant = rows  # an owner sees the own tenant's, and no other
    frozen = {row["class"] for row in meant}
    return [each for each in _DEFAULT if each.value in frozen] or _DEFAULT
