"""Mail through the operator's host: whole, plain, and with no address but the two."""

import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.utils import timezone

from listkeep.core.errors import Code, MalformedError
from listkeep.dock.project.config import DockConfig
from listkeep.dock.watch.channels import Channels, open_channels
from listkeep.dock.watch.letters import Letter
from listkeep.dock.watch.mail import MailHost
from listkeep.dock.watch.outcomes import Outcome, SendError
from listkeep.dock.watch.webhook import Webhooks
from tests.dock.test_letters import opened
from tests.fakes.sinks import NAME, Mailbox, mail_host, make_contexts

LETTER = Letter(
    id="m_1",
    subject="[Listkeep] acme: ben asks to export up to 1,200 rows of news",
    text="ben asks.\n\n— signed\n",
    json=b"{}",
)
DESK, SENDER = "desk@acme.example", "listkeep@operator.example"


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return make_contexts(tmp_path)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_host(Mailbox()) as running:
        yield running


def host(box: Mailbox, **facts: Any) -> MailHost:
    settings_ = {
        "host": "127.0.0.1",
        "port": box.port,
        "tls": "none",
        "user": "",
        "password": "",
        "sender": SENDER,
        **facts,
    }
    return MailHost(**settings_)


def send(mail: MailHost) -> str:
    try:
        mail.send(LETTER, destination=DESK)
    except SendError as error:
        return error.outcome.value
    return Outcome.DELIVERED.value


def read(box: Mailbox) -> EmailMessage:
    [message] = box.messages
    parsed = message_from_bytes(message, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_letter_arrives_whole_and_plain(box: Mailbox) -> None:
    assert send(host(box)) == "delivered"

    message = read(box)
    assert box.recipients == [DESK]
    assert message["subject"] == LETTER.subject
    assert message["message-id"] == "<m_1@operator.example>"
    assert message["auto-submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == LETTER.text


def test_no_header_holds_another_address_or_the_name_of_this_machine(
    box: Mailbox,
) -> None:
    send(host(box))

    headers = "\n".join(f"{k}: {v}" for k, v in read(box).items())
    known = headers.replace(DESK, "").replace(SENDER, "")
    assert known.replace("<m_1@operator.example>", "").count("@") == 0
    assert socket.gethostname() not in headers


def test_a_failure_holds_no_address(box: Mailbox) -> None:
    box.refuses = lambda line: line.upper().startswith("RCPT")

    with pytest.raises(SendError) as caught:
        host(box).send(LETTER, destination=DESK)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "@" not in repr(caught.value)


@pytest.mark.parametrize("beginning", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_host_that_says_no_is_a_refusal(box: Mailbox, beginning: str) -> None:
    box.refuses = lambda line: line.upper().startswith((beginning, "HELO"))

    assert send(host(box)) == "refused"


def test_starttls_is_spoken_and_the_password_goes_inside(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = contexts
    real = socket.getaddrinfo

    def here(_host: str, *rest: Any, **kind: Any) -> Any:
        return real("127.0.0.1", *rest, **kind)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with mail_host(Mailbox(tls=server)) as box:
        mail = host(
            box,
            host=NAME,
            tls="starttls",
            user="listkeep",
            password="secret",
            context=client,
        )
        assert send(mail) == "delivered"
        assert send(host(box, host=NAME, tls="starttls")) == "unreachable"

    assert box.secured == [True]
    assert len(box.logins) == 1


def test_a_host_without_starttls_gets_nothing_when_it_is_asked_for(
    box: Mailbox,
) -> None:
    assert send(host(box, tls="starttls", user="u", password="p")) == "refused"
    assert box.messages == []
    assert box.logins == []


def test_a_host_that_speaks_no_tls_is_unreachable_over_tls(box: Mailbox) -> None:
    assert send(host(box, tls="tls")) == "unreachable"


def test_nobody_there_is_unreachable(box: Mailbox) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert send(host(box, port=port)) == "unreachable"


def test_a_host_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listkeep.dock.watch.mail._TIMEOUT_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        box = Mailbox(port=silent.getsockname()[1])

        assert send(host(box)) == "unreachable"


# --- channels and settings ----------------------------------------------------


def configure(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", DockConfig(**facts))


def test_channels_are_what_dock_toml_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch)
    bare = open_channels()
    assert not bare.can_tell("mail")
    assert bare.can_tell("webhook")

    secret = home / "smtp.password"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    configure(
        monkeypatch,
        smtp_host="mail.operator.example",
        mail_from=SENDER,
        smtp_user="listkeep",
        smtp_password_file="smtp.password",
        inbox_url="https://seal.operator.example/inbox",
    )
    ways = open_channels()
    assert ways.mail
    assert (ways.mail.password, ways.mail.tls) == ("open sesame", "starttls")
    assert ways.can_tell("mail")
    assert not ways.webhooks.allow_private


@pytest.mark.parametrize(("content", "mode"), [(None, 0), ("", 0o600), ("x", 0o640)])
def test_a_password_that_is_missing_or_readable_by_others_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, mode: int
) -> None:
    if content is not None:
        (home / "smtp.password").write_text(content)
        (home / "smtp.password").chmod(mode)
    configure(
        monkeypatch,
        smtp_host="mail.operator.example",
        mail_from=SENDER,
        smtp_user="listkeep",
        smtp_password_file="smtp.password",
    )

    with pytest.raises(MalformedError) as caught:
        open_channels()
    assert caught.value.code is Code.CONFIG_INVALID


@pytest.mark.parametrize(
    "facts",
    [
        {"smtp_tls": "ssl"},
        {"smtp_host": "mail.operator.example", "smtp_tls": "none", "mail_from": SENDER},
        {"smtp_host": "mail.operator.example"},
        {"smtp_user": "listkeep"},
        {"smtp_password_file": "smtp.password"},
        {"export_keep_days": 0},
        {"history_keep_days": 0},
    ],
)
def test_settings_that_contradict_themselves_are_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        DockConfig(**facts)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.hint


def test_a_channel_sends_each_kind_its_way(box: Mailbox) -> None:
    ways = Channels(mail=host(box), webhooks=Webhooks(allow_private=True))
    letter = opened()
    ways.tell("m_1", letter, now=timezone.now())
    assert box.recipients == [letter.destination]

    with pytest.raises(SendError) as caught:
        Channels(mail=None, webhooks=Webhooks()).tell("m_1", letter, now=timezone.now())
    assert caught.value.outcome is Outcome.NOT_CONFIGURED

    hook = msgspec.structs.replace(
        letter, kind="webhook", destination="http://127.0.0.1:9/x"
    )
    with pytest.raises(SendError) as caught:
        Channels(mail=None, webhooks=Webhooks()).tell("m_1", hook, now=timezone.now())
    assert caught.value.outcome is Outcome.PRIVATE_TARGET
