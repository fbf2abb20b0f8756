"""Granted requests that the dock carries out: their terms, as the keeper says."""

from typing import Final

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.dock.lists.access import not_found
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

_MADE_WITH: Final = {
    Action.EXPORT: "listkeep request export",
    Action.ENTRY_ERASE: "listkeep erase",
    Action.SEND: "listkeep request send",
}


def get_terms(
    caller: m.Caller, *, request: str, action: Action, keeper: Keeper
) -> Terms:
    """Get the terms of a request that a person may carry out.

    Raises:
        RefusedError: There is no such request for this caller, or a service asks.
        MalformedError: The request is for something else.
    """
    if not caller.session:
        raise RefusedError(
            "services carry out no requests", hint="a person has to run it"
        )
    views = keeper.show_requests(
        m.ShowRequest(session=caller.session, request=request)
    ).requests
    view = next((view for view in views if view.id == request), None)
    if view is None:
        raise not_found("request")
    terms = Terms.parse(view.terms)
    if terms.action is not action:
        raise MalformedError(
            f"the request is for {terms.action}, not for {action}",
            code=Code.REQUEST_INVALID,
            hint=f"make one with `{_MADE_WITH[action]}`",
        )
    return terms
