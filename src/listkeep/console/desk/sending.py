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
from listkeep.console.web.ways import Panel, Ways, ask
from listkeep.core.canonical import encode
from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.grants import Action
from listkeep.core.registry.mail_names import format_words
from listkeep.core.registry.sending import LONGEST_CAMPAIGN, SendKind
from listkeep.looks.marking import Filled, gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount, DockList
from listkeep.wire.dock.sends import DockKept

from .filling_in import SEGMENT, read_cap, read_number

Row = dict[str, str]
MOST_DAYS: Final = LONGEST_CAMPAIGN.days
_SECONDS_A_DAY: Final = 86_400


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
    routes = ask(lambda: _routes(ways))
    counted = _count(ways, found, form.segment)
    context = {
        "visitor": visitor,
        "list": found,
        "form": form,
        "templates": shelf,
        "routes": routes,
        "days": range(1, MOST_DAYS + 1),
        "count": counted,
    }
    if request.method == "GET":
        return show(request, "send_form", context)
    try:
        context["prepared"] = _prepare(
            ways, found, form, shelf.value or (), counted=counted.value
        )
    except ListkeepError as error:
        if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
            raise
        context["error"] = error
        return show(request, "send_form", context, status=error.status)
    return show(request, "prepared", context)


@personal("GET")
def count(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Count who would be written to, while it is typed."""
    ways = visitor.ways
    found = ways.dock.show_list(name)
    chosen = SendForm.read(request).segment
    context = {"count": _count(ways, found, chosen), "list": found}
    return show(request, "_send_count", context)


def _count(ways: Ways, found: DockList, segment: str) -> Panel[DockCount]:
    """Count those of a segment who are subscribed: nobody else is written to."""
    chosen = segment or "all"
    subscribed = "status = subscribed"
    whole = subscribed if chosen == "all" else f"({chosen}) and {subscribed}"
    return ask(lambda: ways.dock.count(found.id, whole))


def _routes(ways: Ways) -> tuple[Row, ...]:
    message = m.ShowRegistry(session=ways.session, kind="route")
    return ways.keeper.show_registry(message).rows


def _prepare(
    ways: Ways,
    found: DockList,
    form: SendForm,
    shelf: Sequence[DockKept],
    *,
    counted: DockCount | None,
) -> m.RequestView:
    template = next((each for each in shelf if each.digest == form.template), None)
    if template is None:
        raise MalformedError(
            gettext_noop("no template was chosen"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop(
                "choose one of the list's, or hand one over at the dock first"
            ),
        )
    cap = read_cap(form.cap, counted)
    pace = read_number(
        form.pace or "0",
        gettext_noop("say how many messages an hour, as a whole number"),
        least=0,
    )
    days = read_number(
        form.days, gettext_noop("say how many days, as a whole number"), least=1
    )
    if days > MOST_DAYS:
        raise MalformedError(
            Filled(
                gettext_noop("a campaign goes on for {days} days at most"),
                days=str(MOST_DAYS),
            ),
            code=Code.REQUEST_INVALID,
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
            subject=encode(_subject(template, pace)).decode(),
            valid_seconds=days * _SECONDS_A_DAY,
        )
    )


def _subject(template: DockKept, pace: int) -> dict[str, str]:
    return {
        "kind": SendKind.CAMPAIGN.value,
        "templates": template.digest,
        "from": template.sender,
        "reply_to": template.reply_to,
        "title": template.title,
        "links": format_words(template.links),
        "tracking": format_words(template.tracking),
        "fields": format_words(template.fields),
        "pace": str(pace),
    }
