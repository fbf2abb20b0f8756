"""A dock that looks rows over, honest or not, and people who close incidents."""

from collections.abc import Sequence
from dataclasses import dataclass

from listkeep.core.sealing import SealedRow
from listkeep.keeper.gate.custody import incidents as custody
from listkeep.keeper.gate.showing import incidents as showing
from listkeep.keeper.release import scrubs
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import scrubs as s

from .world import Rows, World, batch_of


@dataclass
class Dock:
    """What a dock does about one list; ``rows`` are what lies in its database."""

    world: World
    list_id: str
    rows: list[SealedRow]
    worse: frozenset[bytes] = frozenset()  # tokens its rows do not call subscribed
    page: int = 3

    @classmethod
    def of(cls, world: World, rows: Rows) -> "Dock":
        return cls(world, rows.list_id, list(rows.sealed))

    def ask(self, rows: Sequence[SealedRow], **facts: object) -> s.ScrubbedRows:
        message = s.ScrubRows(
            list=self.list_id,
            rows=batch_of(rows),
            subscribed=bytes(row.token not in self.worse for row in rows),
            **facts,  # type: ignore[arg-type]
        )
        return scrubs.scrub_rows(
            self.world.gate,
            message,
            carrier=self.world.service("dock"),
            now=self.world.now,
        )

    def begin(self) -> s.Bookmark:
        return self.marked(self.ask([], begins=True))

    def step(self, mark: s.Bookmark, *, is_sure: bool = False) -> s.ScrubbedRows:
        """Send the next rows of a pass."""
        rows = sorted(row for row in self.rows if row.token > mark.after)
        if mark.is_wrapped:
            rows = [row for row in rows if row.token <= mark.start]
        batch = rows[: self.page]
        is_end = len(rows) < self.page
        return self.ask(batch, bookmark=mark, is_end=is_end, is_sure=is_sure)

    def scrub(self, mark: s.Bookmark | None = None) -> s.ScrubbedRows:
        """Do a whole pass, and look twice."""
        mark = mark or self.begin()
        while True:
            answer = self.step(mark)
            if answer.doubts:
                return self.step(mark, is_sure=True)
            if answer.bookmark is None:
                return answer
            mark = answer.bookmark

    @staticmethod
    def marked(answer: s.ScrubbedRows) -> s.Bookmark:
        assert answer.bookmark
        return answer.bookmark


def incidents(world: World, name: str = "") -> list[i.Incident]:
    """Show what a person may know of, or the dock."""
    message = i.ShowIncidents(caller=world.caller(name) if name else None)
    return list(
        showing.show_incidents(
            world.gate, message, carrier=world.service("dock"), now=world.now
        ).incidents
    )


def kinds(world: World) -> list[str]:
    return [each.kind for each in incidents(world) if not each.closed_at]


def close(
    world: World, name: str, incident: str, *, accepts: bool = False
) -> i.Incident:
    message = i.CloseIncident(
        caller=world.caller(name),
        incident=incident,
        reason="it was a test",
        accepts=accepts,
    )
    return custody.close_incident(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )


def report(
    world: World,
    kind: str,
    *,
    list_id: str | None = None,
    tenant: str | None = None,
    found: int = 1,
) -> i.Incident:
    message = i.OpenIncident(kind=kind, list=list_id, tenant=tenant, found=found)
    return custody.report_incident(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )
