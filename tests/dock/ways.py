"""Ways out that keep what goes through them, a clock, and the two steps of telling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listkeep.dock.watch import services
from listkeep.dock.watch.letters import write_letter
from listkeep.dock.watch.outcomes import SendError
from listkeep.wire.messages import notices as n
from tests.fakes.keeper import FakeKeeper

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DESK = "desk@acme.example"


@dataclass
class Ways:
    """Ways out that keep what goes through them, and fail on demand."""

    told: list[tuple[str, str]] = field(default_factory=list)  # delivery, destination
    faults: dict[str, BaseException] = field(default_factory=dict)  # by destination
    kinds: tuple[str, ...] = ("mail", "webhook")
    after: Callable[[], None] = lambda: None

    def can_tell(self, kind: str) -> bool:
        return kind in self.kinds

    def tell(self, delivery_id: str, opened: n.OpenedContact, *, now: datetime) -> None:
        assert now.tzinfo
        fault = self.faults.get(opened.destination)
        if isinstance(fault, SendError):
            raise fault
        self.told.append((delivery_id, opened.destination))
        self.after()
        if fault is not None:
            raise fault


@dataclass
class Ears:
    """What contacts outside were told, and by which name of a message."""

    heard: set[str] = field(default_factory=set)

    def can_tell(self, kind: str) -> bool:
        return kind == "mail"

    def tell(self, delivery_id: str, opened: n.OpenedContact, *, now: datetime) -> None:
        assert now.tzinfo
        if opened.kind != "mail":
            return  # it would be posted, to where its own tenant has it
        letter = write_letter(delivery_id, opened, inbox="")
        who = opened.destination
        if opened.digest:  # of whichever day that is over
            self.heard.add(f"{who} reads of a day of {opened.digest.tenant_name}")
        else:
            self.heard.add(f"{who} reads {letter.id}: {letter.text}")


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


def follow(keeper: FakeKeeper, clock: Clock) -> None:
    services.follow_notices(keeper=keeper, now=clock())


def deliver(keeper: FakeKeeper, ways: Ways, clock: Clock) -> int:
    return services.deliver(
        keeper=keeper, channels=ways, clock=clock, keep_on=lambda: True
    )
