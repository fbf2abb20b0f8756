"""Forget what was kept for sends, once nothing can come back of them any more."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction

from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.told_sends import read_all_sends
from listkeep.dock.outlet.models import MailDelivery, MailPeer, StoredTemplate
from listkeep.dock.outlet.tallies import Row, forget_rows
from listkeep.dock.watch.sweeps import Sweep, Work

KEPT = timedelta(days=90)  # a template since it was handed over; as long as a send
_PAGE = 4096
_REST = timedelta(days=1)  # for a send that began a moment ago


def drop_old_deliveries(
    keeper: Keeper, *, now: datetime, keep_on: Callable[[], bool]
) -> int:
    """Remove the deliveries of sends the keeper tells nothing of any more.

    Those are sends that ended ninety days ago. Gives how many rows there were.

    Raises:
        ListkeepError: The keeper or the database does not answer; nothing is removed.
    """
    known = {send.request for send in read_all_sends(keeper)}
    removed = 0
    with translated():
        places = list(
            MailDelivery.objects.filter(at__lt=int((now - _REST).timestamp()))
            .exclude(request__in=known)
            .values_list("list_id", "request")
            .distinct()
        )
        for list_id, request in places:
            while keep_on() and (rows := _drop_page(list_id, request)):
                removed += rows
        removed += MailPeer.objects.filter(
            expires_at__lte=int(now.timestamp())
        ).delete()[0]
    return removed


def _drop_page(list_id: str, request: str) -> int:
    """Remove the first rows of a send; a page holds no writer up for long."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM mail_delivery WHERE list_id = %s AND request = %s"
                " AND token <= (SELECT token FROM (SELECT token FROM mail_delivery"
                " WHERE list_id = %s AND request = %s ORDER BY token LIMIT %s) AS page"
                " ORDER BY token DESC LIMIT 1)"
                " RETURNING list_id, request, state, code, provider, at, trigger",
                [list_id, request, list_id, request, _PAGE],
            )
            rows = [Row(*row) for row in cursor.fetchall()]
        forget_rows(rows)
        return len(rows)


def drop_old_templates(keeper: Keeper, *, now: datetime) -> int:
    """Remove templates that no send the keeper tells of has, and nobody meant to send.

    That is ninety days after the end of the last send, and after a template was handed
    over last. Gives how many there were.

    Raises:
        ListkeepError: The keeper or the database does not answer; nothing is removed.
    """
    used = {
        (send.list, digest)
        for send in read_all_sends(keeper)
        for digest in send.templates
    }
    removed = 0
    with translated():
        old = StoredTemplate.objects.filter(stored_at__lt=now - KEPT)
        for list_id, digest in list(old.values_list("list_id", "digest")):
            if (list_id, digest) not in used:
                # Still old: it may have been handed over again in this moment.
                removed += old.filter(list_id=list_id, digest=digest).delete()[0]
    return removed


def _run(work: Work) -> int:
    return drop_old_deliveries(work.keeper, now=work.clock(), keep_on=work.keep_on)


def _backlog(now: datetime) -> int:
    return MailPeer.objects.filter(expires_at__lte=int(now.timestamp())).count()


def _drop_templates(work: Work) -> int:
    return drop_old_templates(work.keeper, now=work.clock())


def _old_templates(_now: datetime) -> int:
    return 0  # which of them are used shows when the keeper is asked


SWEEPS = (
    Sweep(
        name="old-templates",
        what="drop templates 90 days after their last send ended, or they were stored",
        every=timedelta(days=1),
        run=_drop_templates,
        backlog=_old_templates,
    ),
    Sweep(
        name="old-deliveries",
        what="forget what came of each message of sends that ended 90 days ago",
        every=timedelta(days=1),
        run=_run,
        backlog=_backlog,
    ),
)
