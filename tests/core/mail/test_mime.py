# ruff: noqa: E501 - tables are read across
import base64
from email.message import EmailMessage

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail.faults import Findings
from listkeep.core.mail.mime import Branch, File, Mail, Text, decode_mail, parse_mail

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def read(data: bytes) -> tuple[Mail | None, list[str]]:
    findings = Findings()
    mail = decode_mail(data, findings)
    return mail, [f"{fault.place}: {fault.message}" for fault in findings.faults]


def test_a_message_is_taken_whole_or_not_at_all() -> None:
    assert parse_mail(message("Subject: x")).body == Text("text/plain", "hello")
    with pytest.raises(MalformedError, match="header subject: stands there more"):
        parse_mail(message("Subject: x\nSubject: y"))
    with pytest.raises(MalformedError, match="NUL bytes"):
        parse_mail(b"\0")


def message(head: str, body: str = "hello\n") -> bytes:
    return f"From: a@example.com\n{head}\n\n{body}".encode()


def mixed(*parts: str, boundary: str = "b", end: str = "--b--\n") -> bytes:
    inner = "".join(f"--b\n{part}\n" for part in parts)
    return message(f'Content-Type: multipart/mixed; boundary="{boundary}"', inner + end)


def test_a_whole_message_becomes_a_tree() -> None:
    made = EmailMessage()
    made["From"] = "a@example.com"
    made["Subject"] = "Grüße"
    made.set_content("Grüße\r\n\r\n")
    made.add_alternative("<p>Grüße</p>", subtype="html")
    made.get_payload()[1].add_related(PNG, "image", "png", cid="<logo>")  # type: ignore[index, union-attr]
    made.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="offer.pdf"
    )

    mail, faults = read(bytes(made))

    assert faults == []
    assert mail is not None
    assert mail.find_all("subject") == ["=?utf-8?q?Gr=C3=BC=C3=9Fe?="]
    assert mail.body == Branch(
        "multipart/mixed",
        (
            Branch(
                "multipart/alternative",
                (
                    Text("text/plain", "Grüße"),
                    Branch(
                        "multipart/related",
                        (
                            Text("text/html", "<p>Grüße</p>"),
                            File("image/png", PNG, "", False, "logo"),
                        ),
                    ),
                ),
            ),
            File("application/pdf", b"%PDF-1.7", "offer.pdf", True, ""),
        ),
    )


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Type: text/plain; charset=utf-8", "é"),
        ("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable", "=E9"),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: BASE64", "w6k=\n"),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", "=C3=\n=A9"),
        ("Content-Type: text/plain; charset=utf-8", "\ufeffé\n\n"),
        ("Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline", "é"),
    ],
)  # fmt: skip
def test_how_a_text_is_encoded_makes_no_difference(head: str, body: str) -> None:
    mail, faults = read(message(head, body))

    assert faults == []
    assert mail is not None
    assert mail.body == Text("text/plain", "é")


def test_line_ends_make_no_difference() -> None:
    data = message("Subject: a\n b", "x\ny\n")

    assert read(data) == read(data.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"x" * (2 * 1024 * 1024 + 1), "is longer than 2 MiB"),
        (b"From: a\r\n\r\nb\n", "has line ends of several kinds"),
        (b"From: a\n\nb\rc\n", "has line ends of several kinds"),
        (b"From: a\n\n\0", "has NUL bytes"),
        (b"From a@example.com\nFrom: a\n\n", "is a mailbox file, not one message"),
        (b"X: " + b"x" * 70_000 + b"\n\n", "has more than 64 KiB of headers"),
        (b"From: a\n\n" + b"Multipart/x" * 40, "has too many parts"),
    ],
)
def test_limits_come_before_parsing(data: bytes, fault: str) -> None:
    assert read(data) == (None, [f"the message: {fault}"])


@pytest.mark.parametrize("name", ["From", "Subject", "To", "Date", "Reply-To"])
def test_a_header_that_stands_there_twice_is_refused(name: str) -> None:
    _, faults = read(message(f"{name}: x\n{name.upper()}: y"))

    assert f"header {name.lower()}: stands there more than once" in faults


BROKEN = "programs read this part in different ways"


@pytest.mark.parametrize(
    "data",
    [
        message("Content-Type: text/plain\nContent-Type: text/html"),
        message("Content-Type: text/plain; charset=utf-8; Charset=latin1"),
        message("Content-Transfer-Encoding: x-uuencode"),
        message("Content-Type: multipart/mixed"),
        message(
            'Content-Type: multipart/mixed; boundary="a b"', "--a b\n\nx\n--a b--\n"
        ),
        mixed("\nhello", end=""),
        mixed("\nhello", boundary="other"),
        message("no colon here"),
        message("Subject : blank before the colon"),
        mixed('Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nx\n--b--'),
    ],
)
def test_what_a_parser_would_repair_is_refused(data: bytes) -> None:
    _, faults = read(data)

    assert any(fault.endswith(BROKEN) for fault in faults)


@pytest.mark.parametrize(
    "kind",
    [
        "message/rfc822",
        "image/svg+xml",
        "application/javascript",
        "multipart/signed",
        "text/xml",
    ],
)
def test_types_that_are_not_known_to_be_harmless_are_refused(kind: str) -> None:
    head = f'Content-Type: {kind}; boundary="b"'
    _, faults = read(message(head, "--b\n\nhello\n--b--\n"))

    assert faults == ["part 1: a content type that is not taken"]


def test_html_as_an_attachment_is_refused() -> None:
    _, faults = read(
        message("Content-Type: text/html\nContent-Disposition: attachment")
    )

    assert faults == ["part 1: a content type that is not taken"]


def test_a_file_is_what_it_says_and_has_a_plain_name() -> None:
    _, faults = read(message('Content-Type: image/png; name="../x"', "GIF89a"))

    assert faults == [
        "part 1: a file name that is not taken",
        "part 1: is not a file of the type it says",
    ]


def test_a_calendar_has_one_kind_of_line_ends() -> None:
    mail, faults = read(message("Content-Type: text/calendar", "BEGIN:VCALENDAR\nX\n"))

    assert faults == []
    assert mail is not None
    assert mail.body == File(
        "text/calendar", b"BEGIN:VCALENDAR\r\nX\r\n", "", False, ""
    )


@pytest.mark.parametrize(
    ("head", "body", "fault"),
    [
        ("Content-Transfer-Encoding: base64", "!!!!", "its encoding is broken"),
        ("Content-Transfer-Encoding: base64", "YQ", "its encoding is broken"),
        ("Content-Transfer-Encoding: quoted-printable", "=XY", "its encoding is broken"),
        ("Content-Type: text/plain; charset=utf-7", "a", "its charset does not fit"),
        ("Content-Type: text/plain", "é", "its charset does not fit"),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", "=FF", "its charset does not fit"),
        ("Subject: x", "a\x0bb", "holds control characters, or is over 512 KiB"),
        ("Subject: x", "a" * 600_000, "holds control characters, or is over 512 KiB"),
        ("Content-Type: image/png\nContent-Transfer-Encoding: base64", "=", "its encoding is broken"),
    ],
)  # fmt: skip
def test_bytes_that_do_not_fit_what_they_say_are_refused(
    head: str, body: str, fault: str
) -> None:
    assert read(message(head, body))[1] == [f"part 1: {fault}"]


def nested(depth: int) -> str:
    if not depth:
        return "\nhello"
    name = f"b{depth}"
    inner = nested(depth - 1)
    return f'Content-Type: multipart/mixed; boundary="{name}"\n\n--{name}\n{inner}\n--{name}--'


def test_parts_are_counted_and_depth_is_bounded() -> None:
    deep = f"From: a@example.com\n{nested(8)}\n".encode()
    many = mixed(*["\nhello"] * 40)

    for data in (deep, many):
        assert any("one part too many" in fault for fault in read(data)[1])


def test_a_branch_with_a_broken_part_keeps_the_others() -> None:
    mail, faults = read(mixed("Content-Type: text/xml\n\n<x/>", "\nhello"))

    assert faults == ["part 1.1: a content type that is not taken"]
    assert mail is not None
    assert mail.body == Branch("multipart/mixed", (Text("text/plain", "hello"),))


def test_base64_of_a_big_file_is_read() -> None:
    data = PNG + bytes(range(256)) * 100
    encoded = base64.encodebytes(data).decode()
    mail, _ = read(
        message("Content-Type: image/png\nContent-Transfer-Encoding: base64", encoded)
    )

    assert mail is not None
    assert mail.body == File("image/png", data, "", False, "")
