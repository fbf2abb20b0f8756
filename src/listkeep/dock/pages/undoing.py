"""Undo: look at what taking a list back would change, do it, and see what came of it.

The console shows a list's history and touches nothing; what is to be taken back is
taken back here. Above somebody's budget the console prepares a request, and what was
granted is found here by its list and time.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.grants import Action, format_time, parse_time
from listkeep.dock.intake import queries, restores
from listkeep.dock.intake.models import Restore
from listkeep.dock.lists.access import Visit, enter_list, not_found
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.moments import find_moment, time_before
from listkeep.looks.marking import gettext_noop

from .answers import go_to, show, show_work
from .doors import Visitor, personal
from .releases import Granted, find_granted
from .runs import start_restore

_CHANGES_SHOWN: Final = 20
_LONGEST_NUMBER: Final = 9  # digits; the databases' numbers have ten
_UNDER_WAY: Final = (Restore.State.WAITING, Restore.State.RUNNING)
_beginning = Lock()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants back: a change undone, or a time."""

    before: int | None
    moment: str

    @classmethod
    def read(cls, request: HttpRequest, list_id: str) -> "Asked | None":
        """Read what a link or a form says; nothing at all is no wish.

        Raises:
            MalformedError: A number is none.
            RefusedError: The list has no such change.
        """
        given = request.POST if request.method == "POST" else request.GET
        moment = given.get("to", "").strip()[:20]
        if not given.get("before"):
            return cls(None, moment) if moment else None
        before = _read_number(given["before"])
        return cls(before, moment or format_time(time_before(list_id, before)))


@personal("GET", "POST")
def undo(request: HttpRequest, visitor: Visitor, list_id: str) -> HttpResponse:
    """Show what going back would change; begin it as it was looked at."""
    visit = enter_list(get_keeper(), visitor.caller, list_name=list_id, right="touch")
    asked = Asked.read(request, visit.record.id)
    if asked is None:
        if request.method == "POST":
            raise MalformedError(
                gettext_noop("no change was chosen"), code=Code.REQUEST_INVALID
            )
        return _show_changes(request, visitor, visit)
    if request.method == "GET":
        return _show_preview(request, visitor, visit, asked)
    try:
        restore = _begin(request, visit, asked)
    except ListkeepError as error:
        if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
            raise
        return _show_preview(request, visitor, visit, asked, error=error)
    return go_to(f"/undos/{restore.id}")


@personal("GET", is_followed=True)
def show_undo(request: HttpRequest, visitor: Visitor, restore_id: str) -> HttpResponse:
    """Show how far it has come, or what came of it, and how that is taken back."""
    restore = queries.get_restore(restore_id)
    if restore.principal != visitor.principal.id:
        raise not_found("restore")
    visit = enter_list(
        get_keeper(),
        visitor.caller,
        list_name=restore.list_id,
        right="touch",
        what="restore",
    )
    running = restore.state in _UNDER_WAY
    context = {
        "visitor": visitor,
        "list": visit.record,
        "restore": restore,
        "moment": restores.show_moment(restore.at),
        "told": queries.tell_restore(restore),
        "running": running,
        "change": queries.find_change(restore),
    }
    return show_work(request, "undone", context, goes_on=running)


def _begin(request: HttpRequest, visit: Visit, asked: Asked) -> Restore:
    """Begin it, or find that the same person has begun it already."""
    keeper, list_id = get_keeper(), visit.record.id
    begun = restores.Begun(
        moment=asked.moment,
        latest=_read_number(request.POST.get("latest", "")),
        request=request.POST.get("request", "")[:40] or None,
        before=asked.before,
    )
    at = find_moment(list_id, parse_time(asked.moment), before=asked.before)
    with _beginning:  # a button pressed twice is charged once
        restore = queries.find_begun(
            visit.principal.id, list_id, at, request=begun.request or ""
        ) or restores.begin_restore(
            visit, begun=begun, keeper=keeper, clock=timezone.now
        )
    if restore.state == Restore.State.WAITING:  # it is run once, however often begun
        start_restore(restore, visit=visit, keeper=keeper)
    return restore


def _show_preview(
    request: HttpRequest,
    visitor: Visitor,
    visit: Visit,
    asked: Asked,
    *,
    error: ListkeepError | None = None,
) -> HttpResponse:
    found = restores.preview_restore(
        visit, moment=asked.moment, clock=timezone.now, before=asked.before
    )
    seen = queries.tell_preview(found)
    context = {
        "visitor": visitor,
        "list": visit.record,
        "asked": asked,
        "seen": seen,
        "facets": sorted(seen.facets.items()),  # one may be called "items"
        "latest": found.moment.latest,
        "changes": found.moment.changes,
        "seconds": queries.expect_seconds(visit.record.id, found.rows),
        "granted": _find_signed(visitor, visit, asked.moment),
        "error": error,
    }
    return show(request, "undo", context, status=error.status if error else 200)


def _show_changes(request: HttpRequest, visitor: Visitor, visit: Visit) -> HttpResponse:
    context = {
        "visitor": visitor,
        "list": visit.record,
        "changes": [
            (told, restores.show_moment(told.change.at))
            for told in queries.read_changes(
                visit.record.id, before=None, limit=_CHANGES_SHOWN
            )
        ],
    }
    return show(request, "changes", context)


def _find_signed(visitor: Visitor, visit: Visit, moment: str) -> Granted | None:
    """Find what was granted to somebody for this list and time."""
    return next(
        (
            each
            for each in find_granted(visitor, Action.LIST_RESTORE, keeper=get_keeper())
            if each.terms.list == visit.record.id
            and each.terms.subject_fields()["moment"] == moment
        ),
        None,
    )


def _read_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    if not is_number or not (number := int(text)):
        raise MalformedError(
            gettext_noop("this is no number of a change"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop("choose a change on the page of the list"),
        )
    return number
