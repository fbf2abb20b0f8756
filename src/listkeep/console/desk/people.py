"""People, agencies and software: who can reach what."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Panel, ask
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import RIGHTS, Role
from listkeep.wire import messages as m

from .tables import write_csv

Row = dict[str, str]
KINDS = (
    ("person", "People"),
    ("agency", "Agencies"),
    ("service", "Software"),
    ("recipient", "Recipients of copies"),
    ("consent", "Consents for support"),
    ("contact", "Contacts that are told"),
    ("budget", "Own ceilings"),
    ("freeze", "Freezes"),
)
_FIRST = ("name", "who", "class")
_LAST = ("id", "public_key")
_SOFTWARE = {
    "app": "tokens, facets and statuses; opens nothing",
    "intake": "adds rows; reads nothing",
    "dock": "carries rows; opens nothing",
    "console": "looks; touches nothing",
    "mta": "hands mail over",
    "sink": "receives for drills",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of rows."""

    kind: str
    title: str
    rows: Panel[tuple[Row, ...]]


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show who and what there is, and what each can reach."""
    if not visitor.administers:
        raise RefusedError(
            "people and software are shown to owners and custodians",
            hint="ask an owner of the tenant",
        )
    kind = request.GET.get("as")
    tables = [_table(visitor, *each) for each in KINDS if kind in (None, each[0])]
    if not tables:
        raise not_found()
    errors = [table.rows.error for table in tables if table.rows.error]
    refused = [error for error in errors if isinstance(error, RefusedError)]
    if errors and kind:  # a file without rows would say that there are none
        raise errors[0]
    if len(refused) == len(tables):  # as to people of support
        raise refused[0]
    if kind:
        return give_csv(kind, _as_csv(tables[0].rows.value or ()))
    context = {"visitor": visitor, "tables": tables}
    return show(request, "people", context)


def not_found() -> RefusedError:
    """Say that there is no table of this kind."""
    return RefusedError("there is no such table", code=Code.NOT_FOUND)


def _table(visitor: Visitor, kind: str, title: str) -> Table:
    message = m.ShowRegistry(session=visitor.session, kind=kind)
    rows = ask(lambda: visitor.ways.keeper.show_registry(message).rows)
    if rows.value is None:
        return Table(kind, title, rows)
    return Table(kind, title, Panel(tuple(_in_order(kind, row) for row in rows.value)))


def _in_order(kind: str, row: Row) -> Row:
    """Begin with what people call it, and end with what software does."""
    found = _reach(kind, row)
    names = sorted(found, key=lambda name: (name in _LAST) - (name in _FIRST))
    return {name: found[name] for name in names}


def _reach(kind: str, row: Row) -> Row:
    """Add in words what somebody or something can reach."""
    if kind == "service":
        return {**row, "reach": _SOFTWARE.get(row["kind"], "")}
    if kind == "person" and row["role"] in set(Role):
        rights = sorted(RIGHTS[Role(row["role"])])
        return {**row, "reach": ", ".join(rights) or "the operator's own affairs"}
    return row


def _as_csv(rows: tuple[Row, ...]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return write_csv(names, ([row.get(n, "") for n in names] for row in rows))
