import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail import (
    Addressee,
    Draft,
    Stamp,
    Template,
    build_message,
    make_template,
)
from listkeep.core.mail.message import Built
from listkeep.core.mail.template import parse_template
from tests.core.mail.templates import ALIAS, TEXT, body, template

STAMP = Stamp(
    datetime(2026, 1, 5, 12, tzinfo=UTC),
    "<m.1@example.com>",
    f"https://u.example.com/u/{ALIAS}",
    "s1:acme:news:listkeep",
)
VALUES = {"first_name": "Zoë", "points": "1,200", "until": "2026-02-01"}
ZOE = Addressee("Zoe@example.org", ALIAS, VALUES)


def build(
    found: Template | None = None, who: Addressee = ZOE, stamp: Stamp = STAMP
) -> Built:
    return build_message(found or template(), who, stamp)


def read(built: Built) -> EmailMessage:
    message = email.message_from_bytes(built.as_bytes(), policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_the_message_says_what_the_template_says() -> None:
    message = read(
        build(
            template(
                reply_to="Help <help@example.com>", to_name="[[first_name:sealed]]"
            )
        )
    )

    assert dict(message.items()) | {"Content-Type": ""} == {
        "From": "News <news@example.com>",
        "Reply-To": "Help <help@example.com>",
        "To": "Zoë <Zoe@example.org>",
        "Subject": "For Zoë: 1,200 points",
        "Date": "Mon, 05 Jan 2026 12:00:00 +0000",
        "Message-ID": "<m.1@example.com>",
        "List-Unsubscribe": f"<https://u.example.com/u/{ALIAS}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "s1:acme:news:listkeep",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    assert content(message, "plain").replace("\r\n", "\n") == (
        "Dear Zoë,\n\nyou have 1,200 points until 2026-02-01.\nSee you\n"
        f"https://shop.example.com/u/{ALIAS}\n"
    )
    assert f"a=1&amp;b={ALIAS}" in content(message, "html")
    assert "Dear Zoë, you have" in content(message, "html")


def test_the_same_gives_the_same_bytes() -> None:
    assert build().as_bytes() == build().as_bytes()


def test_nothing_has_to_be_unsubscribed_from() -> None:
    message = read(build(stamp=replace(STAMP, unsubscribe_url="", feedback_id="")))

    assert "List-Unsubscribe" not in message
    assert "List-Unsubscribe-Post" not in message
    assert "Feedback-ID" not in message


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5000,
        "From here\nFrom there " + "x" * 90 + "\n.\n..dots\n",
        "blanks at the end   \n\tand tabs\t\n",
        "日本語のニュース " * 40,
        "=C3=A9 =_ --=_",
        "ends with =",
        "\n\nafter empty lines",
    ],
)
def test_any_text_arrives_as_it_was_and_in_short_lines(text: str) -> None:
    built = build(make_template(Draft("", text, "news@example.com", "Hi")))

    assert content(read(built), "plain").replace("\r\n", "\n").rstrip(
        "\n"
    ) == text.rstrip("\n")
    lines = built.body.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert built.as_bytes().isascii()
    assert b"\n" not in built.as_bytes().replace(b"\r\n", b"")
    assert not any(line.startswith(b"From ") and len(line) < 75 for line in lines)


def test_images_and_attachments_arrive_as_they_were() -> None:
    made = EmailMessage()
    made["From"], made["Subject"] = "news@example.com", "Hi"
    made.set_content(body("<img src='cid:logo'>"), subtype="html")
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    made.add_related(png, "image", "png", cid="<logo>", disposition="inline")
    made.add_attachment(b"%PDF-1.7 x", "application", "pdf", filename="an offer.pdf")

    message = read(build(parse_template(bytes(made))))

    assert message.get_content_type() == "multipart/mixed"
    related, pdf = message.iter_parts()
    assert isinstance(related, EmailMessage)
    _, image = related.iter_parts()
    assert isinstance(image, EmailMessage)
    assert isinstance(pdf, EmailMessage)
    assert (image["content-id"], image.get_content()) == ("<logo>", png)
    assert (pdf.get_filename(), pdf.get_content()) == ("an offer.pdf", b"%PDF-1.7 x")
    assert (image.get_content_disposition(), pdf.get_content_disposition()) == (
        "inline",
        "attachment",
    )


@pytest.mark.parametrize(
    "stamp",
    [
        replace(STAMP, date=datetime(2026, 1, 5)),  # noqa: DTZ001 - what is refused
        replace(STAMP, message_id="<a@example.com>\r\nBcc: <x@example.com>"),
        replace(STAMP, message_id="no-brackets@example.com"),
        replace(STAMP, unsubscribe_url="http://u.example.com/u"),
        replace(STAMP, unsubscribe_url="https://u.example.com/u>\r\nBcc: x"),
        replace(STAMP, feedback_id="a:b:c"),
        replace(STAMP, feedback_id="a:b:c:d\r\nBcc: x"),
    ],
)
def test_a_stamp_that_would_not_stay_a_header_is_refused(stamp: Stamp) -> None:
    with pytest.raises(MalformedError):
        build(stamp=stamp)


@pytest.mark.parametrize(
    "who",
    [
        replace(ZOE, address="zoe@example.org, eve@evil.example"),
        replace(ZOE, address="zoe@example.org>\r\nBcc: <eve@evil.example"),
        replace(ZOE, address="nobody"),
        replace(ZOE, alias="a/b"),
        replace(ZOE, alias='x" onclick="'),
        replace(ZOE, values={"points": "<b>"}),
    ],
)
def test_an_addressee_that_would_not_stay_one_is_refused(who: Addressee) -> None:
    with pytest.raises(MalformedError):
        build(who=who)


def test_an_addressee_says_nothing_in_a_log() -> None:
    assert "zoe" not in f"{ZOE!r} {build()!r}".lower()


def test_a_name_that_would_look_like_an_address_is_left_out() -> None:
    found = template(to_name="[[first_name:sealed]]")
    who = replace(ZOE, values=VALUES | {"first_name": 'Zoe "Z" O'})

    assert read(build(found, who))["To"] == "Zoe@example.org"


def test_a_field_can_be_put_in_front() -> None:
    assert build().with_field("X: y").as_bytes().startswith(b"X: y\r\nFrom: ")


def test_plain_text_alone_has_no_parts() -> None:
    assert not read(
        build(make_template(Draft("", TEXT, "a@example.com", "Hi")))
    ).is_multipart()


def test_a_link_to_leave_the_list_has_its_proof() -> None:
    leave = "https://mail.example.com/u/[[alias]]/[[proof]]"
    found = template(body(f'<a href="{leave}">leave</a>'), f"Bye\n{leave}\n")
    message = read(build(found, replace(ZOE, proof="b" * 26)))

    for kind in ("plain", "html"):
        assert f"/u/{ALIAS}/{'b' * 26}" in content(message, kind)
    with pytest.raises(MalformedError, match="no proof"):
        build(found)
