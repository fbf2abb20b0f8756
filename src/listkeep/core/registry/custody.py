"""Lists, rows and what people were shown of them, as the ledger tells it.

A release is decided again: an intent without a grant, a second outcome or an outcome
without an intent is no honest keeper's.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event

from .authority import is_granted
from .charges import Measure
from .facts import ListFacts, RequestFacts, Ticket
from .fields import untrusted
from .grounds import (
    require_import,
    require_new_list,
    require_outlived,
    require_renewal,
    require_reserved,
    require_suppressing,
    require_ticket,
)
from .held_keys import first_key, list_key, with_newest, without
from .holdings import note_growth
from .state import Registry


def _create_list(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    require_new_list(registry, fields)
    registry.lists[fields["list"]] = ListFacts(
        id=fields["list"],
        tenant=fields["tenant"],
        name=fields["name"],
        facets=_words(fields["facets"]),
        fields=_words(fields["fields"]),
        created_at=at,
        keys=first_key(at),
        index_keys=registry.index_keys.setdefault(fields["tenant"], first_key(at)),
    )


def _extend_list(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    old = registry.lists[fields["list"]]
    registry.lists[old.id] = replace(
        old, fields=(*old.fields, *_words(fields["fields"]))
    )


def _renew_key(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    old = registry.lists[fields["list"]]
    request = require_renewal(registry, old, fields, at)
    if request is not None:
        request.done = request.intended = True
    keys = with_newest(old.keys, int(fields["key"]), at=at)
    registry.lists[old.id] = replace(old, keys=keys)


def _destroy_key(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    old, number = registry.lists[fields["list"]], int(fields["key"])
    require_outlived(old, at)
    registry.lists[old.id] = replace(old, keys=without(old.keys, number))
    registry.destroy_key(list_key(old.id, number), at=at)


def _start_import(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    request = require_import(registry, fields, at)
    registry.tickets[fields["ticket"]] = Ticket(
        id=fields["ticket"],
        list_id=fields["list"],
        principal=fields["principal"],
        request=fields["request"],
        max_rows=int(fields["max_rows"]),
        started_at=at,
    )
    if request is not None:
        request.intended = True


def _reserve_rows(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    ticket, rows = require_ticket(registry, fields), int(fields["rows"])
    charged = int(fields.get("charged", rows))
    require_reserved(registry, ticket, rows=rows, charged=charged)
    ticket.reserved += rows
    ticket.charged += charged
    if ticket.request:  # a signed import has its own cap
        registry.requests[ticket.request].rows_used += rows
    else:
        registry.charges.add(
            ticket.principal, Measure.ROWS_ADDED, at=at, amount=charged
        )


def _close_import(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    ticket = require_ticket(registry, fields)
    registry.tickets.pop(ticket.id)
    if fields["event"] != Event.IMPORT_FINISHED:
        return
    note_growth(registry, ticket, fields, at)
    if ticket.request:
        registry.requests[ticket.request].done = True


def _start_restore(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    rows = int(fields["rows"])
    registry.tickets[fields["ticket"]] = Ticket(
        id=fields["ticket"],
        list_id=fields["list"],
        principal=fields["principal"],
        request=fields["request"],
        max_rows=rows,
        started_at=at,
        moment=fields["moment"],
    )
    if fields["request"]:
        request = registry.requests[fields["request"]]
        if request.done or not is_granted(registry, request, at):
            raise untrusted("a list was taken back without a grant")
        _require_signed_for(request, fields, rows=rows)
        request.intended = True
        request.rows_used += rows
    else:
        registry.charges.add(
            fields["principal"], Measure.ROWS_CHANGED, at=at, amount=rows
        )


def _require_signed_for(
    request: RequestFacts, fields: Mapping[str, str], *, rows: int
) -> None:
    terms = request.terms
    if (
        terms.action is not Action.LIST_RESTORE
        or terms.list != fields["list"]
        or terms.subject_fields()["moment"] != fields["moment"]
        or rows > terms.cap
    ):
        raise untrusted("a list was taken back otherwise than was signed for")


def _close_restore(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    ticket = require_ticket(registry, fields, restore=True)
    registry.tickets.pop(ticket.id)
    if ticket.request and fields["event"] == Event.LIST_RESTORED:
        registry.requests[ticket.request].done = True


def _erase(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the erasure of one person from one list; the grant is decided again."""
    request = registry.requests[fields["request"]]
    terms = request.terms
    if terms.action is not Action.ENTRY_ERASE or terms.selection != fields["item"]:
        raise untrusted("somebody was erased whom no request names")
    erased = registry.erased.setdefault(terms.tenant, {})
    is_same_turn = request.done and erased.get(fields["item"]) == at
    if not is_same_turn and (request.done or not is_granted(registry, request, at)):
        raise untrusted("an entry was erased without a grant")
    if "list" in fields:
        if registry.lists[fields["list"]].tenant != terms.tenant:
            raise untrusted("an entry was erased from another tenant's list")
        registry.holding(fields["list"]).erasures.add(request.id)
    for ticket in registry.tickets.values():  # whoever is on the way in stays out
        if registry.lists[ticket.list_id].tenant == terms.tenant:
            ticket.gone.add(fields["item"])
    request.intended = request.done = True  # in as many lists as the turn names
    erased[fields["item"]] = at
    if fields["check"]:
        registry.suppressed[terms.tenant] = (int(fields["total"]), fields["check"])


def _suppress(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.suppressed[fields["list"]] = (int(fields["total"]), fields["check"])
    if fields["charged"] == "yes":
        registry.charges.add(
            fields["principal"],
            Measure.ROWS_CHANGED,
            at=at,
            amount=int(fields["rows"]),
        )
    if fields["ticket"]:
        registry.tickets[fields["ticket"]].suppressed += int(fields["rows"])
    if fields["request"] in registry.sends:
        _suppress_returned(registry, fields)
    elif fields["request"]:
        request = require_suppressing(registry, fields, at)
        request.intended = True
        request.rows_used += int(fields["rows"])
        request.done = request.rows_used >= request.terms.cap


def _suppress_returned(registry: Registry, fields: Mapping[str, str]) -> None:
    """Take whom mail of a send came back about: of its list, no more than it has."""
    send, terms = (
        registry.sends[fields["request"]],
        registry.requests[fields["request"]].terms,
    )
    reason, rows = fields["reason"], int(fields["rows"])
    after = send.suppressed.get(reason, 0) + rows
    if terms.list != fields["list"] or after > send.reserved:
        raise untrusted("mail came back that was not sent")
    send.suppressed[reason] = after


def _readmit(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.suppressed[fields["list"]] = (int(fields["total"]), fields["check"])
    registry.charges.add(fields["principal"], Measure.ROWS_CHANGED, at=at, amount=1)
    registry.tickets[fields["ticket"]].readmitted += 1


def _look_up(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    for who in registry.payers(fields["person"]):
        registry.charges.add(who, Measure.LOOK_UPS, at=at, items=(fields["item"],))


def _admit(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.charges.add(
        fields["person"], Measure.TENANTS, at=at, items=(fields["tenant"],)
    )


def _intend(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the intent of a release, deciding it once more as of then."""
    request = registry.requests[fields["request"]]
    again = request.intended and request.terms.action is Action.REVEAL
    if again or request.done or not is_granted(registry, request, at):
        raise untrusted("rows were released without a grant")
    if request.terms.action is Action.REVEAL:
        for who in registry.payers(fields["person"]):
            registry.charges.add(
                who, Measure.REVEALS, at=at, items=_words(fields["items"])
            )
    elif not request.intended:
        for who in registry.custodians_of(request):
            registry.charges.add(
                who, Measure.ROWS_EXPORTED, at=at, amount=request.terms.cap
            )
    request.intended = True


def _complete(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    request = registry.requests[fields["request"]]
    if request.done or not request.intended:
        raise untrusted("rows were released without an intent")
    request.done = True


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HANDLERS = {
    Event.LIST_CREATED: _create_list,
    Event.LIST_EXTENDED: _extend_list,
    Event.IMPORT_STARTED: _start_import,
    Event.ROWS_RESERVED: _reserve_rows,
    Event.IMPORT_FINISHED: _close_import,
    Event.IMPORT_ABANDONED: _close_import,
    Event.ENTRIES_SUPPRESSED: _suppress,
    Event.ENTRY_READMITTED: _readmit,
    Event.RESTORE_STARTED: _start_restore,
    Event.LIST_RESTORED: _close_restore,
    Event.RESTORE_ABANDONED: _close_restore,
    Event.ENTRY_ERASED: _erase,
    Event.ADDRESS_LOOKED_UP: _look_up,
    Event.SUPPORT_ADMITTED: _admit,
    Event.REVEAL_INTENDED: _intend,
    Event.EXPORT_INTENDED: _intend,
    Event.REVEAL_COMPLETED: _complete,
    Event.EXPORT_COMPLETED: _complete,
    Event.KEY_RENEWED: _renew_key,
    Event.KEY_DESTROYED: _destroy_key,
}
