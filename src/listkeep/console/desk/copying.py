"""Ask for a copy: chosen here, written by the keeper, signed in its inbox.

The file is made at the dock once nothing of its signatures is missing, for a recipient
that an owner enrolled; nobody here could open it.
"""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways, ask
from listkeep.core.grants import Action
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount, DockList

from .filling_in import SECONDS_A_DAY, SEGMENT, answer_form, read_cap

_USUAL_DAYS: Final = 7
_DAYS: Final = (1, 2, 3, 5, 7)
_ALONE: Final = 1000  # rows above which a custodian signs as well, by the floor


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyForm:
    """What was filled in, as it was typed."""

    segment: str
    cap: str
    recipient: str
    days: str
    purpose: str

    @classmethod
    def read(cls, request: HttpRequest) -> "CopyForm":
        """Read what was sent, or what a link says beforehand."""
        given = request.POST if request.method == "POST" else request.GET
        return cls(
            segment=given.get("segment", "").strip()[:SEGMENT],
            cap=given.get("cap", "").strip()[:12],
            recipient=given.get("recipient", "")[:40],
            days=given.get("days", str(_USUAL_DAYS))[:2],
            purpose=given.get("purpose", "").strip()[:200],
        )


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    ways, form = visitor.ways, CopyForm.read(request)
    found = ways.dock.show_list(name)
    counted = ask(lambda: _count(ways, found, form.segment))
    context = {
        "visitor": visitor,
        "list": found,
        "form": form,
        "segment": form.segment or "all",
        "recipients": ask(lambda: _recipients(ways)),
        "days": _DAYS,
        "count": counted,
        "alone": _ALONE,
    }
    return answer_form(
        *(request, "copy_form", context),
        prepare=lambda: _prepare(ways, found, form, counted.value),
    )


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count who would be in the copy, while it is typed."""
    ways = visitor.ways
    found = ways.dock.show_list(name)
    chosen = CopyForm.read(request).segment
    context = {"count": ask(lambda: _count(ways, found, chosen)), "alone": _ALONE}
    return show(request, "_copy_count", context)


def _count(ways: Ways, found: DockList, segment: str) -> DockCount:
    return ways.dock.count(found.id, segment or "all")


def _recipients(ways: Ways) -> tuple[dict[str, str], ...]:
    message = m.ShowRegistry(session=ways.session, kind="recipient")
    return ways.keeper.show_registry(message).rows


def _prepare(
    ways: Ways, found: DockList, form: CopyForm, counted: DockCount | None
) -> m.RequestView:
    days = int(form.days) if form.days in map(str, _DAYS) else _USUAL_DAYS
    return ways.keeper.draft_request(
        m.DraftRequest(
            session=ways.session,
            action=Action.EXPORT.value,
            purpose=form.purpose,
            list=found.id,
            selection=form.segment or "all",
            cap=read_cap(form.cap, counted),
            recipient=form.recipient,
            valid_seconds=days * SECONDS_A_DAY,
        )
    )
