"""Incidents: what is found wrong, who may know of it, who closes it."""

from typing import Annotated

import msgspec

from listkeep.wire.base import Count, Id, Message

from .callers import Caller

Reason = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^@\x00-\x1f\x7f]+\Z")
]


class OpenIncident(Message, frozen=True, kw_only=True):
    """Say that something is wrong with a list, with a tenant, or with the operator."""

    kind: str
    list: Id | None = None
    tenant: Id | None = None  # of the list, where there is one
    found: Annotated[int, msgspec.Meta(ge=1, lt=2**53)] = 1


class Incident(Message, frozen=True, kw_only=True):
    """One incident as the ledger knows it: ids, names, counts."""

    id: Id
    kind: str
    tenant: str  # empty: the operator
    tenant_name: str
    list: str  # empty: none
    list_name: str
    found: Count
    opened_at: str
    closed_at: str  # empty: open
    closed_by: str
    reason: str


class ShowIncidents(Message, frozen=True, kw_only=True):
    """Ask for the incidents a caller may know of, or all of them for the dock."""

    caller: Caller | None = None
    incident: Id | None = None


class Incidents(Message, frozen=True, kw_only=True):
    """Incidents, oldest first."""

    incidents: tuple[Incident, ...]


class CloseIncident(Message, frozen=True, kw_only=True):
    """Close an incident, for a reason.

    ``accepts``: what was found missing, or too many, is how many entries there are.
    """

    caller: Caller
    incident: Id
    reason: Reason
    accepts: bool = False
