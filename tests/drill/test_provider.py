"""The mailbox provider of a kept demo: some are gone, some complain."""

import smtplib
import ssl
from email import message_from_bytes
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from listkeep.core.mail import (
    AliasKey,
    Outcome,
    Purpose,
    ReturnAddress,
    format_return_address,
    make_alias,
    parse_returned,
)
from listkeep.drill.provider import GONE, TIRED, Provider, make_place
from listkeep.drill.provider_place import ProviderPlace
from tests.ports import find_port

DOMAIN = "bounce.example.com"
ALIAS = make_alias(AliasKey(b"demo", bytes(32)), bytes(16))
SENDER = format_return_address(ReturnAddress(Purpose.BOUNCE, ALIAS), mail_domain=DOMAIN)
LETTER = b"Subject: news\r\n\r\nhello\r\n"


class Returns:
    """Where complaints come back to."""

    def __init__(self) -> None:
        self.came: Queue[tuple[list[str], bytes]] = Queue()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.came.put((envelope.rcpt_tos, envelope.content))
        return "250 taken"


def bring(place: ProviderPlace, address: str) -> int:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", place.port, timeout=10) as client:
        client.starttls(context=context)
        client.ehlo()
        client.mail(SENDER)
        code, _ = client.rcpt(address)
        if code == 250:
            code, _ = client.data(LETTER)
        return code


@pytest.fixture
def place() -> ProviderPlace:
    return make_place(port=find_port(), returns_port=find_port(), mail_domain=DOMAIN)


def test_who_is_there_gets_it_and_who_is_gone_does_not(place: ProviderPlace) -> None:
    with Provider(place) as provider:
        assert bring(place, "anna@north.example") == 250
        assert bring(place, f"bert@{GONE}") == 550

        assert provider.contents == []
        assert provider.recipients == []


def test_who_is_tired_complains_about_the_very_message(place: ProviderPlace) -> None:
    returns = Returns()
    listener = Controller(returns, hostname="127.0.0.1", port=place.returns_port)
    listener.start()
    try:
        with Provider(place):
            assert bring(place, f"cora@{TIRED}") == 250
            recipients, content = returns.came.get(timeout=30)
    finally:
        listener.stop()

    found = parse_returned(content, came_to=recipients[0], mail_domain=DOMAIN)
    assert (found.alias, found.outcome) == (ALIAS, Outcome.COMPLAINT)
    assert "cora" not in message_from_bytes(content).as_string()


def test_it_has_the_same_key_after_a_restart(
    place: ProviderPlace, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    place.write(tmp_path)
    found = ProviderPlace.find(tmp_path)

    assert found is not None
    assert found == place
    assert Provider(found).pin == Provider(place).pin
    assert (tmp_path / "demo" / "provider.json").stat().st_mode & 0o777 == 0o600
    assert ProviderPlace.find(tmp_path / "nowhere") is None
