"""Open many sealed rows at once, each checked as ``sealing.open_row`` checks one.

Exports open millions, and what a row costs is mostly the way to its few steps. Here
rows are columns, what they have in common is found once, and addresses and tokens are
computed for all of them. Nothing is left out: a batch in which one row does not open
gives nothing, and ``open_row`` says which it is.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from operator import add
from typing import NamedTuple, cast

from cryptography.exceptions import InvalidTag

from .addresses import index_forms
from .errors import ListkeepError
from .sealing import (
    BATCH_ID_BYTES,
    HEADER_BYTES,
    TOKEN_BYTES,
    batch_cipher,
    make_nonces,
    make_tokens,
    read_key_number,
    row_context,
)

_NAME_BYTES = max(HEADER_BYTES.values())


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


def open_plain_rows(
    list_keys: Mapping[int, bytes],
    index_keys: Sequence[bytes],
    *,
    list_id: str,
    rows: SealedRows,
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
        packed = _decrypt(_Ways(list_keys, list_id), rows)
        addresses = [row[1 : row[0] + 1] for row in packed]
        spellings = b"\n".join(addresses).decode().split("\n")
    except (InvalidTag, ListkeepError, LookupError, ValueError):
        return None
    forms = index_forms(spellings)
    if len(forms) != len(packed) or None in forms:
        return None
    if not _are_tokens(rows.tokens, cast("list[str]", forms), index_keys):
        return None
    return OpenedRows(addresses, [row[row[0] + 1 :] for row in packed])


def _are_regular(rows: SealedRows) -> bool:
    """Tell whether columns are equally long, and positions and batch ids could be."""
    return (
        len(set(map(len, rows))) == 1
        and min(rows.positions) >= 0  # Python counts others from the end
        and {*map(len, rows.batch_ids)} <= {BATCH_ID_BYTES}
    )


def _decrypt(ways: "_Ways", rows: SealedRows) -> list[bytes]:
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


def _are_tokens(
    tokens: Sequence[bytes], forms: Sequence[str], index_keys: Sequence[bytes]
) -> bool:
    """Tell whether all tokens are those of the forms, each under a key of these."""
    if not {*map(len, tokens)} <= {TOKEN_BYTES}:
        return False
    joined = b"".join(tokens)
    columns = []
    for key in index_keys:  # mostly it is one key for all
        columns.append(make_tokens(key, forms))
        if hmac.compare_digest(b"".join(columns[-1]), joined):
            return True
    return len(columns) > 1 and all(
        any(hmac.compare_digest(token, version) for version in versions)
        for token, *versions in zip(tokens, *columns, strict=True)
    )


class _Ways(dict[bytes, _Way]):
    """How rows of one batch and header are opened: found once, kept for one call.

    The name of a way is the batch id and as much of the seal as a header is long. It is
    the row's own header that is authenticated, by what of it is in the way.
    """

    def __init__(self, list_keys: Mapping[int, bytes], list_id: str) -> None:
        super().__init__()
        self._list_keys, self._list_id = list_keys, list_id

    def __missing__(self, name: bytes) -> _Way:
        batch_id, mark = name[:BATCH_ID_BYTES], name[BATCH_ID_BYTES:]
        cipher = batch_cipher(self._list_keys[read_key_number(mark)], batch_id)
        start = HEADER_BYTES[mark[0]]
        way = _Way(
            cipher.decrypt, row_context(self._list_id, mark[0]), mark[1:start], start
        )
        self[name] = way
        return way
