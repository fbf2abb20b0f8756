"""The doors of the dock's pages."""

from dataclasses import dataclass

from django.conf import settings

from listkeep.dock.lists.access import not_signed_in, parse_bearer
from listkeep.dock.lists.keeper import get_keeper
from listkeep.looks.doors import Doors, Place, form_token, require_form_token
from listkeep.wire import messages as m

from .answers import show

_DROP = "drop"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person whose session the keeper has just confirmed."""

    caller: m.Caller
    principal: m.Principal

    @property
    def form_token(self) -> str:
        """What forms of this session carry; it cannot be guessed from outside."""
        return form_token(_DROP, self.caller.session)

    @property
    def is_guest(self) -> bool:
        """Whether these are people of the operator, who have no lists of their own."""
        return not self.principal.tenant

    def require_token(self, token: str) -> None:
        """Require that a form came from a page this person was given.

        Raises:
            RefusedError: It did not.
        """
        require_form_token(token, expected=self.form_token)


def _place() -> Place:
    return Place(settings.LISTKEEP_DROP_ORIGIN, settings.LISTKEEP_SEAL_ORIGIN)


def _identify(token: str) -> Visitor:
    caller = parse_bearer(token)
    if not caller.session:  # a service's key is for programs, and for the API
        raise not_signed_in()
    principal = get_keeper().who_am_i(m.WhoAmI(session=caller.session))
    return Visitor(caller, principal)


doors = Doors(_DROP, place=_place, show=show, identify=_identify)
personal, public = doors.personal, doors.public
