"""How far sends are, in numbers, and the templates that are kept for others."""

from collections.abc import Sequence

import msgspec

from .calls import Calls, part, read, translated


class DockKept(msgspec.Struct, frozen=True, kw_only=True):
    """A template on a list's shelf, with what people would be told of it."""

    digest: str
    stored_at: str
    sender: str
    reply_to: str
    title: str
    links: tuple[str, ...]
    tracking: tuple[str, ...]
    fields: tuple[str, ...]


class DockShelf(msgspec.Struct, frozen=True, kw_only=True):
    """The newest templates of a list."""

    templates: tuple[DockKept, ...]


class DockProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One send in counts of its messages."""

    request: str
    state: str = ""
    code: str = ""
    delivered: int = 0
    under_way: int = 0
    deferred: int = 0
    failed: int = 0
    first_at: str | None = None
    last_at: str | None = None


class DockProgresses(msgspec.Struct, frozen=True, kw_only=True):
    """Some sends of a list."""

    sends: tuple[DockProgress, ...]


class DockReason(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages rest (``deferred``) or ended (``failed``) with one code."""

    state: str
    code: str
    messages: int


class DockHour(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages were delivered in an hour."""

    at: str
    delivered: int


class DockPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What came of messages in one step of time, and is so still."""

    at: str
    delivered: int = 0
    waiting: int = 0
    failed: int = 0


class DockSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A send over time, in steps of one length."""

    step_seconds: int = 60
    points: tuple[DockPoint, ...] = ()


class DockCameBack(msgspec.Struct, frozen=True, kw_only=True):
    """How often one outcome came back, and what became of it."""

    outcome: str
    state: str
    things: int


class DockTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the messages that one trigger of a standing send set off."""

    trigger: str
    delivered: int = 0
    waiting: int = 0
    failed: int = 0


class DockOutcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one send."""

    progress: DockProgress
    reasons: tuple[DockReason, ...]
    hours: tuple[DockHour, ...]
    returned: tuple[DockCameBack, ...]
    series: DockSeries = DockSeries()
    triggers: tuple[DockTrigger, ...] = ()


class DockProvider(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a send at one mailbox provider."""

    provider: str
    delivered: int
    waiting: int
    failed: int
    bounces: int
    complaints: int
    unsubscribes: int


class DockProviders(msgspec.Struct, frozen=True, kw_only=True):
    """By provider; none, if the list does not know them."""

    providers: tuple[DockProvider, ...] | None = None


class ProgressCalls(Calls):
    """What may be asked about sends of a list by whoever may view it."""

    def show_shelf(self, list_name: str) -> tuple[DockKept, ...]:
        """Read the newest templates that are kept for a list."""
        path = f"lists/{part(list_name)}/templates"
        return self.get(path, DockShelf).templates

    def shelve_template(self, list_name: str, eml: bytes) -> DockKept:
        """Have a template kept for sends to come."""
        with translated():
            response = self.http.put(
                f"lists/{part(list_name)}/templates",
                content=eml,
                headers={"content-type": "message/rfc822"},
            )
        return read(response, DockKept)

    def show_progress(
        self, list_name: str, requests: Sequence[str]
    ) -> tuple[DockProgress, ...]:
        """Read how far some sends of a list are; at most 50 at once."""
        with translated():
            response = self.http.get(
                f"lists/{part(list_name)}/sends", params={"requests": list(requests)}
            )
        return read(response, DockProgresses).sends

    def show_outcomes(self, list_name: str, request: str) -> DockOutcomes:
        """Read what came of one send."""
        path = f"lists/{part(list_name)}/sends/{part(request)}"
        return self.get(path, DockOutcomes)

    def count_providers(
        self, list_name: str, request: str
    ) -> tuple[DockProvider, ...] | None:
        """Count outcomes by mailbox provider; none, if the list does not know them."""
        path = f"lists/{part(list_name)}/sends/{part(request)}/providers"
        return self.get(path, DockProviders).providers
