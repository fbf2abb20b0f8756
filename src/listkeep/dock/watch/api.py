"""The API through which people see what was told to whom, and never where that is."""

from typing import Annotated

from ninja import Query, Router

from listkeep.core.grants import format_time
from listkeep.dock.lists.access import Bearer, CallerRequest, not_signed_in
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import shape_of
from listkeep.wire.answers import DockDelivery, DockNotice, DockNotices
from listkeep.wire.messages import notices as n

from . import queries
from .models import Delivery
from .sentences import sentence

router = Router(auth=Bearer(), tags=["watch"])

Start = Annotated[int, Query(ge=0, lt=2**53)]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/notices", response=shape_of(DockNotices))
def read_notices(
    request: CallerRequest,
    start: Start = 0,
    limit: Limit = 200,
    unusual: bool = False,  # noqa: FBT001, FBT002 - a part of the address
) -> DockNotices:
    """Read the notices you may read, and how telling your contacts went.

    With `unusual` the newest warnings and alarms instead, wherever they are. What
    happened is the keeper's word; how telling went is the dock's.
    """
    if not request.auth.session:
        raise not_signed_in()
    page = get_keeper().read_notices(
        n.ReadNotices(start=start, limit=limit, unusual=unusual, caller=request.auth)
    )
    deliveries = queries.deliveries_of(str(notice.index) for notice in page.notices)
    return DockNotices(
        notices=tuple(
            _notice(notice, deliveries.get(str(notice.index), []))
            for notice in page.notices
        ),
        next=page.next,
    )


def _notice(notice: n.Notice, deliveries: list[Delivery]) -> DockNotice:
    """Show a notice with deliveries to those contacts the keeper names, no others."""
    contacts = {contact.id for contact in notice.contacts}
    return DockNotice(
        index=notice.index,
        at=notice.at,
        severity=notice.severity,
        event=notice.event,
        tenant=notice.tenant_name,
        sentence=sentence(notice),
        request=notice.request,
        state=notice.state,
        missing=notice.missing,
        deliveries=tuple(
            _delivery(each) for each in deliveries if each.contact in contacts
        ),
    )


def _delivery(row: Delivery) -> DockDelivery:
    is_waiting = row.state == Delivery.State.WAITING
    return DockDelivery(
        id=row.id,
        contact=row.name,
        kind=row.kind,
        state=row.state,
        attempts=row.attempts,
        outcome=row.outcome,
        next_at=format_time(row.next_at) if is_waiting else None,
    )
