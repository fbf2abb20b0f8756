import base64

import pytest

from listkeep.core.addresses import PROVIDER_BUCKETS
from listkeep.core.errors import MalformedError
from listkeep.core.mail import (
    AliasKey,
    Purpose,
    ReturnAddress,
    SendAddress,
    format_return_address,
    format_send_address,
    make_alias,
    open_alias,
    parse_return_address,
    parse_send_address,
    parse_tag,
)

KEY = AliasKey(b"tag1", bytes(range(32)))
OTHER = AliasKey(b"tag2", bytes(range(32)))
TOKEN = bytes(range(16))
ALIAS = make_alias(KEY, TOKEN)


def test_an_alias_is_the_one_published_in_the_formats() -> None:
    # FIPS 197, C.3: AES-256 of 00112233…ff under 000102…1f.
    token = bytes.fromhex("00112233445566778899aabbccddeeff")
    block = "8ea2b7ca516745bfeafc49904b496089"

    assert make_alias(KEY, token) == "orqwommouk34uulhiw76v7cjsbfusyej"
    assert base64.b32decode(make_alias(KEY, token).upper())[4:].hex() == block


def test_an_alias_opens_under_its_own_key_only() -> None:
    assert len(ALIAS) == 32
    assert open_alias(KEY, ALIAS) == TOKEN
    assert open_alias(AliasKey(KEY.tag, bytes(32)), ALIAS) != TOKEN
    with pytest.raises(MalformedError, match="not an alias of this send"):
        open_alias(OTHER, ALIAS)


def test_two_sends_share_no_alias_and_each_says_which_it_is() -> None:
    assert make_alias(OTHER, TOKEN) != ALIAS
    assert parse_tag(ALIAS) == b"tag1"
    assert parse_tag(make_alias(OTHER, TOKEN)) == b"tag2"


@pytest.mark.parametrize(
    "text", ["", "a" * 31, "a" * 33, "A" * 32, "a" * 31 + "1", "ä" * 32]
)
def test_what_is_no_alias_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="not an alias"):
        open_alias(KEY, text)


@pytest.mark.parametrize(("tag", "key"), [(b"tag", bytes(32)), (b"tag1", bytes(16))])
def test_a_key_has_its_size_and_is_not_shown(tag: bytes, key: bytes) -> None:
    with pytest.raises(MalformedError):
        AliasKey(tag, key)
    assert "tag1" not in repr(KEY)


def test_a_token_has_its_size() -> None:
    with pytest.raises(MalformedError):
        make_alias(KEY, TOKEN[:15])


def test_send_addresses_are_written_and_read() -> None:
    text = format_send_address(SendAddress(ALIAS, 3), token_domain="tok.example")

    assert text == f"{ALIAS}@p3.tok.example"
    for spelling in (text, text.upper()):
        found = parse_send_address(spelling, token_domain="tok.example")
        assert found == SendAddress(ALIAS, 3)


@pytest.mark.parametrize(
    "text",
    [
        f"{ALIAS}@p3.other.example",
        f"{ALIAS}@tok.example",
        f"{ALIAS}@p03.tok.example",
        f"{ALIAS}@p{len(PROVIDER_BUCKETS)}.tok.example",
        f"{ALIAS}@p999.tok.example",
        f"x@{ALIAS}@p3.tok.example",
        "zoe@example.com",
        "",
    ],
)
def test_what_is_no_send_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_send_address(text, token_domain="tok.example")


@pytest.mark.parametrize("bucket", [-1, len(PROVIDER_BUCKETS)])
def test_a_bucket_that_is_not_there_is_not_written(bucket: int) -> None:
    with pytest.raises(MalformedError):
        format_send_address(SendAddress(ALIAS, bucket), token_domain="tok.example")


@pytest.mark.parametrize(
    "domain",
    ["", "tok", "Tok.example", "tok.example>", "a" * 200 + ".example", "-a.example"],
)
def test_a_domain_is_written_in_one_way(domain: str) -> None:
    with pytest.raises(MalformedError):
        format_send_address(SendAddress(ALIAS, 0), token_domain=domain)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_return_addresses_are_written_and_read(purpose: Purpose) -> None:
    text = format_return_address(ReturnAddress(purpose, ALIAS), mail_domain="b.example")

    assert text == f"{purpose.value}-{ALIAS}@b.example"
    assert parse_return_address(text.upper(), mail_domain="b.example") == ReturnAddress(
        purpose, ALIAS
    )


@pytest.mark.parametrize(
    "text",
    [
        f"b-{ALIAS}@other.example",
        f"x-{ALIAS}@b.example",
        f"{ALIAS}@b.example",
        f"b-{ALIAS}x@b.example",
        "zoe@b.example",
        "",
    ],
)
def test_what_is_no_return_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_return_address(text, mail_domain="b.example")
