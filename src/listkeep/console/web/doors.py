"""The doors of the console's pages."""

from dataclasses import dataclass

from django.conf import settings

from listkeep.core.errors import Code, RefusedError
from listkeep.looks import doors as looks
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .answers import answers
from .ways import Ways, keeper


@dataclass(frozen=True, slots=True)
class Visitor(looks.Visitor):
    """A person whose session the keeper has just confirmed."""

    @property
    def ways(self) -> Ways:
        """What can be asked in this person's name."""
        return Ways(self.session)

    def may_open(self, kind: str) -> bool:
        """Whether the keeper shows this kind of the registry to this person."""
        return kind in self.principal.opens

    @property
    def administers(self) -> bool:
        """Whether people and software of a tenant, or the operator, are theirs."""
        return self.may_open("person")

    @property
    def can_send(self) -> bool:
        """Whether this person may ask for mail to a list."""
        return "send" in self.principal.rights

    @property
    def can_copy(self) -> bool:
        """Whether this person may ask for a copy of a list."""
        return "export" in self.principal.rights

    @property
    def may_see_sends(self) -> bool:
        """Whether there are sends for this person to see."""
        return self.may_open("route")


def _place() -> looks.Place:
    return looks.Place(settings.LISTKEEP_APP_ORIGIN, settings.LISTKEEP_SEAL_ORIGIN)


def _identify(token: str) -> Visitor:
    if not (token.startswith("lks_") and token.isascii() and len(token) <= 600):
        raise RefusedError(
            gettext_noop("nobody is signed in here"), code=Code.NOT_SIGNED_IN
        )
    return Visitor(token, keeper().who_am_i(m.WhoAmI(session=token)))


doors = looks.Doors(
    "app", place=_place, answers=answers, identify=_identify, fetches=True
)
personal, public = doors.personal, doors.public
