"""People, agencies and software: who can reach what, and what nobody uses."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Panel, ask
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import RIGHTS, Role
from listkeep.looks.codes import rights_of
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .tables import write_csv

Row = dict[str, str]
KINDS = (
    ("person", gettext_noop("People")),
    ("agency", gettext_noop("Agencies")),
    ("service", gettext_noop("Software")),
    ("recipient", gettext_noop("Recipients of copies")),
    ("consent", gettext_noop("Consents for support")),
    ("contact", gettext_noop("Contacts that are told")),
    ("budget", gettext_noop("Own ceilings")),
    ("freeze", gettext_noop("Freezes")),
)
_FIRST = ("name", "who", "class")
_LAST = ("id", "public_key")
_TIMES = ("last_used", "until")
_CODES = ("role", "state", "kind", "measure", "class", "set_by")
_ACTING = ("person", "service")
_USED = ("person", "agency", "service", "recipient")
LONG_UNUSED = timedelta(days=30)
ENDS_SOON = timedelta(days=14)
_SOFTWARE = {
    "app": gettext_noop("tokens, facets and statuses; opens nothing"),
    "intake": gettext_noop("adds rows; reads nothing"),
    "dock": gettext_noop("carries rows; opens nothing"),
    "console": gettext_noop("looks; touches nothing"),
    "mta": gettext_noop("hands mail over"),
    "sink": gettext_noop("receives for drills"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of rows."""

    kind: str
    title: str
    rows: Panel[tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Something that has access and is not used."""

    kind: str
    id: str
    name: str
    last_used: str  # empty: no use was noted since it came


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show who and what there is, and what each can reach."""
    if not visitor.administers:
        raise RefusedError(
            gettext_noop("people and software are shown to owners and custodians"),
            hint=gettext_noop("ask an owner of the tenant"),
        )
    kind, now = request.GET.get("as"), datetime.now(UTC)
    chosen = [each for each in KINDS if kind in (None, each[0])]
    if not chosen:
        raise not_found()
    uses = ask(lambda: read_uses(visitor))
    tables = [_table(visitor, *each, uses=uses.value or {}) for each in chosen]
    errors = [table.rows.error for table in tables if table.rows.error]
    if errors and kind:  # a file without rows would say that there are none
        raise errors[0]
    if kind:
        return give_csv(kind, _as_csv(tables[0].rows.value or ()))
    context = {
        "visitor": visitor,
        "tables": [_for_eyes(table, visitor, tables) for table in tables],
        "times": _TIMES,
        "codes": _CODES,
        "acting": _ACTING,
        "uses": uses,
        "forgotten": _find_forgotten(tables, uses.value or {}, now=now),
        "ending": _find_ending(tables, now=now),
    }
    return show(request, "people", context)


def _for_eyes(table: Table, visitor: Visitor, tables: list[Table]) -> Table:
    """Leave out columns that tell nobody anything, and write names for ids."""
    rows = table.rows.value
    if not rows:
        return table
    agencies = {
        row["id"]: row["name"]
        for each in tables
        if each.kind == "agency"
        for row in each.rows.value or ()
    }
    told = [_in_words(row, agencies) for row in rows]
    one = {"tenant"} if visitor.principal.tenant else set()
    shown = [n for n in told[0] if n in _TIMES or any(row[n] for row in told)]
    names = [n for n in shown if n not in one]
    return replace(table, rows=Panel(tuple({n: row[n] for n in names} for row in told)))


def _in_words(row: Row, agencies: dict[str, str]) -> Row:
    told = dict(row)
    if "team" in row:
        told["team"] = agencies.get(row["team"], row["team"])
    if "passkey" in row:
        kinds = Counter(row["passkey"].split(", "))
        told["passkey"] = ", ".join(
            kind if number == 1 else f"{number} × {kind}"  # noqa: RUF001 - times
            for kind, number in kinds.items()
        )
    return told


def not_found() -> RefusedError:
    """Say that there is no table of this kind."""
    return RefusedError(gettext_noop("there is no such table"), code=Code.NOT_FOUND)


def _table(visitor: Visitor, kind: str, title: str, *, uses: dict[str, Row]) -> Table:
    message = m.ShowRegistry(session=visitor.session, kind=kind)
    rows = ask(lambda: visitor.ways.keeper.show_registry(message).rows)
    if rows.value is None:
        return Table(kind, gettext(title), rows)
    told = [_with_use(kind, row, uses) for row in rows.value]
    return Table(
        kind, gettext(title), Panel(tuple(_in_order(kind, row) for row in told))
    )


def read_uses(visitor: Visitor) -> dict[str, Row]:
    """Read when whoever has access was last used, by id."""
    message = m.ShowRegistry(session=visitor.session, kind="use")
    rows = visitor.ways.keeper.show_registry(message).rows
    return {row["id"]: row for row in rows}


def _with_use(kind: str, row: Row, uses: dict[str, Row]) -> Row:
    if kind not in _USED:
        return row
    return {**row, "last_used": uses.get(row["id"], {}).get("last_used", "")}


def _find_forgotten(
    tables: list[Table], uses: dict[str, Row], *, now: datetime
) -> list[Forgotten]:
    """List what has access and was not used for long; what is new is not meant."""
    oldest = f"{now - LONG_UNUSED:%Y-%m-%dT%H:%M:%SZ}"
    return [
        Forgotten(table.kind, row["id"], row["name"], row["last_used"])
        for table in tables
        if table.kind in _USED
        for row in table.rows.value or ()
        if (use := uses.get(row["id"]))
        and len(known := use["last_used"] or use["since"]) > 0
        and known < oldest
    ]


def _find_ending(tables: list[Table], *, now: datetime) -> list[Row]:
    """List agencies whose time is over soon."""
    soon = f"{now + ENDS_SOON:%Y-%m-%dT%H:%M:%SZ}"
    return [
        row
        for table in tables
        if table.kind == "agency"
        for row in table.rows.value or ()
        if row["until"] < soon
    ]


def _in_order(kind: str, row: Row) -> Row:
    """Begin with what people call it, and end with what software does."""
    reach = reach_of(kind, row)
    found = {**row, "reach": reach} if reach else row
    names = sorted(found, key=lambda name: (name in _LAST) - (name in _FIRST))
    return {name: found[name] for name in names}


def reach_of(kind: str, row: Row) -> str:
    """Say in words what somebody or something can reach; of others nothing."""
    if kind == "service":
        return _software(row["kind"])
    if kind == "person" and row["role"] in set(Role):
        rights = sorted(RIGHTS[Role(row["role"])])
        return rights_of(rights) or gettext("the operator's own affairs")
    return ""


def _software(kind: str) -> str:
    return gettext(_SOFTWARE[kind]) if kind in _SOFTWARE else ""


def _as_csv(rows: tuple[Row, ...]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return write_csv(names, ([row.get(n, "") for n in names] for row in rows))
