"""The API of a list's history: what changed it, and taking it back."""

from typing import Annotated

from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field

from listkeep.core.errors import RefusedError
from listkeep.dock.lists.access import Bearer, CallerRequest, Visit, enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Id, Shape, shape_of
from listkeep.wire.answers import (
    DockChange,
    DockChangesPage,
    DockPreview,
    DockRestore,
)

from . import queries, restores
from .models import Restore

router = Router(auth=Bearer(), tags=["history"])

Time = Annotated[str, Field(pattern=r"^[0-9T:Z-]{20}$")]


class NewRestore(Shape):
    """Take a list back, as it was looked at: `latest` is from the preview.

    `before` is the number of the change that follows, if one was named there.
    """

    to: Time
    latest: Annotated[int, Field(ge=0)]
    request: Id | None = None
    before: Annotated[int, Field(ge=1)] | None = None


@router.get("/lists/{list_name}/history", response=shape_of(DockChangesPage))
def show_history(
    request: CallerRequest,
    list_name: str,
    cursor: Annotated[int, Query(ge=1)] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DockChangesPage:
    """Show who changed a list, newest first."""
    visit = _visit(request, list_name, right="view")
    if not visit.is_person:
        raise RefusedError("a list's history is for people")
    changes = queries.read_changes(visit.record.id, before=cursor, limit=limit)
    return DockChangesPage(
        changes=tuple(
            DockChange(
                number=told.change.number,
                kind=told.change.kind,
                at=restores.show_moment(told.change.at),
                who=told.change.who,
                source=told.change.source,
                moment=_moment(told.change.moment),
                added=told.added,
                updated=told.updated,
                removed=told.removed,
                rounded=told.rounded,
                can_undo=told.change.is_kept,
            )
            for told in changes
        ),
        cursor=str(changes[-1].change.number) if len(changes) == limit else None,
    )


@router.get("/lists/{list_name}/restore-preview", response=shape_of(DockPreview))
def preview_restore(
    request: CallerRequest,
    list_name: str,
    to: Annotated[str, Query()] = "",
    before: Annotated[int, Query(ge=1)] | None = None,
) -> DockPreview:
    """Say what would change if a list were taken back to a time; change nothing.

    `before` names the change that follows, for where several fall into one second.
    """
    visit = _visit(request, list_name)
    found = restores.preview_restore(
        visit, moment=to, clock=timezone.now, before=before
    )
    return DockPreview(
        moment=to,
        latest=found.moment.latest,
        changes=found.moment.changes,
        **queries.tell_preview(found)._asdict(),
    )


@router.post("/lists/{list_name}/restores", response={201: shape_of(DockRestore)})
def begin_restore(
    request: CallerRequest, list_name: str, body: NewRestore
) -> Status[DockRestore]:
    """Begin taking a list back; then run it."""
    visit = _visit(request, list_name)
    begun = restores.Begun(body.to, body.latest, body.request, body.before)
    restore = restores.begin_restore(
        visit, begun=begun, keeper=get_keeper(), clock=timezone.now
    )
    return Status(201, _show(restore))


@router.post("/restores/{restore_id}/run", response=shape_of(DockRestore))
def run_restore(request: CallerRequest, restore_id: str) -> DockRestore:
    """Take the list back; the answer comes when all of it is done, or nothing."""
    restore, visit = _visit_restore(request, restore_id)
    done = restores.run_restore(
        restore, visit=visit, keeper=get_keeper(), clock=timezone.now
    )
    return _show(done)


@router.get("/restores/{restore_id}", response=shape_of(DockRestore))
def show_restore(request: CallerRequest, restore_id: str) -> DockRestore:
    """Tell how far a restore has come."""
    return _show(_visit_restore(request, restore_id)[0])


def _visit(request: CallerRequest, list_name: str, *, right: str = "touch") -> Visit:
    return enter_list(get_keeper(), request.auth, list_name=list_name, right=right)


def _visit_restore(request: CallerRequest, restore_id: str) -> tuple[Restore, Visit]:
    restore = queries.get_restore(restore_id)
    visit = enter_list(
        get_keeper(),
        request.auth,
        list_name=restore.list_id,
        right="touch",
        what="restore",
    )
    return restore, visit


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else restores.show_moment(seconds)


def _show(restore: Restore) -> DockRestore:
    return DockRestore(
        id=restore.id,
        list=restore.list_id,
        state=restore.state,
        moment=restores.show_moment(restore.at),
        **queries.tell_restore(restore)._asdict(),
        family=restore.family,
        code=restore.code,
        message=restore.message,
        hint=restore.hint,
    )
