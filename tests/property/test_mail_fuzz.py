# ruff: noqa: E501 - tables are read across
"""Whatever strangers send, the room of mail answers with its own errors, or a value."""

import email
import email.policy
from html import unescape

import html5lib  # type: ignore[import-untyped]
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from listkeep.core.errors import ListkeepError
from listkeep.core.mail import (
    Addressee,
    build_message,
    parse_return_address,
    parse_returned,
    parse_send_address,
    parse_template,
    read_values,
    scrub_reply,
)
from listkeep.core.mail.faults import Findings
from listkeep.core.mail.headers import decode_text, parse_mailbox
from listkeep.core.mail.markup import read_markup
from listkeep.core.mail.mime import decode_mail
from listkeep.core.mail.slots import find_slots, format_pieces, is_phrase, split_text
from tests.core.mail.templates import ALIAS, HTML, template
from tests.core.mail.test_message import STAMP
from tests.core.mail.test_returned import bounce, report

BOUNCE = f"b-{ALIAS}@b.example"
MIME_BITS = st.sampled_from(
    [
        *(b"\n", b"\r\n", b"\n\n", b"--b\n", b"--b--\n", b"\r", b"\0", b"=", b"\xff"),
        *(b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"text/plain"),
        *(b"; charset=", b"utf-8", b"message/rfc822", b"charset*=utf-8''x", b"; name*0=a"),
        *(b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"From: a@b.example"),
        *(b"Subject: ", b"=?utf-8?q?a=0A?=", b"[[alias]]", b"Content-Disposition: attachment"),
        *(b"multipart/report", b"message/delivery-status", b"Action: failed", b"Status: 5.1.1"),
        *(b"multipart/digest; boundary=b", b"message/feedback-report", b"To: x@y.example"),
    ]
)  # fmt: skip
MIME = st.lists(MIME_BITS | st.binary(max_size=8), max_size=40).map(b"".join)
HTML_BITS = st.sampled_from(
    [
        *("<p>", "</p>", "<p ", "<a href='https://a.example/'>", "</a>", "<", ">", "/", "'"),
        *('"', "<!--", "-->", "--!>", "<!", "<![CDATA[", "]]>", "<!--[if mso]>", "<![endif]-->"),
        *("<style>", "</style>", "<title>", "</title>", "<svg>", "<math>", "<table>", "<td>"),
        *("<select>", "<textarea>", "<noscript>", "<xmp>", "<plaintext>", "&lt;", "&amp", "=x "),
        *(" href=", "https://evil.example/", " onclick=x", "[[alias]]", "[[a:text]]", "\n", "`"),
        *("<img src='https://a.example/x'>", "<br/>", "</table>", "<form>", "<a/b>", "\t", "a"),
        *("<!doctype html>", "<html>", "<body>", "<template>", "<mtext>", "<mglyph>", "<b class=x>"),
    ]
)  # fmt: skip
PLAIN_BITS = st.sampled_from(
    [
        *("<p>", "</p>", "<a href='https://a.example/'>", "</a>", "<br/>", "a", " ", "\n"),
        *("<table>", "<tr>", "<td>", "</td>", "</table>", "<style>a{}</style>", "&lt;"),
        *("<title>x</title>", "<!-- x -->", "<b class=x>", "</b>", "<ul>", "<li>", "</html>"),
        *("<html>", "<body>", "<!doctype html>", "<img src='https://a.example/x'>", "]]>"),
        *("<!--[if mso]><td><![endif]-->", "<!--[if !mso]><!-->", "<!--<![endif]-->", "-->", "<!--[if !mso]><!-- -->"),
        *("<pre>", '"', "'", "</body>", "<h1>", "<a href='https://evil.example/'>", ">"),
    ]
)  # fmt: skip
# Mostly what is taken, so that what is read wrongly is not hidden behind a refusal.
MARKUP = st.tuples(
    st.lists(PLAIN_BITS, max_size=12),
    st.lists(HTML_BITS, max_size=2),
    st.lists(PLAIN_BITS, max_size=12),
).map(lambda parts: "".join(bit for part in parts for bit in part))
IMPLIED = {"html", "head", "body", "tbody", "colgroup", "tr", "p", "br"}


@given(MIME)
@example(bytes(300) + b"\n\n")
def test_a_message_is_read_or_has_faults(data: bytes) -> None:
    findings = Findings()

    mail = decode_mail(data, findings)

    assert (mail is not None) or findings.faults


@given(MIME)
def test_a_template_is_taken_or_refused(data: bytes) -> None:
    try:
        found = parse_template(b"From: a@b.example\nSubject: Hi\n" + data)
    except ListkeepError:
        return
    built = build_message(found, Addressee("z@example.org", ALIAS, {}), STAMP)
    assert parse_as_others_do(built.as_bytes()) == []


def parse_as_others_do(data: bytes) -> list[object]:
    return list(email.message_from_bytes(data, policy=email.policy.default).defects)


@settings(max_examples=300)
@given(st.text(max_size=200) | MARKUP)
def test_what_is_taken_is_what_an_html5_parser_reads(html: str) -> None:
    findings = Findings()
    markup = read_markup(html, findings, place="html")
    if findings.faults or "\x00" in html:
        return
    event("taken")

    tree = html5lib.parse(html, namespaceHTMLElements=False, treebuilder="etree")

    ours = {link.domain for link in markup.links}
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue  # comments, which no client shows
        assert f"<{element.tag}" in html.lower() or element.tag in IMPLIED
        assert not any(name.startswith("on") for name in element.attrib)
        for name in ("href", "src"):
            if "evil" in element.get(name, ""):
                assert "evil.example" in ours


@given(
    MIME | st.sampled_from([bounce("failed", "5.1.1"), report("feedback-report", "x")])
)
def test_what_comes_back_is_about_an_alias_or_refused(data: bytes) -> None:
    found = parse_returned(data, came_to=BOUNCE, mail_domain="b.example")

    assert found.alias == ALIAS
    assert len(found.code) <= 9


@given(MIME, st.text(max_size=60))
def test_mail_to_strangers_is_read_or_refused(data: bytes, came_to: str) -> None:
    with pytest.raises(ListkeepError):
        parse_returned(data, came_to=came_to, mail_domain="b.example")


@given(MIME)
def test_a_message_that_is_not_the_template_is_refused(data: bytes) -> None:
    mail = decode_mail(data, Findings())
    if mail is not None:
        with pytest.raises(ListkeepError):
            read_values(template(), mail, stands_for=(ALIAS,))


WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(WORDS)
@example("=?utf-8?b?" + "A" * 100 + "?=")
def test_a_field_decodes_to_one_visible_line_or_not_at_all(raw: str) -> None:
    text = decode_text(raw)

    assert text is None or not set(text) & set("\r\n\0\u2028\u202e")
    mailbox = parse_mailbox(raw)
    assert mailbox is None or "@" not in mailbox.name


@given(
    st.lists(
        st.sampled_from(["[[", "]]", "a", ":text", "|", "alias", " ", "\n", "é"])
    ).map("".join)
)
def test_a_text_is_cut_and_put_together_again(text: str) -> None:
    findings = Findings()
    found = find_slots(text, findings, place="x")

    if not findings.faults:
        assert format_pieces(split_text(text, found)) == text


@given(WORDS)
def test_addresses_of_ours_are_read_or_refused(text: str) -> None:
    for parse in (
        lambda: parse_send_address(text, token_domain="tok.example"),
        lambda: parse_return_address(text, mail_domain="b.example"),
    ):
        with pytest.raises(ListkeepError):
            parse()


# --- what a value can do -----------------------------------------------------

BREAKING = st.sampled_from(
    [
        *("\r\n", "\n", "\r", "\0", "<", ">", "'", '"', "`", "&", "--", "=?utf-8?q?=0A?="),
        *("</p>", "<a href=//evil.example>", "-->", "{{", "[[alias]]", "\u2028", "\x85"),
        *("Bcc: eve@evil.example", "javascript:", "%0d%0a", "\u202e", ";", "=", " "),
        *("https://evil.example", "evil.example", "www.", "@", "\uff20", "a", "Zoë", "日"),
    ]
)  # fmt: skip
VALUE = st.lists(BREAKING, max_size=8).map("".join)


@settings(max_examples=300)
@given(VALUE, VALUE)
def test_no_value_changes_headers_markup_or_links(sealed: str, plain: str) -> None:
    found = template(to_name="[[first_name:sealed]]")
    calm = {"points": "1", "until": "2026-01-01"}
    values = calm | {"first_name": sealed, "greeting": plain}
    try:
        built = build_message(found, Addressee("z@example.org", ALIAS, values), STAMP)
    except ListkeepError:
        assert not is_phrase(plain)
        return
    usual = build_message(found, Addressee("z@example.org", ALIAS, calm), STAMP)

    message = email.message_from_bytes(built.as_bytes(), policy=email.policy.default)
    expected = email.message_from_bytes(usual.as_bytes(), policy=email.policy.default)
    assert message.keys() == expected.keys()
    assert str(message["To"]).endswith(("<z@example.org>", "z@example.org"))
    assert shape(message) == shape(expected)
    assert "evil.example" not in built.as_bytes().decode()


def shape(message: object) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Give the tags and attributes of a message's HTML, as a browser reads it."""
    part = message.get_body(("html",))  # type: ignore[attr-defined]
    tree = html5lib.parse(part.get_content(), namespaceHTMLElements=False)
    return [
        (element.tag, tuple(sorted(element.attrib.items())))
        for element in tree.iter()
        if isinstance(element.tag, str)
    ]


def test_the_template_of_these_tests_is_taken() -> None:
    assert unescape(HTML).count("[[alias]]") == 2


# --- what a reply can carry --------------------------------------------------

LOCAL = st.from_regex(r"[a-z]{4,8}(?:[._][a-z]{3,8})?", fullmatch=True)
SHORT = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
SIGNS = st.text(st.sampled_from("<>()\"' .,;:/=-_5"), max_size=8)
AROUND = st.text(st.sampled_from("<>()\"' .,;:/=-_5xyz"), max_size=8)
CASES = st.sampled_from([str, str.upper, str.title])


@given(st.tuples(LOCAL, AROUND, AROUND) | st.tuples(SHORT, SIGNS, SIGNS), CASES)
@example(("aaa", "", "5"), str)
def test_no_local_part_comes_through(parts: tuple[str, str, str], case: type) -> None:
    local, before, behind = parts
    for spelling in (local, f"{local}@mail.test", f"{local}%40mail.test"):
        reply = f"550 5.1.1 {before}{case(spelling)}{behind}"

        said = scrub_reply(reply, address=f"{local}@mail.test")

        assert said.code == 550
        assert said.status == "5.1.1"
        clean = said.text.lower().replace("<addressee>", "")
        assert local not in clean.replace("(text withheld)", "")


@given(st.text(max_size=300))
def test_any_reply_is_scrubbed_to_one_line(raw: str) -> None:
    said = scrub_reply(raw, address="zoe.brennan@mail.test", names=["Zoe Brennan"])

    assert 200 <= said.code <= 559
    assert str(said).isprintable()
