"""What may be asked about what came back to one list."""

from datetime import UTC, datetime

from .models import Returned


def read_after(
    list_id: str, *, after: int, limit: int, is_whole: bool = False
) -> list[Returned]:
    """Read what came after a number, oldest first.

    Up to the first that does not count yet: what was read does not change any more.
    With ``is_whole`` all of it.
    """
    rows = Returned.objects.filter(list_id=list_id, number__gt=after)
    if not is_whole:
        first = rows.filter(state=Returned.State.WAITING).order_by("number").first()
        rows = rows.filter(number__lt=first.number) if first else rows
    return list(rows.order_by("number")[:limit])


def count_held(list_id: str) -> int:
    """Count what waits for somebody to look."""
    return Returned.objects.filter(list_id=list_id, state=Returned.State.HELD).count()


def time_of(row: Returned) -> datetime:
    """Tell when something came back."""
    return datetime.fromtimestamp(row.at, UTC)
