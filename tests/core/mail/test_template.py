# ruff: noqa: E501 - tables are read across
from email.message import EmailMessage

import pytest

from listkeep.core.mail import Mailbox, TemplateError, make_template, parse_template
from listkeep.core.mail.slots import Kind
from listkeep.core.mail.template import Template
from tests.core.mail.templates import (
    HTML,
    SENDER,
    TEXT,
    body,
    draft,
    faults_of,
    template,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def eml(html: str = HTML, text: str = TEXT, **headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": SENDER, "Subject": "Hello"} | headers).items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


def messages_of(**changes: str) -> list[str]:
    return [f"{fault.place}: {fault.message}" for fault in faults_of(**changes)]


def refusal(data: bytes) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        parse_template(data)
    return [f"{fault.place}: {fault.message}" for fault in caught.value.faults]


def test_a_template_tells_what_it_would_send() -> None:
    found = template(
        reply_to="Help <help@example.com>", to_name="[[first_name:sealed]]"
    )

    assert found.sender == Mailbox("news@example.com", "News")
    assert found.reply_to == Mailbox("help@example.com", "Help")
    assert (
        found.subject_text == "For [[first_name:sealed|you]]: [[points:number]] points"
    )
    assert found.to_name_text == "[[first_name:sealed]]"
    assert {name: slot.kind for name, slot in found.slots.items()} == {
        "first_name": Kind.SEALED,
        "points": Kind.NUMBER,
        "until": Kind.DATE,
        "greeting": Kind.TEXT,
        "alias": Kind.ALIAS,
    }
    assert found.link_domains == ("example.com", "shop.example.com")
    assert found.tracking_domains == ("shop.example.com", "track.example.net")
    assert [letter.content_type for letter in found.letters] == [
        "text/plain",
        "text/html",
    ]
    assert found.files == ()


def test_a_file_and_two_texts_make_the_same_template() -> None:
    by_file = parse_template(bytes(eml(To="A [[first_name:sealed]] <x@example.com>")))

    by_texts = template(subject="Hello", to_name="A [[first_name:sealed]]")

    assert by_file.digest == by_texts.digest


def test_how_a_file_is_written_makes_no_difference() -> None:
    plain = eml()
    other = eml(Date="Mon, 5 Jan 2026 12:00:00 +0000", X_Mailer="x", Received="by y")
    for part in other.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        del part["content-transfer-encoding"]
        part["content-transfer-encoding"] = "8bit"
        part.set_payload(payload.decode().replace("\n", "\r\n") + "\r\n\r\n", "utf-8")
    other.set_boundary("other")

    found = parse_template(bytes(other).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    assert found.digest == parse_template(bytes(plain)).digest
    assert found.dropped == ("Date", "X-Mailer", "Received")


def variants() -> dict[str, Template]:
    with_image, attached, twin = eml(), eml(), eml()
    with_image.add_attachment(PNG, "image", "png", disposition="inline")
    attached.add_attachment(PNG, "image", "png")
    twin.add_attachment(PNG + b"\0", "image", "png")
    return {
        "plain": template(),
        "from": template(sender="News <news@example.net>"),
        "name": template(sender="The news <news@example.com>"),
        "reply": template(reply_to="help@example.com"),
        "subject": template(subject="Hello"),
        "to": template(to_name="[[first_name:sealed]]"),
        "text": template(text=TEXT + "!"),
        "html": template(html=HTML.replace("Dear", "dear")),
        "comment": template(html=HTML.replace("</body>", "<!-- x --></body>")),
        "link": template(html=HTML.replace("/offer", "/offer2")),
        "slot": template(html=HTML.replace("points:number", "pts:number")),
        "fallback": template(html=HTML.replace("|reader", "|friend")),
        "no text": template(text=""),
        "no html": template(html=""),
        "image": parse_template(bytes(with_image)),
        "attached": parse_template(bytes(attached)),
        "twin": parse_template(bytes(twin)),
    }


def test_whatever_a_reader_could_notice_changes_the_digest() -> None:
    found = variants()

    assert len({one.digest for one in found.values()}) == len(found)


def test_images_that_are_shown_are_in_it_once() -> None:
    html = body("<img src='cid:logo'>")
    good, twice = eml(html), eml(html)
    for made, times in ((good, 1), (twice, 2)):
        for _ in range(times):
            made.add_attachment(PNG, "image", "png", disposition="inline", cid="<logo>")

    assert parse_template(bytes(good)).files[0].content_id == "logo"
    for data in (bytes(eml(html)), bytes(twice)):
        assert refusal(data) == [
            "the template: shows an image that is not in it, or is in it twice"
        ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sender": ""}, "header from: does not name one mailbox"),
        ({"sender": "a@example.com, b@example.com"}, "header from: does not name one mailbox"),
        ({"reply_to": "nobody"}, "header reply-to: does not name one mailbox"),
        ({"subject": ""}, "header subject: is empty"),
        ({"subject": "x" * 201}, "header subject: is no short line of visible text"),
        ({"subject": "a\r\nBcc: b"}, "header subject: is no short line of visible text"),
        ({"subject": "[[alias]]"}, "header subject: the alias is for links and texts"),
        ({"to_name": "a@b"}, "header to: the name in front of the address has signs of one"),
        ({"html": "", "text": ""}, "the template: has no text"),
        ({"html": "<p>" + "x" * 600_000}, "the template: is longer than 512 KiB"),
        ({"text": "[[points:text]]"}, "slot points: has two types"),
        ({"text": "https://a@evil.example/"}, "part 1.1, line 1: a link or an image whose address is not taken"),
        ({"text": "https://a@evil.example/\n" * 600}, "part 1.1, line 50: a link or an image whose address is not taken"),
        ({"text": "[[a:text]] " * 101}, "the template: has more than 100 slots"),
        ({"html": "<form>"}, "part 1.2, line 1: a form sends what is typed somewhere else"),
    ],
)  # fmt: skip
def test_a_template_is_refused_with_a_reason(
    changes: dict[str, str], fault: str
) -> None:
    assert fault in messages_of(**changes)


@pytest.mark.parametrize(
    "name",
    [
        "Cc",
        "Bcc",
        "Sender",
        "Resent-To",
        "Resent-Whatever",
        "Disposition-Notification-To",
    ],
)
def test_a_header_that_sends_copies_or_answers_elsewhere_is_refused(name: str) -> None:
    data = f"{name}: x@evil.example\n".encode() + bytes(eml())

    assert (
        f"header {name.lower()}: would send copies or answers to somebody else"
        in refusal(data)
    )


def test_a_file_that_is_no_message_is_refused() -> None:
    assert refusal(b"\0") == ["the message: has NUL bytes"]
    assert refusal(b"From: a@example.com\nContent-Type: text/xml\n\n<x/>") == [
        "part 1: a content type that is not taken"
    ]


def test_all_faults_are_told_at_once() -> None:
    assert len(messages_of(sender="", subject="", html="<form><script>")) >= 4


def test_a_name_in_to_without_slots_is_not_taken_over() -> None:
    assert parse_template(bytes(eml(To="Zoe <zoe@example.com>"))).to_name_text == ""


def test_one_text_alone_is_a_template() -> None:
    assert make_template(draft(html="")).letters[0].content_type == "text/plain"
