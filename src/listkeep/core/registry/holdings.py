"""How many entries a list has as the ledger knows it, and whether a dock's rows fit.

Every event about a list that changes how many entries it has says so in ``added`` and
``removed``. A pass over all rows is held against their sums. Entries may come and go
while it runs, so what it has to find lies between two numbers: whoever was there from
the beginning to the end of it is counted, whoever was never there is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from listkeep.core.ledger.events import Event

from .facts import Ticket
from .incidents import IncidentKind

if TYPE_CHECKING:
    from .state import Registry


@dataclass(slots=True)
class Holding:
    """What the ledger knows of one list's entries and of passes over them."""

    added: int = 0
    removed: int = 0
    grown_from: datetime | None = None  # when the newest import that left rows began
    grown_at: datetime | None = None  # and when it ended; none once rows were removed
    erasures: set[str] = field(default_factory=set)  # requests; nobody came since
    scrubs: int = 0  # passes that were completed
    scrubbed_at: datetime | None = None  # when the newest of them was


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """What one pass over a list's rows has come to."""

    begun: int  # seconds since 1970
    added: int  # as the ledger was when it began
    removed: int
    rows: int  # distinct tokens seen
    newest: int  # the newest row version among those that opened


def count_entries(registry: "Registry", fields: Mapping[str, str]) -> None:
    """Add up what an entry says was added to or removed from its list."""
    if not {"added", "removed"} & set(fields):
        return
    if fields["event"] == Event.IMPORT_ABANDONED:  # nothing of it is in the list
        return
    holding = registry.holding(fields["list"])
    holding.added += int(fields.get("added", "0"))
    holding.removed += int(fields.get("removed", "0"))
    if int(fields.get("added", "0")):  # the erased may be among those who came
        holding.erasures.clear()
    registry.entries[fields["list"]] = holding.added - holding.removed
    if "removed" in fields:  # the newest rows may be among those that went
        holding.grown_from = holding.grown_at = None


def note_growth(
    registry: "Registry", ticket: Ticket, fields: Mapping[str, str], at: datetime
) -> None:
    """Remember when an import that left rows began: they are no older than that.

    An erased entry is not replaced, so as many as are suppressed may have stayed.
    """
    holding, list_id = registry.holding(ticket.list_id), ticket.list_id
    suppressed, _ = registry.suppressed.get(list_id, (0, ""))
    added, updated = int(fields.get("added", "0")), int(fields.get("updated", "0"))
    if added or updated > suppressed:
        holding.grown_from, holding.grown_at = ticket.started_at, at


def judge(
    holding: Holding, seen: Pass, *, in_flight: int = 0
) -> dict[IncidentKind, int]:
    """Hold a pass against the ledger; say what is wrong, and of how many rows.

    ``in_flight`` is how many rows imports may have added that have not said so yet.
    """
    least = seen.added - holding.removed
    most = holding.added - seen.removed + in_flight
    found = {
        IncidentKind.ROWS_MISSING: least - seen.rows,
        IncidentKind.ROWS_EXTRA: seen.rows - most,
        IncidentKind.ROWS_ROLLED_BACK: int(_is_rolled_back(holding, seen)),
    }
    return {kind: rows for kind, rows in found.items() if rows > 0}


def _is_rolled_back(holding: Holding, seen: Pass) -> bool:
    """Tell whether nothing is left of the newest import: these are older rows."""
    if holding.grown_from is None or holding.grown_at is None:
        return False
    was_before = holding.grown_at.timestamp() <= seen.begun
    return was_before and seen.newest < int(holding.grown_from.timestamp())


def _finish(registry: "Registry", fields: Mapping[str, str], at: datetime) -> None:
    holding = registry.holding(fields["list"])
    holding.scrubs += 1
    holding.scrubbed_at = at


HANDLERS = {Event.LIST_SCRUBBED: _finish}
