"""Tokens and sealed rows: what everybody else holds instead of an address.

Rules of the room:

- A token is ``BLAKE2b-128(index key, person = rule version, index form)``. Whoever
  has the index key can test guesses, so only the keeper computes tokens.
- A row is AES-256-GCM over the address and its sealed fields. The key belongs to
  one batch (``HKDF-SHA256(list key, batch id)``) and the nonce is the row's
  position, so ``(list, batch id, position)`` must never be used twice: batch ids
  are 96 random bits from the keeper, and every change of a row makes a new batch.
- A list may hold several keys. A row says which one it is sealed under by that key's
  number; rows of format 1, from before keys had numbers, are under key 0.
- The associated data binds format, list, token, key number, row version and facets: a
  row that was swapped, edited or moved to another list does not open.
- After opening, the token is computed again from the address and must match.

Keys, batch ids and times are arguments; nothing here draws randomness.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .addresses import index_form, index_forms
from .errors import Code, ListkeepError, MalformedError, VerificationError

FORMAT = 2
FIRST_KEY = 0
MAX_KEY_NUMBER = 65_535
TOKEN_BYTES = 16
BATCH_ID_BYTES = 12
MAX_BATCH_ROWS = 4096
MAX_FIELDS_BYTES = 16_384
_TOKEN_PERSON = b"lk-token-v1"
_UNNUMBERED_FORMAT = 1
_NUMBER_BYTES = 2
_VERSION_BYTES = 4
_HEADER_BYTES = {
    _UNNUMBERED_FORMAT: 1 + _VERSION_BYTES,
    FORMAT: 1 + _NUMBER_BYTES + _VERSION_BYTES,
}
_MARK_BYTES = max(_HEADER_BYTES.values())
_TAG_BYTES = 16
_FORMAT_MARK, _UNNUMBERED_MARK = bytes([FORMAT]), bytes([_UNNUMBERED_FORMAT])
_POSITIONS = range(65_536)
_CIPHERS_KEPT = 16_384  # rows in token order come from all batches of a list in turn
_TOKEN_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


class SealedRow(NamedTuple):
    """One stored row as the dock holds it: readable facets, sealed rest."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str


class OpenedRow(NamedTuple):
    """One row in the clear; exists only inside the keeper."""

    address: str
    fields: str  # JSON array of sealed values, in the order of the list's fields


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


def make_token(index_key: bytes, form: str) -> bytes:
    """Compute the token of an index form under one tenant's index key."""
    state = _keyed(index_key).copy()
    state.update(form.encode())
    return state.digest()


def make_tokens(index_key: bytes, forms: Sequence[str]) -> list[bytes]:
    """Compute many tokens; the same as ``make_token`` for each."""
    keyed = _keyed(index_key)
    tokens = []
    for form in forms:
        state = keyed.copy()
        state.update(form.encode())
        tokens.append(state.digest())
    return tokens


def format_token(token: bytes) -> str:
    """Write a token as 26 lower-case base32 characters."""
    return base64.b32encode(token).decode().rstrip("=").lower()


def parse_token(text: str) -> bytes:
    """Read a token back from its 26 characters.

    Raises:
        MalformedError: The text is no token. The message does not repeat it.
    """
    if len(text) != 26 or not _TOKEN_ALPHABET.issuperset(text):
        raise MalformedError(
            "not a token",
            code=Code.TOKEN_INVALID,
            hint="a token has 26 characters from a-z and 2-7",
        )
    token = base64.b32decode(text.upper() + "======")
    if format_token(token) != text:
        raise MalformedError("not a token", code=Code.TOKEN_INVALID)
    return token


def seal_rows(  # noqa: PLR0913 - one batch is described by all of these
    list_key: bytes,
    *,
    key_number: int,
    list_id: str,
    batch_id: bytes,
    row_version: int,
    positions: Sequence[int],
    tokens: Sequence[bytes],
    facets: Sequence[str],
    rows: Sequence[OpenedRow],
) -> list[bytes]:
    """Seal up to 4096 rows of one list under a fresh batch id.

    Positions need not be consecutive, but each is used once: it is the nonce.

    Raises:
        MalformedError: The batch is too large, ragged, a row does not fit, or the key
            number does.
    """
    if not len(tokens) == len(facets) == len(rows) == len(positions) <= MAX_BATCH_ROWS:
        raise MalformedError("a batch is at most 4096 rows of equal columns")
    if len(set(positions)) < len(positions):
        raise MalformedError("a position is used twice in a batch")
    if not all(map(_POSITIONS.__contains__, positions)):
        raise MalformedError("a position lies outside of what can be opened")
    if not FIRST_KEY <= key_number <= MAX_KEY_NUMBER:
        raise MalformedError("a list has at most 65,536 keys in its life")
    encrypt = _cipher(list_key, batch_id).encrypt
    prefix = _context(list_id, FORMAT)
    stamp = key_number.to_bytes(_NUMBER_BYTES, "big") + row_version.to_bytes(
        _VERSION_BYTES, "big"
    )
    header = bytes([FORMAT]) + stamp
    return [
        header
        + encrypt(
            position.to_bytes(12, "big"),
            _pack(row),
            b"".join((prefix, token, stamp, facet.encode())),
        )
        for position, token, facet, row in zip(
            positions, tokens, facets, rows, strict=True
        )
    ]


def read_key_number(sealed: bytes) -> int:
    """Read which of its list's keys a row says it is sealed under.

    Nobody has vouched for the number yet; a wrong one picks a key that does not open.

    Raises:
        VerificationError: It is no sealed row.
    """
    if sealed[:1] == _FORMAT_MARK and len(sealed) > _NUMBER_BYTES:
        return sealed[1] << 8 | sealed[2]
    if sealed[:1] == _UNNUMBERED_MARK:
        return FIRST_KEY
    raise _row_invalid()


def open_row(
    list_key: bytes, index_keys: Sequence[bytes], *, list_id: str, row: SealedRow
) -> OpenedRow:
    """Open one row and check that it is the row its token claims it is.

    Its token may be the one under any index key that the tenant holds.

    Raises:
        VerificationError: The row was edited, swapped, moved from another list, or
            its token is not the token of its address. One message for all causes.
    """
    sealed = row.sealed
    header_bytes = _HEADER_BYTES.get(sealed[0], 0) if sealed else 0
    if (
        not header_bytes
        or len(sealed) <= header_bytes + _TAG_BYTES
        or row.position not in _POSITIONS
        or len(row.batch_id) != BATCH_ID_BYTES
    ):
        raise _row_invalid()
    associated = b"".join(
        (
            _context(list_id, sealed[0]),
            row.token,
            sealed[1:header_bytes],
            row.facets.encode(),
        )
    )
    try:
        packed = _cipher(list_key, row.batch_id).decrypt(
            row.position.to_bytes(12, "big"), sealed[header_bytes:], associated
        )
    except InvalidTag as error:
        raise _row_invalid() from error
    opened = _unpack(packed)
    form = _find_form(opened.address)
    if form is None or not _is_token(row.token, form, index_keys):
        raise _row_invalid()
    return opened


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
    ways, nonces = _Ways(list_keys, list_id), _nonces()
    if rows.positions and min(rows.positions) < 0:
        return None  # Python counts negative ones from the end
    try:
        packed = []
        for token, batch_id, position, sealed, facets in zip(*rows, strict=True):
            decrypt, context, stamp, start = ways[batch_id + sealed[:_MARK_BYTES]]
            associated = b"".join((context, token, stamp, facets.encode()))
            packed.append(decrypt(nonces[position], sealed[start:], associated))
        addresses = [row[1 : row[0] + 1] for row in packed]
        spellings = b"\n".join(addresses).decode().split("\n") if packed else []
    except (InvalidTag, ListkeepError, LookupError, ValueError):
        return None
    forms = index_forms(spellings)
    if len(forms) != len(packed) or None in forms:
        return None
    if not _are_tokens(rows.tokens, cast("list[str]", forms), index_keys):
        return None
    return OpenedRows(addresses, [row[row[0] + 1 :] for row in packed])


def forget_ciphers() -> None:
    """Drop what was derived from keys, after one of them was destroyed."""
    _cipher.cache_clear()
    _keyed.cache_clear()


def _is_token(token: bytes, form: str, index_keys: Sequence[bytes]) -> bool:
    for key in index_keys:  # noqa: SIM110 - a generator would be felt here
        if hmac.compare_digest(make_token(key, form), token):
            return True
    return False


def _are_tokens(
    tokens: Sequence[bytes], forms: Sequence[str], index_keys: Sequence[bytes]
) -> bool:
    """Tell whether all tokens are those of the forms, under one key for all."""
    if not {*map(len, tokens)} <= {TOKEN_BYTES}:
        return False
    joined = b"".join(tokens)
    return any(
        hmac.compare_digest(b"".join(make_tokens(key, forms)), joined)
        for key in index_keys
    )


def _find_form(address: str) -> str | None:
    try:
        return index_form(address)
    except MalformedError:  # sealed under rules that took it for an address
        return None


@lru_cache(maxsize=64)
def _keyed(index_key: bytes) -> hashlib.blake2b:
    """Hash the key once: a copy of the state costs less than its key block."""
    return hashlib.blake2b(digest_size=TOKEN_BYTES, key=index_key, person=_TOKEN_PERSON)


@lru_cache(maxsize=_CIPHERS_KEPT)
def _cipher(list_key: bytes, batch_id: bytes) -> AESGCM:
    if len(batch_id) != BATCH_ID_BYTES:
        raise MalformedError("a batch id has 12 bytes")
    kdf = HKDF(SHA256(), 32, salt=None, info=b"listkeep/v1/batch" + batch_id)
    return AESGCM(kdf.derive(list_key))


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
        cipher = _cipher(self._list_keys[read_key_number(mark)], batch_id)
        start = _HEADER_BYTES[mark[0]]
        way = _Way(
            cipher.decrypt, _context(self._list_id, mark[0]), mark[1:start], start
        )
        self[name] = way
        return way


@lru_cache(maxsize=1)
def _nonces() -> tuple[bytes, ...]:
    """List the nonces of all positions: looking one up costs less than making it."""
    return tuple(position.to_bytes(12, "big") for position in _POSITIONS)


@lru_cache(maxsize=64)
def _context(list_id: str, row_format: int) -> bytes:
    name = list_id.encode()
    if len(name) > 255:
        raise MalformedError("a list id has at most 255 bytes")
    return bytes([row_format, len(name)]) + name


def _pack(row: OpenedRow) -> bytes:
    address, fields = row.address.encode(), row.fields.encode()
    if not 0 < len(address) <= 254 or len(fields) > MAX_FIELDS_BYTES:
        raise MalformedError("a row does not fit: address or fields too long")
    return bytes([len(address)]) + address + fields


def _unpack(packed: bytes) -> OpenedRow:
    end = 1 + packed[0]
    return OpenedRow(packed[1:end].decode(), packed[end:].decode())


def _row_invalid() -> VerificationError:
    return VerificationError(
        "a sealed row does not open",
        code=Code.ROW_INVALID,
        hint="the row was changed outside Listkeep; restore it or import it again",
    )
