"""What the keeper tells people about what they may still spend."""

from listkeep.wire.base import Count, Credential, Message


class ShowBudgets(Message, frozen=True, kw_only=True):
    """Ask what one has spent oneself, and may."""

    session: Credential


class BudgetRow(Message, frozen=True, kw_only=True):
    """One budget of a person: distinct addresses, or rows, in a window that rolls."""

    measure: str
    used: Count  # the ceiling at most
    ceiling: Count
    days: Count
    hourly: bool  # half of it at most in an hour


class BudgetRows(Message, frozen=True, kw_only=True):
    """The budgets of one person; none of who may open nothing."""

    rows: tuple[BudgetRow, ...]
