import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.addresses import RULE_VERSION, index_form
from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.sealing import (
    MAX_BATCH_ROWS,
    MAX_FIELDS_BYTES,
    OpenedRow,
    first_bytes,
    forget_ciphers,
    format_token,
    make_token,
    make_tokens,
    parse_token,
    read_key_number,
    read_row_version,
)
from tests.core.sealed import (
    ADA,
    BATCH,
    BEN,
    INDEX_KEY,
    assert_closed,
    batch_key,
    open_,
    seal,
    seal_without_number,
)

# --- tokens ---------------------------------------------------------------------


def test_a_token_is_keyed_blake2b_with_the_rule_version_as_person() -> None:
    expected = hashlib.blake2b(
        b"ada@example.com",
        digest_size=16,
        key=INDEX_KEY,
        person=b"lk-token-v%d" % RULE_VERSION,
    ).digest()

    assert make_token(INDEX_KEY, "ada@example.com") == expected


def test_many_tokens_are_the_tokens_of_each() -> None:
    forms = ["ada@example.com", "", "zoë@example.org"]

    assert make_tokens(INDEX_KEY, forms) == [make_token(INDEX_KEY, f) for f in forms]


def test_tenants_share_no_token() -> None:
    assert make_token(b"a" * 32, "ada@example.com") != make_token(
        b"b" * 32, "ada@example.com"
    )


def test_a_token_is_written_as_26_lower_case_characters() -> None:
    token = bytes(range(16))

    text = format_token(token)

    assert text == "aaaqeayeaudaocajbifqydiob4"
    assert text == base64.b32encode(token).decode()[:26].lower()
    assert parse_token(text) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 25,
        "a" * 27,
        "A" * 26,
        "1" * 26,
        "a" * 25 + "=",
        "a" * 25 + "\n",
        "ada@example.com" + "a" * 11,
        "é" * 26,
        "a" * 25 + "b",  # two characters for one token: the spare bits are not zero
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_token(text)

    assert refused.value.code is Code.TOKEN_INVALID
    assert refused.value.message == "not a token"
    assert not text or text not in refused.value.hint


# --- seal and open ----------------------------------------------------------------


def test_rows_open_to_what_was_sealed() -> None:
    rows = seal([ADA, BEN])

    assert [open_(row) for row in rows] == [ADA, BEN]


def test_the_sealed_form_is_what_the_formats_page_promises() -> None:
    """Open a row with nothing but the primitives, as another program would."""
    [row] = seal([ADA], row_version=7, key_number=258)

    stamp = b"\x01\x02\0\0\0\x07"
    associated = b"\x02\x08l_spring" + row.token + stamp + b'["DE"]'
    packed = AESGCM(batch_key()).decrypt(bytes(12), row.sealed[7:], associated)

    assert row.sealed[:7] == b"\x02" + stamp
    assert packed == b"\x0fAda@Example.com" + ADA.fields.encode()


def test_a_row_says_which_of_its_lists_keys_it_is_under() -> None:
    for number in (0, 1, 255, 256, 65_535):
        [row] = seal([ADA], key_number=number)

        assert read_key_number(row.sealed) == number
        assert row.sealed.startswith(first_bytes(number))
        assert open_(row) == ADA


@pytest.mark.parametrize("number", [-1, 65_536])
def test_a_key_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(MalformedError, match="65,536 keys"):
        seal([ADA], key_number=number)


def test_a_row_from_before_keys_had_numbers_opens_and_is_under_the_first_key() -> None:
    row = seal_without_number(ADA)

    assert read_key_number(row.sealed) == 0
    assert open_(row) == ADA


def test_a_row_says_when_it_was_sealed() -> None:
    [row] = seal([ADA], row_version=1_767_614_400)

    assert read_row_version(row.sealed) == 1_767_614_400
    assert read_row_version(seal_without_number(ADA).sealed) == 7


@pytest.mark.parametrize(
    "sealed", [b"", b"\x02", b"\x01\0\0\0", b"\x02\0\0\0\0\0", b"\0" * 9]
)
def test_what_is_no_sealed_row_was_sealed_at_no_time(sealed: bytes) -> None:
    with pytest.raises(VerificationError, match=r"^a sealed row does not open$"):
        read_row_version(sealed)


@pytest.mark.parametrize("sealed", [b"", b"\x02", b"\x02\0", b"\0", b"\x03\0\0\0"])
def test_what_is_no_sealed_row_is_under_no_key(sealed: bytes) -> None:
    with pytest.raises(VerificationError, match=r"^a sealed row does not open$"):
        read_key_number(sealed)


def test_a_row_can_not_be_passed_off_as_one_of_another_key() -> None:
    """The number is bound: with one key of two names, only the right name opens."""
    [row] = seal([ADA], key_number=1)

    assert_closed(row._replace(sealed=b"\x02\0\x02" + row.sealed[3:]))


def test_a_row_can_not_be_passed_off_as_one_of_the_other_format() -> None:
    [new], old = seal([ADA], key_number=0), seal_without_number(ADA)

    assert_closed(new._replace(sealed=b"\x01" + new.sealed[3:]))
    assert_closed(old._replace(sealed=b"\x02\0\0" + old.sealed[1:]))


def test_a_token_under_any_of_the_index_keys_is_the_rows() -> None:
    [row] = seal([ADA])

    assert open_(row, index_keys=(b"J" * 32, INDEX_KEY)) == ADA
    for others in ((), (b"J" * 32,), (b"J" * 32, b"K" * 32)):
        with pytest.raises(VerificationError, match="does not open"):
            open_(row, index_keys=others)


def test_rows_open_as_before_after_ciphers_were_forgotten() -> None:
    [row] = seal([ADA])

    forget_ciphers()

    assert open_(row) == ADA


def test_an_empty_batch_has_no_rows() -> None:
    assert seal([]) == []


def test_the_same_row_looks_different_in_each_place() -> None:
    first, second = seal([ADA, ADA])
    [other] = seal([ADA], batch_id=b"batch-id-013")

    assert len({first.sealed[7:], second.sealed[7:], other.sealed[7:]}) == 3


def test_a_full_batch_seals_and_one_more_row_does_not() -> None:
    token = make_token(INDEX_KEY, index_form(ADA.address))
    full = seal([ADA] * MAX_BATCH_ROWS, tokens=[token] * MAX_BATCH_ROWS)
    assert open_(full[-1]) == ADA

    with pytest.raises(MalformedError, match="at most 4096 rows"):
        seal([ADA] * (MAX_BATCH_ROWS + 1), tokens=[token] * (MAX_BATCH_ROWS + 1))


@pytest.mark.parametrize("short", ["positions", "tokens", "facets", "rows"])
def test_a_ragged_batch_is_refused(short: str) -> None:
    columns: dict[str, Any] = {
        "positions": [0, 1],
        "tokens": [bytes(16)] * 2,
        "facets": ["[]"] * 2,
        "rows": [ADA, BEN],
    }
    columns[short] = columns[short][:1]

    with pytest.raises(MalformedError, match="equal columns"):
        seal(**columns)


def test_positions_need_not_follow_each_other() -> None:
    rows = seal([ADA, BEN], positions=[7, 3])

    assert [row.position for row in rows] == [7, 3]
    assert [open_(row) for row in rows] == [ADA, BEN]


def test_a_position_is_never_used_twice_because_it_is_the_nonce() -> None:
    with pytest.raises(MalformedError, match="used twice"):
        seal([ADA, BEN], positions=[3, 3])


def test_nothing_is_sealed_where_it_could_not_be_opened() -> None:
    assert open_(seal([ADA], positions=[65535])[0]) == ADA

    for position in (-1, 65536):
        with pytest.raises(MalformedError, match="outside"):
            seal([ADA], positions=[position])


@pytest.mark.parametrize("length", [0, 11, 13])
def test_a_batch_id_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedError, match="12 bytes"):
        seal([ADA], batch_id=b"x" * length)


def test_the_longest_list_id_fits_and_one_byte_more_does_not() -> None:
    [row] = seal([ADA], list_id="l" * 255)
    assert open_(row, list_id="l" * 255) == ADA

    with pytest.raises(MalformedError, match="at most 255 bytes"):
        seal([ADA], list_id="l" * 256)


def test_the_longest_row_fits_and_opens() -> None:
    row = OpenedRow("a" * 64 + "@" + "b" * 63 + ".example", "f" * MAX_FIELDS_BYTES)

    assert open_(seal([row])[0]) == row


@pytest.mark.parametrize(
    "row",
    [
        OpenedRow("", "[]"),
        OpenedRow("a" * 255, "[]"),
        OpenedRow("é" * 128, "[]"),  # 256 bytes
        OpenedRow("ada@example.com", "f" * (MAX_FIELDS_BYTES + 1)),
        OpenedRow("ada@example.com", "é" * (MAX_FIELDS_BYTES // 2 + 1)),
    ],
    ids=["no address", "long", "long in bytes", "fields", "fields in bytes"],
)
def test_a_row_that_does_not_fit_is_refused_and_not_repeated(row: OpenedRow) -> None:
    with pytest.raises(MalformedError, match=r"^a row does not fit") as refused:
        seal([row], tokens=[bytes(16)])

    assert "@" not in refused.value.message + refused.value.hint


# --- what the dock's database may try ------------------------------------------------


def test_two_rows_whose_bodies_were_swapped_do_not_open() -> None:
    ada, ben = seal([ADA, BEN])

    assert_closed(ada._replace(sealed=ben.sealed))
    assert_closed(ben._replace(sealed=ada.sealed, position=ada.position))


def test_facets_that_were_edited_do_not_open() -> None:
    [row] = seal([ADA])

    assert_closed(row._replace(facets='["FR"]'))


def test_the_boundary_between_token_version_and_facets_can_not_be_moved() -> None:
    [row] = seal([ADA], facets=["AAAA[]"], row_version=1)
    associated = row.token + row.sealed[1:7] + row.facets.encode()
    for token_bytes in (12, 15, 17, 20):
        token, rest = associated[:token_bytes], associated[token_bytes:]
        sealed = row.sealed[:1] + rest[:6] + row.sealed[7:]
        moved = row._replace(
            token=token, sealed=sealed, facets=rest[6:].decode("latin-1")
        )
        assert_closed(moved)


def test_a_row_of_another_list_does_not_open() -> None:
    [row] = seal([ADA], list_id="l_autumn")

    assert open_(row, list_id="l_autumn") == ADA
    assert_closed(row)


def test_a_row_of_another_key_does_not_open() -> None:
    [row] = seal([ADA], list_key=b"M" * 32)

    assert open_(row, list_key=b"M" * 32) == ADA
    assert_closed(row)


@pytest.mark.parametrize("position", [-1, 1, 65535, 65536, 2**200])
def test_another_position_does_not_open(position: int) -> None:
    assert_closed(seal([ADA])[0]._replace(position=position))


@pytest.mark.parametrize("batch_id", [b"", BATCH[:-1], BATCH + b"x", b"batch-id-013"])
def test_another_batch_id_does_not_open(batch_id: bytes) -> None:
    assert_closed(seal([ADA])[0]._replace(batch_id=batch_id))


@pytest.mark.parametrize("length", [0, 1, 5, 7, 21, 22, 23, 24])
def test_a_row_that_was_cut_short_does_not_open(length: int) -> None:
    row = seal([ADA])[0]

    assert_closed(row._replace(sealed=row.sealed[:length]))


def test_a_row_of_an_unknown_format_does_not_open() -> None:
    row = seal([ADA])[0]

    assert_closed(row._replace(sealed=b"\x03" + row.sealed[1:]))


def test_an_older_row_does_not_pass_for_a_newer_version() -> None:
    row = seal([ADA], row_version=1)[0]

    assert_closed(row._replace(sealed=b"\x02\0\x03\0\0\0\x02" + row.sealed[7:]))


def test_a_row_sealed_under_somebody_elses_token_does_not_open() -> None:
    [row] = seal([ADA], tokens=[make_token(INDEX_KEY, "ben@example.org")])

    assert_closed(row)


def test_a_row_does_not_open_under_another_tenants_index_key() -> None:
    [row] = seal([ADA])

    with pytest.raises(VerificationError, match="does not open"):
        open_(row, index_keys=(b"J" * 32,))


def test_a_sealed_text_that_is_no_address_does_not_open_and_is_not_told() -> None:
    [row] = seal([OpenedRow("planted, not an address", "[]")], tokens=[bytes(16)])

    with pytest.raises(VerificationError) as shut:
        open_(row)

    assert shut.value.__context__ is None


def test_spellings_of_one_address_have_one_token_and_keep_their_spelling() -> None:
    small = ADA._replace(address="ada@example.com")

    first, second = seal([ADA, small])

    assert first.token == second.token
    assert open_(first).address == "Ada@Example.com"
    assert open_(second).address == "ada@example.com"
