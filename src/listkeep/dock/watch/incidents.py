"""Incidents: open one, add to it what is found again, and what people make of it.

Whether one is open is the keeper's word, asked for whenever it is shown; the rows here
are what people work with. One that was taken out of the table or called closed in it
is there and open again the next time anybody looks.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from listkeep.core.grants import parse_time
from listkeep.core.registry.incidents import IncidentKind
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire.messages import incidents as i

from .models import Incident, IncidentLine

_ONE_LINE_IN = timedelta(days=1)


def open_incident(  # noqa: PLR0913 - keyword-only, one fact each
    kind: IncidentKind,
    *,
    keeper: Keeper,
    list_id: str = "",
    tenant: str = "",
    found: int = 1,
    now: datetime,
) -> str:
    """Say that something is wrong; it becomes part of an incident, whose id this gives.

    For any room above: of one kind and list one incident is open, and what is found
    again is counted there. Contacts are told once it stands in the ledger.

    Raises:
        ListkeepError: The keeper did not take it, and nothing is noted.
    """
    message = i.OpenIncident(
        kind=kind.value, list=list_id or None, tenant=tenant or None, found=found
    )
    known = keeper.report_incident(message)
    with transaction.atomic():
        row, is_new = _get(known, now)
        if not is_new:
            _find_again(row, found, now)
    return known.id


def sync(known: Iterable[i.Incident], *, now: datetime) -> None:
    """Bring the table in line with what the keeper knows."""
    for each in known:
        with transaction.atomic():
            row, _ = _get(each, now)
            _follow(row, each, now)


def add_note(known: i.Incident, text: str, *, who: str, now: datetime) -> None:
    """Write down what somebody found out; from now on it is known who looks into it."""
    with transaction.atomic():
        row, _ = _get(known, now)
        _write(row, "noted", now, who=who, text=text)
        if row.state == Incident.State.OPEN:
            row.state = Incident.State.ACKNOWLEDGED
            row.save()


def rows_of(known: Iterable[i.Incident]) -> dict[str, Incident]:
    """Find what the dock has of these incidents, by id."""
    ids = [each.id for each in known]
    return {row.id: row for row in Incident.objects.filter(id__in=ids)}


def timeline(incident_id: str) -> list[IncidentLine]:
    """Read one incident's story, oldest line first."""
    return list(IncidentLine.objects.filter(incident_id=incident_id).order_by("id"))


def _get(known: i.Incident, now: datetime) -> tuple[Incident, bool]:
    row, is_new = Incident.objects.get_or_create(
        id=known.id,
        defaults={
            "kind": known.kind,
            "tenant": known.tenant,
            "list_id": known.list,
            "found": known.found,
            "opened_at": parse_time(known.opened_at),
            "found_at": now,
        },
    )
    if is_new:
        _write(row, "opened", row.opened_at, text=f"found: {known.found:,}")
    return row, is_new


def _find_again(row: Incident, found: int, now: datetime) -> None:
    """Count what was found, and say so after a day in which nothing was."""
    if now - row.found_at >= _ONE_LINE_IN:
        _write(row, "found", now, text=f"found again: {found:,}")
    row.found, row.times, row.found_at = max(row.found, found), row.times + 1, now
    row.save()


def _follow(row: Incident, known: i.Incident, now: datetime) -> None:
    """Take over who closed it; and open again what only this table calls closed."""
    is_closed = row.state == Incident.State.CLOSED
    if known.closed_at and not is_closed:
        at = parse_time(known.closed_at)
        _write(row, "closed", at, who=known.closed_by, text=known.reason)
        row.state = Incident.State.CLOSED
        row.save()
    elif is_closed and not known.closed_at:
        _write(row, "opened", now, text="closed here only: the ledger has it open")
        row.state = Incident.State.OPEN
        row.save()


def _write(row: Incident, what: str, at: datetime, *, text: str, who: str = "") -> None:
    IncidentLine.objects.create(incident=row, at=at, who=who, what=what, text=text)
