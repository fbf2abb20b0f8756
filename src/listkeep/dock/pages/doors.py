"""The doors of the dock's pages."""

from dataclasses import dataclass

from django.conf import settings

from listkeep.dock.lists.access import not_signed_in, parse_bearer
from listkeep.dock.lists.keeper import get_keeper
from listkeep.looks import doors as looks
from listkeep.wire import messages as m

from .answers import answers


@dataclass(frozen=True, slots=True)
class Visitor(looks.Visitor):
    """A person whose session the keeper has just confirmed."""

    @property
    def may_look_up(self) -> bool:
        """Whether this person may find one address, support where an owner agrees."""
        administers = "person" in self.principal.opens
        return not (self.is_operator and administers)

    @property
    def caller(self) -> m.Caller:
        """This person, as the rooms below are told."""
        return m.Caller(session=self.session)


def _place() -> looks.Place:
    return looks.Place(settings.LISTKEEP_DROP_ORIGIN, settings.LISTKEEP_SEAL_ORIGIN)


def _identify(token: str) -> Visitor:
    caller = parse_bearer(token)
    if not caller.session:  # a service's key is for programs, and for the API
        raise not_signed_in()
    principal = get_keeper().who_am_i(m.WhoAmI(session=caller.session))
    return Visitor(caller.session, principal)


doors = looks.Doors("drop", place=_place, answers=answers, identify=_identify)
personal, public = doors.personal, doors.public
