"""Somebody signs up, gets the message, presses the button, and gets mail."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone
from msgspec.structs import replace

from listkeep.core.mail import parse_template
from listkeep.dock.intake.sign_ups.mailing import Carried, mail_sign_ups
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.intake.sign_ups.settling import settle_sign_ups
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.models import StoredTemplate
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.project.config import DockConfig
from listkeep.dock.project.sign_up_mail import MailCourier
from tests.dock.conftest import Api
from tests.dock.delivery.post import Post, free_port
from tests.dock.letters import SENDER, eml
from tests.dock.pages.conftest import Browser
from tests.dock.ways import NOON

NEW = "new@example.org"
LINK = "https://mail.example.com/c/[[alias]]/[[proof]]"
ASKING = eml(
    text=f"Is it you? Then confirm it:\n{LINK}\n",
    html=f'<html><body><a href="{LINK}">Confirm</a></body></html>',
    Subject="Confirm your subscription",
)


@pytest.fixture
def intake(post: Post) -> Api:
    return Api(post.keeper.add_service("intake", "acme"))


@pytest.fixture
def courier(post: Post, monkeypatch: pytest.MonkeyPatch) -> MailCourier:
    """The way of mail as the worker has it."""
    config = DockConfig(
        public_origin="https://mail.example.com",
        outlet={
            "listen": f"127.0.0.1:{free_port()}",
            "hostname": "proxy.example",
            "resolver": f"127.0.0.1:{post.names.port}",
            "private_targets": True,
        },
    )
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)
    forget_book()
    return MailCourier()


def grant(post: Post, template: bytes = ASKING, **facts: object) -> str:
    """Let a standing send for sign-ups be granted, and hand over its template."""
    read = parse_template(template)
    terms = {
        "kind": "standing",
        "triggers": ("sign-up",),
        "templates": (read.digest,),
        "title": read.subject_text,
        "sender": SENDER,
        "links": read.link_domains,
        "tracking": read.tracking_domains,
        "selection": "all",
        "pace": 100,
        "route": post.send.route,
        "signing": (),
        **facts,
    }
    request = post.keeper.grant_send(post.list_id, **terms)  # type: ignore[arg-type]
    post.keeper.started.add(request)
    StoredTemplate.objects.create(
        list_id=post.list_id,
        digest=read.digest,
        eml=template,
        principal="ada",
        stored_at=NOON,
    )
    return request


def ask(post: Post, intake: Api, address: str = NEW) -> None:
    body = {"address": address, "fields": {"first_name": "Nora"}}
    answer = intake.post(f"/lists/{post.list_id}/sign-ups", body)
    assert answer.status == 202, answer.content


def mail(post: Post, courier: MailCourier) -> int:
    return mail_sign_ups(
        courier, keeper=post.keeper, clock=timezone.now, keep_on=lambda: True
    )


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def press(post: Post, content: bytes) -> None:
    """Follow the link of a message, and press the button there."""
    part = read(content).get_body(("plain",))
    assert part is not None
    [url] = [line for line in str(part.get_content()).split() if "/c/" in line]
    page = Browser(post.keeper).send(
        "POST",
        urlsplit(url).path,
        {"Host": "mail.example.com", "Origin": "https://mail.example.com"},
        b"confirm=yes",
        "application/x-www-form-urlencoded",
    )
    assert page.status == 200


def test_who_left_is_asked_and_comes_back(
    post: Post, intake: Api, courier: MailCourier
) -> None:
    anna = post.addresses[0]
    token = post.token_address(anna).partition("@")[0]
    body = {"tokens": [token], "reason": "unsubscribed"}
    post.ada.post(f"/lists/{post.list_id}/suppress", body)
    assert post.hand_over(post.recipient(anna)).startswith("550")
    grant(post)
    ask(post, intake, anna)

    assert mail(post, courier) == 1
    assert post.hand_over(post.recipient(anna)).startswith("550"), "not by asking"
    press(post, post.sink.taken[-1].content)
    settle_sign_ups(keeper=post.keeper, clock=timezone.now, keep_on=lambda: True)

    assert post.hand_over(post.recipient(anna)).startswith("250")
    assert "Dear Anna" in post.sink.taken[-1].content.decode(), "as they were"


def test_the_whole_way(post: Post, intake: Api, courier: MailCourier) -> None:
    grant(post)
    ask(post, intake)

    assert mail(post, courier) == 1

    [taken] = post.sink.taken
    assert taken.recipient == NEW
    press(post, taken.content)
    settle_sign_ups(keeper=post.keeper, clock=timezone.now, keep_on=lambda: True)
    statuses = post.ada.get(f"/lists/{post.list_id}").json["statuses"]
    assert statuses["subscribed"] == len(post.addresses) + 1
    post.hear()
    assert post.hand_over(post.recipient(NEW)).startswith("250")
    assert "Dear Nora" in post.sink.taken[-1].content.decode()


def test_without_such_a_send_it_waits(
    post: Post, intake: Api, courier: MailCourier
) -> None:
    ask(post, intake)
    assert mail(post, courier) == 0
    grant(post, triggers=("welcome",))
    assert mail(post, courier) == 0
    grant(post, eml(Subject="Without a link"))
    assert mail(post, courier) == 0
    assert SignUp.objects.get().state == SignUp.State.ASKED

    StoredTemplate.objects.filter(digest=parse_template(ASKING).digest).delete()
    grant(post)
    assert mail(post, courier) == 1


@pytest.mark.parametrize(
    ("answer", "carried"),
    [("450 4.2.1 later", Carried.LATER), ("550 5.1.1 nobody", Carried.NEVER)],
)
def test_what_the_next_server_says_counts(
    post: Post, intake: Api, courier: MailCourier, answer: str, carried: Carried
) -> None:
    grant(post)
    ask(post, intake)
    post.sink.mood = lambda stage, _count: answer if stage == "RCPT" else ""

    assert courier.ask(SignUp.objects.get()) is carried


def test_a_dock_without_a_proxy_has_no_way(
    post: Post, intake: Api, courier: MailCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(post)
    ask(post, intake)
    config = replace(settings.LISTKEEP_CONFIG, outlet={})
    assert config.delivery == OutletConfig()
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)

    assert courier.ask(SignUp.objects.get()) is Carried.LATER
