"""The doors of the console's pages."""

from dataclasses import dataclass

from django.conf import settings

from listkeep.core.errors import Code, RefusedError
from listkeep.looks.doors import Doors, Place, form_token, require_form_token
from listkeep.wire import messages as m

from .answers import show
from .ways import Ways, keeper

_APP = "app"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person whose session the keeper has just confirmed."""

    session: str
    principal: m.Principal

    @property
    def ways(self) -> Ways:
        """What can be asked in this person's name."""
        return Ways(self.session)

    @property
    def is_operator(self) -> bool:
        """Whether this is one of the operator's people."""
        return not self.principal.tenant

    @property
    def administers(self) -> bool:
        """Whether people and software of a tenant, or the operator, are theirs."""
        return self.is_operator or "administer" in self.principal.rights

    @property
    def form_token(self) -> str:
        """What forms of this session carry; it cannot be guessed from outside."""
        return form_token(_APP, self.session)

    def require_token(self, token: str) -> None:
        """Require that a form came from a page this person was given.

        Raises:
            RefusedError: It did not.
        """
        require_form_token(token, expected=self.form_token)


def _place() -> Place:
    return Place(settings.LISTKEEP_APP_ORIGIN, settings.LISTKEEP_SEAL_ORIGIN)


def _identify(token: str) -> Visitor:
    if not (token.startswith("lks_") and token.isascii() and len(token) <= 600):
        raise RefusedError("nobody is signed in here", code=Code.NOT_SIGNED_IN)
    return Visitor(token, keeper().who_am_i(m.WhoAmI(session=token)))


doors = Doors(_APP, place=_place, show=show, identify=_identify, fetches=True)
personal, public = doors.personal, doors.public
