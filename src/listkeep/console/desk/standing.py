"""Ask for a standing send: mail that an application sets off, within what was signed.

It goes on by itself for up to 90 days: one message to each person for each trigger, so
many in all, so many an hour. What it may say are some templates of one sender.
"""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.doors import Visitor, personal
from listkeep.core.errors import Code, MalformedError
from listkeep.core.registry.mail_names import is_word
from listkeep.core.registry.sending import LONGEST_GRANT, MOST_TEMPLATES
from listkeep.looks.marking import Filled, gettext_noop
from listkeep.wire import messages as m

from .filling_in import PACE, answer_form, read_days, read_number, typed
from .mailing import MailDesk, MailForm, choose_templates, write_subject

MOST_DAYS: Final = LONGEST_GRANT.days


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingForm(MailForm):
    """What is asked for with a standing send."""

    template: tuple[str, ...] = typed(64, several=MOST_TEMPLATES + 1)
    triggers: str = typed(800)
    days: str = typed(4, usual=str(MOST_DAYS))


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    desk = MailDesk.at(visitor, name, StandingForm.read(request))
    most = {"most_days": MOST_DAYS, "most_templates": MOST_TEMPLATES}
    return answer_form(
        *(request, "standing_form", {**desk.context, **most}),
        prepare=lambda: _prepare(desk),
    )


def _prepare(desk: MailDesk[StandingForm]) -> m.RequestView:
    form = desk.form
    if len(form.template) > MOST_TEMPLATES:
        raise _invalid(
            Filled(
                gettext_noop("a standing send has {number} templates at most"),
                number=str(MOST_TEMPLATES),
            ),
            hint=gettext_noop("ask for another one for the others"),
        )
    chosen = choose_templates(desk.shelf, form.template)
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
    return desk.draft(subject, cap=cap, days=days)


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
