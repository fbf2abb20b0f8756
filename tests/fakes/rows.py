"""Sealed rows one by one, as tests like to look at them."""

from collections.abc import Iterator

from listkeep.core.sealing import BATCH_ID_BYTES, TOKEN_BYTES, SealedRow
from listkeep.wire import messages as m


def sealed_rows(batch: m.RowBatch) -> Iterator[SealedRow]:
    """Take a batch apart."""
    for at, (position, sealed, facets) in enumerate(
        zip(batch.positions, batch.sealed, batch.facets, strict=True)
    ):
        yield SealedRow(
            batch.tokens[at * TOKEN_BYTES : (at + 1) * TOKEN_BYTES],
            batch.batch_ids[at * BATCH_ID_BYTES : (at + 1) * BATCH_ID_BYTES],
            position,
            sealed,
            facets,
        )
