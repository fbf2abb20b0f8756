import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.registry.mail_names import (
    domain_of,
    format_words,
    is_domain,
    is_ip,
    read_domains,
    read_ips,
    read_words,
)


@pytest.mark.parametrize(
    "text",
    ["example.com", "news.example", "xn--bcher-kva.example", "a-b.c.test", "1.example"],
)
def test_a_domain_has_one_spelling(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "example", "localhost", "127.0.0.1", "[127.0.0.1]"),
        *("Example.com", "EXAMPLE.COM", "example.com.", ".example.com"),
        *("bücher.example", "xn--bücher.example", "exa mple.com", " example.com"),
        *("example.com ", "example..com", "-a.example", "a_b.example", "a@b.example"),
        *("example.com:25", "\u0435xample.com", "example。com", "example.com\n"),
        *("xn--zzzzzz--.example", f"{'a' * 64}.example", f"{'a.' * 130}example"),
    ],
    ids=ascii,
)
def test_other_spellings_of_a_domain_are_none(text: str) -> None:
    assert not is_domain(text)


@pytest.mark.parametrize(
    ("mailbox", "domain"),
    [
        ("news@example.com", "example.com"),
        ("News <news@example.com>", "example.com"),
        ("Ada's shop, Berlin <Ada.L@shop.example>", "shop.example"),
        ("Bücher <n@xn--bcher-kva.example>", "xn--bcher-kva.example"),
        ("a.example <n@b.example>", "b.example"),
    ],
)
def test_a_mailbox_is_of_the_domain_behind_its_at_sign(
    mailbox: str, domain: str
) -> None:
    assert domain_of(mailbox) == domain


@pytest.mark.parametrize(
    "mailbox",
    [
        *("", "example.com", "@example.com", "news@", "news@example"),
        *("news@Example.com", "news@example.com.", "news@bücher.example"),
        *("<news@example.com>", "News<news@example.com>", "News <news@example.com"),
        *("News  <news@example.com>", " News <news@example.com>"),
        *("News <a@evil.example> <news@example.com>", "n@evil.example <n@example.com>"),
        *('"News" <news@example.com>', "News <news@example.com> ", "a b@example.com"),
        *("News < news@example.com>", "ä@example.com", "a@b@example.com"),
    ],
    ids=ascii,
)
def test_a_mailbox_in_another_spelling_is_refused(mailbox: str) -> None:
    with pytest.raises(MalformedError) as caught:
        domain_of(mailbox)

    assert mailbox not in str(caught.value) or not mailbox


def test_names_are_sorted_and_stand_there_once() -> None:
    assert read_words("", "fields") == ()
    assert read_words("a b c", "fields") == ("a", "b", "c")
    assert read_domains("a.example b.example", "links") == ("a.example", "b.example")
    assert format_words(["b", "a", "b"]) == "a b"
    for text in ("b a", "a a", "a  b", " a", "a ", "a\tb", "A", "a/b", "ä"):
        with pytest.raises(MalformedError, match="fields"):
            read_words(text, "fields")
    with pytest.raises(MalformedError, match="links"):
        read_domains("a.example b.example.", "links")


def test_addresses_of_hosts_have_one_spelling() -> None:
    assert read_ips("") == ()
    assert read_ips("192.0.2.1 192.0.2.2") == ("192.0.2.1", "192.0.2.2")
    assert is_ip("2001:db8::1")
    for text in ("192.0.2.01", "192.0.2", "2001:DB8::1", "2001:db8:0:0::1", "host"):
        assert not is_ip(text)
    for text in ("192.0.2.2 192.0.2.1", "192.0.2.1  192.0.2.2", "192.0.2.1 host"):
        with pytest.raises(MalformedError, match="source"):
            read_ips(text)
