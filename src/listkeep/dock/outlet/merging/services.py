"""Begin runs of the mail merge, hold them, let them go on, and say how they are."""

from dataclasses import dataclass
from datetime import datetime

from listkeep.core.errors import Code, ConflictError, MalformedError
from listkeep.core.grants import Action
from listkeep.core.segments import Schema, parse_segment
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.access import Visit, enter_list, not_found
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.outlet.models import StoredTemplate
from listkeep.dock.outlet.requests import get_terms
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from . import queries
from .models import MailMerge


@dataclass(frozen=True, slots=True)
class MergeView:
    """A run and what came of its messages."""

    run: MailMerge
    selected: int
    counts: dict[str, int]


def start_merge(
    caller: m.Caller, *, request: str, keeper: Keeper, now: datetime
) -> MergeView:
    """Begin to send what a granted request names; again, it changes nothing.

    Raises:
        RefusedError: There is no such request for this caller, or it may not be sent.
        MalformedError: It is no campaign.
        ConflictError: Its template was not handed over.
    """
    terms = get_terms(caller, request=request, action=Action.SEND, keeper=keeper)
    visit = enter_list(
        keeper, caller, list_name=terms.list, right="send", what="request"
    )
    if terms.subject_fields().get("kind") != "campaign":
        raise MalformedError(
            "a standing send has messages of an application",
            code=Code.REQUEST_INVALID,
            hint=f"begin it with `listkeep send begin {request}`",
        )
    send = keeper.start_send(d.StartSend(session=caller.session or "", request=request))
    known = StoredTemplate.objects.filter(list_id=send.list, digest__in=send.templates)
    if not known.exists():
        raise ConflictError(
            "the template of this send has not been handed over yet",
            code=Code.TEMPLATE_MISSING,
            hint="add --template FILE, the .eml that was signed for",
        )
    run, _ = MailMerge.objects.get_or_create(
        list_id=send.list,
        request=send.request,
        defaults={
            "principal": visit.principal.id,
            "facets": list(visit.record.facets),
            "created_at": now,
            "changed_at": now,
        },
    )
    return _view(run, send.selection)


def show_merge(caller: m.Caller, *, request: str, keeper: Keeper) -> MergeView:
    """Say how far a run is.

    Raises:
        RefusedError: There is none for this caller.
    """
    run, selection, _ = _find(caller, request=request, keeper=keeper)
    return _view(run, selection)


def pause_merge(
    caller: m.Caller, *, request: str, keeper: Keeper, now: datetime
) -> MergeView:
    """Hold a run; messages under way still go out.

    Raises:
        RefusedError: There is none for this caller.
        ConflictError: It has ended.
    """
    return _change(caller, request, MailMerge.State.PAUSED, keeper=keeper, now=now)


def resume_merge(
    caller: m.Caller, *, request: str, keeper: Keeper, now: datetime
) -> MergeView:
    """Let a run go on at once.

    Raises:
        RefusedError: There is none for this caller.
        ConflictError: It has ended.
    """
    return _change(caller, request, MailMerge.State.RUNNING, keeper=keeper, now=now)


def _change(
    caller: m.Caller,
    request: str,
    state: MailMerge.State,
    *,
    keeper: Keeper,
    now: datetime,
) -> MergeView:
    run, selection, _ = _find(caller, request=request, keeper=keeper)
    going_on = (MailMerge.State.RUNNING, MailMerge.State.PAUSED)
    changed = MailMerge.objects.filter(
        list_id=run.list_id, request=run.request, state__in=going_on
    ).update(state=state, next_at=0, code="", changed_at=now)
    if not changed:
        raise ConflictError(
            "this send has ended",
            code=Code.NOT_WAITING,
            hint="ask for another one: a request is sent once",
        )
    run.refresh_from_db()
    return _view(run, selection)


def _find(
    caller: m.Caller, *, request: str, keeper: Keeper
) -> tuple[MailMerge, str, Visit]:
    terms = get_terms(caller, request=request, action=Action.SEND, keeper=keeper)
    visit = enter_list(
        keeper, caller, list_name=terms.list, right="send", what="request"
    )
    run = MailMerge.objects.filter(list_id=visit.record.id, request=request).first()
    if run is None:
        raise not_found("send")
    return run, terms.selection, visit


def _view(run: MailMerge, selection: str) -> MergeView:
    chosen = parse_segment(selection, Schema.parse(run.facets))
    return MergeView(
        run, entries.count_segment(run.list_id, chosen), queries.read_states(run)
    )
