"""Take a list back to an earlier time: looked at first, then whole or not at all.

The keeper permits it, and seals the earlier rows anew: no row that was sealed before
is ever put back as it was. They are collected in a staging file and merged at the end
in one transaction; until then the list is as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
)
from listkeep.core.grants import format_time, parse_time
from listkeep.dock.lists import moments
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists import services as lists
from listkeep.dock.lists.access import Visit
from listkeep.dock.lists.bulk import Staging
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.models import Change
from listkeep.dock.lists.moments import Earlier, Preview
from listkeep.dock.lists.tokens import split_tokens
from listkeep.wire.messages import restores as r

from .models import Restore
from .receiving import Clock

log = structlog.get_logger("listkeep.dock.intake")


class Begun(NamedTuple):
    """What a person agreed to: a time, and what was looked at before."""

    moment: str  # whole seconds UTC
    latest: int  # the newest change that was looked at
    request: str | None  # above the budget
    before: int | None = None  # the change that follows, where one was named


def preview_restore(
    visit: Visit, *, moment: str, clock: Clock, before: int | None = None
) -> Preview:
    """Say what would change if a list were taken back; nothing is changed by it.

    Raises:
        MalformedError: This is no time, or it has not come yet.
        RefusedError: A service asks, or that time is not kept any more.
    """
    if not visit.is_person:
        raise RefusedError("a list is taken back by people")
    at = parse_time(moment)
    if at > clock():
        raise MalformedError("a list cannot be taken to a time that has not come")
    list_id = visit.record.id
    found = moments.find_moment(list_id, at, before=before)
    return moments.preview(list_id, found, schema=visit.schema)


def begin_restore(
    visit: Visit, *, begun: Begun, keeper: Keeper, clock: Clock
) -> Restore:
    """Ask the keeper for permission to take a list back as it was looked at.

    Raises:
        ConflictError: The list changed since then, or nothing would change.
        RefusedError: The keeper does not permit it.
    """
    seen = preview_restore(visit, moment=begun.moment, clock=clock, before=begun.before)
    if seen.moment.latest != begun.latest:
        raise ConflictError(
            "the list was changed meanwhile",
            code=Code.BUSY,
            hint="look again at what going back would change",
        )
    if not seen.rows:
        raise ConflictError(
            "nothing would change", code=Code.NOT_WAITING, hint="choose another time"
        )
    ticket = keeper.start_restore(
        r.StartRestore(
            caller=visit.caller,
            list=visit.record.id,
            moment=begun.moment,
            rows=seen.rows,
            request=begun.request,
        )
    )
    return Restore.objects.create(
        id=uuid4().hex,
        list_id=visit.record.id,
        principal=visit.principal.id,
        ticket=ticket.ticket,
        request=begun.request or "",
        **seen.moment._asdict(),
        total=seen.come_back + seen.change,
        created_at=clock(),
        changed_at=clock(),
    )


def run_restore(
    restore: Restore, *, visit: Visit, keeper: Keeper, clock: Clock
) -> Restore:
    """Run a restore that was begun, to its end.

    Raises:
        ConflictError: It ran already, or the list changed meanwhile.
        ListkeepError: The keeper seals no more, or the disk is full.
    """
    _claim(restore, visit=visit, clock=clock)
    with _failing(restore, keeper=keeper, clock=clock):
        staging = Staging(restore_path(restore.id))
        try:
            for page in moments.read_earlier(restore.list_id, restore.moment):
                _reseal(restore, page, staging=staging, keeper=keeper)
                restore.changed_at = clock()
                restore.save(update_fields=["rows", "refused", "changed_at"])
            _merge(restore, staging=staging, clock=clock)
        finally:
            staging.remove()
    report_restore(restore, keeper=keeper)
    log.info("restore.done", id=restore.id, list=restore.list_id, rows=restore.rows)
    return restore


def report_restore(restore: Restore, *, keeper: Keeper) -> None:
    """Tell the keeper what came of a restore, and remember having told it."""
    try:
        keeper.finish_restore(
            r.FinishRestore(
                ticket=restore.ticket,
                committed=restore.state == Restore.State.DONE,
                rows=restore.added + restore.updated + restore.removed,
                added=restore.added,
                removed=restore.removed,
            )
        )
    except ListkeepError as error:
        log.warning("restore.not-reported", id=restore.id, code=error.code)
        if error.status >= 500:
            return
    restore.is_reported = True
    restore.save(update_fields=["is_reported"])


def fail_restore(restore: Restore, error: ListkeepError, *, clock: Clock) -> None:
    """Mark a restore as failed, with what its owner should know and do."""
    restore.state = Restore.State.FAILED
    restore.added = restore.updated = restore.removed = 0
    restore.family, restore.code = error.family, error.code
    restore.message, restore.hint = error.message[:300], error.hint[:300]
    restore.changed_at = clock()
    restore.save()
    log.warning("restore.failed", id=restore.id, code=error.code)


def restore_path(restore_id: str) -> Path:
    """Tell where a restore collects its sealed rows."""
    folder: Path = settings.LISTKEEP_HOME / "staging"
    return folder / f"restore-{restore_id}.sqlite3"


def show_moment(seconds: int) -> str:
    """Write a moment of a history as people and terms do."""
    return format_time(datetime.fromtimestamp(seconds, UTC))


def _claim(restore: Restore, *, visit: Visit, clock: Clock) -> None:
    if restore.principal != visit.principal.id:
        raise RefusedError(
            "somebody else began this restore", hint="begin one of your own"
        )
    waiting = Restore.objects.filter(pk=restore.pk, state=Restore.State.WAITING)
    if not waiting.update(state=Restore.State.RUNNING, changed_at=clock()):
        raise ConflictError(
            "this restore was run already", code=Code.NOT_WAITING, hint="begin another"
        )
    restore.refresh_from_db()


def _reseal(
    restore: Restore, page: list[Earlier], *, staging: Staging, keeper: Keeper
) -> None:
    sealed = keeper.reseal_rows(
        r.ResealRows(
            ticket=restore.ticket, rows=entries.row_batch([row[:5] for row in page])
        )
    )
    tokens = split_tokens(sealed.tokens)
    rows = [
        (token, sealed.batch_id, at, seal, row.facets, row.status)
        for at, (token, seal, row) in enumerate(
            zip(tokens, sealed.sealed, page, strict=True)
        )
        if seal
    ]
    staging.add(rows)
    restore.rows += len(rows)
    restore.refused += len(page) - len(rows)


def _merge(restore: Restore, *, staging: Staging, clock: Clock) -> None:
    def finish(change: Change) -> None:
        restore.state = Restore.State.DONE
        restore.added, restore.updated = change.added, change.updated
        restore.removed = change.removed
        restore.changed_at = clock()
        restore.save()

    lists.restore_staging(
        staging,
        list_id=restore.list_id,
        moment=restore.moment,
        author=Author(restore.principal, restore.request or restore.ticket),
        now=clock(),
        before_commit=finish,
    )


@contextmanager
def _failing(restore: Restore, *, keeper: Keeper, clock: Clock) -> Iterator[None]:
    """Whatever ends a restore early, even the process: say so in its row."""
    try:
        yield
    except BaseException as error:
        ours = error if isinstance(error, ListkeepError) else _interrupted()
        try:
            fail_restore(restore, ours, clock=clock)
            report_restore(restore, keeper=keeper)
        except DatabaseError:  # the same full disk, perhaps: the next start does it
            log.warning("restore.not-marked", id=restore.id)
        raise


def _interrupted() -> ListkeepError:
    return ListkeepError(
        "the restore was interrupted",
        code=Code.INTERNAL,
        hint="nothing was changed; the dock's log says more",
    )
