"""Templates on a list's shelf, and sends the dock carries out: begin, hold, go on.

A template is handed over before anybody asks for a send of it, and read by whoever is
to approve one: the keeper shows what people are told of a mail, and reads none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.grants import Action, Terms
from listkeep.core.mail import Template, TemplateError, declare
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.core.mail.slots import format_pieces, headline
from listkeep.core.registry.sending import SendKind, SendTerms, parse_send
from listkeep.dock.intake.receiving import Upload
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.outlet.begin_sends import begin_send, end_send
from listkeep.dock.outlet.merging import services as merges
from listkeep.dock.outlet.models import StoredTemplate
from listkeep.dock.outlet.requests import get_terms
from listkeep.dock.outlet.templates import find_kept, get_kept, shelve_template
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .answers import go_to, show, show_work
from .doors import Visitor, personal
from .releases import find_granted
from .uploads import read_form

_DRAIN_BYTES = 16 * 1024 * 1024
_ACTS: Final[dict[str, Callable[[m.Caller, str], object]]] = {
    "start": lambda caller, name: merges.start_merge(caller, **_now(name)),
    "pause": lambda caller, name: merges.pause_merge(caller, **_now(name)),
    "resume": lambda caller, name: merges.resume_merge(caller, **_now(name)),
    # Of a standing send: an application hands its messages over.
    "begin": lambda caller, name: begin_send(caller, request=name, keeper=get_keeper()),
    "end": lambda caller, name: end_send(caller, request=name, keeper=get_keeper()),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a mail as people read it, its slots as they are written."""

    kind: str
    text: str


@personal("GET")
def show_shelf(request: HttpRequest, visitor: Visitor, list_id: str) -> HttpResponse:
    """Show the templates of a list, and the form for another one."""
    return _shelf(request, visitor, list_id)


@personal("POST", has_file=True)
def shelve(request: HttpRequest, visitor: Visitor, list_id: str) -> HttpResponse:
    """Keep a template; one that is refused is refused with every reason."""
    sent = read_form(request)
    visitor.require_token(sent.fields.get("token", ""))
    visit = enter_list(get_keeper(), visitor.caller, list_name=list_id, right="send")
    try:
        eml = _read(sent.upload)
        template = shelve_template(visit, eml=eml, now=timezone.now())
    except ListkeepError as error:
        if type(error) is ListkeepError:
            raise
        return _shelf(request, visitor, list_id, error=error)
    return go_to(f"/templates/{visit.record.id}/{template.digest}")


@personal("GET")
def show_template(
    request: HttpRequest, visitor: Visitor, list_id: str, digest: str
) -> HttpResponse:
    """Show what a template says, to whoever may look at its list."""
    visit = enter_list(
        get_keeper(),
        visitor.caller,
        list_name=list_id,
        right="view",
        what="template",
    )
    template = get_kept(visit.record.id, digest)
    context = {
        "visitor": visitor,
        "list": visit.record,
        "template": template,
        "said": declare(template),
        "parts": _parts(template),
        "can_send": "send" in visit.principal.rights,
    }
    return show(request, "template", context)


@personal("GET")
def show_sends(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the sends that were granted to somebody and are not used up."""
    granted = find_granted(visitor, Action.SEND, keeper=get_keeper())
    return show(request, "sends", {"visitor": visitor, "granted": granted})


@personal("GET", "POST", is_followed=True)
def carry_out(request: HttpRequest, visitor: Visitor, request_id: str) -> HttpResponse:
    """Show a send; begin it, hold it, let it go on."""
    keeper = get_keeper()
    terms = get_terms(
        visitor.caller, request=request_id, action=Action.SEND, keeper=keeper
    )
    visit = enter_list(
        keeper, visitor.caller, list_name=terms.list, right="send", what="request"
    )
    error: ListkeepError | None = None
    if request.method == "POST":
        try:
            _act(request, visitor.caller, request_id)
        except ListkeepError as refused:
            if refused.code is Code.NOT_SIGNED_IN or type(refused) is ListkeepError:
                raise
            error = refused
        else:
            return go_to(f"/sends/{request_id}")
    said, merge = parse_send(terms), _find_merge(visitor, request_id)
    is_standing = said.kind is SendKind.STANDING
    # What went wrong stays to be read: a page that looks again would drop it.
    goes_on = merge is not None and merge.run.state == "running" and error is None
    context = {
        "visitor": visitor,
        "list": visit.record,
        "id": request_id,
        "terms": terms,
        "said": said,
        "title": headline(said.title),
        "merge": merge,
        "withheld": merge.selected - sum(merge.counts.values()) if merge else 0,
        "running": goes_on,
        "missing": _missing(terms, said),
        "is_standing": is_standing,
        "told": _told_by_keeper(visitor, request_id) if is_standing else {},
        "error": error,
    }
    status = error.status if error else 200
    return show_work(request, "send", context, goes_on=goes_on, status=status)


def _act(request: HttpRequest, caller: m.Caller, request_id: str) -> None:
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise MalformedError(
            gettext_noop("there is no such act"), code=Code.REQUEST_INVALID
        )
    act(caller, request_id)


def _now(request_id: str) -> dict[str, Any]:
    return {"request": request_id, "keeper": get_keeper(), "now": timezone.now()}


def _told_by_keeper(visitor: Visitor, request_id: str) -> dict[str, str]:
    """Read what the keeper says of a send: since when it goes on, until when."""
    asked = m.ShowRequest(session=visitor.caller.session, request=request_id)
    return get_keeper().show_requests(asked).requests[0].facts


def _find_merge(visitor: Visitor, request_id: str) -> merges.MergeView | None:
    try:
        return merges.show_merge(
            visitor.caller, request=request_id, keeper=get_keeper()
        )
    except ListkeepError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        return None


def _missing(terms: Terms, said: SendTerms) -> list[str]:
    """List which of its templates were not handed over yet."""
    known = StoredTemplate.objects.filter(list_id=terms.list)
    found = set(known.values_list("digest", flat=True))
    return [digest for digest in said.templates if digest not in found]


def _shelf(
    request: HttpRequest,
    visitor: Visitor,
    list_id: str,
    *,
    error: ListkeepError | None = None,
) -> HttpResponse:
    visit = enter_list(get_keeper(), visitor.caller, list_name=list_id, right="send")
    context = {
        "visitor": visitor,
        "list": visit.record,
        "templates": find_kept(visit.record.id),
        "error": error,
        "faults": error.faults if isinstance(error, TemplateError) else (),
    }
    return show(request, "templates", context, status=error.status if error else 200)


def _read(upload: Upload) -> bytes:
    """Read a file that is small, or refuse it without holding more of it."""
    if upload.size_bytes > MAX_BYTES:
        upload.drain(_DRAIN_BYTES)
        raise MalformedError(
            gettext_noop("a template has at most 2 MiB"),
            code=Code.BODY_TOO_LARGE,
            hint=gettext_noop("put large pictures on a server, and link to them"),
        )
    return b"".join(upload.chunks())


def _parts(template: Template) -> list[Part]:
    """List what is read, plain text first: it says the same without markup."""
    found = [
        Part(each.content_type.partition(";")[0], format_pieces(each.pieces))
        for each in template.letters
    ]
    return sorted(found, key=lambda part: part.kind != "text/plain")
