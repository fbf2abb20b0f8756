import email
import email.policy

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail.headers import (
    Mailbox,
    canonical_address,
    decode_text,
    format_field,
    format_mailbox_field,
    is_name,
    parse_mailbox,
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain text", "plain text"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe_an?= alle", "Grüße an alle"),
        ("=?iso-8859-1?Q?caf=E9?= =?iso-8859-1?Q?_au_lait?=", "café au lait"),
        ("Gr\udcc3\udcbc\udcc3\udc9fe", "Grüße"),
        ("", ""),
    ],
)
def test_text_is_decoded_once(raw: str, text: str) -> None:
    assert decode_text(raw) == text


# RFC 2047, section 8: what is shown for what is written.
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-15?Q?_b?=)", "(a b)"),
    ],
)
def test_the_published_examples_are_shown_as_published(raw: str, shown: str) -> None:
    assert decode_text(raw) == shown


@pytest.mark.parametrize(
    "raw",
    [
        "=?utf-8?B?YQ0KQmNjOiB4?=",  # a line break and another header
        "=?utf-8?q?a=0AB?=",
        "=?utf-8?q?=FF?=",
        "=?utf-8?b?!!?=",
        "=?utf-7?q?+AGE-?=",
        "\udcff",
        "a\x00b",
        "a\u202eb",
    ],
)
def test_text_that_is_no_visible_line_is_refused(raw: str) -> None:
    assert decode_text(raw) is None


@pytest.mark.parametrize(
    ("raw", "mailbox"),
    [
        ("news@Example.COM", Mailbox("news@example.com")),
        ("<news@example.com>", Mailbox("news@example.com")),
        ("News of Ada <news@example.com>", Mailbox("news@example.com", "News of Ada")),
        ('"Ada, Inc." <news@example.com>', Mailbox("news@example.com", "Ada, Inc.")),
        ("=?utf-8?q?Z=C3=B6e?= <news@example.com>", Mailbox("news@example.com", "Zöe")),
        ("a <a@bücher.example>", Mailbox("a@xn--bcher-kva.example", "a")),
    ],
)
def test_one_mailbox_is_read(raw: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(raw) == mailbox


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "A <a@example.com>, B <b@example.com>",
        "group: a@example.com;",
        "a@example.com (really)",
        "A <a@example.com> <b@example.com>",
        '"bank@bank.example" <eve@example.com>',
        "bank@bank.example <eve@example.com>",
        "=?utf-8?q?bank=40bank.example?= <eve@example.com>",
        "=?utf-8?q?=3Cbank=40bank.example=3E?= <eve@example.com>",
        r'"\"" <a@example.com>',
        "jörg@example.com",
        "a\r\nb <a@example.com>",
    ],
)
def test_what_could_be_read_as_another_mailbox_is_refused(raw: str) -> None:
    assert parse_mailbox(raw) is None


def test_a_mailbox_says_nothing_in_a_log() -> None:
    assert "zoe" not in repr(Mailbox("zoe@example.com", "Zoe"))


def test_an_address_has_one_spelling_here() -> None:
    assert canonical_address("Zoe@Example.COM") == "Zoe@example.com"
    assert canonical_address("Zoë@Bücher.example") == "Zoë@xn--bcher-kva.example"


def test_a_mailbox_whose_address_is_not_ascii_is_written_as_it_is() -> None:
    mailbox = Mailbox("zoë@example.com", "Zoë Müller")

    field = format_mailbox_field("To", mailbox)

    assert field.endswith("\r\n <zoë@example.com>")
    assert field.partition("<")[0].isascii()


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\r\n", "\x85", "\u2028"])
def test_an_address_has_nothing_invisible_in_it(hidden: str) -> None:
    """What ends a line in another's eyes would be somebody else's header."""
    with pytest.raises(MalformedError):
        format_mailbox_field("To", Mailbox(f"zo{hidden}ë@example.com"))


@pytest.mark.parametrize("name", ["a" * 201, "a@b", "<a>", 'a"', "a\\", "a\n"])
def test_a_name_has_no_signs_of_an_address(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "word " * 60 + "end",
        "x" * 300,
        "x" * 300 + " " + "y" * 300,
        "x" * 1200,
        "Grüße " * 40,
        "日本語" * 60,
        "looks like =?utf-8?q?this?=",
        "two  blanks " * 20,
        "",
    ],
)
def test_a_field_reads_back_and_its_lines_are_short(text: str) -> None:
    written = format_field("Subject", text)

    parsed = email.message_from_bytes(
        f"{written}\r\n\r\n".encode("ascii"), policy=email.policy.default
    )
    assert str(parsed["subject"]).split() == text.split()
    assert decode_text(written.replace("\r\n", "").partition(": ")[2]) == text
    lines = written.split("\r\n")
    assert all(line.strip() for line in lines)
    assert max(map(len, lines)) <= 998
    if "x" * 100 not in text:
        assert max(map(len, lines)) <= 88


@pytest.mark.parametrize("text", ["a\r\nBcc: b", "a\nb", "a\rb", "a\0b", "a\x85b"])
def test_a_line_break_in_a_field_is_never_written(text: str) -> None:
    with pytest.raises(MalformedError):
        format_field("Subject", text)
    with pytest.raises(MalformedError):
        format_mailbox_field("To", Mailbox("a@example.com", text))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "To: <a@example.com>"),
        ("Zoe O'Brien", "To: Zoe O'Brien <a@example.com>"),
        ("Brien, Zoe", 'To: "Brien, Zoe" <a@example.com>'),
        ("Zoë", "To: =?utf-8?b?Wm/Dqw==?=\r\n <a@example.com>"),
        ("=?utf-8?q?x?=", "To: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n <a@example.com>"),
    ],
)
def test_a_mailbox_is_written_so_that_it_reads_back(name: str, written: str) -> None:
    mailbox = Mailbox("a@example.com", name)

    assert format_mailbox_field("To", mailbox) == written
    assert parse_mailbox(written.partition(":")[2].replace("\r\n", "")) == mailbox


@pytest.mark.parametrize(
    "mailbox",
    [
        Mailbox("a@example.com", 'x" <eve@example.com>, "'),
        Mailbox("a@Example.com"),
        Mailbox("a@example.com>\r\nBcc: <b@example.com"),
        Mailbox("a@example.com,b@example.com"),
    ],
)
def test_a_mailbox_that_would_not_stay_one_is_not_written(mailbox: Mailbox) -> None:
    with pytest.raises(MalformedError):
        format_mailbox_field("To", mailbox)
