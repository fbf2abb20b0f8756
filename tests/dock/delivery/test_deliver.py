"""From a mail server in token space through the proxy to one of the world."""

import base64
from datetime import timedelta
from email import message_from_bytes

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from listkeep.core.errors import Code
from listkeep.dock.outlet.delivery import register
from listkeep.dock.outlet.models import MailDelivery, StoredTemplate
from listkeep.wire.messages import sends as d
from tests.dock.delivery.post import FACTS, Post, Stage
from tests.dock.letters import SENDER
from tests.fakes.sending import public_keys

ANNA = "anna.muster@example.org"
BERT = "bert@example.net"
KEYS = tuple(
    d.SigningKey(algorithm=name, domain="example.com", selector=name)
    for name in ("rsa", "ed25519")
)


def test_a_message_to_an_alias_reaches_the_address(post: Post) -> None:
    reply = post.hand_over(post.recipient(ANNA))

    assert reply == "250 2.0.0 delivered"
    [taken] = post.sink.taken
    assert taken.recipient == ANNA
    assert taken.sender == f"b-{post.alias(ANNA)}@{post.send.mail_domain}"
    text = taken.content.decode().replace("=\r\n", "")
    assert f"To: <{ANNA}>" in text
    assert f"From: {SENDER}" in text
    assert "Dear Anna" in text
    assert "7 points" in text
    assert f"shop.example.com/u/{post.alias(ANNA)}" in text
    assert post.states() == ["delivered"]


@pytest.mark.parametrize(
    ("spelled", "goes_to"),
    [
        ("Anna.Muster@Example.ORG", "Anna.Muster@example.org"),
        ("ANNA@EXAMPLE.NET", "ANNA@example.net"),
        ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_written_to_however_its_domain_is_spelled(
    stage: Stage, spelled: str, goes_to: str
) -> None:
    stage.addresses = (spelled,)
    with stage.open() as post:
        post.names.set("xn--bcher-kva.example", "MX", "10 mx.example.org.")
        assert post.hand_over(post.recipient(spelled)) == "250 2.0.0 delivered"

        [taken] = post.sink.taken
        assert taken.recipient == goes_to
        assert f"To: <{goes_to}>" in taken.content.decode().replace("=\r\n", "")


def test_a_message_to_a_token_goes_out_under_the_one_send_it_is_the_template_of(
    post: Post,
) -> None:
    to = post.token_address(ANNA)

    assert post.hand_over(to).startswith("250")

    [taken] = post.sink.taken
    token = to.partition("@")[0]
    assert taken.recipient == ANNA
    assert token not in taken.content.decode().replace("=\r\n", "")
    assert post.alias(ANNA) in taken.content.decode().replace("=\r\n", "")


def test_a_token_in_two_sends_of_one_template_has_to_name_one(post: Post) -> None:
    facts = {name: getattr(post.send, name) for name in (*FACTS, "route", "signing")}
    other = post.keeper.grant_send(post.list_id, **facts)
    post.keeper.started.add(other)
    post.hear()
    message = post.message(post.token_address(ANNA))

    assert post.hand_over(post.token_address(ANNA), message).startswith("550 5.7.1")

    message["X-Listkeep-Send"] = other
    assert post.hand_over(post.token_address(ANNA), message).startswith("250")
    [row] = MailDelivery.objects.all()
    assert row.request == other


def test_a_send_that_began_a_moment_ago_is_found_by_its_alias(stage: Stage) -> None:
    with stage.open() as post:
        post.keeper.started.clear()
        post.hear()
        assert post.hand_over(post.recipient(ANNA)).startswith("550 5.7.1")

        post.keeper.started.add(post.request)
        post.proxy.book._read_at = None

        assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_each_key_of_the_send_signs_and_the_signatures_hold(stage: Stage) -> None:
    stage.facts["signing"] = KEYS
    with stage.open() as post:
        post.hand_over(post.recipient(ANNA))

        [taken] = post.sink.taken
    assert taken.content.count(b"DKIM-Signature:") == 2
    for index in (0, 1):
        assert dkim.DKIM(taken.content).verify(idx=index, dnsfunc=published)
    changed = taken.content.replace(b"7 points", b"8 points")
    with pytest.raises(dkim.ValidationError):
        dkim.DKIM(changed).verify(dnsfunc=published)


def published(name: bytes, timeout: int = 5) -> bytes:
    keys = {b"rsa": [], b"ed25519": []}  # type: ignore[var-annotated]
    for key in public_keys():
        is_rsa = isinstance(key, RSAPublicKey)
        data = (
            key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if is_rsa
            else key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        )
        keys[b"rsa" if is_rsa else b"ed25519"] = [data]
    kind = name.partition(b".")[0]
    return b"v=DKIM1; k=%b; p=%b" % (kind, base64.b64encode(keys[kind][0]))


def test_what_was_delivered_is_answered_250_and_not_sent_again(post: Post) -> None:
    post.hand_over(post.recipient(ANNA))

    assert post.hand_over(post.recipient(ANNA)).startswith("250")
    assert post.hand_over(post.token_address(ANNA)).startswith("250")

    assert len(post.sink.taken) == 1
    assert post.keeper.calls.count("open_for_send") == 1


def test_what_was_deferred_goes_out_at_the_next_try_under_the_same_id(
    stage: Stage,
) -> None:
    stage.sink.mood = lambda stage, count: (
        "452 4.2.2 full" if stage == "END" and count == 1 else ""
    )
    heard = []
    with stage.open() as post:
        heard.append(post.hand_over(post.recipient(ANNA)))
        first = post.states()
        heard.append(post.hand_over(post.recipient(ANNA)))

        assert first == ["deferred"]
        assert post.states() == ["delivered"]
        assert post.keeper.opened_rows(post.request) == 1
        [row] = MailDelivery.objects.all()
        assert row.attempts == 2
    assert [reply[:3] for reply in heard] == ["452", "250"]


def test_the_mail_merge_takes_the_same_way(post: Post) -> None:
    reply = post.deliver(ANNA, points="12")

    assert reply.code == 250
    [taken] = post.sink.taken
    assert b"12 points" in taken.content
    assert post.deliver(ANNA, points="12").code == 250
    assert len(post.sink.taken) == 1


def test_a_message_has_one_id_however_often_it_is_sent(post: Post) -> None:
    post.proxy.deliverer.opening.tell = lambda *_: None  # type: ignore[method-assign]
    post.deliver(ANNA, points="1")
    MailDelivery.objects.all().delete()
    post.deliver(ANNA, points="1")
    post.deliver(BERT, points="1")

    ids = [message_from_bytes(one.content)["message-id"] for one in post.sink.taken]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.com>")


def test_a_second_recipient_comes_again_in_a_message_of_its_own(post: Post) -> None:
    client = post.client()
    client.docmd("MAIL FROM:<>")
    client.docmd(f"RCPT TO:<{post.recipient(ANNA)}>")

    code, _ = client.docmd(f"RCPT TO:<{post.recipient(BERT)}>")

    assert code == 452
    answer = client.data(b"\r\n".join(lines_of(post, ANNA)))
    assert answer[0] == 250
    assert [one.recipient for one in post.sink.taken] == [ANNA]


def lines_of(post: Post, address: str) -> list[bytes]:
    return bytes(post.message(post.recipient(address))).splitlines()


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (Code.FROZEN, "451 4.7.0"),
        (Code.CAP_EXCEEDED, "451 4.7.0"),
        (Code.OVER_PACE, "451 4.7.0"),
        (Code.SUPPRESSED, "550 5.7.1"),
        (Code.ROW_INVALID, "550 5.7.1"),
        (Code.NOT_GRANTED, "550 5.7.1"),
        (Code.EXPIRED, "550 5.7.1"),
    ],
)
def test_what_passes_is_tried_again_and_what_was_refused_is_not(
    post: Post, monkeypatch: pytest.MonkeyPatch, code: Code, reply: str
) -> None:
    monkeypatch.setattr(
        post.keeper,
        "open_for_send",
        lambda message: d.OpenedForSend(
            rows=[d.SendRow(code=code) for _ in message.triggers]
        ),
    )

    assert post.hand_over(post.recipient(ANNA)).startswith(f"{reply} listkeep: {code}")
    assert post.sink.taken == []


def test_a_standing_send_goes_once_to_each_for_each_trigger(stage: Stage) -> None:
    stage.facts.update(kind="standing", triggers=("welcome", "order"))
    with stage.open() as post:
        to = post.recipient(ANNA)
        replies = []
        for trigger in ("welcome", "order", "welcome", "", "other"):
            message = post.message(to)
            if trigger:
                message["X-Listkeep-Trigger"] = trigger
            replies.append(post.hand_over(to, message)[:3])

        assert replies == ["250", "250", "250", "550", "550"]
        assert len(post.sink.taken) == 2


def test_a_template_that_was_not_handed_over_yet_is_waited_for(post: Post) -> None:
    eml = bytes(StoredTemplate.objects.get().eml)
    StoredTemplate.objects.all().delete()
    post.proxy.book._templates.clear()

    assert "template-missing" in post.hand_over(post.recipient(ANNA))

    StoredTemplate.objects.create(
        list_id=post.list_id,
        digest=post.template.digest,
        eml=eml,
        principal="ada",
        stored_at=post.keeper.now,
    )
    post.proxy.book._looked.clear()
    assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_a_template_that_was_changed_in_the_database_is_none(post: Post) -> None:
    row = StoredTemplate.objects.get()
    row.eml = bytes(row.eml).replace(b"points", b"pounds")
    row.save()
    post.proxy.book._templates.clear()

    assert "template-differs" in post.hand_over(post.recipient(ANNA))
    assert post.sink.taken == []


def test_a_claim_of_a_process_that_died_is_taken_over_when_it_is_old(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    MailDelivery.objects.create(
        list_id=post.list_id,
        request=post.request,
        token=post.token(ANNA),
        trigger="",
        state=MailDelivery.State.CLAIMED,
        attempts=1,
        holder="another",
        at=int(post.proxy.deliverer.now().timestamp()),
    )

    assert "busy" in post.hand_over(post.recipient(ANNA))
    assert post.sink.taken == []

    monkeypatch.setattr(register, "CLAIM_SECONDS", 0)
    assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_claims_nobody_holds_any_more_are_let_go_at_a_start(post: Post) -> None:
    MailDelivery.objects.create(
        list_id=post.list_id,
        request=post.request,
        token=post.token(ANNA),
        trigger="",
        state=MailDelivery.State.CLAIMED,
        holder="gone",
        at=2**40,
    )

    assert register.forget_claims() == 1

    assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_an_entry_that_is_not_in_the_list_is_refused(post: Post) -> None:
    reply = post.hand_over(post.recipient("nobody@example.org"))

    assert reply.startswith("550 5.7.1 listkeep: not-found")
    assert "open_for_send" not in post.keeper.calls


def test_messages_that_come_together_cost_few_calls(stage: Stage) -> None:
    stage.addresses = [f"u{number}@example.org" for number in range(60)]
    stage.facts["signing"] = KEYS[:1]
    with stage.open() as post:

        async def together() -> list[int]:
            import asyncio  # noqa: PLC0415

            parcels = [post.parcel(address, points="1") for address in post.addresses]
            deliver = post.proxy.deliverer.deliver
            replies = await asyncio.gather(*map(deliver, parcels))
            return [reply.code for reply in replies]

        codes = post.run(together())

        assert codes == [250] * 60
        assert post.keeper.calls.count("open_for_send") < 30
        assert post.keeper.calls.count("sign_for_send") < 30
        assert {one.recipient for one in post.sink.taken} == set(post.addresses)
        assert post.states() == ["delivered"] * 60


def test_two_copies_at_once_go_out_once(stage: Stage) -> None:
    with stage.open() as post:

        async def together() -> list[int]:
            import asyncio  # noqa: PLC0415

            parcel = post.parcel(ANNA, points="1")
            deliver = post.proxy.deliverer.deliver
            replies = await asyncio.gather(*(deliver(parcel) for _ in range(5)))
            return sorted(reply.code for reply in replies)

        assert post.run(together()) == [250, 451, 451, 451, 451]
        assert len(post.sink.taken) == 1


def test_one_more_than_the_cap_waits_and_is_not_opened(stage: Stage) -> None:
    stage.cap = 2
    with stage.open() as post:
        replies = [post.hand_over(post.recipient(a))[:9] for a in post.addresses]

        assert replies == ["250 2.0.0", "250 2.0.0", "451 4.7.0"]
        assert len(post.sink.taken) == 2


def test_a_minute_late_is_too_late(post: Post) -> None:
    post.keeper.now += timedelta(days=7, minutes=1)
    post.hear()

    assert post.hand_over(post.recipient(ANNA)).startswith("550 5.7.1")
    assert post.sink.taken == []
