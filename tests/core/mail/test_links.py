import pytest

from listkeep.core.mail.links import (
    Link,
    decode_attribute,
    find_links,
    read_href,
    read_source,
)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.com", Link("link", "https", "example.com")),
        (
            "HTTP://Shop.Example.com:8080/a/b?c=d&e#f",
            Link("link", "http", "shop.example.com"),
        ),
        (
            "https://xn--bcher-kva.example/",
            Link("link", "https", "xn--bcher-kva.example"),
        ),
        ("https://example.com/u/[[alias]]", Link("link", "https", "example.com", True)),
        (
            "https://example.com/?u=[[alias]]&x=1",
            Link("link", "https", "example.com", True),
        ),
        (
            "https://example.com/u/[[alias]]/[[proof]]",
            Link("link", "https", "example.com", True),
        ),
        (
            "https://example.com/?u=[[alias]]/[[proof]]&x=1",
            Link("link", "https", "example.com", True),
        ),
        ("mailto:Help@Example.com", Link("link", "mailto", "example.com")),
        (
            "mailto:help@example.com?subject=Hi%20you",
            Link("link", "mailto", "example.com"),
        ),
        ("tel:+49-30-123456", Link("link", "tel", "")),
        ("#top", Link("link", "#", "")),
    ],
)
def test_links_are_read(url: str, link: Link) -> None:
    assert read_href(url) == link


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/[[proof]]",
        "https://example.com/[[proof]]/[[alias]]",
        "https://example.com/[[alias]]/x[[proof]]",
        "https://example.com/[[alias]]/[[proof]]x",
        "https://example.com/u/[[alias]]#[[proof]]",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com/",
        "/path",
        "https:/example.com",
        "https://user@example.com/",
        "https://example.com@evil.example/",
        "https://example.com\\@evil.example/",
        "https://example.com\\.evil.example/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://bücher.example/",
        "https://example.com/ü",
        "https://1.2.3.4/",
        "https://[::1]/",
        "https://localhost/",
        "https://example.com/%zz",
        "https://[[alias]].example.com/",
        "https://example.com/x[[alias]]",
        "https://example.com/[[alias]]x",
        "https://example.com/#/[[alias]]",
        "https://example.com/[[alias]]/[[alias]]",
        "https://example.com/[[name:text]]",
        "https://example.com/" + "a" * 900,
        "mailto:help@example.com?bcc=all@example.com",
        "mailto:help@example.com?body=[[alias]]",
        "mailto:help@example.com?subject=a%0d%0aBcc:%20all@example.com",
        "mailto:help%40example.com",
        "mailto:not an address",
        "mailto:a@b@c",
        "mailto:[[alias]]@example.com",
        "cid:logo",
        "tel:1;2",
    ],
)
def test_what_programs_read_in_different_ways_is_refused(url: str) -> None:
    assert read_href(url) is None


def test_images_come_from_the_message_or_from_a_named_place() -> None:
    assert read_source("cid:logo@1") == Link("image", "cid", "", content_id="logo@1")
    assert read_source("https://example.com/a.png") == Link(
        "image", "https", "example.com"
    )
    assert read_source("data:image/png;base64,AAAA") is None
    assert read_source("mailto:help@example.com") is None


def test_links_are_found_in_text_as_mail_clients_find_them() -> None:
    text = "See https://a.example/x, or (www.b.example/y). Not https://c@d.example!"

    assert [(at, link and link.domain) for at, link in find_links(text)] == [
        (4, "a.example"),
        (29, "www.b.example"),
        (51, None),
    ]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("a&amp;b", "a&b"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("&#x41;&#66;", "AB"),
        ("&eacute;", "é"),
        ("a & b", "a & b"),
        ("", ""),
    ],
)
def test_character_references_are_read_once(raw: str, value: str) -> None:
    assert decode_attribute(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "?a=1&copy=2",
        "?a=1&section=2",
        "&amp",
        "&#65",
        "&#10;",
        "&#0;",
        "&#128;",
        "&#xd800;",
        "&nosuch;",
    ],
)
def test_references_that_parsers_disagree_on_are_refused(raw: str) -> None:
    assert decode_attribute(raw) is None


def test_no_image_carries_a_proof_to_whoever_serves_it() -> None:
    assert read_source("https://example.com/o/[[alias]]") is not None
    assert read_source("https://example.com/o/[[alias]]/[[proof]]") is None
