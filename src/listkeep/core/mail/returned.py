"""Read what comes back: bounces, complaints, automatic answers and answers.

Whatever arrives here was written by a stranger. Of all of it three things go on: the
alias it is about, what it is, and a status code. No address, no subject, no text: the
result has no place for them. Nothing is unpacked, no attachment is decoded, and what is
too large, too deep or has too many parts is read as far as its headers.

Whom it is about is told by the address it came to (`aliases.py`), else by headers of
the message it returns. What claims to be about one alias and came to another's address
is about the one it came to.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

from listkeep.core.errors import Code, MalformedError

from .aliases import Purpose, ReturnAddress, parse_return_address
from .mime import children, raw_payload, unfold
from .outcomes import Outcome, Returned, find_status, judge_status

MAX_BYTES = 512 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_PARTS = 30
_TEXT_BYTES = 8 * 1024

_IN_ADDRESS = re.compile(
    r"(?<![a-z0-9])[bcru]-([a-z2-7]{32})@([a-z0-9.-]{1,190})", re.IGNORECASE
)
_AUTOMATIC = ("auto-generated", "auto-replied", "auto-notified")
_OUT_OF_OFFICE = ("x-autoreply", "x-autorespond", "x-auto-response-suppress")
_DAEMON = re.compile(r"mailer-daemon|postmaster", re.IGNORECASE)


def parse_returned(data: bytes, *, came_to: str, mail_domain: str) -> Returned:
    """Read one message that came back.

    ``came_to`` is the envelope addressee, ``mail_domain`` the domain of our return
    addresses.

    Raises:
        MalformedError: It is about nobody we could name.
    """
    message = _parse(data)
    address = _read_address(message, came_to, mail_domain)
    outcome, code = _judge(message, address.purpose)
    return Returned(address.alias, outcome, code)


def _parse(data: bytes) -> Message:
    head, _, _ = data[:MAX_BYTES].replace(b"\r\n", b"\n").partition(b"\n\n")
    body = data[:MAX_BYTES].lower()
    count = body.count(b"multipart/") + body.count(b"message/")
    if len(data) > MAX_BYTES or count > MAX_PARTS or len(head) > MAX_HEADER_BYTES:
        return BytesHeaderParser(policy=compat32).parsebytes(head[:MAX_HEADER_BYTES])
    return BytesParser(policy=compat32).parsebytes(data)


def _read_address(message: Message, came_to: str, mail_domain: str) -> ReturnAddress:
    try:
        return parse_return_address(came_to, mail_domain=mail_domain)
    except MalformedError:
        pass
    for text in _mentions(message):
        for match in _IN_ADDRESS.finditer(text):
            try:
                return parse_return_address(match[0], mail_domain=mail_domain)
            except MalformedError:
                continue
    raise MalformedError(
        "this is about nobody we know",
        code=Code.MAIL_INVALID,
        hint="have the mail server deliver here what is for a return address",
    )


def _mentions(message: Message) -> Iterator[str]:
    """Yield the fields of returned messages in which we wrote an address of ours."""
    for part in _parts(message):
        for name in (
            "return-path",
            "list-unsubscribe",
            "reply-to",
            "original-envelope-id",
        ):
            yield from (unfold(value) for value in part.get_all(name, []))


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return
        yield part


def _judge(message: Message, purpose: Purpose) -> tuple[Outcome, str]:
    if purpose is Purpose.UNSUBSCRIBE:
        return Outcome.UNSUBSCRIBE, ""
    kinds = [part.get_content_type() for part in _parts(message)]
    if "message/feedback-report" in kinds:
        return _judge_feedback(message)
    if "message/delivery-status" in kinds:
        return _judge_delivery(message)
    if _is_automatic(message):
        return Outcome.AUTO_REPLY, ""
    if purpose is Purpose.BOUNCE or _DAEMON.search(unfold(message.get("from", ""))):
        code = find_status(_first_text(message))
        return (judge_status(code), code) if code else (Outcome.UNKNOWN, "")
    return Outcome.REPLY, ""


def _judge_feedback(message: Message) -> tuple[Outcome, str]:
    """Read a report (RFC 5965): only its type."""
    for report in _reports(message, "message/feedback-report"):
        kind = unfold(report.get("feedback-type", "")).lower()
        if kind in {"not-spam", "auth-failure"}:
            return Outcome.UNKNOWN, ""
    return Outcome.COMPLAINT, ""


def _judge_delivery(message: Message) -> tuple[Outcome, str]:
    """Read a delivery status notification (RFC 3464): action and status."""
    for report in _reports(message, "message/delivery-status"):
        action = unfold(report.get("action", "")).lower()
        status = find_status(unfold(report.get("status", "")))
        if action in {"delivered", "relayed", "expanded"}:
            return Outcome.DELIVERED, status
        if action == "delayed":
            return Outcome.SOFT_BOUNCE, status
        if action:  # the first group, about the whole message, has none
            return judge_status(status), status
    return Outcome.UNKNOWN, ""


def _reports(message: Message, kind: str) -> Iterator[Message]:
    """Yield the groups of fields in reports of a kind."""
    for part in _parts(message):
        if part.get_content_type() == kind:
            yield from children(part)


def _is_automatic(message: Message) -> bool:
    """Recognize RFC 3834 and what programs wrote before it."""
    auto = unfold(message.get("auto-submitted", "")).lower()
    precedence = unfold(message.get("precedence", "")).lower()
    return (
        auto.startswith(_AUTOMATIC)
        or precedence in {"auto_reply", "auto-reply"}
        or any(name in message for name in _OUT_OF_OFFICE)
    )


def _first_text(message: Message) -> str:
    texts = (raw_payload(part)[:_TEXT_BYTES] for part in _parts(message))
    return next(filter(None, texts), b"").decode("latin-1")
