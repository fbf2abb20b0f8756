"""What each principal has spent: counted from the ledger, never from a table."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

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
    ROWS_SENT = "rows_sent"
    TENANTS = "tenants"
    CONTACTS_OPENED = "contacts_opened"


_NEVER_EXHAUSTED = frozenset({Measure.CONTACTS_OPENED})


@dataclass(slots=True)
class _Spent:
    """What one principal has spent of a measure, oldest first.

    A named item counts once within a window, so only its last time has to be known:
    who asks the same a hundred times a second is not remembered a hundred times.
    """

    items: dict[str, datetime] = field(default_factory=dict)
    amounts: deque[tuple[datetime, int]] = field(default_factory=deque)

    def forget(self, before: datetime) -> None:
        """Forget what was spent before a moment."""
        while self.items and self.items[oldest := next(iter(self.items))] < before:
            del self.items[oldest]
        while self.amounts and self.amounts[0][0] < before:
            self.amounts.popleft()


class Charges:
    """Spendings of the last 31 days by principal and measure."""

    def __init__(self) -> None:
        """Start with nothing spent."""
        self._spent: dict[tuple[str, Measure], _Spent] = defaultdict(_Spent)
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
        for item in items:
            spent.items[item] = max(at, spent.items.pop(item, at))
        if amount:
            spent.amounts.append((at, amount))
        spent.forget(at - _KEPT)

    def exhaust(self, *, at: datetime) -> None:
        """Count every budget as spent at a moment: what was spent is not known.

        But contacts have to be told.
        """
        self._exhausted_at = at

    def used(  # noqa: PLR0913 - keyword-only, one fact each
        self,
        principal: str,
        measure: Measure,
        *,
        now: datetime,
        window: timedelta = DAY,
        items: Iterable[str] = (),
        is_known_only: bool = False,
    ) -> int:
        """Sum what is spent in the rolling window, as if ``items`` were added.

        ``is_known_only`` leaves out what was lost: for what has to go on all the same.
        """
        since = now - window
        if not is_known_only and self._is_exhausted(measure, since=since):
            return MOST
        spent = self._spent.get((principal, measure), _Spent())
        recent = {item for item, at in spent.items.items() if at > since}
        return len(recent.union(items)) + sum(
            amount for at, amount in spent.amounts if at > since
        )

    def used_by_day(
        self, principal: str, measure: Measure, *, now: datetime, days: int
    ) -> list[int]:
        """Sum what was spent in each of the last ``days`` times 24 hours, newest last.

        A named item counts where it was asked for last. What was lost is not known:
        then there is nothing to tell.
        """
        if self._is_exhausted(measure, since=now - days * DAY):
            return []
        spent = self._spent.get((principal, measure), _Spent())
        sums = [0] * days
        for at, amount in chain(
            ((at, 1) for at in spent.items.values()), spent.amounts
        ):
            ago = max((now - at) // DAY, 0)
            if ago < days:
                sums[days - 1 - ago] += amount
        return sums

    def is_exhausted(self, measure: Measure, *, now: datetime) -> bool:
        """Tell whether what was spent today is not known, so that it counts as all."""
        return self._is_exhausted(measure, since=now - DAY)

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
        is_known_only: bool = False,
    ) -> None:
        """Refuse a spending that would pass the ceiling of the rolling window.

        Raises:
            RefusedError: It would; nothing is spent.
        """
        used = self.used(
            principal,
            measure,
            now=now,
            window=window,
            items=items,
            is_known_only=is_known_only,
        )
        if used == MOST:
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
