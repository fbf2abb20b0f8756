"""Whoever has the application or its mail server tries to send something else."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from listkeep.core.mail import AliasKey, make_alias
from listkeep.dock.lists.models import Entry
from listkeep.dock.outlet.models import MailDelivery, StoredTemplate
from tests.dock.delivery.post import FACTS, Post, Stage

ANNA = "anna.muster@example.org"
BERT = "bert@example.net"


def replaced(old: str, new: str) -> Callable[[EmailMessage], None]:
    def change(message: EmailMessage) -> None:
        for part in message.walk():
            if part.get_content_maintype() == "text":
                kind, text = part.get_content_subtype(), part.get_content()
                part.set_content(text.replace(old, new), subtype=kind)

    return change


def field(name: str, value: str) -> Callable[[EmailMessage], None]:
    def change(message: EmailMessage) -> None:
        del message[name]
        message[name] = value

    return change


def attached(message: EmailMessage) -> None:
    message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf")


def rewritten(message: EmailMessage) -> None:
    message.clear_content()
    message.set_content("Something else altogether.")


CHANGES = {
    "another From": field("From", "News <news@evil.example>"),
    "another name in From": field("From", "Your bank <news@example.com>"),
    "a Reply-To": field("Reply-To", "answers@evil.example"),
    "another recipient": field("To", "victim@example.org"),
    "two recipients": field("To", "victim@example.org, other@example.org"),
    "a copy": field("Cc", "thief@evil.example"),
    "a blind copy": field("Bcc", "thief@evil.example"),
    "another subject": field("Subject", "Your invoice"),
    "a receipt": field("Disposition-Notification-To", "thief@evil.example"),
    "another link": replaced("shop.example.com", "shop.evil.example"),
    "another path": replaced("/u/", "/login/"),
    "a base": replaced("<p>", '<base href="https://evil.example/"><p>'),
    "a url in a style": replaced("<p>", '<p style="background:url(//evil.example)">'),
    "a form": replaced("<p>", '<form action="https://evil.example"><p>'),
    "an image": replaced("<p>", '<img src="https://evil.example/x.gif"><p>'),
    "a link in a value": replaced("7 points", "https://evil.example points"),
    "markup in a value": replaced("7 points", "<b>7</b> points"),
    "another text": replaced("points", "shares"),
    "an attachment": attached,
    "another message": rewritten,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_not_signed_for_does_not_go_out(post: Post, name: str) -> None:
    message = post.message(post.recipient(ANNA))
    CHANGES[name](message)

    assert post.hand_over(post.recipient(ANNA), message).startswith("550 5.7.1")
    assert post.sink.taken == []
    assert "open_for_send" not in post.keeper.calls


def test_the_unchanged_message_would_have_gone_out(post: Post) -> None:
    message = post.message(post.recipient(ANNA))
    replaced("nothing", "nothing")(message)

    assert post.hand_over(post.recipient(ANNA), message).startswith("250")


def test_headers_nobody_signed_for_stay_here(post: Post) -> None:
    message = post.message(post.recipient(ANNA))
    for name in ("X-Mailer", "Received", "Sender", "DKIM-Signature", "X-Spam"):
        message[name] = f"planted-{name}@evil.example"

    assert post.hand_over(post.recipient(ANNA), message).startswith("250")
    assert b"planted" not in post.sink.taken[0].content


def other_send(post: Post, list_id: str) -> str:
    facts = {name: getattr(post.send, name) for name in (*FACTS, "route", "signing")}
    request = post.keeper.grant_send(list_id, **facts)
    post.keeper.started.add(request)
    post.hear()
    return request


def test_an_alias_of_another_send_does_not_open_under_this_one(post: Post) -> None:
    other = other_send(post, post.list_id)
    theirs = post.recipient(ANNA, other)
    message = post.message(theirs)
    message["X-Listkeep-Send"] = post.request

    assert post.hand_over(theirs, message).startswith("550 5.7.1")
    assert post.sink.taken == []


def test_an_alias_of_another_list_finds_nobody_there(stage: Stage) -> None:
    with stage.open() as post:
        empty = post.keeper_list("empty")
        other = other_send(post, empty)
        mine = StoredTemplate.objects.get()
        StoredTemplate.objects.create(
            list_id=empty, digest=mine.digest, eml=mine.eml, stored_at=mine.stored_at
        )

        reply = post.hand_over(post.recipient(ANNA, other))

        assert reply.startswith("550 5.7.1 listkeep: not-found")
        assert post.sink.taken == []


def test_the_alias_of_one_does_not_carry_the_message_of_another(post: Post) -> None:
    message = post.message(post.recipient(BERT))

    assert post.hand_over(post.recipient(ANNA), message).startswith("550 5.7.1")
    assert post.sink.taken == []


@pytest.mark.parametrize("kind", ["tag", "block", "token", "domain", "bucket"])
def test_a_made_up_recipient_is_nobody(post: Post, kind: str) -> None:
    domain = f"p0.{post.send.token_domain}"
    key = AliasKey(post.send.tag, bytes(32))
    made_up = {
        "tag": f"{'a' * 32}@{domain}",
        "block": f"{make_alias(key, post.token(ANNA))}@{domain}",
        "token": f"{'b' * 26}@{post.send.token_domain}",
        "domain": f"{post.alias(ANNA)}@p0.tokens.evil.example",
        "bucket": f"{post.alias(ANNA)}@p99.{post.send.token_domain}",
    }[kind]

    assert post.hand_over(made_up, post.message(made_up)).startswith("550 5.7.1")
    assert post.sink.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "victim@example.org",
        "<victim@example.org>",
        "@relay.example:victim@example.org",
        "victim%example.org@token.example.net",
        "anna.muster@example.org",
        "postmaster",
    ],
)
def test_nobody_relays_through_the_proxy(post: Post, address: str) -> None:
    client = post.client()
    client.docmd("MAIL FROM:<>")

    code, _ = client.docmd(f"RCPT TO:<{address}>")

    assert 500 <= code < 600
    assert post.sink.heard == []


def test_a_mail_server_of_another_tenant_does_not_use_this_ones_sends(
    post: Post,
) -> None:
    foreign = post.keeper.add_service("mta", "other")
    client = post.client(login=False)
    assert post.log_in(client, foreign.service_key, "other_mta")[0] == 235

    reply = post.hand_over(post.recipient(ANNA), client=client)

    assert reply.startswith("550 5.7.1")
    assert post.sink.taken == []


def test_a_suppressed_addressee_gets_nothing_whatever_the_rows_say(post: Post) -> None:
    post.keeper.suppressed[post.list_id].add(post.token(ANNA))

    assert "suppressed" in post.hand_over(post.recipient(ANNA))
    assert post.sink.taken == []


def test_a_row_that_was_put_in_anothers_place_does_not_open(post: Post) -> None:
    mine = Entry.objects.get(list_id=post.list_id, token=post.token(BERT))
    Entry.objects.filter(list_id=post.list_id, token=post.token(ANNA)).update(
        sealed=mine.sealed, batch_id=mine.batch_id, position=mine.position
    )

    assert "row-invalid" in post.hand_over(post.recipient(ANNA))
    assert post.sink.taken == []


def test_a_row_in_the_deliveries_says_nothing_the_keeper_believes(post: Post) -> None:
    for address in post.addresses:
        post.hand_over(post.recipient(address))
    MailDelivery.objects.all().delete()
    before = post.keeper.opened_rows(post.request)
    for address in post.addresses:
        post.hand_over(post.recipient(address))

    assert post.keeper.opened_rows(post.request) == before == len(post.addresses)
