"""Ask for a send: chosen here, written by the keeper, signed in its inbox.

A template is chosen by its digest from those that were handed over at the dock. Sender,
answers and links are the template's own, and people are told of them as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways, ask
from listkeep.core.canonical import encode
from listkeep.core.grants import Action
from listkeep.core.registry.sending import LONGEST_CAMPAIGN
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount, DockList
from listkeep.wire.dock.sends import DockKept

from .filling_in import (
    PACE,
    SECONDS_A_DAY,
    SEGMENT,
    answer_form,
    read_cap,
    read_days,
    read_number,
)
from .mailing import choose_templates, count_subscribed, read_routes, write_subject

MOST_DAYS: Final = LONGEST_CAMPAIGN.days


@dataclass(frozen=True, kw_only=True, slots=True)
class SendForm:
    """What was filled in, as it was typed."""

    segment: str
    template: str
    route: str
    cap: str
    pace: str
    days: str
    purpose: str

    @classmethod
    def read(cls, request: HttpRequest) -> "SendForm":
        """Read what was sent, or what a link says beforehand."""
        given = request.POST if request.method == "POST" else request.GET
        return cls(
            segment=given.get("segment", "").strip()[:SEGMENT],
            template=given.get("template", "")[:64],
            route=given.get("route", "")[:40],
            cap=given.get("cap", "").strip()[:12],
            pace=given.get("pace", "").strip()[:12],
            days=given.get("days", str(MOST_DAYS))[:2],
            purpose=given.get("purpose", "").strip()[:200],
        )


@personal("GET")
def choose_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Ask which list is written to."""
    lists = visitor.ways.dock.show_lists()
    return show(request, "send_lists", {"visitor": visitor, "lists": lists})


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    ways, form = visitor.ways, SendForm.read(request)
    found = ways.dock.show_list(name)
    shelf = ask(lambda: ways.dock.show_shelf(found.id))
    routes = ask(lambda: read_routes(ways))
    counted = count_subscribed(ways, found, form.segment)
    context = {
        "visitor": visitor,
        "list": found,
        "form": form,
        "templates": shelf,
        "routes": routes,
        "days": range(1, MOST_DAYS + 1),
        "count": counted,
    }
    return answer_form(
        *(request, "send_form", context),
        prepare=lambda: _prepare(
            ways, found, form, shelf.value or (), counted=counted.value
        ),
    )


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count who would be written to, while it is typed."""
    ways = visitor.ways
    found = ways.dock.show_list(name)
    chosen = SendForm.read(request).segment
    context = {"count": count_subscribed(ways, found, chosen), "list": found}
    return show(request, "_send_count", context)


def _prepare(
    ways: Ways,
    found: DockList,
    form: SendForm,
    shelf: Sequence[DockKept],
    *,
    counted: DockCount | None,
) -> m.RequestView:
    chosen = choose_templates(shelf, [form.template])
    cap = read_cap(form.cap, counted)
    pace = read_number(form.pace or "0", PACE, least=0)
    days = read_days(
        form.days,
        gettext_noop("a campaign goes on for {days} days at most"),
        most=MOST_DAYS,
    )
    return ways.keeper.draft_request(
        m.DraftRequest(
            session=ways.session,
            action=Action.SEND.value,
            purpose=form.purpose,
            list=found.id,
            selection=form.segment or "all",
            cap=cap,
            recipient=form.route,
            subject=encode(write_subject(chosen, pace=pace)).decode(),
            valid_seconds=days * SECONDS_A_DAY,
        )
    )
