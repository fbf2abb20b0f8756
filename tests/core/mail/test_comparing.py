# ruff: noqa: E501 - tables are read across
from dataclasses import replace
from email.message import EmailMessage

import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.core.mail import Mail, Template, parse_mail, read_values
from listkeep.core.mail.template import parse_template
from tests.core.mail.templates import ALIAS, HTML, SENDER, TEXT, template

TO = f"{ALIAS}@p0.tok.example"
FORMS = (ALIAS, TO)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def filled(text: str, alias: str = ALIAS) -> str:
    values = {
        "[[points:number]]": "1,200",
        "[[until:date]]": "2026-02-01",
        "[[greeting:text|See you]]": "Yours, Ada & Amir",
        "[[alias]]": alias,
    }
    for slot, value in values.items():
        text = text.replace(slot, value)
    return text


def message(
    html: str | None = None, text: str | None = None, alias: str = ALIAS, **headers: str
) -> EmailMessage:
    made = EmailMessage()
    subject = "For [[first_name:sealed|you]]: 1,200 points"
    for name, value in (
        {"From": SENDER, "To": TO, "Subject": subject} | headers
    ).items():
        if value:
            made[name.replace("_", "-")] = value
    made.set_content(filled(TEXT, alias) if text is None else text)
    made.add_alternative(filled(HTML, alias) if html is None else html, subtype="html")
    return made


def read(made: EmailMessage | bytes) -> Mail:
    return parse_mail(bytes(made))


def values(made: EmailMessage | bytes, found: Template | None = None) -> dict[str, str]:
    return read_values(found or template(), read(made), stands_for=FORMS)


def refusal(made: EmailMessage | bytes, found: Template | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        values(made, found)
    assert caught.value.code == Code.TEMPLATE_DIFFERS
    return caught.value.message.rpartition(": ")[2]


@pytest.mark.parametrize(
    ("sender", "taken"),
    [
        ('"Doe, News" <news@example.com>', True),
        ('"Doe, News"  <news@EXAMPLE.com>', True),
        ("=?utf-8?q?Doe=2C_News?= <news@example.com>", True),
        ("Doe, News <news@example.com>", False),
        ('"Doe, News" <news@example.net>', False),
        ("news@example.com", False),
    ],
)
def test_a_sender_may_be_written_in_any_way_that_says_the_same(
    sender: str, taken: bool
) -> None:
    found, raw = template(sender='"Doe, News" <news@example.com>'), bytes(message())
    made = read(raw.replace(SENDER.encode(), sender.encode()))

    if taken:
        assert read_values(found, made, stands_for=FORMS)
    else:
        with pytest.raises(RefusedError, match="from is another one"):
            read_values(found, made, stands_for=FORMS)


def test_the_values_of_a_message_are_read() -> None:
    assert values(message(Date="Mon, 5 Jan 2026 12:00:00 +0000", X_Mailer="x")) == {
        "points": "1,200",
        "until": "2026-02-01",
        "greeting": "Yours, Ada & Amir",
    }


def test_slots_nobody_filled_in_have_no_value() -> None:
    made = message(
        HTML, TEXT, Subject="For [[first_name:sealed|you]]: [[points:number]] points"
    )

    assert set(values(made).values()) == {""}


@pytest.mark.parametrize(
    "alias", [ALIAS, ALIAS.upper(), TO, TO.replace("@", "%40"), "[[alias]]"]
)
def test_whatever_stands_for_the_recipient_is_taken_for_the_alias(alias: str) -> None:
    assert values(message(alias=alias))["points"] == "1,200"


def test_values_in_html_are_read_as_text() -> None:
    found = template(
        HTML.replace("[[points:number]]", "[[who:text]]"), "", subject="Hi"
    )
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, TO, "Hi"
    html = HTML.replace("[[points:number]]", "Ada &amp; Ben").replace(
        "[[alias]]", ALIAS
    )
    made.set_content(html, subtype="html")

    assert values(made, found) == {"who": "Ada & Ben"}
    made.set_content(html.replace("Ada &amp; Ben", "&lt;b&gt;"), subtype="html")
    assert values(made, found) == {"who": "<b>"}
    made.set_content(html.replace("Ada &amp; Ben", "<b>x"), subtype="html")
    assert refusal(made, found) == "part 1 has no text in slot who"


def changed(old: str, new: str) -> EmailMessage:
    html = filled(HTML)
    assert old in html
    return message(html.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://shop.example.com", "https://evil.example"),
        ("<p>", "<base href='https://evil.example/'><p>"),
        ("<p>", "<p><form action='https://evil.example'></form>"),
        ("margin:0", "background:url(https://evil.example/x)"),
        ("<p>", "<p><!-- hidden -->"),
        ("To the offer", "To the bank"),
        ("1,200 points.", "1,200 points. Call 123!"),
        (ALIAS, "hgfedcba" * 4),
        ("first_name:sealed|reader", "last_name:sealed|reader"),
        ("[[first_name:sealed|reader]]", "Zoe"),
        ("1,200", "many"),
        ("1,200", "1,300"),
        ("</html>", "</html><p>more</p>"),
    ],
)
def test_a_changed_text_is_refused(old: str, new: str) -> None:
    assert refusal(changed(old, new)).startswith("part 1.2 ")


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        ({"From": "News <eve@evil.example>"}, "its from is another one"),
        ({"From": "Bank <news@example.com>"}, "its from is another one"),
        ({"Reply_To": "eve@evil.example"}, "its reply-to is another one"),
        ({"Subject": "For you"}, "its subject differs in its text"),
        ({"Subject": ""}, "its subject is not one line of text"),
        ({"To": "eve@evil.example"}, "it is to somebody else, or to several"),
        ({"To": f"{TO}, eve@evil.example"}, "it is to somebody else, or to several"),
        ({"To": ""}, "it is to somebody else, or to several"),
        ({"Cc": "eve@evil.example"}, "it has a header cc"),
        ({"Bcc": "eve@evil.example"}, "it has a header bcc"),
        ({"Disposition_Notification_To": "eve@evil.example"}, "it has a header disposition-notification-to"),
    ],
)  # fmt: skip
def test_a_changed_header_is_refused(headers: dict[str, str], where: str) -> None:
    assert refusal(message(**headers)) == where


def test_a_reply_address_that_was_signed_has_to_be_there() -> None:
    found = template(reply_to="help@example.com")

    assert refusal(message(), found) == "its reply-to is another one"
    assert values(message(Reply_To="help@example.com"), found)["points"] == "1,200"


def test_other_parts_are_refused() -> None:
    with_file = message()
    with_file.add_attachment(PNG, "image", "png")
    swapped = message()
    parts = swapped.get_payload()
    assert isinstance(parts, list)
    swapped.set_payload(parts[::-1])
    alone = message()
    alone.set_payload(parts[:1])

    assert refusal(with_file) == "part 1 has other parts"
    assert refusal(swapped) == "part 1.1 is of another type"
    assert refusal(alone) == "part 1 has other parts"


def test_another_image_is_refused() -> None:
    signed, other = message(HTML, TEXT, To=""), message()
    signed.add_attachment(PNG, "image", "png")
    found = parse_template(bytes(signed))

    other.add_attachment(PNG, "image", "png")
    assert values(other, found)["points"] == "1,200"
    other = message()
    other.add_attachment(PNG + b"\0", "image", "png")
    assert refusal(other, found) == "part 1.2 is another file, or none"


def test_a_value_that_never_ends_is_refused() -> None:
    text = filled(TEXT).replace("2026-02-01.\n", "2026-02-01 " + "x" * 5000)

    assert refusal(message(text=text)) == "part 1.1 has no date in slot until"


def test_a_slot_at_the_end_takes_the_rest_and_no_more_than_fits() -> None:
    found = template("", "Bye, [[who:text]]", subject="Hi")
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, TO, "Hi"
    made.set_content("Bye, Ada\n")

    assert values(made, found) == {"who": "Ada"}
    made.set_content("Bye, Ada\n\nmore")
    assert refusal(made, found) == "part 1 has no text in slot who"
    made.set_content("Bye,")
    assert refusal(made, found) == "part 1 differs in its text"


def test_a_text_may_begin_with_a_slot() -> None:
    found = template("", "[[who:text]], good day", subject="Hi")
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, TO, "Hi"
    made.set_content("Ada, good day")

    assert values(made, found) == {"who": "Ada"}


def test_a_refusal_repeats_nothing() -> None:
    made = changed("To the offer", "zq7mark@example.com")

    assert "zq7mark" not in refusal(made)


def test_the_sender_on_the_envelope_is_not_a_matter_of_the_template() -> None:
    assert values(message(Return_Path="<b@example.com>", Sender="x@example.com"))


def test_a_mail_that_is_no_file_of_ours_is_refused() -> None:
    mail = read(message())

    with pytest.raises(RefusedError):
        read_values(
            template(), replace(mail, body=replace(mail.body)), stands_for=("x",)
        )


LEAVE = "https://mail.example.com/u/[[alias]]/[[proof]]"
WITH_PROOF = template(text=f"{TEXT}\n{LEAVE}\n")


@pytest.mark.parametrize(
    "proof", ["[[proof]]", "%5B%5Bproof%5D%5D", "%5b%5Bproof%5D%5d"]
)
def test_a_proof_comes_through_as_it_is(proof: str) -> None:
    link = LEAVE.replace("[[alias]]", ALIAS).replace("[[proof]]", proof)

    assert "proof" not in values(message(text=f"{filled(TEXT)}\n{link}\n"), WITH_PROOF)


def test_a_proof_somebody_made_up_is_none() -> None:
    link = LEAVE.replace("[[alias]]", ALIAS).replace("[[proof]]", "a" * 26)

    told = refusal(message(text=f"{filled(TEXT)}\n{link}\n"), WITH_PROOF)

    assert told == "part 1.1 names somebody else"
