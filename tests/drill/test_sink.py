import asyncio
from typing import Any

from aiosmtpd.smtp import Envelope

from listkeep.drill.sink import MailSink


def ask(sink: MailSink, address: str) -> str:
    nobody: Any = None
    return asyncio.run(sink.handle_RCPT(nobody, nobody, Envelope(), address, []))


def test_a_mailbox_that_is_full_says_whose_it_is_until_there_is_room() -> None:
    sink = MailSink(port=0, full_every=2)

    first, second, again = (ask(sink, f"{who}@example.org") for who in "abb")

    assert first.startswith("250")
    assert second == again == "452 4.2.2 <b@example.org> is full, b"
    assert sink.full == 1
    sink.make_room()
    assert ask(sink, "b@example.org").startswith("250")


def test_no_mailbox_is_full_where_none_was_asked_for() -> None:
    sink = MailSink(port=0)

    assert {ask(sink, f"{n}@example.org")[:3] for n in range(50)} == {"250"}
