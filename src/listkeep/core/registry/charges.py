"""What each principal has spent: counted from the ledger, never from a table."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from listkeep.core.errors import Code, RefusedError

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST = 10**15  # more than any ceiling
_KEPT = timedelta(days=31)


class Measure(StrEnum):
    """What is counted."""

    LOOK_UPS = "look_ups"
    REVEALS = "reveals"
    ROWS_ADDED = "rows_added"
    ROWS_CHANGED = "rows_changed"
    ROWS_EXPORTED = "rows_exported"
    TENANTS = "tenants"
    CONTACTS_OPENED = "contacts_opened"


_NEVER_EXHAUSTED = frozenset({Measure.ROWS_CHANGED, Measure.CONTACTS_OPENED})


@dataclass(frozen=True, slots=True)
class Charge:
    """One spending: named items count once within a window, amounts always."""

    at: datetime
    items: frozenset[str]
    amount: int


class Charges:
    """Spendings of the last 31 days by principal and measure."""

    def __init__(self) -> None:
        """Start with nothing spent."""
        self._spent: dict[tuple[str, Measure], deque[Charge]] = defaultdict(deque)
        self._exhausted_at: datetime | None = None

    def add(
        self,
        principal: str,
        measure: Measure,
        *,
        at: datetime,
        items: Iterable[str] = (),
        amount: int = 0,
    ) -> None:
        """Count a spending; oldest ones beyond 31 days are forgotten."""
        spent = self._spent[principal, measure]
        spent.append(Charge(at, frozenset(items), amount))
        while spent[0].at < at - _KEPT:
            spent.popleft()

    def exhaust(self, *, at: datetime) -> None:
        """Count every budget as spent at a moment: what was spent is not known.

        Changes of status only take away, and contacts have to be told: both go on.
        """
        self._exhausted_at = at

    def used(
        self,
        principal: str,
        measure: Measure,
        *,
        now: datetime,
        window: timedelta = DAY,
        items: Iterable[str] = (),
    ) -> int:
        """Sum what is spent in the rolling window, as if ``items`` were added."""
        if self._is_exhausted(measure, since=now - window):
            return MOST
        recent = [
            charge
            for charge in self._spent.get((principal, measure), ())
            if charge.at > now - window
        ]
        distinct = set(items).union(*(charge.items for charge in recent))
        return len(distinct) + sum(charge.amount for charge in recent)

    def _is_exhausted(self, measure: Measure, *, since: datetime) -> bool:
        at = self._exhausted_at
        return at is not None and at > since and measure not in _NEVER_EXHAUSTED

    def require(  # noqa: PLR0913 - keyword-only, one fact each
        self,
        principal: str,
        measure: Measure,
        *,
        ceiling: int,
        now: datetime,
        items: Iterable[str] = (),
        amount: int = 0,
        window: timedelta = DAY,
    ) -> None:
        """Refuse a spending that would pass the ceiling of the rolling window.

        Raises:
            RefusedError: It would; nothing is spent.
        """
        used = self.used(principal, measure, now=now, window=window, items=items)
        if self._is_exhausted(measure, since=now - window):
            raise RefusedError(
                "what was spent is not known since the end of the ledger was lost",
                code=Code.BUDGET_SPENT,
                hint="budgets begin anew when their hour or day has passed",
            )
        if used + amount > ceiling:
            span = "an hour" if window == HOUR else "a day"
            raise RefusedError(
                f"the budget of {ceiling} {measure.replace('_', ' ')} {span} is spent",
                code=Code.BUDGET_SPENT,
                hint="wait for the rolling window to pass, or ask a colleague to sign "
                "a request",
            )
