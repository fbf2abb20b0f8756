"""Open many sealed rows at once, each checked as ``sealing.open_row`` checks one.

Exports open millions, and what a row costs is mostly the way to its few steps. Here
rows are columns, what they have in common is found once, and addresses and tokens are
computed for all of them. Nothing is left out: a batch in which one row does not open
gives nothing, and ``open_row`` says which it is.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress, count
from operator import add, ne
from typing import NamedTuple, cast

from cryptography.exceptions import InvalidTag

from .addresses import index_forms
from .errors import ListkeepError
from .sealing import (
    BATCH_ID_BYTES,
    HEADER_BYTES,
    batch_cipher,
    make_nonces,
    make_tokens,
    read_key_number,
    row_context,
)

_NAME_BYTES = max(HEADER_BYTES.values())
_WAYS_KEPT = 16_384


class SealedRows(NamedTuple):
    """Stored rows of one list as columns of equal length."""

    tokens: Sequence[bytes]
    batch_ids: Sequence[bytes]
    positions: Sequence[int]
    sealed: Sequence[bytes]
    facets: Sequence[str]


class OpenedRows(NamedTuple):
    """The same rows in the clear, in UTF-8; exists only inside the keeper."""

    addresses: Sequence[bytes]
    fields: Sequence[bytes]


class _Way(NamedTuple):
    """How rows are opened that have batch, format, key and row version in common."""

    decrypt: Callable[..., bytes]
    context: bytes
    stamp: bytes
    start: int


class Ways(dict[bytes, _Way]):
    """How rows of one batch and header are opened: found once, kept for some time.

    The name of a way is the batch id and as much of the seal as a header is long. It is
    the row's own header that is authenticated, by what of it is in the way. Rows come
    in token order, so from all batches of a list in turn.
    """

    def __init__(self, list_keys: Mapping[int, bytes], list_id: str) -> None:
        """Begin with none; of the mapping it is looked up what is missing."""
        super().__init__()
        self._list_keys, self._list_id = list_keys, list_id

    def __missing__(self, name: bytes) -> _Way:
        """Find a way, or raise what says that there is none."""
        batch_id, mark = name[:BATCH_ID_BYTES], name[BATCH_ID_BYTES:]
        cipher = batch_cipher(self._list_keys[read_key_number(mark)], batch_id)
        start = HEADER_BYTES[mark[0]]
        if len(self) >= _WAYS_KEPT:
            self.clear()
        way = _Way(
            cipher.decrypt, row_context(self._list_id, mark[0]), mark[1:start], start
        )
        self[name] = way
        return way


def open_plain_rows(
    ways: Ways, index_keys: Sequence[bytes], rows: SealedRows
) -> OpenedRows | None:
    """Open many rows of one list at once, each checked as ``open_row`` checks it.

    Gives nothing if any of them does not open, or is unusual enough to be left to
    ``open_row``: which one it is, and why, is found there. Pass a few thousand.
    """
    if not any(map(len, rows)):
        return OpenedRows([], [])
    if not _are_regular(rows):
        return None
    try:
        packed = _decrypt(ways, rows)
        addresses = [row[1 : row[0] + 1] for row in packed]
        spellings = b"\n".join(addresses).decode().split("\n")
    except (InvalidTag, ListkeepError, LookupError, ValueError):
        return None
    if len(spellings) != len(packed):
        return None
    if not _are_of(rows.tokens, spellings, index_keys):
        return None
    return OpenedRows(addresses, [row[row[0] + 1 :] for row in packed])


def _are_regular(rows: SealedRows) -> bool:
    """Tell whether columns are equally long, and positions and batch ids could be."""
    return (
        len(set(map(len, rows))) == 1
        and min(rows.positions) >= 0  # Python counts others from the end
        and {*map(len, rows.batch_ids)} <= {BATCH_ID_BYTES}
    )


def _decrypt(ways: Ways, rows: SealedRows) -> list[bytes]:
    """Open rows column by column, each under its own key, nonce and associated data."""
    heads = [sealed[:_NAME_BYTES] for sealed in rows.sealed]
    found = map(ways.__getitem__, map(add, rows.batch_ids, heads))
    decrypts, contexts, stamps, starts = zip(*found, strict=True)
    facets = map(str.encode, rows.facets)
    associated = map(b"".join, zip(contexts, rows.tokens, stamps, facets, strict=True))
    nonces = map(make_nonces().__getitem__, rows.positions)
    return [
        decrypt(nonce, sealed[start:], data)
        for decrypt, nonce, sealed, start, data in zip(
            decrypts, nonces, rows.sealed, starts, associated, strict=True
        )
    ]


def _are_of(
    tokens: Sequence[bytes], spellings: Sequence[str], index_keys: Sequence[bytes]
) -> bool:
    """Tell whether all tokens are those of the addresses, as ``is_token_of`` does."""
    lower = "\n".join(spellings).lower().split("\n")
    others = _find_others(tokens, lower, index_keys)
    forms = index_forms([spellings[at] for at in others])
    return None not in forms and not _find_others(
        [tokens[at] for at in others], cast("list[str]", forms), index_keys
    )


def _find_others(
    tokens: Sequence[bytes], forms: Sequence[str], index_keys: Sequence[bytes]
) -> list[int]:
    """Find where the token is not that of the form under any key; mostly nowhere."""
    others = list(compress(count(), map(ne, tokens, make_tokens(index_keys[0], forms))))
    for key in index_keys[1:]:
        made = make_tokens(key, [forms[at] for at in others])
        others = [
            at for at, each in zip(others, made, strict=True) if tokens[at] != each
        ]
    return others
