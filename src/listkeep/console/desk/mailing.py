"""What forms of sends have in common: to whom, by which way out, and what mail says.

A template is one of those that were handed over at the dock. What people sign beside
its digest is what the dock says that it says, passed on as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from listkeep.console.web.doors import Visitor
from listkeep.console.web.ways import Panel, Ways, ask
from listkeep.core.canonical import encode
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Action
from listkeep.core.registry.send_subjects import write_send_subject
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount, DockList
from listkeep.wire.dock.sends import DockKept

from .ages import MAX_AGE
from .filling_in import SECONDS_A_DAY, SegmentForm, typed

# What the core refuses a choice of templates with, for the catalogue.
_SAID_BY_THE_CORE = (
    gettext_noop("the templates of one send have one sender and one reply address"),
    gettext_noop("ask for a send of its own for each sender"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailForm(SegmentForm):
    """What every send is asked for with."""

    route: str = typed(40)
    pace: str = typed(12)


F = TypeVar("F", bound=MailForm)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailDesk(Generic[F]):
    """What a send is asked for with, and what there is to choose from."""

    visitor: Visitor
    found: DockList
    form: F
    kept: Panel[tuple[DockKept, ...]]
    routes: Panel[tuple[dict[str, str], ...]]
    counted: Panel[DockCount]

    @classmethod
    def at(cls, visitor: Visitor, name: str, form: F) -> Self:
        """Look at what the form lets one choose from.

        Raises:
            RefusedError: There is no such list for this person.
        """
        ways = visitor.ways
        found = ways.dock.show_list(name, max_age=MAX_AGE)
        return cls(
            visitor=visitor,
            found=found,
            form=form,
            kept=ask(lambda: ways.dock.show_shelf(found.id)),
            routes=ask(lambda: read_routes(ways)),
            counted=count_subscribed(ways, found, form.selection),
        )

    @property
    def shelf(self) -> tuple[DockKept, ...]:
        """The templates of the list, as far as the dock answered."""
        return self.kept.value or ()

    @property
    def context(self) -> dict[str, Any]:
        """What the form's page shows."""
        return {
            "visitor": self.visitor,
            "list": self.found,
            "form": self.form,
            "templates": self.kept,
            "routes": self.routes,
            "count": self.counted,
        }

    def count_exactly(self) -> Panel[DockCount]:
        """Count whom it would be sent to now: with a million entries it takes long."""
        return count_subscribed(
            self.visitor.ways, self.found, self.form.selection, max_age=0
        )

    def draft(self, subject: dict[str, str], *, cap: int, days: int) -> m.RequestView:
        """Have the keeper write the terms.

        Raises:
            ListkeepError: It refuses, or does not answer.
        """
        ways, form = self.visitor.ways, self.form
        return ways.keeper.draft_request(
            m.DraftRequest(
                session=ways.session,
                action=Action.SEND.value,
                purpose=form.purpose,
                list=self.found.id,
                selection=form.selection,
                cap=cap,
                recipient=form.route,
                subject=encode(subject).decode(),
                valid_seconds=days * SECONDS_A_DAY,
            )
        )


def count_subscribed(
    ways: Ways, found: DockList, chosen: str, *, max_age: int = MAX_AGE
) -> Panel[DockCount]:
    """Count those of a segment who are subscribed: nobody else is written to."""
    subscribed = "status = subscribed"
    whole = subscribed if chosen == "all" else f"({chosen}) and {subscribed}"
    return ask(lambda: ways.dock.count(found.id, whole, max_age=max_age))


def read_routes(ways: Ways) -> tuple[dict[str, str], ...]:
    """Read the ways out that are enrolled."""
    message = m.ShowRegistry(session=ways.session, kind="route")
    return ways.keeper.show_registry(message).rows


def choose_templates(
    shelf: Sequence[DockKept], digests: Sequence[str]
) -> list[DockKept]:
    """Find what was chosen among the templates of a list, in the order of its shelf.

    Raises:
        MalformedError: Nothing was chosen, or something that is not kept.
    """
    chosen = [each for each in shelf if each.digest in digests]
    if not chosen or len(chosen) != len(set(digests)):
        raise MalformedError(
            gettext_noop("no template was chosen"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop(
                "choose one of the list's, or hand one over at the dock first"
            ),
        )
    return chosen


def write_subject(
    templates: Sequence[DockKept], *, pace: int, triggers: Sequence[str] = ()
) -> dict[str, str]:
    """Say of templates what people sign beside their digests: the subject of a send.

    Raises:
        MalformedError: They are from different senders.
    """
    said = {each.digest: each for each in templates}
    return write_send_subject(said, pace=pace, triggers=triggers)
