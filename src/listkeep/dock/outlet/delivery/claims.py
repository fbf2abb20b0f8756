"""The rows of messages, as one transaction finds, locks and makes them."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from django.db import connection

from listkeep.core.segments import Schema, Value
from listkeep.dock.lists.bulk.reading import Found
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.tallies import PARTS, Row, Tallies

PROVIDER: Final = "provider"
"""The facet that tells who keeps a mailbox."""
_FACETS: Final = 4  # its place in a sealed row
_INSERT: Final = """
INSERT INTO mail_delivery (list_id, request, token, trigger, state, reply, code,
    attempts, holder, at, provider)
VALUES {values}
ON CONFLICT (list_id, request, token, trigger) DO NOTHING
RETURNING list_id, request, token, trigger
"""
_VALUES: Final = "(%s, %s, %s, %s, 'claimed', 0, '', 1, %s, %s, %s)"
_LOCK: Final = """
SELECT token, trigger, state, holder, reply, code, provider, at FROM mail_delivery
WHERE list_id = %s AND request = %s AND token IN ({tokens}) ORDER BY token, trigger
"""


class Key(NamedTuple):
    """One message: to whom of a list, under which send and trigger."""

    list_id: str
    request: str
    token: bytes
    trigger: str


@dataclass(frozen=True, slots=True)
class Held:
    """A message's row, which nobody else changes until the transaction ends."""

    state: str
    holder: str
    reply: int
    code: str
    provider: str
    at: int

    def is_free(self, limit: int) -> bool:
        """Whether the message may be claimed, by a claim's age also from its holder."""
        if self.state == MailDelivery.State.CLAIMED:
            return self.at <= limit
        return self.state != MailDelivery.State.DELIVERED


def lock_rows(keys: Iterable[Key]) -> dict[Key, Held]:
    """Lock and read the rows there are of some messages, in the order of their keys."""
    suffix = "" if connection.vendor == "sqlite" else "FOR UPDATE"
    found = dict[Key, Held]()
    for (list_id, request), members in groupby(sorted(keys), key=lambda key: key[:2]):
        group = set(members)
        tokens = sorted({key.token for key in group})
        sql = _LOCK.format(tokens=", ".join(["%s"] * len(tokens))) + suffix
        with connection.cursor() as cursor:
            cursor.execute(sql, [list_id, request, *tokens])
            for token, trigger, *facts in cursor.fetchall():
                key = Key(list_id, request, bytes(token), trigger)
                if key in group:
                    found[key] = Held(*facts)
    return found


def insert_claims(claims: Mapping[Key, Held]) -> dict[Key, Held]:
    """Make rows of messages that had none; give those that nobody else made now."""
    if not claims:
        return {}
    sql = _INSERT.format(values=", ".join([_VALUES] * len(claims)))
    rows = [(*key, row.holder, row.at, row.provider) for key, row in claims.items()]
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in sorted(rows) for value in row])
        made = [
            Key(list_id, request, bytes(token), trigger)
            for list_id, request, token, trigger in cursor.fetchall()
        ]
    return {key: claims[key] for key in made}


def move(tallies: Tallies, key: Key, old: Held | None, new: Held) -> None:
    """Count a message as what it is now, and no more as what it was."""
    for row, messages in ((old, -1), (new, 1)):
        if row is not None:
            facts = (row.state, row.code, row.provider, row.at, key.trigger)
            tallies.add(Row(key.list_id, key.request, *facts), messages)


def provider_of(facets: Sequence[str], row: Found) -> str:
    """Tell who keeps the mailbox of a sealed row; nothing, if nobody knows."""
    reader = _reader(tuple(facets))
    return reader(row[_FACETS]) if row and reader else ""


def part_of(holder: str) -> int:
    """Choose the part of the counts that a process adds to."""
    return zlib.crc32(holder.encode()) % PARTS


@lru_cache(maxsize=256)
def _reader(facets: tuple[str, ...]) -> Callable[[str], str] | None:
    schema = Schema.parse(facets)
    if PROVIDER not in schema.names:
        return None
    decode, place = schema.decoder(), schema.names.index(PROVIDER)

    def read(text: str) -> str:
        value: Value | None = decode(text)[place]
        return value if isinstance(value, str) else ""

    return read
