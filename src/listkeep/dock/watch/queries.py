"""What may be told of deliveries: to whom, of what, and how it went."""

from collections.abc import Iterable
from datetime import UTC, datetime

from .models import DAYS, Cursor, Delivery


def deliveries_of(abouts: Iterable[str]) -> dict[str, list[Delivery]]:
    """Find the deliveries of several things, in the order of contacts' names."""
    found: dict[str, list[Delivery]] = {}
    rows = Delivery.objects.filter(about__in=list(abouts)).order_by("name", "id")
    for row in rows:
        found.setdefault(row.about, []).append(row)
    return found


def count_due(now: datetime) -> int:
    """Count the deliveries that could be tried now."""
    return Delivery.objects.filter(
        state=Delivery.State.WAITING, next_at__lte=now
    ).count()


def count_days_due(now: datetime) -> int:
    """Count the days that are over and not summed up yet."""
    cursor = Cursor.objects.filter(name=DAYS).first()
    yesterday = now.astimezone(UTC).date().toordinal() - 1
    return max(0, yesterday - cursor.position) if cursor else 1
