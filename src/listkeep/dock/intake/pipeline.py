"""Have batches sealed while the next are parsed, in order and in bounded memory.

The calling thread has batches parsed, here or in another process; two others wait for
the keeper, which works in its own. At most three batches are on their way: whoever is
slower, the disk, the keeper or the sender, makes the others wait, and nothing piles up.
"""

from collections import deque
from collections.abc import (
    Callable,
    Container,
    Generator,
    Iterable,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from typing import Final

from listkeep.core.errors import MalformedError
from listkeep.core.sealing import BATCH_ID_BYTES, TOKEN_BYTES
from listkeep.dock.lists.bulk import Columns
from listkeep.dock.lists.tokens import split_tokens
from listkeep.wire import messages as m

from .encoding import Packed, Reject

IN_FLIGHT: Final = 3
SEALERS: Final = 2
NOT_ACCEPTED: Final = "not-accepted"
Row = tuple[bytes, bytes, int, bytes, str, int]  # in the order of ``bulk.Columns``
FindKnown = Callable[[Sequence[bytes]], Container[bytes]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch as it is stored."""

    columns: Columns
    rejects: list[Reject]

    @property
    def rows(self) -> list[Row]:
        """The same row by row."""
        return _rows_of(self.columns)


def seal_batches(
    batches: Iterable[Packed],
    *,
    seal: Callable[[Packed], m.SealedRows],
    find_known: FindKnown,
) -> Generator[Sealed]:
    """Yield the file's batches sealed, in the file's order.

    ``find_known`` says which tokens entries have already. It is asked only where the
    keeper answers with several for each row: an entry keeps the one it has.

    Whoever stops early must close this generator, which waits for what is on its
    way and drops it.

    Raises:
        MalformedError: The file is not a list after all, or the keeper's answer
            does not fit.
    """
    waiting: deque[tuple[Packed, Future[m.SealedRows]]] = deque()
    pool = ThreadPoolExecutor(SEALERS, "seal")
    try:
        for batch in batches:
            if len(waiting) >= IN_FLIGHT:
                yield _collect(*waiting.popleft(), find_known)
            waiting.append((batch, pool.submit(seal, batch)))
        while waiting:
            yield _collect(*waiting.popleft(), find_known)
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(
    batch: Packed, answer: Future[m.SealedRows], find_known: FindKnown
) -> Sealed:
    sealed = answer.result()
    columns = _columns_of(batch, sealed)
    if not sealed.older and all(sealed.sealed):
        return Sealed(columns, batch.rejects)
    versions = [_columns_of(batch, each) for each in sealed.older]
    rows = _choose([_rows_of(each) for each in (*versions, columns)], find_known)
    accepted = [bool(row[3]) for row in rows]
    refused = [
        Reject(line, NOT_ACCEPTED, "the keeper does not accept this row")
        for line, is_good in zip(batch.lines, accepted, strict=True)
        if not is_good
    ]
    good = list(compress(rows, accepted))
    return Sealed(Columns.of(good), batch.rejects + refused)


def _columns_of(batch: Packed, sealed: m.SealedRows | m.OlderRows) -> Columns:
    count = len(batch.lines)
    if (
        len(sealed.sealed) != count
        or len(sealed.tokens) != count * TOKEN_BYTES
        or len(sealed.batch_id) != BATCH_ID_BYTES
    ):
        raise MalformedError("the keeper's rows are not as many as were sent")
    return Columns(
        split_tokens(sealed.tokens),
        [sealed.batch_id] * count,
        range(count),
        sealed.sealed,
        batch.facets,
        batch.statuses,
    )


def _rows_of(columns: Columns) -> list[Row]:
    return list(zip(*columns, strict=True))


def _choose(versions: Sequence[list[Row]], find_known: FindKnown) -> list[Row]:
    """Choose of each row one version, the oldest first: an entry keeps its token.

    Who is new gets the newest, unless the keeper seals the person under another.
    """
    if len(versions) == 1:
        return versions[0]
    known = find_known([row[0] for rows in versions for row in rows if row[3]])
    chosen = []
    for each in zip(*versions, strict=True):
        sealed = [row for row in each if row[3]] or [each[-1]]
        chosen.append(next((row for row in sealed if row[0] in known), sealed[-1]))
    return chosen
