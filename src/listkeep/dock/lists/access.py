"""Who is calling, and may they: asked of the keeper for every single call.

The dock decides nothing and remembers nothing: a session revoked a moment ago is
refused now. A list the caller may not know looks exactly like one that is not.
"""

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from ninja.security import HttpBearer

from listkeep.core.errors import Code, RefusedError
from listkeep.core.segments import Schema
from listkeep.wire import messages as m

from .keeper import Keeper

_SESSION = "lks_"
_SERVICE_KEY = "lkk_"
_CONSOLE_SESSION = "Listkeep-Session"
_LONGEST_CREDENTIAL = 600
_LONGEST_NAME = 100


class CallerRequest(HttpRequest):
    """A request whose bearer has been read. It has not been believed yet."""

    auth: m.Caller


class Bearer(HttpBearer):
    """A person's session (``lks_…``) or a service's key (``lkk_…``).

    The console sends both: its own key, and the session that it carries in a header of
    its own. What that is good for, the keeper says.
    """

    def authenticate(self, request: HttpRequest, token: str) -> m.Caller:
        """Turn the bearer into a caller; whether it is one, the keeper says."""
        caller = parse_bearer(token)
        carried = request.headers.get(_CONSOLE_SESSION, "")
        if not carried:
            return caller
        if caller.session:
            raise not_signed_in()
        session = parse_bearer(carried).session
        if not session:
            raise not_signed_in()
        return m.Caller(session=session, service_key=caller.service_key)


@dataclass(frozen=True)
class Visit:
    """A caller the keeper has let in, for one right on one list."""

    caller: m.Caller
    principal: m.Principal
    record: m.ListRecord

    @cached_property
    def schema(self) -> Schema:
        """The list's facets."""
        return Schema.parse(self.record.facets)

    @property
    def is_person(self) -> bool:
        """Whether a person is calling, and not a service."""
        return self.principal.kind == "person"


def require_also(visit: Visit, right: str) -> None:
    """Require another right of a caller beside the one it was let in for.

    Raises:
        RefusedError: The keeper did not give it to this caller.
    """
    if right not in visit.principal.rights:
        raise RefusedError(
            f"the right to {right} is not given to this caller",
            hint="ask an owner of the tenant",
        )


def parse_bearer(token: str) -> m.Caller:
    """Read a bearer credential.

    Raises:
        RefusedError: It is neither a session nor a service key.
    """
    if token.isascii() and len(token) <= _LONGEST_CREDENTIAL:
        if token.startswith(_SESSION):
            return m.Caller(session=token)
        if token.startswith(_SERVICE_KEY):
            return m.Caller(service_key=token)
    raise not_signed_in()


def not_signed_in() -> RefusedError:
    """Refuse a call without a credential."""
    return RefusedError(
        "this needs a session or a service key",
        code=Code.NOT_SIGNED_IN,
        hint="sign in with `listkeep login`, or send Authorization: Bearer <key>",
    )


def not_found(what: str) -> RefusedError:
    """Refuse what is not there, or is not for this caller to know."""
    return RefusedError(
        f"there is no such {what}",
        code=Code.NOT_FOUND,
        hint="`listkeep list ls` shows the lists you may see",
    )


def enter(keeper: Keeper, caller: m.Caller, *, right: str) -> m.Principal:
    """Ask the keeper whether a caller has a right at all.

    Raises:
        RefusedError: The caller has not, or is nobody.
    """
    return keeper.authorize(m.Authorize(caller=caller, right=right))


def enter_list(
    keeper: Keeper, caller: m.Caller, *, list_name: str, right: str, what: str = "list"
) -> Visit:
    """Ask the keeper whether a caller may touch one list, named by id or name.

    ``what`` is the thing that was asked for and hangs on the list, such as an
    import: whoever may not know the list is told that there is no such import.

    Raises:
        RefusedError: The caller may not, or there is no such list for them.
    """
    record = get_list(keeper, caller, list_name=list_name, what=what)
    principal = keeper.authorize(
        m.Authorize(caller=caller, right=right, list=record.id)
    )
    return Visit(caller, principal, record)


def get_list(
    keeper: Keeper, caller: m.Caller, *, list_name: str, what: str = "list"
) -> m.ListRecord:
    """Get a list that a caller may know, named by id or name.

    What may be done with it, the keeper has still to be asked.

    Raises:
        RefusedError: There is no such list for them.
    """
    record = _find_list(keeper, caller, list_name)
    if record is None:
        raise not_found(what)
    return record


def is_list_name(text: str) -> bool:
    """Tell whether this could name a list; longer ones the keeper need not see."""
    return 0 < len(text) <= _LONGEST_NAME


def _find_list(keeper: Keeper, caller: m.Caller, list_name: str) -> m.ListRecord | None:
    if not is_list_name(list_name):
        return None
    try:
        lists = keeper.show_lists(m.ShowLists(caller=caller, list=list_name)).lists
    except RefusedError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        return None
    found = [r for r in lists if list_name in (r.id, r.name)]
    # An id wins over another list that was given that id for a name.
    return min(found, key=lambda r: r.id != list_name, default=None)
