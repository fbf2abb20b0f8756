"""Seal rows anew under their list's newest key; nothing of them leaves in the clear.

Rows come sealed and go sealed, in a fresh batch. Whoever asks needs a permission of
its own: to renew a key, to restore.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from listkeep.core.errors import VerificationError
from listkeep.core.registry.facts import ListFacts
from listkeep.core.sealing import (
    BATCH_ID_BYTES,
    TOKEN_BYTES,
    OpenedRow,
    SealedRow,
    read_row_version,
    seal_rows,
)
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.decisions.list_keys import fetch_newest_key
from listkeep.keeper.keys import KeyStore
from listkeep.wire import messages as m

from .opening import Opener, rows_of

FindGone = Callable[[Sequence[SealedRow]], Collection[bytes]]


def _nobody(_rows: Sequence[SealedRow]) -> Collection[bytes]:
    return ()


def reseal_rows(
    store: KeyStore,
    found: ListFacts,
    batch: m.RowBatch,
    *,
    row_version: int | None = None,
    find_gone: FindGone = _nobody,
) -> m.SealedRows:
    """Open each row under whichever key is held, and seal it under the newest.

    Tokens, facets and order stay; so does the version of each row, unless there is a
    new one: who only changes keys must not make old rows look new. Where a row does not
    open, or ``find_gone`` names its token or any other of its person, the answer has an
    empty seal and no token, so that whoever asked knows it by its position.

    Raises:
        MalformedError: The batch's columns have different lengths, or too many rows.
        UnavailableError: A key does not unwrap.
    """
    opener = Opener(store, found)
    rows = list(rows_of(batch))
    gone = find_gone(rows)
    opened = [None if r.token in gone else _find_opened(opener, r) for r in rows]
    for at in _gone_otherwise(opener, rows, opened, find_gone):
        opened[at] = None
    batch_id = secrets.token_bytes(BATCH_ID_BYTES)
    tokens, sealed = [bytes(TOKEN_BYTES)] * len(rows), [b""] * len(rows)
    for version, places in _by_version(rows, opened, row_version).items():
        seals = seal_rows(
            fetch_newest_key(store, found),
            key_number=found.newest_key,
            list_id=found.id,
            batch_id=batch_id,
            row_version=version,
            positions=list(places),
            tokens=[rows[at].token for at in places],
            facets=[rows[at].facets for at in places],
            rows=list(places.values()),
        )
        for at, seal in zip(places, seals, strict=True):
            tokens[at], sealed[at] = rows[at].token, seal
    return m.SealedRows(batch_id=batch_id, tokens=b"".join(tokens), sealed=sealed)


def _by_version(
    rows: Sequence[SealedRow],
    opened: Sequence[OpenedRow | None],
    row_version: int | None,
) -> dict[int, dict[int, OpenedRow]]:
    """Sort what opened by the version it is to have; of what opened it is genuine."""
    sorted_rows: dict[int, dict[int, OpenedRow]] = {}
    for at, row in enumerate(opened):
        if row is not None:
            version = row_version or read_row_version(rows[at].sealed)
            sorted_rows.setdefault(version, {})[at] = row
    return sorted_rows


def find_erased(
    store: KeyStore, rows: Sequence[SealedRow], erased_at: Mapping[str, datetime]
) -> set[bytes]:
    """Find the tokens of rows that were sealed before their person was erased.

    Where no suppression was kept, only the ledger still knows; who came back since
    has a newer row.
    """
    if not erased_at:
        return set()
    gone = set()
    for row in rows:
        at = erased_at.get(item_digest(store, row.token))
        if at is not None and not _is_newer(row, at):
            gone.add(row.token)
    return gone


def _gone_otherwise(
    opener: Opener,
    rows: Sequence[SealedRow],
    opened: Sequence[OpenedRow | None],
    find_gone: FindGone,
) -> set[int]:
    """Find the rows of people who are gone under a token of another index key."""
    there = [(at, row.address) for at, row in enumerate(opened) if row is not None]
    found: set[int] = set()
    for tokens in opener.versions([address for _, address in there]):
        others = {
            at: rows[at]._replace(token=token)
            for (at, _), token in zip(there, tokens, strict=True)
        }
        gone = find_gone(list(others.values()))
        found |= {at for at, row in others.items() if row.token in gone}
    return found


def _is_newer(row: SealedRow, at: datetime) -> bool:
    try:
        return read_row_version(row.sealed) > at.timestamp()
    except VerificationError:  # no sealed row at all
        return False


def _find_opened(opener: Opener, row: SealedRow) -> OpenedRow | None:
    try:
        return opener.open(row)
    except VerificationError:
        return None
