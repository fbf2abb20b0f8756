"""Ask for a standing send: mail that an application sets off, within what was signed.

It goes on by itself for up to 90 days: one message to each person for each trigger, so
many in all, so many an hour. What it may say are some templates of one sender.
"""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways, ask
from listkeep.core.canonical import encode
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Action
from listkeep.core.registry.mail_names import is_word
from listkeep.core.registry.sending import LONGEST_GRANT, MOST_TEMPLATES
from listkeep.looks.marking import Filled, gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockList
from listkeep.wire.dock.sends import DockKept

from .filling_in import (
    PACE,
    SECONDS_A_DAY,
    SEGMENT,
    answer_form,
    read_days,
    read_number,
)
from .mailing import choose_templates, count_subscribed, read_routes, write_subject

MOST_DAYS: Final = LONGEST_GRANT.days


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingForm:
    """What was filled in, as it was typed."""

    segment: str
    templates: tuple[str, ...]
    triggers: str
    route: str
    cap: str
    pace: str
    days: str
    purpose: str

    @classmethod
    def read(cls, request: HttpRequest) -> "StandingForm":
        """Read what was sent, or what a link says beforehand."""
        given = request.POST if request.method == "POST" else request.GET
        chosen = given.getlist("template")[: MOST_TEMPLATES + 1]
        return cls(
            segment=given.get("segment", "").strip()[:SEGMENT],
            templates=tuple(each[:64] for each in chosen),
            triggers=given.get("triggers", "").strip()[:800],
            route=given.get("route", "")[:40],
            cap=given.get("cap", "").strip()[:12],
            pace=given.get("pace", "").strip()[:12],
            days=given.get("days", str(MOST_DAYS)).strip()[:4],
            purpose=given.get("purpose", "").strip()[:200],
        )


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    ways, form = visitor.ways, StandingForm.read(request)
    found = ways.dock.show_list(name)
    shelf = ask(lambda: ways.dock.show_shelf(found.id))
    context = {
        "visitor": visitor,
        "list": found,
        "form": form,
        "templates": shelf,
        "routes": ask(lambda: read_routes(ways)),
        "most_days": MOST_DAYS,
        "most_templates": MOST_TEMPLATES,
        "count": count_subscribed(ways, found, form.segment),
    }
    return answer_form(
        *(request, "standing_form", context),
        prepare=lambda: _prepare(ways, found, form, shelf.value or ()),
    )


def _prepare(
    ways: Ways, found: DockList, form: StandingForm, shelf: tuple[DockKept, ...]
) -> m.RequestView:
    if len(form.templates) > MOST_TEMPLATES:
        raise _invalid(
            Filled(
                gettext_noop("a standing send has {number} templates at most"),
                number=str(MOST_TEMPLATES),
            ),
            hint=gettext_noop("ask for another one for the others"),
        )
    chosen = choose_templates(shelf, form.templates)
    triggers = read_triggers(form.triggers)
    cap = read_number(
        form.cap,
        gettext_noop("say how many messages at most, as a whole number"),
        least=1,
    )
    pace = read_number(form.pace, PACE, least=1)
    days = read_days(
        form.days,
        gettext_noop("a standing send goes on for {days} days at most"),
        most=MOST_DAYS,
    )
    subject = write_subject(chosen, pace=pace, triggers=triggers)
    return ways.keeper.draft_request(
        m.DraftRequest(
            session=ways.session,
            action=Action.SEND.value,
            purpose=form.purpose,
            list=found.id,
            selection=form.segment or "all",
            cap=cap,
            recipient=form.route,
            subject=encode(subject).decode(),
            valid_seconds=days * SECONDS_A_DAY,
        )
    )


def read_triggers(text: str) -> list[str]:
    """Read the names of triggers, with spaces, commas or line ends between them.

    Raises:
        MalformedError: There is none, or one is no such name.
    """
    names = sorted(set(text.replace(",", " ").lower().split()))
    if not names or not all(map(is_word, names)):
        raise _invalid(
            gettext_noop("say what sets it off, by names of a-z, 0-9, - and ."),
            hint=gettext_noop(
                "as welcome or basket: your application names one with each message"
            ),
        )
    return names


def _invalid(sentence: str, *, hint: str) -> MalformedError:
    return MalformedError(sentence, code=Code.REQUEST_INVALID, hint=hint)
