# ruff: noqa: RUF001 - look-alikes are the point
import unicodedata

import pytest

from listkeep.core.addresses import (
    PROVIDER_BUCKETS,
    RULE_VERSION,
    Address,
    index_form,
    index_forms,
    parse_address,
    parse_many,
    provider_bucket,
)
from listkeep.core.errors import Code, MalformedError

GOOD = {
    "ada@example.com": "ada@example.com",
    "Ada.Lovelace@Example.COM": "ada.lovelace@example.com",
    "  ada@example.com\t": "ada@example.com",
    "\ufeffada@example.com\u200b": "ada@example.com",
    "\xa0ada@example.com\u2060": "ada@example.com",
    "o'brien+news@mail.example.org": "o'brien+news@mail.example.org",
    "=cmd|x!{}~@example.com": "=cmd|x!{}~@example.com",
    "a@b.example": "a@b.example",
    "a@1and1.example": "a@1and1.example",
    "a@shop.test": "a@shop.test",
    "ada@BÜCHER.example": "ada@xn--bcher-kva.example",
    "ada@bu\u0308cher.example": "ada@xn--bcher-kva.example",
    "ada@xn--bcher-kva.example": "ada@xn--bcher-kva.example",
    "ada@XN--BCHER-KVA.example": "ada@xn--bcher-kva.example",
    "ada@例え。テスト.example": "ada@xn--r8jz45g.xn--zckzah.example",
    "Jürgen@example.com": "jürgen@example.com",
    "Ju\u0308rgen@example.com": "jürgen@example.com",
    "Ａda@example.com": "ada@example.com",
    "ﬁnn@example.com": "finn@example.com",
    "İpek@example.com": "i\u0307pek@example.com",
    "陽菜@example.com": "陽菜@example.com",
    "a" * 64 + "@example.com": "a" * 64 + "@example.com",
    "a@" + "b" * 63 + ".example": "a@" + "b" * 63 + ".example",
}
BAD = [
    "",
    "   ",
    "ada",
    "@example.com",
    "ada@",
    "ada@@example.com",
    "ada@eve@example.com",
    "ada lovelace@example.com",
    "ada.@example.com",
    ".ada@example.com",
    "a..da@example.com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@example..com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@exa_mple.com",
    "ada@example",
    "ada@localhost",
    "ada@printer.local",
    "ada@x.onion",
    "ada@192.0.2.1",
    "ada@[192.0.2.1]",
    "ada@ab--cd.example",
    "ada@xn--.example",
    "ada@xn--zzzzzz999999.example",
    '"ada"@example.com',
    "<ada@example.com>",
    "Ada <ada@example.com>",
    "ada(comment)@example.com",
    "ada@example.com\nbcc@example.com",
    "ada\0@example.com",
    "ada＠example.com",  # the full-width sign is no separator
    "a＠b@example.com",  # NFKC makes it two
    "a․․b@example.com",  # one-dot leaders: NFKC makes two dots of them
    "ada\u200bx@example.com",
    "\u0301ada@example.com",
    "a\ud800@example.com",
    "ada@\ud800.example",
    "a" * 65 + "@example.com",
    "ü" * 33 + "@example.com",  # 66 bytes
    "\ufdfa" * 8 + "@example.com",  # 24 bytes, of which NFKC makes 144 characters
    "a@" + "b" * 64 + ".example",
    "a@" + "b." * 130 + "example",
    "aaaaaa@" + "ü" * 30 + (".example" + "x" * 30) * 5,
    "a@" + ".".join(["b" * 60] * 4) + ".bbbbbbb.example",
]


@pytest.mark.parametrize("text", GOOD)
def test_an_address_keeps_its_spelling_and_gets_one_index_form(text: str) -> None:
    address = parse_address(text)

    assert address.index_form == GOOD[text]
    assert address.spelling in text
    assert parse_address(address.spelling) == address
    assert index_form(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_address(text)

    error = caught.value
    assert error.code == Code.ADDRESS_INVALID
    assert error.__cause__ is None
    assert error.__context__ is None
    if len(text.strip()) > 3:
        assert text.strip() not in f"{error} {error.hint}"


def form_of(text: str) -> str | None:
    address = find(text)
    return address.index_form if address else None


def test_a_batch_is_answered_as_one_by_one() -> None:
    texts = [*GOOD, *BAD, *GOOD]

    assert parse_many(texts) == [find(text) for text in texts]
    assert index_forms(texts) == [form_of(text) for text in texts]


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_a_neighbor_never_changes_the_verdict(text: str) -> None:
    around = ["ada@example.com", text, "ben@example.org"]

    assert parse_many([text]) == [find(text)]
    assert parse_many(around) == [find(one) for one in around]
    assert index_forms(around) == [form_of(one) for one in around]
    assert parse_many([text, "ben@example.org"])[1] == find("ben@example.org")
    assert parse_many(["ada@example.com", text])[0] == find("ada@example.com")


def test_an_empty_batch_has_an_empty_answer() -> None:
    assert parse_many([]) == []
    assert index_forms([]) == []


def test_case_may_matter_to_a_tenant_but_never_in_a_domain() -> None:
    texts = ["Ada@Example.com", "ADA@example.com", "ＪÜrgen@example.com", "nobody"]

    assert parse_many(texts, case_sensitive=True) == [
        Address("Ada@Example.com", "Ada@example.com"),
        Address("ADA@example.com", "ADA@example.com"),
        Address("ＪÜrgen@example.com", "JÜrgen@example.com"),
        None,
    ]
    assert index_form("Ada@EXAMPLE.com", case_sensitive=True) == "Ada@example.com"


def test_an_address_prints_as_nothing() -> None:
    address = parse_address("ada@example.com")

    assert f"{address} {address!r} {[address]}" == (
        "Address(...) Address(...) [Address(...)]"
    )


def test_an_index_form_is_normalized_once_and_for_all() -> None:
    for text in GOOD.values():
        assert unicodedata.is_normalized("NFKC", text)
        assert index_form(text) == text


def test_a_change_of_the_rules_is_a_new_version() -> None:
    assert RULE_VERSION == 1


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("ada@gmail.com", "gmail"),
        ("ada@googlemail.com", "gmail"),
        ("ada@hotmail.fr", "outlook"),
        ("ada@live.co.uk", "outlook"),
        ("ada@yahoo.co.jp", "yahoo"),
        ("ada@web.de", "webde"),
        ("ada@yahoo.evil.example", "other"),
        ("ada@example.com", "other"),
    ],
)
def test_a_provider_is_known_by_its_domain(address: str, bucket: str) -> None:
    assert provider_bucket(address) == bucket
    assert bucket in PROVIDER_BUCKETS


def find(text: str) -> Address | None:
    try:
        return parse_address(text)
    except MalformedError:
        return None
