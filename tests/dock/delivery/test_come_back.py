"""What leaves through the proxy has its way back, and a link to leave the list."""

import asyncio
import smtplib
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from msgspec.structs import replace

from listkeep.core.mail import Outcome
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.returns.settling import settle_returned
from listkeep.dock.project.returns import open_returns
from tests.core.mail.test_returned import bounce
from tests.dock.delivery.post import Post
from tests.dock.pages.conftest import Browser
from tests.dock.ways import Clock
from tests.fakes.mail_sink import Mood
from tests.ports import find_port

ANNA = "anna.muster@example.org"
PUBLIC = "https://mail.example.com"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> str:
    config = replace(settings.LISTKEEP_CONFIG, public_origin=PUBLIC)
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)
    forget_book()
    return PUBLIC


def saying(answer: str) -> Mood:
    """Have the next mail server say something of its addressee."""
    return lambda stage, _count: answer if stage == "RCPT" else ""


def settle(post: Post) -> None:
    settle_returned(keeper=post.keeper, clock=Clock(), keep_on=lambda: True)


def status_of(post: Post, address: str) -> str:
    rows = post.ada.tokens(post.list_id)
    token = post.token_address(address).partition("@")[0]
    [status] = [row["status"] for row in rows if row["token"] == token]
    return str(status)


def test_the_link_in_the_header_takes_its_addressee_off_the_list(
    post: Post, public: str
) -> None:
    assert post.hand_over(post.recipient(ANNA)).startswith("250")
    [taken] = post.sink.taken
    message = message_from_bytes(taken.content, policy=policy.SMTP)

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = message["List-Unsubscribe"].strip("<>")
    assert url.startswith(f"{public}/u/{post.alias(ANNA)}/")
    body = b"List-Unsubscribe=One-Click"
    kind = "application/x-www-form-urlencoded"
    page = Browser(post.keeper).send(
        "POST", urlsplit(url).path, {"Host": "mail.example.com"}, body, kind
    )
    assert page.status == 200
    settle(post)
    assert status_of(post, ANNA) == "unsubscribed"


def test_without_tls_there_is_no_such_header(post: Post) -> None:
    post.hand_over(post.recipient(ANNA))

    [taken] = post.sink.taken
    assert "List-Unsubscribe" not in message_from_bytes(taken.content)


def test_a_mailbox_that_is_not_there_is_suppressed_without_a_bounce(
    post: Post,
) -> None:
    post.sink.mood = saying("550 5.1.1 no such user here")

    assert post.hand_over(post.recipient(ANNA)).startswith("550 5.1.1")

    row = Returned.objects.get()
    assert (row.outcome, row.code, row.how) == ("hard-bounce", "5.1.1", "route")
    settle(post)
    assert status_of(post, ANNA) == "bounced"


@pytest.mark.parametrize(
    "answer", ["550 5.7.1 we do not like you", "451 4.1.1 later", "552 5.2.2 full"]
)
def test_what_says_nothing_for_good_about_the_mailbox_is_no_bounce(
    post: Post, answer: str
) -> None:
    post.sink.mood = saying(answer)
    post.hand_over(post.recipient(ANNA))

    assert Returned.objects.count() == 0


def test_a_bounce_finds_its_way_back_by_the_envelope_sender(post: Post) -> None:
    post.hand_over(post.recipient(ANNA))
    [taken] = post.sink.taken
    port = find_port()
    config = OutletConfig(
        listen=f"127.0.0.1:{post.port}", returns_listen=f"127.0.0.1:{port}"
    )

    async def bring() -> int:
        async with open_returns(config, None):
            return await asyncio.to_thread(_bring, port, taken.sender)

    assert post.run(bring()) == 250
    row = Returned.objects.get()
    assert (row.outcome, row.how) == (Outcome.HARD_BOUNCE, "mail")
    settle(post)
    assert status_of(post, ANNA) == "bounced"


def test_without_an_address_nothing_is_taken_back(post: Post) -> None:
    async def look() -> object:
        async with open_returns(OutletConfig(), None) as listener:
            return listener

    assert post.run(look()) is None


def _bring(port: int, recipient: str) -> int:
    with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=20) as client:
        client.ehlo()
        client.mail("")
        code, _ = client.rcpt(recipient)
        if code == 250:
            code, _ = client.data(bounce("failed", "5.1.1"))
    connections.close_all()
    return code
