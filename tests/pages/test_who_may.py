"""All addresses of all pages, tried as everybody, held against a table.

The table is ``docs/who-may.md``. ``LISTKEEP_REWRITE_TABLE=1`` writes it anew, to be
read before it is kept: what stands there is what people may do.
"""

import os
from functools import partial
from typing import Final

import pytest

from listkeep.cli.home import Instance
from listkeep.drill.stage import Stage
from tests.house.sizes import ROOT
from tests.pages.acme import WHO, fill
from tests.pages.walking import FORM, YES, Walker, addresses, carriers, doors

PAGE: Final = ROOT / "docs" / "who-may.md"
BUILDINGS: Final = ("console", "dock", "keeper")
ENDS: Final = (
    "/sign-out",
    "/me/sessions/end",
)  # the session: tried with one of its own
OPEN: Final = {  # to whoever has the link, or is on the way in
    "console": ("/sign-in", "/signed-in", "/sign-out", "/assets/"),
    "dock": ("/sign-in", "/signed-in", "/sign-out", "/assets/", "/u/", "/c/", "/join/"),
    "keeper": ("/sign-in", "/authorize", "/alive", "/static/", "/enrol", "/demo"),
}
FIELDS: Final = {
    "/lists/{name}/copy": {"recipient": "warehouse", "purpose": "a walk", "cap": "1"},
    "/lists/{name}/send": {
        "template": "{digest}",
        "route": "relay",
        "purpose": "a walk",
        "cap": "1",
    },
    "/lists/{name}/standing": {
        "template": "{digest}",
        "triggers": "walk",
        "route": "relay",
        "purpose": "a walk",
        "cap": "1",
        "pace": "1",
    },
    "/freeze": {"action": "freeze", "class": "campaigns", "purpose": "a walk"},
    "/lists/{name}/undo": {
        "to": "2026-01-05T12:00:00Z",
        "rows": "1",
        "purpose": "a walk",
    },
    "/exports": {"format": "csv", "request": "{granted}"},
    "/look-up": {"list": "{list}", "address": "nobody@example.com"},
    "/ask/{name}": {
        "purpose": "a walk",
        "hours": "1",
        "list": "{list}",
        "selection": "all",
        "cap": "1",
        "recipient": "warehouse",
    },
}
Table = dict[tuple[str, str, str], dict[str, str]]  # by building, method, address


@pytest.fixture(scope="module")
def found(acme: Instance, stage: Stage, names: dict[str, str]) -> Table:
    """Walk everywhere as everybody."""
    table: Table = {}
    for building, (origin, port) in doors(acme).items():
        paths = list(addresses(building, acme.home))
        for role, person in WHO.items():
            enter = partial(come, stage, person, carriers(acme)[building])
            with Walker(building, origin, port, enter()) as walker:
                for path in paths:
                    if path in ENDS:
                        walker.session = enter()
                    place, form = fill(building, path, names), _form(path, names)
                    for method in ("GET", "POST"):
                        told = table.setdefault((building, method, path), {})
                        told[role] = walker.go(method, place, form)
                    if path in ENDS:
                        walker.session = enter()
    return table


def come(stage: Stage, person: str, service: str) -> str:
    return stage.start_session(person, service) if person else ""


def _form(path: str, names: dict[str, str]) -> dict[str, str]:
    return {name: value.format(**names) for name, value in FIELDS.get(path, {}).items()}


def test_everybody_may_what_the_table_says_and_nothing_else(found: Table) -> None:
    if os.environ.get("LISTKEEP_REWRITE_TABLE"):
        PAGE.write_text(write(found), encoding="utf-8")
    assert read(PAGE.read_text(encoding="utf-8")) == found


def test_nobody_gets_nowhere_but_to_where_one_signs_in(found: Table) -> None:
    """Whatever the table says."""
    for (building, method, path), words in found.items():
        if not path.startswith(OPEN[building]):
            assert words["nobody"] not in (YES, FORM), (building, method, path)


def test_an_outsider_sees_nothing_that_has_the_name_of_something(found: Table) -> None:
    """Whatever the table says: each address with a slot is filled with acme's."""
    for (building, method, path), words in found.items():
        if "{" in path and not path.startswith((*OPEN[building], "/ask/")):
            told = {YES} if building == "keeper" else {YES, FORM}
            assert words["outsider"] not in told, (building, method, path)


def test_support_takes_and_changes_nothing(found: Table) -> None:
    """Whatever the table says: looking is all that a consent gives."""
    for (building, method, path), words in found.items():
        changes = method == "POST" and "{" in path and building != "keeper"
        if changes and not path.startswith(OPEN[building]):
            assert words["support"] not in (YES, FORM), (building, method, path)


# --- the table -----------------------------------------------------------------------

_HEAD = """\
# Who may open what

Every address of the pages of console, dock and keeper, tried as everybody by
`tests/pages/test_who_may.py` in a kept demo, by reading it (GET) and by sending its
form (POST). An address that is missing here, or answers otherwise, fails that test.
What stands in braces was filled with something of the tenant acme, whose marketer,
owner and agency these are; the outsider owns another tenant; support looks under a
consent of acme's.

- **yes**: the page is shown, or the form is taken.
- **form**: the form was looked at, and refused for what it says, or does not say: most
  are sent empty. The keeper reads a form before it asks about whom or what it is; what
  is signed there is judged by the passkey and the policy after that.
- **sign in**: nobody is signed in, and the way in is shown.
- **no**: it is refused.
- **unknown**: as if it were not there.
- **-**: the address is not read, or takes no form.

The interfaces for programs have tables of their own: `tests/dock/test_strangers.py`
names each operation of the dock's API with the right it needs, and
`tests/keeper/edge_cases.py` each message of the keeper's.
"""


def write(found: Table) -> str:
    """Write the page."""
    lines = [_HEAD]
    for building in BUILDINGS:
        lines += [f"## The {building}'s pages", ""]
        lines += [f"| | | {' | '.join(WHO)} |", f"|---|---|{'---|' * len(WHO)}"]
        for (where, method, path), words in found.items():
            if where == building:
                told = " | ".join(words[role] for role in WHO)
                lines.append(f"| {method} | `{path}` | {told} |")
        lines.append("")
    return "\n".join(lines)


def read(text: str) -> Table:
    """Read the page."""
    table: Table = {}
    building = ""
    for line in text.splitlines():
        if line.startswith("## The "):
            building = line.split()[2].removesuffix("'s")
        if line.startswith(("| GET", "| POST")):
            method, path, *told = [cell.strip() for cell in line.strip("|").split("|")]
            words = dict(zip(WHO, told, strict=True))
            table[building, method, path.strip("`")] = words
    return table
