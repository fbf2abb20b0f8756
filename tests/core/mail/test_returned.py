import base64
import gzip
from email.message import EmailMessage

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail.outcomes import Outcome, Returned
from listkeep.core.mail.returned import parse_returned

ALIAS = "abcdefgh" * 4
OTHER = "hgfedcba" * 4
DOMAIN = "b.example"
BOUNCE = f"b-{ALIAS}@{DOMAIN}"
COMPLAINT = f"c-{ALIAS}@{DOMAIN}"
REPLY = f"r-{ALIAS}@{DOMAIN}"


def report(kind: str, fields: str, more: str = "") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        "--b\n\nYour message to zoe@example.org came back.\n"
        f"--b\nContent-Type: message/{kind}\n\n{fields}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nTo: zoe@example.org\n{more}--b--\n"
    ).encode()


def bounce(action: str, status: str) -> bytes:
    return report(
        "delivery-status",
        "Reporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; zoe@example.org\n"
        f"Action: {action}\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <zoe@example.org> unknown\n",
    )


def text(
    subject: str = "Re: news", body: str = "hello", **headers: str
) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "zoe@example.org"
    made["Subject"] = subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


def read(made: EmailMessage | bytes, came_to: str = BOUNCE) -> Returned:
    return parse_returned(bytes(made), came_to=came_to, mail_domain=DOMAIN)


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [
        ("failed", "5.1.1", Outcome.HARD_BOUNCE),
        ("FAILED", "5.2.2 (over quota)", Outcome.SOFT_BOUNCE),
        ("failed", "5.7.1", Outcome.BLOCKED),
        ("failed", "4.4.7", Outcome.SOFT_BOUNCE),
        ("failed", "4.0.0", Outcome.SOFT_BOUNCE),  # RFC 3464, appendix E.2
        ("delayed", "4.4.1", Outcome.SOFT_BOUNCE),
        ("delivered", "2.0.0", Outcome.DELIVERED),
        ("failed", "nonsense", Outcome.UNKNOWN),
    ],
)
def test_a_bounce_says_whether_the_mailbox_is_there(
    action: str, status: str, outcome: Outcome
) -> None:
    found = read(bounce(action, status))

    code = status.partition(" ")[0]
    assert found == Returned(ALIAS, outcome, "" if code == "nonsense" else code)


def test_a_bounce_without_a_recipient_says_nothing() -> None:
    found = read(report("delivery-status", "Reporting-MTA: dns; mx.example\n"))

    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("abuse", Outcome.COMPLAINT),
        ("fraud", Outcome.COMPLAINT),
        ("not-spam", Outcome.UNKNOWN),
        ("auth-failure", Outcome.UNKNOWN),
    ],
)
def test_a_complaint_is_what_its_type_says(kind: str, outcome: Outcome) -> None:
    made = report("feedback-report", f"Feedback-Type: {kind}\nVersion: 1\n")

    assert read(made, COMPLAINT).outcome is outcome


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"X_Auto_Response_Suppress": "All"},
    ],
)
def test_an_automatic_answer_is_none(headers: dict[str, str]) -> None:
    assert read(text(**headers), REPLY).outcome is Outcome.AUTO_REPLY


def test_an_answer_is_one() -> None:
    assert read(text(Auto_Submitted="no"), REPLY) == Returned(ALIAS, Outcome.REPLY)


def test_mail_to_the_unsubscribe_address_unsubscribes() -> None:
    found = read(text(Auto_Submitted="auto-replied"), f"u-{ALIAS}@{DOMAIN}")

    assert found.outcome is Outcome.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("body", "outcome", "code"),
    [
        ("The user was not found: 550 5.1.1", Outcome.HARD_BOUNCE, "5.1.1"),
        ("Something went wrong", Outcome.UNKNOWN, ""),
    ],
)
def test_a_bounce_in_prose_is_read_by_its_code(
    body: str, outcome: Outcome, code: str
) -> None:
    assert read(text(body=body)) == Returned(ALIAS, outcome, code)


def test_a_bounce_to_a_reply_address_is_known_by_its_sender() -> None:
    made = text(body="550 5.1.1")
    made.replace_header("From", "Mail Delivery <MAILER-DAEMON@mx.example>")

    assert read(made, REPLY).outcome is Outcome.HARD_BOUNCE


def test_a_bounce_with_an_odd_charset_is_read_as_bytes() -> None:
    made = b"Content-Type: text/plain; charset*=utf-8''x\n\n\xff 5.1.1 gone\n"

    assert read(made).outcome is Outcome.HARD_BOUNCE


def test_a_bounce_without_any_text_says_nothing() -> None:
    made = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'

    assert read(made).outcome is Outcome.UNKNOWN


def test_whom_it_is_about_is_found_in_what_it_returns() -> None:
    links = f"<mailto:u-{ALIAS}@other.example>, <mailto:u-{OTHER}@{DOMAIN}>"
    original = f"--b\nContent-Type: message/rfc822\n\nList-Unsubscribe: {links}\n\nx\n"
    made = report("feedback-report", "Feedback-Type: abuse\n", original)

    assert read(made, "abuse@example.com").alias == OTHER


def test_where_it_came_to_counts_before_what_it_says() -> None:
    made = f"Return-Path: <b-{OTHER}@{DOMAIN}>\n".encode() + bounce("failed", "5.1.1")

    assert read(made).alias == ALIAS


def test_what_is_about_nobody_is_refused() -> None:
    with pytest.raises(MalformedError, match="about nobody we know"):
        read(
            text(List_Unsubscribe=f"<mailto:u-{ALIAS}@other.example>"), "x@example.com"
        )


@pytest.mark.parametrize(
    "made",
    [
        bounce("failed", "5.1.1"),
        report(
            "feedback-report",
            "Feedback-Type: abuse\nOriginal-Rcpt-To: zoe@example.org\n",
        ),
        bytes(text(body="write to zoe@example.org instead")),
    ],
    ids=["bounce", "complaint", "answer"],
)
def test_no_address_is_in_the_result(made: bytes) -> None:
    assert "zoe" not in repr(read(made))


def crowded(kind: bytes, *, before: int = 0, after: int = 0) -> bytes:
    """Make a bounce that would count, with so many other parts around its report."""
    other = b"--b\nContent-Type: " + kind + b"\n\nx\n"
    report = (
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        b"Final-Recipient: rfc822; a\nAction: failed\nStatus: 5.1.1\n"
    )
    head = b'Content-Type: multipart/report; boundary="b"\n\n'
    return head + other * before + report + other * after + b"--b--\n"


def nested(depth: int) -> bytes:
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
        for level in range(depth)
    )
    return b"From: mailer-daemon@mx.example\n" + head


def bomb() -> bytes:
    made = text(body="550 5.1.1")
    packed = gzip.compress(b"\0" * 50_000_000)
    made.add_attachment(packed, maintype="application", subtype="gzip")
    twice = base64.b64encode(base64.b64encode(packed))
    made.add_attachment(twice, maintype="application", subtype="zip")
    return bytes(made)


@pytest.mark.parametrize(
    "data",
    [
        crowded(b"message/rfc822", after=30),
        crowded(b"text/plain", before=30),
        nested(5000),
        b"X: y\n" * 20_000 + bounce("failed", "5.1.1"),
        b"From: a\n\n" + b"x" * 600_000,
        bounce("failed", "5.1.1") + b"x" * 600_000,
    ],
    ids=[
        "many messages",
        "many parts",
        "nested",
        "many headers",
        "large",
        "large bounce",
    ],
)
def test_what_is_too_much_is_read_as_far_as_its_headers(data: bytes) -> None:
    assert read(data).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", [b"message/rfc822", b"text/plain"])
def test_a_bounce_of_some_parts_is_read(kind: bytes) -> None:
    made = crowded(kind, before=10, after=10)

    assert read(made) == Returned(ALIAS, Outcome.HARD_BOUNCE, "5.1.1")


def test_few_parts_in_a_digest_are_counted() -> None:
    inner = b"--b\n\nFrom: a\n\nx\n" * 100
    data = b'Content-Type: multipart/digest; boundary="b"\n\n' + inner + b"--b--\n"

    assert read(data).outcome is Outcome.UNKNOWN


def test_nothing_is_unpacked() -> None:
    assert read(bomb()) == Returned(ALIAS, Outcome.HARD_BOUNCE, "5.1.1")
