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
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .addresses import MAX_ADDRESS_BYTES, index_form
from .errors import Code, MalformedError, VerificationError

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
HEADER_BYTES = {
    _UNNUMBERED_FORMAT: 1 + _VERSION_BYTES,
    FORMAT: 1 + _NUMBER_BYTES + _VERSION_BYTES,
}
_TAG_BYTES = 16
_FORMAT_MARK, _UNNUMBERED_MARK = bytes([FORMAT]), bytes([_UNNUMBERED_FORMAT])
POSITIONS = range(65_536)
_BYTES = [bytes([value]) for value in range(256)]
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

    Raises:
        MalformedError: As ``seal_columns``.
    """
    return seal_columns(
        list_key,
        key_number=key_number,
        list_id=list_id,
        batch_id=batch_id,
        row_version=row_version,
        positions=positions,
        tokens=tokens,
        facets=facets,
        addresses=[row.address for row in rows],
        fields=[row.fields for row in rows],
    )


def seal_columns(  # noqa: PLR0913 - one batch is described by all of these
    list_key: bytes,
    *,
    key_number: int,
    list_id: str,
    batch_id: bytes,
    row_version: int,
    positions: Sequence[int],
    tokens: Sequence[bytes],
    facets: Sequence[str],
    addresses: Sequence[str],
    fields: Sequence[str],
) -> list[bytes]:
    """Seal the same rows, given as columns.

    Positions need not be consecutive, but each is used once: it is the nonce.

    Raises:
        MalformedError: The batch is too large, ragged, a row does not fit, or the key
            number does.
    """
    columns = (positions, tokens, facets, addresses, fields)
    if len(set(map(len, columns))) > 1 or len(positions) > MAX_BATCH_ROWS:
        raise MalformedError("a batch is at most 4096 rows of equal columns")
    if len(set(positions)) < len(positions):
        raise MalformedError("a position is used twice in a batch")
    if positions and not 0 <= min(positions) <= max(positions) < len(POSITIONS):
        raise MalformedError("a position lies outside of what can be opened")
    if not FIRST_KEY <= key_number <= MAX_KEY_NUMBER:
        raise MalformedError("a list has at most 65,536 keys in its life")
    encrypt = batch_cipher(list_key, batch_id).encrypt
    prefix = row_context(list_id, FORMAT)
    stamp = key_number.to_bytes(_NUMBER_BYTES, "big") + row_version.to_bytes(
        _VERSION_BYTES, "big"
    )
    header = _FORMAT_MARK + stamp
    encoded = map(str.encode, facets)
    associated = map(
        b"".join, zip(repeat(prefix), tokens, repeat(stamp), encoded, strict=False)
    )
    nonces = map(make_nonces().__getitem__, positions)
    packed = _pack_columns(addresses, fields)
    return [header + sealed for sealed in map(encrypt, nonces, packed, associated)]


@lru_cache(maxsize=1)
def make_nonces() -> tuple[bytes, ...]:
    """List the nonces of all positions: looking one up costs less than making it."""
    return tuple(position.to_bytes(12, "big") for position in POSITIONS)


def first_bytes(key_number: int) -> bytes:
    """Say what every row begins with that is sealed under this key."""
    return _FORMAT_MARK + key_number.to_bytes(_NUMBER_BYTES, "big")


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


def read_row_version(sealed: bytes) -> int:
    """Read since when a row is as it is, in seconds since 1970.

    Of a row that opened, this is authenticated.

    Raises:
        VerificationError: It is no sealed row.
    """
    end = HEADER_BYTES.get(sealed[0], 0) if sealed else 0
    if not end or len(sealed) < end:
        raise _row_invalid()
    return int.from_bytes(sealed[end - _VERSION_BYTES : end], "big")


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
    header_bytes = HEADER_BYTES.get(sealed[0], 0) if sealed else 0
    if (
        not header_bytes
        or len(sealed) <= header_bytes + _TAG_BYTES
        or row.position not in POSITIONS
        or len(row.batch_id) != BATCH_ID_BYTES
    ):
        raise _row_invalid()
    associated = b"".join(
        (
            row_context(list_id, sealed[0]),
            row.token,
            sealed[1:header_bytes],
            row.facets.encode(),
        )
    )
    try:
        packed = batch_cipher(list_key, row.batch_id).decrypt(
            row.position.to_bytes(12, "big"), sealed[header_bytes:], associated
        )
    except InvalidTag as error:
        raise _row_invalid() from error
    opened = _unpack(packed)
    if not is_token_of(row.token, opened.address, index_keys):
        raise _row_invalid()
    return opened


def is_token_of(token: bytes, address: str, index_keys: Sequence[bytes]) -> bool:
    """Tell whether a token is that of an address, under any of these keys.

    Of nearly every address the index form is its lower case. Where a sealed row's token
    is that of the lower case, the keeper once found it to be the index form, by these
    rules: their version is in the token. They need not be gone through again.
    """
    if _is_token(token, address.lower(), index_keys):
        return True
    form = _find_form(address)
    return form is not None and _is_token(token, form, index_keys)


def forget_ciphers() -> None:
    """Drop what was derived from keys, after one of them was destroyed."""
    batch_cipher.cache_clear()
    _keyed.cache_clear()


def _is_token(token: bytes, form: str, index_keys: Sequence[bytes]) -> bool:
    for key in index_keys:  # noqa: SIM110 - a generator would be felt here
        if hmac.compare_digest(make_token(key, form), token):
            return True
    return False


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
def batch_cipher(list_key: bytes, batch_id: bytes) -> AESGCM:
    """Derive what seals and opens the rows of one batch.

    Raises:
        MalformedError: This is no batch id.
    """
    if len(batch_id) != BATCH_ID_BYTES:
        raise MalformedError("a batch id has 12 bytes")
    kdf = HKDF(SHA256(), 32, salt=None, info=b"listkeep/v1/batch" + batch_id)
    return AESGCM(kdf.derive(list_key))


@lru_cache(maxsize=64)
def row_context(list_id: str, row_format: int) -> bytes:
    """Write what the associated data of every row of a list begins with.

    Raises:
        MalformedError: The list id is too long.
    """
    name = list_id.encode()
    if len(name) > 255:
        raise MalformedError("a list id has at most 255 bytes")
    return bytes([row_format, len(name)]) + name


def _pack_columns(addresses: Sequence[str], fields: Sequence[str]) -> Iterator[bytes]:
    """Write rows as they are sealed, a column at a time: that is what it costs."""
    spelled = list(map(str.encode, addresses))
    rest = list(map(str.encode, fields))
    sizes = list(map(len, spelled))
    if spelled and not (
        0 < min(sizes) <= max(sizes) <= MAX_ADDRESS_BYTES
        and max(map(len, rest)) <= MAX_FIELDS_BYTES
    ):
        raise MalformedError("a row does not fit: address or fields too long")
    lengths = map(_BYTES.__getitem__, sizes)
    return map(b"".join, zip(lengths, spelled, rest, strict=True))


def _unpack(packed: bytes) -> OpenedRow:
    end = 1 + packed[0]
    return OpenedRow(packed[1:end].decode(), packed[end:].decode())


def _row_invalid() -> VerificationError:
    return VerificationError(
        "a sealed row does not open",
        code=Code.ROW_INVALID,
        hint="the row was changed outside Listkeep; restore it or import it again",
    )
