"""Ask for an undo above a day's budget: written by the keeper, signed in its inbox.

What it would change was looked at at the dock, which leads here with the time and the
number of entries; the console may not look at that, nor take anything back.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Ways
from listkeep.core.canonical import encode
from listkeep.core.grants import Action, format_time, parse_time
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockList

from .ages import MAX_AGE
from .filling_in import SECONDS_A_DAY, Form, answer_form, read_number, typed


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoForm(Form):
    """What is asked for with an undo."""

    to: str = typed(20)
    rows: str = typed(12)
    purpose: str = typed(200)


@personal("GET", "POST")
def prepare(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show the form; have the keeper write the terms of what was filled in."""
    ways, form = visitor.ways, UndoForm.read(request)
    found = ways.dock.show_list(name, max_age=MAX_AGE)
    context = {"visitor": visitor, "list": found, "form": form}
    return answer_form(
        *(request, "undo_form", context), prepare=lambda: _prepare(ways, found, form)
    )


def _prepare(ways: Ways, found: DockList, form: UndoForm) -> m.RequestView:
    rows = read_number(
        form.rows,
        gettext_noop("say how many entries at most, as a whole number"),
        least=1,
    )
    moment = format_time(parse_time(form.to))
    return ways.keeper.draft_request(
        m.DraftRequest(
            session=ways.session,
            action=Action.LIST_RESTORE.value,
            purpose=form.purpose,
            list=found.id,
            cap=rows,
            subject=encode({"moment": moment}).decode(),
            valid_seconds=SECONDS_A_DAY,
        )
    )
