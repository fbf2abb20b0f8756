"""The API of sends: templates are handed over, and how far sends are."""

from datetime import UTC, datetime
from typing import Annotated, Self

from django.utils import timezone
from ninja import Query, Router

from listkeep.core.grants import format_time
from listkeep.core.mail import Declared
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.lists.access import Bearer, CallerRequest, Visit, enter_list
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Id, Shape

from . import progress
from .begin_sends import begin_send, end_send
from .recalling import Memory
from .templates import Kept, find_kept, shelve_template, store_template

_EML = {
    "requestBody": {
        "required": True,
        "content": {
            "message/rfc822": {"schema": {"type": "string", "format": "binary"}}
        },
    }
}
RequestNames = Annotated[list[Id], Query(max_length=50)]
_memory = Memory()
router = Router(auth=Bearer(), tags=["outlet"])


class TemplateView(Shape):
    """A template that is kept."""

    digest: str
    subject: str


class BegunView(Shape):
    """A send whose messages an application hands over."""

    request: str
    list: str
    kind: str
    state: str
    cap: int
    token_domain: str
    expires: str


class EndedView(Shape):
    """A send that was ended, and what came of its messages."""

    request: str
    delivered: int
    failed: int


class KeptView(Shape):
    """A template on a list's shelf, with what people would be told of it."""

    digest: str
    stored_at: str
    sender: str
    reply_to: str
    title: str
    links: list[str]
    tracking: list[str]
    fields: list[str]

    @classmethod
    def of(cls, digest: str, stored_at: datetime, said: Declared) -> Self:
        """Show one."""
        return cls(
            digest=digest,
            stored_at=format_time(stored_at),
            sender=said.sender,
            reply_to=said.reply_to,
            title=said.title,
            links=list(said.links),
            tracking=list(said.tracking),
            fields=list(said.fields),
        )


class KeptViews(Shape):
    """The newest templates of a list."""

    templates: list[KeptView]


class ProgressView(Shape):
    """One send in counts of its messages. The dock's word; the keeper counts, too."""

    request: str
    state: str
    code: str
    delivered: int
    under_way: int
    deferred: int
    failed: int
    first_at: str | None
    last_at: str | None

    @classmethod
    def of(cls, found: progress.Progress) -> Self:
        """Show how far a send is."""
        return cls(
            request=found.request,
            state=found.state,
            code=found.code,
            delivered=found.delivered,
            under_way=found.under_way,
            deferred=found.deferred,
            failed=found.failed,
            first_at=_time(found.first_at),
            last_at=_time(found.last_at),
        )


class ProgressViews(Shape):
    """Some sends of a list."""

    sends: list[ProgressView]


class ReasonView(Shape):
    """How many messages rest or ended with one code."""

    state: str
    code: str
    messages: int


class HourView(Shape):
    """How many messages were delivered in an hour."""

    at: str
    delivered: int


class PointView(Shape):
    """What came of messages in one step of time, and is so still."""

    at: str
    delivered: int
    waiting: int
    failed: int


class SeriesView(Shape):
    """A send over time, in at most 240 steps of one length."""

    step_seconds: int
    points: list[PointView]

    @classmethod
    def of(cls, found: progress.Series) -> Self:
        """Show it."""
        points = [
            PointView(
                at=_time(each.at) or "",
                delivered=each.delivered,
                waiting=each.waiting,
                failed=each.failed,
            )
            for each in found.points
        ]
        return cls(step_seconds=found.step_seconds, points=points)


class CameBackView(Shape):
    """How often one outcome came back, and what became of it."""

    outcome: str
    state: str
    things: int


class TriggerView(Shape):
    """What came of the messages that one trigger of a standing send set off."""

    trigger: str
    delivered: int
    waiting: int
    failed: int


class OutcomesView(Shape):
    """What came of one send."""

    progress: ProgressView
    reasons: list[ReasonView]
    hours: list[HourView]
    series: SeriesView
    returned: list[CameBackView]
    triggers: list[TriggerView]


class ProviderView(Shape):
    """What came of a send at one provider; those of fewer than five are others."""

    provider: str
    delivered: int
    waiting: int
    failed: int
    bounces: int
    complaints: int
    unsubscribes: int


class ProviderViews(Shape):
    """By provider; null, if the list has no facet of that name."""

    providers: list[ProviderView] | None


@router.put(
    "/sends/{request_id}/template",
    response=TemplateView,
    openapi_extra=_EML,
)
def put_template(request: CallerRequest, request_id: str) -> TemplateView:
    """Hand over the template of a send, as an .eml file in the raw body.

    It is kept if it is the one that was signed for, and says what people were told.
    """
    template = store_template(
        request.auth,
        request=request_id,
        eml=request.read(MAX_BYTES + 1),
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return TemplateView(digest=template.digest, subject=template.subject_text)


@router.post("/sends/{request_id}/begin", response=BegunView)
def begin(request: CallerRequest, request_id: str) -> BegunView:
    """Have the delivery proxy take an application's messages of a granted send.

    The dock sends none by itself. Again, it changes nothing.
    """
    send = begin_send(request.auth, request=request_id, keeper=get_keeper())
    return BegunView(
        request=send.request,
        list=send.list,
        kind=send.kind,
        state=send.state,
        cap=send.cap,
        token_domain=send.token_domain,
        expires=send.expires,
    )


@router.post("/sends/{request_id}/end", response=EndedView)
def end(request: CallerRequest, request_id: str) -> EndedView:
    """Close a send of an application for good: nothing more opens under it."""
    ended = end_send(request.auth, request=request_id, keeper=get_keeper())
    return EndedView(request=request_id, **ended._asdict())


@router.put("/lists/{list_name}/templates", response=KeptView, openapi_extra=_EML)
def shelve(request: CallerRequest, list_name: str) -> KeptView:
    """Keep a template for sends to come, as an .eml file in the raw body.

    Nothing is sent of it. The answer has what people would be told in a request.
    """
    visit = _enter(request, list_name, right="send")
    eml, now = request.read(MAX_BYTES + 1), timezone.now()
    template = shelve_template(visit, eml=eml, now=now)
    kept = Kept.of(template, stored_at=now)
    return KeptView.of(kept.digest, kept.stored_at, kept.declared)


@router.get("/lists/{list_name}/templates", response=KeptViews)
def show_shelf(request: CallerRequest, list_name: str) -> KeptViews:
    """Show the newest templates that are kept for a list."""
    visit = _enter(request, list_name, right="view")
    kept = find_kept(visit.record.id)
    return KeptViews(
        templates=[KeptView.of(e.digest, e.stored_at, e.declared) for e in kept]
    )


@router.get("/lists/{list_name}/sends", response=ProgressViews)
def show_progress(
    request: CallerRequest,
    list_name: str,
    requests: RequestNames = [],  # noqa: B006 - never changed
) -> ProgressViews:
    """Show how far some sends of a list are, each named by its request."""
    list_id = _enter(request, list_name, right="view").record.id
    found = [_count(list_id, name).progress for name in dict.fromkeys(requests)]
    return ProgressViews(sends=list(map(ProgressView.of, found)))


@router.get("/lists/{list_name}/sends/{request_id}", response=OutcomesView)
def show_outcomes(
    request: CallerRequest, list_name: str, request_id: str
) -> OutcomesView:
    """Show what came of one send: counts, reasons, times, and what came back.

    Of a send that has not begun, and of one there is not, all of it is nothing.
    """
    list_id = _enter(request, list_name, right="view").record.id
    found = _count(list_id, request_id)
    return OutcomesView(
        progress=ProgressView.of(found.progress),
        reasons=[
            ReasonView(state=each.state, code=each.code, messages=each.messages)
            for each in found.reasons
        ],
        hours=[
            HourView(at=_time(at) or "", delivered=delivered)
            for at, delivered in found.hours
        ],
        series=SeriesView.of(found.series),
        returned=[
            CameBackView(outcome=each.outcome, state=each.state, things=each.things)
            for each in progress.count_returned(list_id, request_id)
        ],
        triggers=[
            TriggerView(
                trigger=each.trigger,
                delivered=each.delivered,
                waiting=each.waiting,
                failed=each.failed,
            )
            for each in found.triggers
        ],
    )


@router.get("/lists/{list_name}/sends/{request_id}/providers", response=ProviderViews)
def show_providers(
    request: CallerRequest, list_name: str, request_id: str
) -> ProviderViews:
    """Show what came of one send by mailbox provider."""
    visit = _enter(request, list_name, right="view")
    list_id = visit.record.id
    found = _memory.recall(
        ("providers", list_id, request_id),
        lambda: progress.count_providers(list_id, request_id, schema=visit.schema),
    )
    if found is None:
        return ProviderViews(providers=None)
    names = ProviderView.model_fields
    return ProviderViews(
        providers=[
            ProviderView(**{name: getattr(each, name) for name in names})
            for each in found
        ]
    )


def _count(list_id: str, request_id: str) -> progress.Outcomes:
    return _memory.recall(
        ("outcomes", list_id, request_id),
        lambda: progress.count_outcomes(list_id, request_id),
    )


def _enter(request: CallerRequest, list_name: str, *, right: str) -> Visit:
    return enter_list(get_keeper(), request.auth, list_name=list_name, right=right)


def _time(seconds: int | None) -> str | None:
    return (
        None if seconds is None else format_time(datetime.fromtimestamp(seconds, UTC))
    )
