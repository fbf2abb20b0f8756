"""The sends that go on, as the keeper says, and the templates they send.

Kept in memory alone, since each comes with the key of its aliases. What a send may
still do, the keeper decides at every row; this is for finding it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.mail import AliasKey, Template, parse_template
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.told_sends import ToldSends
from listkeep.dock.outlet.models import StoredTemplate
from listkeep.dock.outlet.templates import verify_template
from listkeep.wire.messages import sends as d

FRESH_SECONDS = 5.0
_AGAIN_SECONDS = 1.0  # for a tag nobody knows, as anybody can make one up


@dataclass
class SendBook:
    """Finds sends; ``keeper`` is asked, and ``clock`` counts seconds."""

    keeper: Callable[[], Keeper]
    clock: Callable[[], float]
    _told: ToldSends = field(default_factory=ToldSends)
    _read_at: float | None = None
    _by_tag: dict[bytes, d.Send] = field(default_factory=dict)
    _by_request: dict[str, d.Send] = field(default_factory=dict)
    _templates: dict[tuple[str, str], Template] = field(default_factory=dict)
    _looked: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def age(self) -> float:
        """How many seconds ago the keeper was asked; endless at the start."""
        return float("inf") if self._read_at is None else self.clock() - self._read_at

    def refresh(self, *, older_than: float = FRESH_SECONDS) -> None:
        """Ask the keeper, unless that was just done.

        Raises:
            ListkeepError: It did not answer, or refused.
        """
        with self._lock:
            if self.age < older_than:
                return
            sends = self._told.read(self.keeper())
            self._by_tag = {send.tag: send for send in sends}
            self._by_request = {send.request: send for send in sends}
            self._read_at = self.clock()
            self._forget_templates()

    def find_tagged(self, tag: bytes) -> d.Send | None:
        """Find the send an alias belongs to."""
        return self._by_tag.get(tag)

    def find(self, request: str) -> d.Send | None:
        """Find a send by its request."""
        return self._by_request.get(request)

    def live(self) -> tuple[d.Send, ...]:
        """Give the sends that have not ended."""
        return tuple(s for s in self._by_request.values() if s.state != "ended")

    def is_worth_asking(self) -> bool:
        """Whether a send nobody knows may have begun since."""
        return self.age >= _AGAIN_SECONDS

    def templates(self, send: d.Send) -> tuple[Template, ...]:
        """Give the templates of a send that were handed over and loaded.

        Raises:
            UnavailableError: None was, yet.
        """
        found = tuple(
            self._templates[send.list, digest]
            for digest in send.templates
            if (send.list, digest) in self._templates
        )
        if not found:
            raise UnavailableError(
                "the template of this send has not been handed over yet",
                code=Code.TEMPLATE_MISSING,
                hint="hand it over; the mail server tries again",
            )
        return found

    def is_missing_templates(self, send: d.Send) -> bool:
        """Whether it is worth a look if more templates were handed over."""
        if all((send.list, digest) in self._templates for digest in send.templates):
            return False
        looked_at = self._looked.get(send.request)
        return looked_at is None or self.clock() - looked_at >= _AGAIN_SECONDS

    def _forget_templates(self) -> None:
        used = {(send.list, name) for send in self.live() for name in send.templates}
        for key in list(self._templates):
            if key not in used:
                self._templates.pop(key, None)
        for request in list(self._looked):
            if request not in self._by_request:
                self._looked.pop(request, None)

    def load_templates(self, send: d.Send) -> None:
        """Read the templates of a send from the database.

        Raises:
            UnavailableError: It does not answer.
            RefusedError: What is there is not what was signed for.
        """
        with translated():
            rows = list(
                StoredTemplate.objects.filter(
                    list_id=send.list, digest__in=send.templates
                ).values_list("digest", "eml")
            )
        for digest, eml in rows:
            template = parse_template(bytes(eml))
            verify_template(template, send)  # somebody may have changed the table
            self._templates[send.list, digest] = template
        self._looked[send.request] = self.clock()  # who looks meanwhile, waits as well


def alias_key(send: d.Send) -> AliasKey:
    """Give the key that makes and opens a send's aliases."""
    return AliasKey(send.tag, send.alias_key)


def no_such_send() -> RefusedError:
    """Refuse what belongs to no send that is known."""
    return RefusedError(
        "this belongs to no send that goes on",
        code=Code.NOT_FOUND,
        hint="start the send, then hand its messages over",
    )
