"""Rows that are sealed and opened as the tests of sealing want them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from listkeep.core.addresses import index_form
from listkeep.core.errors import Code, VerificationError
from listkeep.core.opening import SealedRows, Ways, open_plain_rows
from listkeep.core.sealing import (
    OpenedRow,
    SealedRow,
    make_token,
    open_row,
    seal_rows,
)

LIST_KEY = b"L" * 32
INDEX_KEY = b"I" * 32
LIST = "l_spring"
BATCH = b"batch-id-012"
ADA = OpenedRow("Ada@Example.com", '["Ada","Lovelace"]')
BEN = OpenedRow("ben@example.org", '["Ben",""]')


def seal(
    rows: Sequence[OpenedRow],
    *,
    facets: Sequence[str] = (),
    tokens: Sequence[bytes] = (),
    positions: Sequence[int] = (),
    list_key: bytes = LIST_KEY,
    list_id: str = LIST,
    batch_id: bytes = BATCH,
    row_version: int = 1,
    key_number: int = 3,
) -> list[SealedRow]:
    tokens = tokens or [make_token(INDEX_KEY, index_form(row.address)) for row in rows]
    facets = facets or ['["DE"]'] * len(rows)
    positions = positions or range(len(rows))
    sealed = seal_rows(
        list_key,
        key_number=key_number,
        list_id=list_id,
        batch_id=batch_id,
        row_version=row_version,
        positions=positions,
        tokens=tokens,
        facets=facets,
        rows=rows,
    )
    return [
        SealedRow(token, batch_id, position, body, facet)
        for position, token, body, facet in zip(
            positions, tokens, sealed, facets, strict=True
        )
    ]


def open_(
    row: SealedRow,
    *,
    list_key: bytes = LIST_KEY,
    index_keys: Sequence[bytes] = (INDEX_KEY,),
    list_id: str = LIST,
) -> OpenedRow:
    return open_row(list_key, index_keys, list_id=list_id, row=row)


def open_many(
    rows: Sequence[SealedRow],
    *,
    list_keys: Mapping[int, bytes] = MappingProxyType({3: LIST_KEY, 0: LIST_KEY}),
    index_keys: Sequence[bytes] = (INDEX_KEY,),
    list_id: str = LIST,
) -> list[OpenedRow] | None:
    columns = list(zip(*rows, strict=True)) or [()] * len(SealedRows._fields)
    ways = Ways(list_keys, list_id)
    opened = open_plain_rows(ways, index_keys, SealedRows(*columns))
    if opened is None:
        return None
    return [
        OpenedRow(address.decode(), fields.decode())
        for address, fields in zip(*opened, strict=True)
    ]


def seal_without_number(row: OpenedRow, *, facets: str = '["DE"]') -> SealedRow:
    """Seal one row in format 1, from before keys had numbers, as it stands stored."""
    token = make_token(INDEX_KEY, index_form(row.address))
    version, address = b"\0\0\0\x07", row.address.encode()
    associated = b"\x01\x08l_spring" + token + version + facets.encode()
    packed = bytes([len(address)]) + address + row.fields.encode()
    body = AESGCM(batch_key()).encrypt(bytes(12), packed, associated)
    return SealedRow(token, BATCH, 0, b"\x01" + version + body, facets)


def batch_key() -> bytes:
    """Derive the key of the batch, as another program would."""
    kdf = HKDF(SHA256(), 32, salt=None, info=b"listkeep/v1/batch" + BATCH)
    return kdf.derive(LIST_KEY)


def assert_closed(row: SealedRow) -> None:
    with pytest.raises(
        VerificationError, match=r"^a sealed row does not open$"
    ) as shut:
        open_(row)
    assert shut.value.code is Code.ROW_INVALID
    assert shut.value.hint
