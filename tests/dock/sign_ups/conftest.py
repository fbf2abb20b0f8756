"""Somebody fills in a form, is asked by mail, and follows the link."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from listkeep.core.mail import make_alias, make_unsubscribe_proof
from listkeep.dock.intake.sign_ups.mailing import Carried, mail_sign_ups
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.intake.sign_ups.settling import settle_sign_ups
from listkeep.dock.lists.origins import public_origin
from listkeep.dock.outlet.returns.book import forget_book, key_of
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Answer, Api
from tests.dock.pages.conftest import Browser
from tests.fakes.keeper import FakeKeeper


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test reads its own keeper's sends."""
    forget_book()
    yield
    forget_book()


@dataclass
class Post:
    """A courier that keeps the links, as the mail it brings has them."""

    send: d.Send
    links: dict[bytes, str] = field(default_factory=dict)  # by token
    asked: list[bytes] = field(default_factory=list)
    answer: Carried = Carried.SENT

    def ask(self, sign_up: SignUp) -> Carried:
        token = bytes(sign_up.token)
        self.asked.append(token)
        alias = make_alias(key_of(self.send), token)
        proof = make_unsubscribe_proof(key_of(self.send), alias)
        self.links[token] = urlsplit(f"{public_origin()}/c/{alias}/{proof}").path
        return self.answer


@pytest.fixture
def browser(keeper: FakeKeeper) -> Browser:
    return Browser(keeper)


@pytest.fixture
def post(keeper: FakeKeeper, news: str) -> Post:
    request = keeper.grant_send(
        news, kind="standing", triggers=("sign-up",), selection="all"
    )
    keeper.started.add(request)
    return Post(keeper.sends[request])


def ask(intake: Api, address: str, source: str = "192.0.2.1", **fields: str) -> Answer:
    body = {"address": address, "fields": fields, "source": source}
    return intake.post("/lists/news/sign-ups", body)


def mail(keeper: FakeKeeper, post: Post) -> int:
    return mail_sign_ups(post, keeper=keeper, clock=_now, keep_on=lambda: True)


def settle(keeper: FakeKeeper) -> int:
    return settle_sign_ups(keeper=keeper, clock=_now, keep_on=lambda: True)


def _now() -> datetime:
    return timezone.now()


def press(keeper: FakeKeeper, path: str) -> int:
    page = Browser(keeper).post(path, {"confirm": "yes"})
    return page.status


def grow_older(**span: float) -> None:
    """Let all sign-ups have been asked for so much earlier."""
    seconds = int(timedelta(**span).total_seconds())
    for sign_up in SignUp.objects.all():
        sign_up.at -= seconds
        sign_up.save()


def join(keeper: FakeKeeper, intake: Api, post: Post, address: str) -> None:
    """Go all the way."""
    assert ask(intake, address).status == 202
    mail(keeper, post)
    press(keeper, post.links[keeper.token_of("acme", address)])
    settle(keeper)
