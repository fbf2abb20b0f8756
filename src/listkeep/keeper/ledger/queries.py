"""Read the ledger: entries from an index on, checkpoint, proofs."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import Q

from listkeep.core.errors import Code, RefusedError
from listkeep.core.ledger.tree import Hash, leaf_hash, prove_inclusion

from .models import Entry, Head, Node

_HEAD = f"SELECT size, checkpoint FROM {Head._meta.db_table} WHERE id = %s"  # noqa: S608, SLF001 - our own name


def read_entries(start: int, *, limit: int) -> list[tuple[int, bytes]]:
    """Read bodies from ``start`` on, in order."""
    rows = Entry.objects.filter(index__gte=start).order_by("index")[:limit]
    return [(row.index, bytes(row.body)) for row in rows]


def read_head() -> tuple[int, bytes]:
    """Read the size and the signed checkpoint."""
    # Asked by every call there is: putting the question together took most of it.
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, [Head.SINGLE])
        row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else (0, b"")


def prove_entry(index: int) -> tuple[Hash, list[Hash], bytes]:
    """Get the leaf of one entry, its inclusion proof and the checkpoint it leads to.

    Raises:
        RefusedError: There is no such entry.
    """
    size, checkpoint = read_head()
    entry = Entry.objects.filter(index=index).first()
    if entry is None or index >= size:
        raise RefusedError("there is no such entry", code=Code.NOT_FOUND)
    proof = prove_inclusion(index, size, _read_nodes)
    return leaf_hash(bytes(entry.body)), proof, checkpoint


def _read_nodes(positions: Sequence[tuple[int, int]]) -> Sequence[Hash]:
    wanted = Q()
    for level, index in positions:
        wanted |= Q(level=level, index=index)
    found = {
        (row.level, row.index): bytes(row.hash) for row in Node.objects.filter(wanted)
    }
    return [found[position] for position in positions if position in found]
