"""Begin sends whose messages an application hands over."""

from listkeep.core.grants import Action
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from .requests import get_terms


def begin_send(caller: m.Caller, *, request: str, keeper: Keeper) -> d.Send:
    """Have the delivery proxy take messages of a granted send.

    Its whole cap is charged now. Again, it changes nothing.

    Raises:
        RefusedError: There is no such request for this caller, or it may not be sent.
        MalformedError: The request is for something else.
    """
    terms = get_terms(caller, request=request, action=Action.SEND, keeper=keeper)
    enter_list(keeper, caller, list_name=terms.list, right="send", what="request")
    return keeper.start_send(d.StartSend(session=caller.session or "", request=request))
