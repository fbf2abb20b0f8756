"""The sign-up form of a list, for everybody.

Beside the rules of pages for people outside:

- Whatever address is sent, the answer is one: who is on the list, was, is kept away or
  cannot exist looks like everybody else. What is told is what the visitor can see
  without us: that a field is empty, or too long.
- What was typed is shown again in the field it was typed in, and nowhere else: in no
  address of a page, no line of a log.
- A form has no cookie and acts for nobody, so what another site could do with it is
  have its visitors sign people up, each from a network of their own. So a form takes
  what its own page sends, and that of the sites it was made for.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from listkeep.core.errors import (
    Code,
    ListkeepError,
    MalformedError,
    RefusedError,
    UnavailableError,
)
from listkeep.dock.intake.sign_ups.asking import MAX_FIELD_CHARACTERS, sign_up
from listkeep.dock.intake.sign_ups.forms import Form, find_form
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.visitors import visitor_address
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .answers import show
from .outside import FORM, answer, require_form_from

log = structlog.get_logger("listkeep.dock.pages")

_MAX_BODY: Final = 64 * 1024
_MAX_FIELDS: Final = 40
_LONGEST_ADDRESS: Final = 320
_ADDRESS: Final = "address"
_FIELD: Final = "field."
# No person sees it. Programs that fill in every form there is fill it in.
_TRAP: Final = "leave_empty"
_NOT_NOW: Final = UnavailableError(
    gettext_noop("this form takes no sign-ups at the moment"),
    hint=gettext_noop("try again later"),
)
_TOO_MANY: Final = RefusedError(
    gettext_noop("too many people signed up from where you are, or at all"),
    code=Code.OVER_PACE,
    hint=gettext_noop("try again in some minutes"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form that is shown."""

    name: str
    label: str
    value: str


def join(request: HttpRequest, *, form_id: str) -> HttpResponse:
    """Show the form, or take what somebody typed."""
    return answer(request, lambda: _join(request, form_id))


def _join(request: HttpRequest, form_id: str) -> HttpResponse:
    form = find_form(form_id)
    if form is None:
        return show(request, "no_form", {"path": ""}, status=404)
    if request.method != "POST":
        return _show_form(request, form, {})
    require_form_from(request, form.origins)
    typed = _read(request)
    try:
        _require_fields(form, typed)
        if not typed.get(_TRAP):
            _take(form, typed, source=_source(request))
    except ListkeepError as error:
        if type(error) is ListkeepError:
            raise  # our fault, and told as such
        return _show_form(request, form, typed, error=_told(error))
    return show(request, "joined", {"path": "", "title": form.title})


def _read(request: HttpRequest) -> dict[str, str]:
    """Read what was typed; what is no form of ours counts as empty."""
    body = request.read(_MAX_BODY + 1)
    if request.content_type != FORM or len(body) > _MAX_BODY:
        return {}
    try:
        pairs = parse_qsl(
            body.decode("ascii"), max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError:
        return {}
    return dict(pairs)


def _require_fields(form: Form, typed: dict[str, str]) -> None:
    if not typed.get(_ADDRESS, "").strip():
        raise MalformedError(
            gettext_noop("there is no address"), hint=gettext_noop("type yours")
        )
    if any(len(text) > MAX_FIELD_CHARACTERS for text in _fields(form, typed).values()):
        raise MalformedError(
            gettext_noop("that is too long"),
            hint=gettext_noop("1,000 characters are the most"),
        )


def _fields(form: Form, typed: dict[str, str]) -> dict[str, str]:
    """Pick what the form asks for; a field that was left empty is not there."""
    found = {name: typed.get(f"{_FIELD}{name}", "").strip() for name in form.fields}
    return {name: text for name, text in found.items() if text}


def _take(form: Form, typed: dict[str, str], *, source: str) -> None:
    """Take a sign-up, as from the service whose form it is."""
    keeper, caller = get_keeper(), m.Caller(service_key=form.key)
    visit = enter_list(keeper, caller, list_name=form.list, right="touch")
    try:
        sign_up(
            visit,
            address=typed[_ADDRESS].strip()[:_LONGEST_ADDRESS],
            fields=_fields(form, typed),
            source=source,
            keeper=keeper,
            now=timezone.now(),
        )
    except MalformedError:
        log.info("join.no-address", form=form.id)  # and the visitor is told the same


def _source(request: HttpRequest) -> str:
    return visitor_address(
        request.META, proxies=settings.LISTKEEP_CONFIG.trusted_proxies
    )


def _told(error: ListkeepError) -> ListkeepError:
    """Say what a visitor may know of it; how it is in here is not for them."""
    if type(error) is MalformedError:
        return error
    if error.code == Code.OVER_PACE:
        return _TOO_MANY
    log.warning("join.not-taken", code=error.code)
    return _NOT_NOW


def _show_form(
    request: HttpRequest,
    form: Form,
    typed: dict[str, str],
    *,
    error: ListkeepError | None = None,
) -> HttpResponse:
    context = {
        "path": "",
        "form": form,
        "address": typed.get(_ADDRESS, ""),
        "fields": [
            Field(f"{_FIELD}{name}", label, typed.get(f"{_FIELD}{name}", ""))
            for name, label in form.fields.items()
        ],
        "error": error,
    }
    return show(request, "join", context, status=error.status if error else 200)
