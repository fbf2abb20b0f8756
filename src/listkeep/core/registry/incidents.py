"""Incidents as the ledger tells it: what was found wrong, and who closed it.

Rules of the room:

- Of one kind and one list at most one incident is open: what is found again belongs
  to it.
- Whether one is open is a fact of the ledger, so a decision that looks at it is the
  same whenever it is made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from listkeep.core.grants import RIGHTS, Right, Role
from listkeep.core.ledger.events import Event

from .facts import Person
from .fields import untrusted

if TYPE_CHECKING:
    from .state import Registry


class IncidentKind(StrEnum):
    """What is wrong; append-only and public."""

    ROWS_INVALID = "rows-invalid"
    ROWS_MISSING = "rows-missing"
    ROWS_EXTRA = "rows-extra"
    ROWS_ROLLED_BACK = "rows-rolled-back"
    STATUS_BETTER = "status-better"
    SCRUB_OVERDUE = "scrub-overdue"
    SCRUB_EDITED = "scrub-edited"
    RENEWAL_OVERDUE = "renewal-overdue"
    RETURNED_FLOOD = "returned-flood"
    RETURNS_MANY = "returns-many"


# What the keeper finds itself. No other word opens one: closing it lets something by.
KEEPERS_OWN = frozenset({IncidentKind.RETURNS_MANY})


# Of which kinds an owner can accept what was found, and what that changes in the books.
COUNTED = {IncidentKind.ROWS_MISSING: "removed", IncidentKind.ROWS_EXTRA: "added"}


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentFacts:
    """One incident. An empty tenant means the operator, an empty list no list."""

    id: str
    kind: IncidentKind
    tenant: str
    list_id: str
    found: int  # when it was opened; the dock counts what is found later
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self.closed_at is None


def is_incident_open(registry: "Registry", tenant: str) -> bool:
    """Tell whether an incident of the tenant's, or of the operator's, is open."""
    return any(
        known.is_open and known.tenant in ("", tenant)
        for known in registry.incidents.values()
    )


def find_open(
    registry: "Registry", kind: IncidentKind, *, tenant: str, list_id: str
) -> IncidentFacts | None:
    """Find the incident that another finding of this kind belongs to."""
    return next(
        (
            known
            for known in registry.incidents.values()
            if known.is_open
            and (known.kind, known.tenant, known.list_id) == (kind, tenant, list_id)
        ),
        None,
    )


def may_close(person: Person, known: IncidentFacts) -> bool:
    """Tell whether an incident is somebody's to close.

    An owner closes those of the own tenant, a custodian the operator's.
    """
    is_chief = Right.ADMINISTER in RIGHTS[person.role] or person.role is Role.CUSTODIAN
    return is_chief and person.tenant == known.tenant


def _open(registry: "Registry", fields: Mapping[str, str], at: datetime) -> None:
    opened = IncidentFacts(
        id=fields["incident"],
        kind=IncidentKind(fields["kind"]),
        tenant=fields["tenant"],
        list_id=fields.get("list", ""),
        found=int(fields["found"]),
        opened_at=at,
    )
    if opened.id in registry.incidents:
        raise untrusted("an incident was opened twice")
    registry.incidents[opened.id] = opened


def _close(registry: "Registry", fields: Mapping[str, str], at: datetime) -> None:
    known = registry.incidents[fields["incident"]]
    if not known.is_open:
        raise untrusted("an incident was closed twice")
    person = registry.find_present(fields["person"], now=at)
    if person is None or not may_close(person, known):
        raise untrusted("an incident was closed by somebody whose it is not")
    counted = {name: fields[name] for name in COUNTED.values() if name in fields}
    accepted = {COUNTED.get(known.kind, ""): str(known.found)}
    if counted and (counted != accepted or fields.get("list", "") != known.list_id):
        raise untrusted("more was accepted than was found")
    registry.incidents[known.id] = replace(
        known, closed_at=at, closed_by=fields["person"], reason=fields["reason"]
    )


HANDLERS = {Event.INCIDENT_OPENED: _open, Event.INCIDENT_CLOSED: _close}
