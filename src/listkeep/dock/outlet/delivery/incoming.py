"""Read what a mail server hands over: for whom it is, under which send, what is in it.

A recipient is an alias of one send, or a token. A token belongs to no send by itself:
the message names it (`X-Listkeep-Send`), or is the template of exactly one. All that is
believed of a message are the values in its typed slots (`core/mail/comparing.py`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.mail import (
    Mail,
    Template,
    make_alias,
    open_alias,
    parse_mail,
    parse_send_address,
    parse_tag,
    read_values,
)
from listkeep.core.sealing import format_token, parse_token
from listkeep.wire.messages import sends as d

from .sends import SendBook, alias_key, no_such_send

SEND_FIELD = "x-listkeep-send"
TRIGGER_FIELD = "x-listkeep-trigger"
_TOKEN = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a recipient address stands for, and in which sends it could be."""

    token: bytes
    sends: tuple[d.Send, ...]
    stands_for: frozenset[str]
    alias: str = ""  # if it is one; else the address is a token's


@dataclass(frozen=True, repr=False)  # no slots: its alias is made once
class Parcel:
    """One message of a send: the template, for whom, and the application's values."""

    send: d.Send
    template: Template
    token: bytes
    values: dict[str, str]
    trigger: str = ""
    named: str = ""  # the alias it came under, if any

    @cached_property
    def alias(self) -> str:
        """What the addressee is called in this send."""
        return self.named or make_alias(alias_key(self.send), self.token)


def read_recipient(text: str, *, book: SendBook, tenant: str) -> Addressed:
    """Say whom a recipient address stands for.

    ``tenant`` is the mail server's; the operator's, with none, serves all tenants.

    Raises:
        RefusedError: It stands for nobody in a send that goes on.
    """
    address = text.lower()
    local, _, domain = address.rpartition("@")
    if _TOKEN.fullmatch(local):
        return _read_token(address, domain, book=book, tenant=tenant)
    try:
        send = book.find_tagged(parse_tag(local))
        if send is None:
            raise no_such_send()
        parse_send_address(address, token_domain=send.token_domain)
        token = open_alias(alias_key(send), local)
    except MalformedError as error:
        raise no_such_send() from error
    _require_open((send,), tenant)
    names = _names(address, token, send.token_domain)
    return Addressed(token, (send,), names, alias=local)


def _read_token(address: str, domain: str, *, book: SendBook, tenant: str) -> Addressed:
    sends = tuple(
        send
        for send in book.live()
        if domain == send.token_domain
        or re.fullmatch(rf"p[0-9]{{1,3}}\.{re.escape(send.token_domain)}", domain)
    )
    try:
        token = parse_token(address.rpartition("@")[0])
    except MalformedError as error:
        raise no_such_send() from error
    sends = _require_open(sends, tenant)
    return Addressed(token, sends, _names(address, token, domain))


def _require_open(sends: tuple[d.Send, ...], tenant: str) -> tuple[d.Send, ...]:
    mine = tuple(send for send in sends if tenant in ("", send.tenant))
    if not mine:
        raise no_such_send()
    if all(send.state == "ended" for send in mine):
        raise RefusedError("this send has ended", code=Code.EXPIRED)
    return mine


def _names(address: str, token: bytes, domain: str) -> frozenset[str]:
    text = format_token(token)
    bare = domain.partition(".")[2] if re.match(r"p[0-9]+\.", domain) else domain
    local = address.rpartition("@")[0]
    return frozenset({address, local, text, f"{text}@{domain}", f"{text}@{bare}"})


def read_message(
    data: bytes,
    addressed: Addressed,
    *,
    templates: Callable[[d.Send], tuple[Template, ...]],
) -> Parcel:
    """Read a message: which send's template it is, and the values in its slots.

    Raises:
        MalformedError: It can be read in more than one way.
        RefusedError: It is no template that was signed for, or several.
        UnavailableError: The template has not been handed over yet.
    """
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        # Where one program sees an end of a line and another sees none, one message
        # becomes two on the way.
        raise MalformedError("the message has bare line ends", code=Code.MAIL_INVALID)
    mail = parse_mail(data)
    sends = _named_send(mail, addressed)
    found, refusal = [], no_such_send()
    for send in sends:
        for template in templates(send):
            try:
                values = read_values(template, mail, stands_for=addressed.stands_for)
            except RefusedError as error:
                refusal = error
            else:
                found.append((send, template, values))
    if not found:
        raise refusal
    if len(found) > 1:
        raise RefusedError(
            "several sends have this template",
            code=Code.TEMPLATE_DIFFERS,
            hint="name one in a header X-Listkeep-Send, or use its aliases",
        )
    send, template, values = found[0]
    trigger = _trigger(mail, send)
    return Parcel(send, template, addressed.token, values, trigger, addressed.alias)


def _named_send(mail: Mail, addressed: Addressed) -> tuple[d.Send, ...]:
    named = mail.find_all(SEND_FIELD)
    if not named:
        return addressed.sends
    sends = tuple(s for s in addressed.sends if [s.request] == named)
    if not sends:
        raise no_such_send()
    return sends


def _trigger(mail: Mail, send: d.Send) -> str:
    if send.kind == "campaign":
        return ""
    named = mail.find_all(TRIGGER_FIELD)
    if not named and len(send.triggers) == 1:
        return send.triggers[0]
    if len(named) != 1 or named[0] not in send.triggers:
        raise RefusedError(
            "this send has no such trigger",
            code=Code.TEMPLATE_DIFFERS,
            hint="name one of its triggers in a header X-Listkeep-Trigger",
        )
    return named[0]
