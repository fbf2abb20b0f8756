"""What came of the rows a send has opened, by keyed hashes of token and trigger.

One kind of mark says that a row may open again, another that it never does. Nobody who
reads the table learns a token, or tells one kind from the other; and nobody who writes
it can make a row free that was not opened: they would have to have the key.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from django.db import OperationalError, connection

from listkeep.keeper.gate.models import SendOpening
from listkeep.keeper.ledger.services import describe_failure

from .tallies import KEY_BYTES

_TABLE = SendOpening._meta.db_table  # noqa: SLF001 - our own name
_FIND = f"SELECT key FROM {_TABLE} WHERE send = %s AND key IN "  # noqa: S608 - ours
_ADD = f"INSERT INTO {_TABLE} (send, key) VALUES "  # noqa: S608 - ours

_FORGET = f"""DELETE FROM {_TABLE} WHERE send = %s AND key <= (SELECT key FROM (
SELECT key FROM {_TABLE} WHERE send = %s ORDER BY key LIMIT %s
) AS page ORDER BY key DESC LIMIT 1)"""  # noqa: S608 - ours
_PAGE = 4096
_PAGES_AT_ONCE = 16


def opening_keys(
    seal: bytes, request: str, tokens: Sequence[bytes], triggers: Sequence[str]
) -> list[bytes]:
    """Name rows of one send, each for its trigger; as a mark: it may open again."""
    return _keys(seal, request, tokens, triggers, person=b"lk-opened")


def closing_keys(
    seal: bytes, request: str, tokens: Sequence[bytes], triggers: Sequence[str]
) -> list[bytes]:
    """Give the marks of rows of one send that never open again."""
    return _keys(seal, request, tokens, triggers, person=b"lk-ended")


def _keys(
    seal: bytes,
    request: str,
    tokens: Sequence[bytes],
    triggers: Sequence[str],
    *,
    person: bytes,
) -> list[bytes]:
    keyed = hashlib.blake2b(
        request.encode() + b"\x00",
        digest_size=KEY_BYTES,
        key=seal,
        person=person,
    )
    keys = []
    for token, trigger in zip(tokens, triggers, strict=True):
        state = keyed.copy()  # costs less than hashing the key once more
        state.update(token + trigger.encode())
        keys.append(state.digest())
    return keys


def find_marks(tag: str, keys: Collection[bytes]) -> set[bytes]:
    """Find which of these marks the table has.

    Raises:
        UnavailableError: The database does not answer.
    """
    if not keys:
        return set()
    places = ",".join(["%s"] * len(keys))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"{_FIND}({places})", [int(tag, 16), *keys])
            return {bytes(key) for (key,) in cursor.fetchall()}
    except OperationalError as error:
        raise describe_failure(error) from error


def keep_marks(tag: str, keys: Iterable[bytes]) -> None:
    """Put marks into the table; those that are there stay.

    Raises:
        UnavailableError: The database does not answer.
    """
    values = [value for key in keys for value in (int(tag, 16), key)]
    if not values:
        return
    places = ",".join(["(%s,%s)"] * (len(values) // 2))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"{_ADD}{places} ON CONFLICT DO NOTHING", values)
    except OperationalError as error:
        raise describe_failure(error) from error


def forget_marks(tag: str) -> bool:
    """Forget marks of a send that ended long ago; say if none is left.

    A page at a time, so that nobody waits long for the ledger behind it, and so many
    pages as a caller can wait for: a send to a million has a million of them.

    Raises:
        UnavailableError: The database does not answer.
    """
    send = int(tag, 16)
    try:
        with connection.cursor() as cursor:
            for _ in range(_PAGES_AT_ONCE):
                cursor.execute(_FORGET, [send, send, _PAGE])
                if cursor.rowcount < _PAGE:
                    return True
    except OperationalError as error:
        raise describe_failure(error) from error
    return False
