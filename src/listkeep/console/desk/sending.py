"""Ask for a send: chosen here, written by the keeper, signed in its inbox.

A template is chosen by its digest from those that were handed over at the dock. Sender,
answers and links are the template's own, and people are told of them as they are.
"""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.core.registry.sending import LONGEST_CAMPAIGN
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .ages import MAX_AGE
from .filling_in import PACE, answer_form, read_cap, read_days, read_number, typed
from .mailing import (
    MailDesk,
    MailForm,
    choose_templates,
    count_subscribed,
    write_subject,
)

MOST_DAYS: Final = LONGEST_CAMPAIGN.days


@dataclass(frozen=True, kw_only=True, slots=True)
class SendForm(MailForm):
    """What is asked for with a send."""

    template: str = typed(64)
    days: str = typed(2, usual=str(MOST_DAYS))


@personal("GET")
def choose_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Ask which list is written to."""
    lists = visitor.ways.dock.show_lists()
    return show(request, "send_lists", {"visitor": visitor, "lists": lists})


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    desk = MailDesk.at(visitor, name, SendForm.read(request))
    context = {**desk.context, "days": range(1, MOST_DAYS + 1)}
    return answer_form(*(request, "send_form", context), prepare=lambda: _prepare(desk))


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count who would be written to, while it is typed."""
    ways = visitor.ways
    found = ways.dock.show_list(name, max_age=MAX_AGE)
    chosen = SendForm.read(request).selection
    context = {"count": count_subscribed(ways, found, chosen), "list": found}
    return show(request, "_send_count", context)


def _prepare(desk: MailDesk[SendForm]) -> m.RequestView:
    form = desk.form
    chosen = choose_templates(desk.shelf, [form.template])
    cap = read_cap(form.cap, desk.count_exactly)
    pace = read_number(form.pace or "0", PACE, least=0)
    days = read_days(
        form.days,
        gettext_noop("a campaign goes on for {days} days at most"),
        most=MOST_DAYS,
    )
    return desk.draft(write_subject(chosen, pace=pace), cap=cap, days=days)
