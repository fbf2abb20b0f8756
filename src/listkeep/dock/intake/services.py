"""Open lists, begin imports and receive files.

An import is staged first and merged at its end in one transaction. Whatever goes
wrong before that, the list is as it was; the keeper is told the outcome either way.
"""

from collections.abc import Mapping, Sequence
from uuid import uuid4

import structlog
from django.db import IntegrityError, transaction

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
)
from listkeep.core.segments import Schema
from listkeep.dock.lists import services as lists
from listkeep.dock.lists.access import Visit
from listkeep.dock.lists.bulk import Merged, Staging
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.statuses import STATUSES
from listkeep.wire import messages as m

from .endings import failing, mark_late, report_end
from .models import Import
from .receiving import Clock, Receiver, Upload, staging_path

log = structlog.get_logger("listkeep.dock.intake")
MAX_FIELDS = 200


def open_list(
    caller: m.Caller, *, name: str, facets: list[str], fields: list[str], keeper: Keeper
) -> m.ListRecord:
    """Open a list whose facets are what they should be.

    Raises:
        MalformedError: A facet is not written as ``name:type``, names clash, or there
            are too many.
        RefusedError: The caller may not open lists.
    """
    schema = Schema.parse(facets)
    if len(fields) > MAX_FIELDS:
        raise MalformedError(
            f"a list has at most {MAX_FIELDS} fields",
            code=Code.FACET_INVALID,
            hint="leave out what is to be sealed: an import adds a file's columns",
        )
    if len({*schema.names, *fields}) < len(schema.names) + len(fields):
        raise MalformedError(
            "a field is named twice, or is a facet and sealed at once",
            code=Code.FACET_INVALID,
            hint="name each field once; what is not a facet is sealed",
        )
    return keeper.create_list(
        m.CreateList(
            caller=caller, name=name, facets=schema.format(), fields=tuple(fields)
        )
    )


def begin_import(  # noqa: PLR0913 - one import is described by all of these
    visit: Visit,
    *,
    file_format: str,
    mapping: Mapping[str, str],
    request: str | None,
    keeper: Keeper,
    clock: Clock,
) -> Import:
    """Ask the keeper for permission to import a file, and wait for it.

    Raises:
        ConflictError: Another import into this list is running.
        MalformedError: The mapping names something that looks like an address.
        RefusedError: The keeper does not permit it.
    """
    if any("@" in text for pair in mapping.items() for text in pair):
        raise MalformedError(
            "the mapping holds something that looks like an address",
            code=Code.FILE_HEADER,
            hint='a mapping goes from field to column: {"address": "E-mail"}',
        )
    list_id = visit.record.id
    mark_late(list_id, keeper=keeper, clock=clock)
    if Import.objects.filter(list_id=list_id, state__in=Import.RUNNING).exists():
        raise _busy()
    ticket = keeper.start_import(
        m.StartImport(caller=visit.caller, list=list_id, request=request)
    )
    return Import.objects.create(
        id=uuid4().hex,
        list_id=list_id,
        principal=visit.principal.id,
        ticket=ticket.ticket,
        max_rows=ticket.max_rows,
        expected_sha256=ticket.sha256,
        format=file_format,
        mapping=dict(mapping),
        created_at=clock(),
        changed_at=clock(),
    )


def expect_file(source: Import, *, sha256: str) -> Import:
    """Have an import take no other file than the one that was looked at.

    Raises:
        ConflictError: The request it runs under was signed for another one.
    """
    if source.expected_sha256 not in ("", sha256):
        raise ConflictError(
            "the request was signed for another file",
            code=Code.FILE_MISMATCH,
            hint="choose the file that was signed for, or leave the request out",
        )
    source.expected_sha256 = sha256
    source.save(update_fields=["expected_sha256"])
    return source


def receive_file(
    source: Import, *, visit: Visit, upload: Upload, keeper: Keeper, clock: Clock
) -> Import:
    """Receive an import's file and merge it into its list, whole or not at all.

    Raises:
        ConflictError: This import has had its file, or another one is running.
        ListkeepError: Whatever else is wrong with the file, the caller or the keeper.
    """
    mark_late(source.list_id, keeper=keeper, clock=clock)
    _claim(source, visit=visit, upload=upload, clock=clock)
    with failing(source, upload=upload, keeper=keeper, clock=clock):
        staging = Staging(staging_path(source.id), schema=visit.schema)
        try:
            receiver = Receiver(source, visit=visit, keeper=keeper, clock=clock)
            receiver.receive(upload, staging)
            _merge(source, visit=visit, staging=staging, keeper=keeper, clock=clock)
        finally:
            staging.remove()
    report_end(source, keeper=keeper)
    log.info(
        "import.done",
        id=source.id,
        list=source.list_id,
        rows=source.rows,
        rejected=source.rejected,
    )
    return source


def _claim(source: Import, *, visit: Visit, upload: Upload, clock: Clock) -> None:
    """Make this the one import that runs into its list."""
    if source.principal != visit.principal.id:
        raise RefusedError(
            "somebody else began this import", hint="begin one of your own"
        )
    try:
        with transaction.atomic():
            claimed = Import.objects.filter(
                pk=source.pk, state=Import.State.WAITING
            ).update(
                state=Import.State.RECEIVING,
                size_bytes=upload.size_bytes,
                changed_at=clock(),
            )
    except IntegrityError as error:
        raise _busy() from error
    if not claimed:
        raise ConflictError(
            "this import has had its file",
            code=Code.NOT_WAITING,
            hint="begin another import",
        )
    source.refresh_from_db()


def _merge(
    source: Import, *, visit: Visit, staging: Staging, keeper: Keeper, clock: Clock
) -> None:
    """Merge, suppress and mark as done; all of the dock's part in one transaction."""
    source.state = Import.State.MERGING
    source.changed_at = clock()
    source.save()

    def finish(merged: Merged, suppressions: lists.Suppressions) -> None:
        for status, tokens in suppressions:
            keeper.suppress(
                m.Suppress(
                    list=source.list_id,
                    tokens=b"".join(tokens),
                    reason=STATUSES[status],
                    ticket=source.ticket,
                )
            )
        source.state = Import.State.DONE
        source.added, source.updated = merged.added, merged.updated
        source.changed_at = clock()
        source.save()

    def leave_out_the_erased() -> None:
        # An erasure locks the list as well, so it is before this or after the merge.
        if keeper.find_gone(m.FindGone(ticket=source.ticket)).erased:
            staging.leave_out(find_gone)

    def find_gone(tokens: Sequence[bytes]) -> frozenset[bytes]:
        message = m.FindGone(ticket=source.ticket, tokens=b"".join(tokens))
        return frozenset(tokens[at] for at in keeper.find_gone(message).gone)

    lists.merge_staging(
        staging,
        list_id=source.list_id,
        schema=visit.schema,
        author=Author(source.principal, source.id),
        now=clock(),
        before_commit=finish,
        once_locked=leave_out_the_erased,
    )


def _busy() -> ConflictError:
    return ConflictError(
        "another import into this list is running",
        code=Code.BUSY,
        hint="wait until it is done, then begin again",
    )
