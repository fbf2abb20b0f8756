"""Erase one person from a list: the entry, and everything it was before."""

import json
from datetime import datetime
from typing import NamedTuple

from listkeep.core.sealing import BATCH_ID_BYTES

from . import history
from .history import Author, begin_change
from .models import Change, Entry
from .statuses import ERASED


class Erased(NamedTuple):
    """What a list had of somebody."""

    was_there: bool
    removed: bool  # the row is gone; else a mark without content stays
    past: int  # earlier rows that went


def erase_token(  # noqa: PLR0913 - one erasure is described by all of these
    list_id: str,
    token: bytes,
    *,
    facets: int,
    keep: bool,
    author: Author,
    now: datetime,
) -> Erased:
    """Erase an entry within the caller's transaction; nothing of it can come back.

    ``keep``: a mark stays, the status ``erased`` and nothing else, so that no later
    import brings the person in again. It has as many ``facets`` as others, all empty.
    """
    change = begin_change(list_id, kind=Change.Kind.ERASE, author=author, now=now)
    past = history.forget(list_id, token)
    found = Entry.objects.filter(list_id=list_id, token=token)
    if keep:
        changed = found.update(
            batch_id=bytes(BATCH_ID_BYTES),  # it travels as others do
            position=0,
            sealed=b"",
            facets=json.dumps([None] * facets, separators=(",", ":")),
            status=ERASED,
            change=change.number,
        )
        change.updated = changed
    else:
        changed = found.delete()[0]
        change.removed = changed
    if changed or past:
        change.save(force_insert=True)
    return Erased(bool(changed or past), bool(changed) and not keep, past)
