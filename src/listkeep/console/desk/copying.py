"""Ask for a copy: chosen here, written by the keeper, signed in its inbox.

The file is made at the dock once nothing of its signatures is missing, for a recipient
that an owner enrolled; nobody here could open it.
"""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Panel, Ways, ask
from listkeep.core.grants import Action
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount, DockList

from .ages import MAX_AGE
from .filling_in import SECONDS_A_DAY, SegmentForm, answer_form, read_cap, typed

_USUAL_DAYS: Final = 7
_DAYS: Final = (1, 2, 3, 5, 7)
_ALONE: Final = 1000  # rows above which a custodian signs as well, by the floor


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyForm(SegmentForm):
    """What is asked for with a copy."""

    recipient: str = typed(40)
    days: str = typed(2, usual=str(_USUAL_DAYS))


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    ways, form = visitor.ways, CopyForm.read(request)
    found = ways.dock.show_list(name, max_age=MAX_AGE)
    context = {
        "visitor": visitor,
        "list": found,
        "form": form,
        "segment": form.selection,
        "recipients": ask(lambda: _recipients(ways)),
        "days": _DAYS,
        "count": _count(ways, found, form.selection),
        "alone": _ALONE,
    }
    return answer_form(
        *(request, "copy_form", context), prepare=lambda: _prepare(ways, found, form)
    )


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count who would be in the copy, while it is typed."""
    ways = visitor.ways
    found = ways.dock.show_list(name, max_age=MAX_AGE)
    counted = _count(ways, found, CopyForm.read(request).selection)
    context = {"list": found, "count": counted, "alone": _ALONE}
    return show(request, "_copy_count", context)


def _count(
    ways: Ways, found: DockList, chosen: str, *, max_age: int = MAX_AGE
) -> Panel[DockCount]:
    return ask(lambda: ways.dock.count(found.id, chosen, max_age=max_age))


def _recipients(ways: Ways) -> tuple[dict[str, str], ...]:
    message = m.ShowRegistry(session=ways.session, kind="recipient")
    return ways.keeper.show_registry(message).rows


def _prepare(ways: Ways, found: DockList, form: CopyForm) -> m.RequestView:
    def count() -> Panel[DockCount]:
        return _count(ways, found, form.selection, max_age=0)

    days = int(form.days) if form.days in map(str, _DAYS) else _USUAL_DAYS
    return ways.keeper.draft_request(
        m.DraftRequest(
            session=ways.session,
            action=Action.EXPORT.value,
            purpose=form.purpose,
            list=found.id,
            selection=form.selection,
            cap=read_cap(form.cap, count),
            recipient=form.recipient,
            valid_seconds=days * SECONDS_A_DAY,
        )
    )
