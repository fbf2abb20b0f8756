"""What the keeper tells people about what they may still spend."""

from listkeep.wire.base import Count, Credential, Message


class ShowBudgets(Message, frozen=True, kw_only=True):
    """Ask what one has spent oneself, and may."""

    session: Credential


class BudgetRow(Message, frozen=True, kw_only=True):
    """One budget: distinct addresses, or rows, in a window that rolls."""

    measure: str
    used: Count  # the ceiling at most
    ceiling: Count
    days: Count
    hourly: bool  # half of it at most in an hour
    # In each of the last 30 times 24 hours, newest last; empty: it is not known. An
    # address that was asked for again counts where it was asked for last.
    by_day: tuple[Count, ...] = ()
    agency: str = ""  # whose people spend it together; empty: it is the person's own


class BudgetRows(Message, frozen=True, kw_only=True):
    """The budgets of one person; none of who may open nothing."""

    rows: tuple[BudgetRow, ...]
