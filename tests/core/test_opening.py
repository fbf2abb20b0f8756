from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core import opening
from listkeep.core.sealing import OpenedRow, SealedRow, make_token
from tests.core.sealed import (
    ADA,
    BATCH,
    BEN,
    INDEX_KEY,
    LIST_KEY,
    assert_closed,
    batch_key,
    open_,
    open_many,
    seal,
    seal_without_number,
)

ZOE = OpenedRow("Zoë.Müller@bücher.example", "[]")


def test_many_rows_open_as_each_of_them_does() -> None:
    rows = [
        *seal([ADA, BEN, ZOE]),
        *seal([ADA, ZOE], batch_id=b"batch-id-013", key_number=0, row_version=7),
        seal_without_number(BEN),
    ]

    assert open_many(rows) == [open_(row) for row in rows]
    assert open_many([]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"token": b"T" * 16},
        {"token": b"T" * 15},
        {"batch_id": b"batch-id-013"},
        {"batch_id": b"batch-id-01"},
        {"position": 0},
        {"position": -65_535},
        {"position": 65_536},
        {"facets": '["FR"]'},
        {"sealed": b""},
        {"sealed": b"\x02\x00\x03"},
        {"sealed": b"\x09" + bytes(60)},
        {"sealed": b"\x02\xff\xff" + bytes(60)},
    ],
)
def test_one_changed_row_among_many_opens_none(changes: dict[str, Any]) -> None:
    rows = seal([ADA, BEN, ZOE])
    changed = rows[1]._replace(**changes)

    assert_closed(changed)
    assert open_many([rows[0], changed, rows[2]]) is None


@pytest.mark.parametrize("at", range(7))
def test_no_byte_of_a_header_goes_unread_among_many(at: int) -> None:
    rows = seal([ADA, BEN])
    sealed = bytearray(rows[1].sealed)
    sealed[at] ^= 1
    changed = rows[1]._replace(sealed=bytes(sealed))

    assert open_many([rows[0], changed]) is None


def test_many_rows_of_another_list_or_under_other_keys_stay_closed() -> None:
    rows = seal([ADA, BEN])

    assert open_many(rows, list_id="l_autumn") is None
    assert open_many(rows, list_keys={3: b"X" * 32}) is None
    assert open_many(rows, list_keys={0: LIST_KEY}) is None
    assert open_many(rows, index_keys=(b"X" * 32,)) is None
    assert open_many(rows, index_keys=(b"X" * 32, INDEX_KEY)) == [ADA, BEN]


def test_many_rows_with_the_token_of_another_address_stay_closed() -> None:
    tokens = [make_token(INDEX_KEY, f"{name}@example.org") for name in ("ada", "ben")]

    assert open_many(seal([BEN, ADA], tokens=tokens)) is None


def test_an_address_that_the_rules_refuse_now_opens_not_among_many() -> None:
    rows = seal([OpenedRow("no address", "[]")], tokens=[b"T" * 16])

    assert open_many(rows) is None
    assert open_many([*seal([ADA]), *rows]) is None


def test_what_was_taken_for_an_address_opens_by_the_token_of_its_lower_case() -> None:
    """Domains for special uses become more, and the list of them is not ours."""
    once = OpenedRow("Ada@Printer.local", "[]")
    tokens = [make_token(INDEX_KEY, form) for form in ("ada@printer.local", "x@y.org")]
    good, bad = seal([once, once], tokens=tokens)

    assert open_many([good]) == [open_(good)] == [once]
    assert open_many([good, *seal([ZOE], batch_id=b"batch-id-013")]) == [once, ZOE]
    assert_closed(bad)
    assert open_many([good, bad]) is None


def test_ways_are_found_anew_when_too_many_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "_WAYS_KEPT", 2)
    batches = [b"batch-id-%03d" % number for number in range(5)]
    rows = [seal([ADA], batch_id=batch)[0] for batch in batches]

    assert open_many(rows) == [ADA] * 5


def test_a_line_break_in_an_address_makes_no_two_of_one() -> None:
    odd = OpenedRow("ada@example.com\nben@example.org", "[]")
    rows = seal([odd], tokens=[make_token(INDEX_KEY, "ada@example.com")])

    assert open_many(rows) is None


def test_bytes_that_are_no_text_open_not_among_many() -> None:
    token, version = make_token(INDEX_KEY, "ada@example.com"), b"\0\0\0\x07"
    associated = b"\x01\x08l_spring" + token + version + b"[]"
    body = AESGCM(batch_key()).encrypt(bytes(12), b"\x02\xff\xff[]", associated)

    row = SealedRow(token, BATCH, 0, b"\x01" + version + body, "[]")

    assert open_many([row]) is None
