"""Activity: the ledger, as far as one may read it, and the proof of an entry."""

import json
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways, ask
from listkeep.core.canonical import parse
from listkeep.core.errors import Code, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.looks.codes import word_of
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockNotice

from .names import Names, read_names
from .tables import write_csv
from .wanted import Wanted

_PAGE = 50
_FILE = 2000
_WINDOW = 500
_WINDOWS = 4
# Each look is a sign of life to the keeper. A page nobody sits at must not keep a
# session from ending, so it stops looking after six minutes.
MOST_LOOKS = 90


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger as a line."""

    index: int
    at: str
    event: str
    who: str
    list: str
    request: str
    detail: str


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the newest entries, or those before one, perhaps of one kind."""
    wanted, names = Wanted.read(request), read_names(visitor)
    before = _number(request.GET.get("before", ""))
    size = visitor.ways.keeper.health().ledger_size
    is_file = request.GET.get("as") == "csv"
    entries, following = _read_back(
        *(visitor.ways, names, size if before is None else before),
        wanted=wanted,
        most=_FILE if is_file else _PAGE,
    )
    if is_file:
        return give_csv("activity", _as_csv(entries))
    context = {
        "visitor": visitor,
        "entries": entries,
        "before": following,
        "size": size,
        "wanted": wanted,
        "events": sorted(Event),
        "names": names,
        "follows": before is None,
        "newest": size,
        "looks": 1,
    }
    return show(request, "activity", context)


@personal("GET")
def show_newer(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show what was recorded since, for a page that follows."""
    after = _number(request.GET.get("after", "")) or 0
    page = read_page(visitor.ways, after, limit=_PAGE)
    wanted, names = Wanted.read(request), read_names(visitor)
    entries = [
        _line(each.index, fields, names)
        for each in page.entries
        if (fields := read_fields(each)) and wanted.takes(fields)
    ]
    looks = (_number(request.GET.get("looks", "")) or MOST_LOOKS) + 1
    context = {
        "visitor": visitor,
        "entries": entries[::-1],
        "wanted": wanted,
        "newest": after + len(page.entries),
        "looks": looks,
        "follows": looks <= MOST_LOOKS,
    }
    return show(request, "_entries", context)


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, index: int) -> HttpResponse:
    """Show one entry, and the way from it to what the keeper signed."""
    page = read_page(visitor.ways, index, limit=1)
    entry = next(iter(page.entries), None)
    if entry is None or not entry.body:
        raise RefusedError(
            gettext_noop("there is no such entry, or it is not yours to read"),
            code=Code.NOT_FOUND,
        )
    message = m.ReadProof(session=visitor.session, index=index)
    proof = ask(lambda: visitor.ways.keeper.read_proof(message))
    fields = read_fields(entry)
    context = {
        "visitor": visitor,
        "entry": _line(index, fields, read_names(visitor)),
        "fields": json.dumps(fields, indent=2),
        "leaf": entry.leaf.hex(),
        "proof": proof,
        "checkpoint": proof.value.checkpoint.decode() if proof.value else "",
    }
    return show(request, "entry", context)


def newest_notices(ways: Ways, *, limit: int) -> list[DockNotice]:
    """Read what people were told lately that is out of the ordinary."""
    return list(ways.dock.read_unusual_notices(limit=limit).notices[::-1])


def _read_back(
    ways: Ways, names: Names, before: int, *, wanted: Wanted, most: int
) -> tuple[list[Entry], int | None]:
    """Read backwards until there are enough, or long enough has been looked for."""
    found = list[Entry]()
    for _ in range(_WINDOWS):
        if before <= 0:
            return found, None
        start = max(before - _WINDOW, 0)
        page = read_page(ways, start, limit=before - start)
        for each in reversed(page.entries):
            fields = read_fields(each)
            if fields and wanted.takes(fields):
                found.append(_line(each.index, fields, names))
                if len(found) == most:
                    return found, each.index or None
        before = start
    return found, before or None


def read_page(ways: Ways, start: int, *, limit: int) -> m.LedgerPage:
    """Read some entries; of those that are not one's own to read, the hash."""
    message = m.ReadLedger(session=ways.session, start=start, limit=max(limit, 1))
    return ways.keeper.read_ledger(message)


def read_fields(entry: m.LedgerEntry) -> dict[str, str]:
    """Read what an entry says; one that is not this person's to read says nothing."""
    return parse(entry.body, max_bytes=65_536) if entry.body else {}


def _line(index: int, fields: dict[str, str], names: Names) -> Entry:
    who = fields.get("person", "") or fields.get("principal", "")
    about = ("rows", "cap", "code", "reason", "decision", "added", "updated", "kind")
    return Entry(
        index=index,
        at=fields["at"],
        event=fields["event"],
        who=names.person(who),
        list=names.list(fields.get("list", "")),
        request=fields.get("request", ""),
        detail=", ".join(f"{word_of(n)} {fields[n]}" for n in about if fields.get(n)),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _as_csv(entries: list[Entry]) -> str:
    names = ("index", "at", "event", "who", "list", "request", "detail")
    return write_csv(names, ([getattr(one, n) for n in names] for one in entries))
