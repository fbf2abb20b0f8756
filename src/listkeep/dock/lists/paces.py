"""How often something may happen for each source: one count for all processes.

A source is a network and not an address: whoever has one address of a /64, or of a
rented /24, has all of them. What is noted of it outlives a restart, and is forgotten
when it was quiet (`docs/adr/0075`).
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q

from .bulk.faults import translated
from .models import PaceOf

_IPV4_PREFIX = 24
_IPV6_PREFIX = 64
# Longer than any pace looks ahead: a row beyond is of a clock that was set back.
_FURTHEST: Final = timedelta(hours=1)

# One statement, so that two processes cannot both take the last place. A row says when
# a source will have used nothing up; each time that is let through moves it on.
_TAKE = """
INSERT INTO pace (list_id, source, free_at) VALUES (%(list)s, %(source)s, %(first)s)
ON CONFLICT (list_id, source) DO UPDATE
SET free_at = %(each)s
    + CASE WHEN pace.free_at > %(now)s THEN pace.free_at ELSE %(now)s END
WHERE pace.free_at <= %(latest)s
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """For each source: ``burst`` at once, ``per_minute`` for good.

    ``name`` keeps what is counted for one thing apart from what is for another.
    """

    name: str
    per_minute: int
    burst: int

    def lets(self, source: str, *, at: float, list_id: str = "") -> bool:
        """Say whether a source may go on at a time in seconds; if so, count it.

        Raises:
            UnavailableError: The database does not answer.
        """
        now = int(at * 1000)
        each = 60_000 // self.per_minute
        values: dict[str, str | int] = {
            "list": list_id,
            "source": f"{self.name} {source}",
            "now": now,
            "each": each,
            "first": now + each,
            "latest": now + (self.burst - 1) * each,
        }
        with translated(), connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            return bool(cursor.rowcount == 1)


def forget_quiet(now: datetime) -> int:
    """Forget sources that have used nothing up. Gives how many.

    Raises:
        UnavailableError: The database does not answer.
    """
    with translated():
        return PaceOf.objects.filter(_quiet(now)).delete()[0]


def count_quiet(now: datetime) -> int:
    """Count the sources that are to be forgotten."""
    return PaceOf.objects.filter(_quiet(now)).count()


def _quiet(now: datetime) -> Q:
    at, furthest = now.timestamp(), (now + _FURTHEST).timestamp()
    return Q(free_at__lte=int(at * 1000)) | Q(free_at__gt=int(furthest * 1000))


def network_of(text: str) -> str:
    """Name the network an address is in; what is none has a name of its own."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "?"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network((address, prefix), strict=False))
