"""Begin and end sends whose messages an application hands over."""

from typing import NamedTuple

from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Action
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from .merging.models import MailMerge
from .progress import count_outcomes
from .requests import get_terms


class Ended(NamedTuple):
    """What came of a send, by the dock's count."""

    delivered: int
    failed: int


def begin_send(caller: m.Caller, *, request: str, keeper: Keeper) -> d.Send:
    """Have the delivery proxy take messages of a granted send.

    Its whole cap is charged now. Again, it changes nothing.

    Raises:
        RefusedError: There is no such request for this caller, or it may not be sent.
        MalformedError: The request is for something else.
    """
    _enter(caller, request=request, keeper=keeper)
    return keeper.start_send(d.StartSend(session=caller.session or "", request=request))


def end_send(caller: m.Caller, *, request: str, keeper: Keeper) -> Ended:
    """Close a send for good: nothing more opens under it, whatever it had left.

    Raises:
        RefusedError: There is no such request for this caller, or it never began.
        MalformedError: The dock sends it by itself, and ends it by itself.
    """
    list_id = _enter(caller, request=request, keeper=keeper)
    if MailMerge.objects.filter(list_id=list_id, request=request).exists():
        raise MalformedError(
            "the dock sends this by itself",
            code=Code.REQUEST_INVALID,
            hint=f"hold it with `listkeep send pause {request}`",
        )
    found = count_outcomes(list_id, request).progress
    ended = Ended(found.delivered, found.under_way + found.deferred + found.failed)
    keeper.finish_send(d.FinishSend(request=request, **ended._asdict()))
    return ended


def _enter(caller: m.Caller, *, request: str, keeper: Keeper) -> str:
    """Give the id of the list, to whoever may send to it."""
    terms = get_terms(caller, request=request, action=Action.SEND, keeper=keeper)
    visit = enter_list(
        keeper, caller, list_name=terms.list, right="send", what="request"
    )
    return visit.record.id
