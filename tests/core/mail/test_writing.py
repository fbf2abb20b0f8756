from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import MalformedError
from listkeep.core.mail import (
    TemplateError,
    make_template,
    parse_template,
    write_template,
)
from tests.core.mail.templates import HTML, SENDER, TEXT, draft, template

TEXTS = st.text(max_size=300).map(
    lambda text: text.replace("[", "(")
) | st.sampled_from(
    [
        "",
        "\n",
        "a\r\nb",
        ".\n",
        "From me\n\n",
        "x" * 1_200,
        "\ufeffa",
        "a\rb",
        "a \n b ",
    ]
)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": ""},
        {"html": ""},
        {"reply_to": "help@example.com"},
        {"reply_to": '"Help, all day" <help@example.com>'},
        {"to_name": "[[first_name:sealed|reader]]"},
        {"to_name": "Für [[first_name:sealed|Leser]]"},
        {"subject": "Frühling, [[first_name:sealed|dú]]: " + "schön " * 20},
        {"subject": "a" * 190},
        {"sender": "Zoë <news@example.com>"},
    ],
)
def test_what_is_written_is_read_as_the_same_template(fields: dict[str, str]) -> None:
    made = template(**fields)

    written = write_template(made)

    assert parse_template(written).digest == made.digest
    assert parse_template(written).dropped == ()
    assert max(map(len, written.split(b"\r\n"))) <= 900
    assert b"\n" not in written.replace(b"\r\n", b"")


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_is_typed_is_written_as_it_is_or_refused(
    html: str, text: str, subject: str
) -> None:
    try:
        made = make_template(draft(html, text, subject=subject))
        again = parse_template(write_template(made))
    except TemplateError:
        return

    assert again.digest == made.digest


def test_what_a_mail_program_wrote_is_not_written_again() -> None:
    made = EmailMessage()
    made["From"], made["Subject"] = SENDER, "Hello"
    made.set_content(TEXT)
    made.add_alternative(HTML, subtype="html")
    made.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf"
    )

    with pytest.raises(MalformedError, match="mail program"):
        write_template(parse_template(bytes(made)))
