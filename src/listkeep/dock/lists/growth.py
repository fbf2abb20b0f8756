"""How a list grew, day by day, told as roughly as its history is.

Who imports one row and learns that it was new has tested a guess. So what history
rounds is rounded here before it is added up, and nobody learns more from a day than
from the changes of that day.
"""

from typing import Final, NamedTuple

from django.db import connection

from .models import Change

ROUNDED_BELOW: Final = 1_000
"""Changes of fewer rows are told in rounded numbers, if they tell who was known."""
ROUNDED_TO: Final = 10
TELLING: Final = frozenset({Change.Kind.IMPORT, Change.Kind.RESTORE})
_DAY: Final = 86_400


class Day(NamedTuple):
    """What changed a list on one day."""

    at: int  # its beginning, in seconds since 1970, UTC
    added: int
    changed: int  # statuses: who left, bounced, complained or came back
    removed: int


_TELLING: Final = ", ".join(f"'{kind}'" for kind in sorted(TELLING))


def _told(column: str) -> str:
    return (
        f"SUM(CASE WHEN kind IN ({_TELLING})"
        f" AND added + updated + removed < {ROUNDED_BELOW}"
        f" THEN ({column} + {ROUNDED_TO // 2}) / {ROUNDED_TO} * {ROUNDED_TO}"
        f" ELSE {column} END)"
    )


# Names and numbers of ours alone.
_READ: Final = (
    f"SELECT at / {_DAY}, {_told('added')},"  # noqa: S608
    " SUM(CASE WHEN kind IN ('status', 'erase') THEN updated ELSE 0 END),"
    f" {_told('removed')}"
    " FROM change WHERE list_id = %s AND at >= %s"
    f" GROUP BY at / {_DAY} ORDER BY 1"
)


def read_growth(list_id: str, *, now: int, days: int) -> list[Day]:
    """Read what changed a list on each of the last days on which something did."""
    since = now // _DAY * _DAY - (days - 1) * _DAY
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list_id, since])
        return [
            Day(int(day) * _DAY, int(added), int(changed), int(removed))
            for day, added, changed, removed in cursor.fetchall()
        ]
