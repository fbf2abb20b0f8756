"""From a ledger entry to the notice of it: who is told what.

Contacts of a tenant are told what concerns that tenant. The operator's are told what
concerns the operator, what waits for a custodian, every freeze and every incident; a
freeze of everybody, a loss of the ledger's end, and a copy of all keys are told to
everybody. Whoever is removed as a contact is told of that too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event

from .agreements import Contact
from .charges import Measure
from .facts import RequestFacts
from .habits import Habits, news_of
from .notices import Notice, Severity, Tally, is_told
from .told import TOLD, Telling

if TYPE_CHECKING:
    from .state import Registry

RELEASES = frozenset({Action.REVEAL, Action.EXPORT, Action.SEND})
_ABOUT_ROWS = RELEASES | {
    *(Action.IMPORT, Action.SUPPRESS, Action.LIST_RESTORE, Action.ENTRY_ERASE)
}
_FREEZES = frozenset({Action.FREEZE, Action.UNFREEZE})
_DAMPED = _ABOUT_ROWS - {Action.EXPORT, Action.SEND}
_INTENDED = frozenset({Event.REVEAL_INTENDED, Event.EXPORT_INTENDED})
_ALARMS = frozenset(
    {
        *(Event.RELEASES_FROZEN, Event.INCIDENT_OPENED, Event.ROOT_ROTATED),
        Event.LEDGER_RECOVERED,
        *(Event.KEYS_BACKED_UP, Event.KEYS_RESTORED),
    }
)
_EVERYBODYS = frozenset({Event.LEDGER_RECOVERED, Event.KEYS_BACKED_UP})
_COMPLETED = frozenset(
    {Event.REVEAL_COMPLETED, Event.EXPORT_COMPLETED, Event.SEND_COMPLETED}
)
_ACTORS = ("person", "principal", "claimed_person")
_ABOUT_ROUTES = frozenset({Event.ROUTE_ADDED, Event.ROUTE_REVOKED})
_ENDINGS = frozenset({Action.LIST_SHRED, Action.TENANT_CLOSE})
_RECOVERY = ("passkey.", "recovery.")
_NO_TOUCH = frozenset({Telling.SIGNED, Telling.REFUSED, Telling.INCIDENT})


class _Named(Protocol):
    """A row that people know by a name."""

    @property
    def name(self) -> str: ...


def tell(registry: "Registry", fields: Mapping[str, str], at: datetime) -> None:
    """Make the notice of one entry that was just applied, if it is told at all."""
    book = registry.book
    index, book.size = book.size, book.size + 1
    event = Event(fields["event"])
    request = registry.requests.get(fields.get("request", ""))
    how = TOLD.get(event)
    _tally(registry, fields, request, at=at)
    if how is Telling.SIGNED and request is not None:
        _remember(registry, request)
    touch = (_actor(fields, request), fields.get("list", ""))
    is_new = all(touch) and touch not in book.touched
    first_touch = is_new and (how is Telling.TOUCH or _asks_for_rows(event, request))
    if how is not None and (how is not Telling.TOUCH or is_new):
        _add(registry, fields, request, index=index, at=at, first_touch=first_touch)
    if how is Telling.CHANGE:
        book.contacts = dict(registry.contacts)
    if all(touch) and how not in _NO_TOUCH:
        book.touched.add(touch)


def open_contact(registry: "Registry", fields: Mapping[str, str], at: datetime) -> None:
    """Count that the dock got where a contact is, to tell it of one thing."""
    registry.charges.add(
        fields["contact"], Measure.CONTACTS_OPENED, at=at, items=(fields["about"],)
    )


def _asks_for_rows(event: Event, request: RequestFacts | None) -> bool:
    asks = event is Event.REQUEST_MADE
    return asks and request is not None and request.terms.action in RELEASES


def _add(  # noqa: PLR0913 - keyword-only, one fact each
    registry: "Registry",
    fields: Mapping[str, str],
    request: RequestFacts | None,
    *,
    index: int,
    at: datetime,
    first_touch: bool,
) -> None:
    book, event = registry.book, Event(fields["event"])
    action = request.terms.action if request else None
    who, tenant = _actor(fields, request), _tenant(registry, fields, request)
    times = _times(registry, fields, event, request, at=at)
    if not is_told(times) or (event is Event.REQUEST_MADE and action is Action.FREEZE):
        return  # one signature freezes: the entry that follows says it is done
    found = registry.find_list(fields.get("list", ""))
    book.notices.append(
        Notice(
            index=index,
            event=event.value,
            at=at,
            severity=_severity(
                event,
                action,
                first_touch=first_touch or _is_unusual(registry, request, at),
            ),
            tenant=tenant,
            tenant_name=_name(registry, tenant),
            person=who,
            person_name=_name(registry, who),
            request=fields.get("request", ""),
            action=action.value if action else fields.get("what", ""),
            about=_about(registry, fields, request),
            list_name=found.name if found else "",
            rows=_rows(fields, request),
            code=fields.get("code", ""),
            times=times,
            first_touch=first_touch,
            contacts=_whom(registry, event, request, tenant=tenant, at=at),
        )
    )


def _times(
    registry: "Registry",
    fields: Mapping[str, str],
    event: Event,
    request: RequestFacts | None,
    *,
    at: datetime,
) -> int:
    """Count what may come in floods; of a visit only the first of a day is told."""
    how, book, who = TOLD[event], registry.book, _actor(fields, request)
    if how is Telling.VISIT:
        return 1 if book.count(at, event, who, fields.get("list", "")) == 1 else 0
    if how is Telling.INCIDENT:
        return book.count(at, event, fields["kind"], fields["tenant"])
    is_small = request is not None and request.terms.action in _DAMPED
    if how is Telling.REFUSED or (how is Telling.SIGNED and is_small):
        return book.count(at, event, who)
    return 1


def _severity(event: Event, action: Action | None, *, first_touch: bool) -> Severity:
    if event in _INTENDED or event in _ALARMS:
        return Severity.ALARM
    if action is not None and action.startswith(_RECOVERY):
        return Severity.ALARM
    if action in _ENDINGS:
        return Severity.ALARM
    is_usual = action in _ABOUT_ROWS and not first_touch
    if is_usual and event in (Event.REQUEST_MADE, Event.REQUEST_APPROVED):
        return Severity.INFO
    return Severity.WARNING


def _is_unusual(
    registry: "Registry", request: RequestFacts | None, at: datetime
) -> bool:
    if request is None or request.terms.action is not Action.SEND:
        return False
    habits = registry.habits.get(request.terms.tenant, Habits())
    return bool(news_of(habits, request, now=at))


def _whom(
    registry: "Registry",
    event: Event,
    request: RequestFacts | None,
    *,
    tenant: str,
    at: datetime,
) -> tuple[Contact, ...]:
    """Choose the contacts: those of before the change and those of after it."""
    tenants, action = {tenant}, request.terms.action if request else None
    if request is not None:
        tenants.add(request.terms.tenant)
        if action in _FREEZES or (
            event is Event.REQUEST_MADE and _waits_for_operator(registry, request, at)
        ):
            tenants.add("")
    if TOLD[event] is Telling.INCIDENT:
        tenants.add("")  # the operator's people can do something about it
    known = {**registry.book.contacts, **registry.contacts}
    if event in _ABOUT_ROUTES and request is not None:
        tenants |= _led_by(registry, request)
    everybody = event in _EVERYBODYS or (action in _FREEZES and not tenant)
    return tuple(
        contact
        for _, contact in sorted(known.items())
        if everybody or contact.tenant in tenants
    )


def _led_by(registry: "Registry", request: RequestFacts) -> set[str]:
    """Name the tenants whose mail can take a route that came or went."""
    name = request.terms.subject_fields()["id"]
    route = registry.routes.get(name) or registry.ended_routes[name]
    return {route.tenant} if route.tenant else set(registry.tenants)


def _waits_for_operator(
    registry: "Registry", request: RequestFacts, at: datetime
) -> bool:
    return any(
        "of the operator" in what for what in registry.decide(request, now=at).missing
    )


def _tenant(
    registry: "Registry", fields: Mapping[str, str], request: RequestFacts | None
) -> str:
    """Find whom an entry is about; what a tenant's end is about is that tenant."""
    if request is not None:
        if request.terms.action is Action.TENANT_REVOKE:
            return request.terms.subject_fields()["id"]
        return request.terms.tenant
    found = registry.find_list(fields.get("list", ""))
    if found is not None:
        return found.tenant
    if "incident" in fields:
        return fields["tenant"]
    who = _actor(fields, None)
    actor = registry.people.get(who) or registry.services.get(who)
    return actor.tenant if actor else ""


def _actor(fields: Mapping[str, str], request: RequestFacts | None) -> str:
    """Name who did it; a change of authority is done by who asked for it."""
    who = next((fields[name] for name in _ACTORS if fields.get(name)), "")
    return who or (request.signed[0].person if request and request.signed else "")


def _about(
    registry: "Registry", fields: Mapping[str, str], request: RequestFacts | None
) -> str:
    """Name what a change of authority is about, or the kind of an incident."""
    if request is not None:
        return registry.book.names.get(request.id, "")
    return fields["kind"] if "incident" in fields else ""


def _rows(fields: Mapping[str, str], request: RequestFacts | None) -> int:
    if request is not None:
        return request.terms.cap
    return int(fields.get("found", "0")) if "incident" in fields else 0


def _released(fields: Mapping[str, str]) -> int:
    """Say how many rows left: of a send, each that was opened."""
    return int(fields.get("rows") or fields.get("opened", "0"))


def _name(registry: "Registry", row_id: str) -> str:
    """Name somebody or something, also when it is gone."""
    if not row_id:
        return ""
    tables: tuple[Mapping[str, _Named], ...] = (
        *(registry.tenants, registry.people, registry.services),
        *(registry.recipients, registry.contacts, registry.agencies),
        *(registry.routes, registry.domains),
        *(registry.lists, registry.shredded),
    )
    for rows in tables:
        if row_id in rows:
            return rows[row_id].name
    return registry.book.names.get(row_id, row_id)


def _remember(registry: "Registry", request: RequestFacts) -> None:
    """Keep the names a change of authority is about: it may remove them."""
    if request.terms.action in _ABOUT_ROWS:
        return
    names, signer = registry.book.names, request.signed[-1].person
    names[signer] = _name(registry, signer)
    if request.id in names:
        return
    subject = request.terms.subject_fields()
    row_id = subject.get("id", "")
    people = " ".join(_name(registry, who) for who in subject.get("people", "").split())
    name = subject.get("name") or people or _name(registry, row_id)
    names[request.id] = name or subject.get("classes") or subject.get("measure", "")
    if row_id:
        names[row_id] = name


def _tally(
    registry: "Registry",
    fields: Mapping[str, str],
    request: RequestFacts | None,
    *,
    at: datetime,
) -> None:
    """Count the day's numbers."""
    event = Event(fields["event"])
    how = TOLD.get(event)
    extra = Tally(
        requests=int(event == Event.REQUEST_MADE),
        releases=int(event in _COMPLETED),
        rows=_released(fields) if event in _COMPLETED else 0,
        refusals=int(how is Telling.REFUSED),
        changes=int(how is Telling.CHANGE),
    )
    if extra != Tally():
        registry.book.tally(at, _tenant(registry, fields, request)).add(extra)
