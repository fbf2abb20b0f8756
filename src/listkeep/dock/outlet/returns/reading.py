"""What may be asked about what came back to one list."""

from datetime import UTC, datetime

from .models import Returned


def read_after(list_id: str, *, after: int, limit: int) -> list[Returned]:
    """Read what came after a number, oldest first."""
    rows = Returned.objects.filter(list_id=list_id, number__gt=after)
    return list(rows.order_by("number")[:limit])


def count_held(list_id: str) -> int:
    """Count what waits for somebody to look."""
    return Returned.objects.filter(list_id=list_id, state=Returned.State.HELD).count()


def time_of(row: Returned) -> datetime:
    """Tell when something came back."""
    return datetime.fromtimestamp(row.at, UTC)
