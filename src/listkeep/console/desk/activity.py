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

_PAGE = 50
_WINDOW = 500
_WINDOWS = 4
_ALARMS = ("alarm", "warning")
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
    event = request.GET.get("event", "")
    before = _number(request.GET.get("before", ""))
    size = visitor.ways.keeper.health().ledger_size
    entries, following = _read_back(visitor, size if before is None else before, event)
    if request.GET.get("as") == "csv":
        return give_csv("activity", _as_csv(entries))
    context = {
        "visitor": visitor,
        "entries": entries,
        "before": following,
        "size": size,
        "event": event,
        "events": sorted(Event),
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
    names = read_names(visitor)
    entries = [found for each in page.entries if (found := _entry(each, names))]
    looks = (_number(request.GET.get("looks", "")) or MOST_LOOKS) + 1
    context = {
        "visitor": visitor,
        "entries": entries[::-1],
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
    context = {
        "visitor": visitor,
        "entry": _entry(entry, read_names(visitor)),
        "fields": json.dumps(parse(entry.body, max_bytes=65_536), indent=2),
        "leaf": entry.leaf.hex(),
        "proof": proof,
        "checkpoint": proof.value.checkpoint.decode() if proof.value else "",
    }
    return show(request, "entry", context)


def newest_notices(ways: Ways, *, limit: int) -> list[DockNotice]:
    """Read what people were told lately that is out of the ordinary."""
    size = ways.keeper.health().ledger_size
    found = ways.dock.read_notices(max(size - _WINDOW, 0)).notices
    return [one for one in found if one.severity in _ALARMS][: -limit - 1 : -1]


def _read_back(
    visitor: Visitor, before: int, event: str
) -> tuple[list[Entry], int | None]:
    """Read backwards until a page is full, or long enough has been looked for."""
    names, found = read_names(visitor), list[Entry]()
    for _ in range(_WINDOWS):
        if before <= 0:
            return found, None
        start = max(before - _WINDOW, 0)
        page = read_page(visitor.ways, start, limit=before - start)
        for each in reversed(page.entries):
            line = _entry(each, names)
            if line is not None and event in ("", line.event):
                found.append(line)
                if len(found) == _PAGE:
                    return found, each.index or None
        before = start
    return found, before or None


def read_page(ways: Ways, start: int, *, limit: int) -> m.LedgerPage:
    """Read some entries; of those that are not one's own to read, the hash."""
    message = m.ReadLedger(session=ways.session, start=start, limit=max(limit, 1))
    return ways.keeper.read_ledger(message)


def _entry(entry: m.LedgerEntry, names: Names) -> Entry | None:
    """Describe an entry; one that is not this person's to read is none."""
    if not entry.body:
        return None
    fields = parse(entry.body, max_bytes=65_536)
    who = fields.get("person", "") or fields.get("principal", "")
    about = ("rows", "cap", "code", "reason", "decision", "added", "updated", "kind")
    return Entry(
        index=entry.index,
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
