"""Mail comes back over SMTP, is read, written down and forgotten."""

import gzip
import socket

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import (
    AliasKey,
    Outcome,
    Purpose,
    ReturnAddress,
    format_return_address,
    make_alias,
)
from listkeep.dock.outlet.returns import listening
from listkeep.dock.outlet.returns.book import Book
from listkeep.dock.outlet.returns.models import Returned, ReturnedCount
from listkeep.dock.outlet.returns.receiving import TAKEN, Desk
from listkeep.wire.messages import sends as d
from tests.core.mail.test_returned import bounce, report, text
from tests.dock.returns.conftest import alias_of, settle, status_of
from tests.dock.returns.postman import bring, connected
from tests.dock.returns.postman import listening as listener
from tests.dock.ways import Clock
from tests.fakes.keeper import FakeKeeper

ANNA, BERT = "anna@example.com", "bert@example.com"
HARD = bounce("failed", "5.1.1")


def mailbox(
    keeper: FakeKeeper,
    send: d.Send,
    address: str = ANNA,
    purpose: Purpose = Purpose.BOUNCE,
) -> str:
    alias = alias_of(keeper, send, address)
    return format_return_address(
        ReturnAddress(purpose, alias), mail_domain=send.mail_domain
    )


@pytest.mark.parametrize(
    ("data", "purpose", "told"),
    [
        (HARD, Purpose.BOUNCE, (Outcome.HARD_BOUNCE, "5.1.1")),
        (bounce("failed", "5.2.2"), Purpose.BOUNCE, (Outcome.SOFT_BOUNCE, "5.2.2")),
        (bounce("failed", "5.7.1"), Purpose.BOUNCE, (Outcome.BLOCKED, "5.7.1")),
        (bounce("delayed", "4.4.1"), Purpose.BOUNCE, (Outcome.SOFT_BOUNCE, "4.4.1")),
        (
            report("feedback-report", "Feedback-Type: abuse\nVersion: 1\n"),
            Purpose.COMPLAINT,
            (Outcome.COMPLAINT, ""),
        ),
        (
            bytes(text(Auto_Submitted="auto-replied")),
            Purpose.REPLY,
            (Outcome.AUTO_REPLY, ""),
        ),
        (bytes(text()), Purpose.REPLY, (Outcome.REPLY, "")),
        (bytes(text()), Purpose.UNSUBSCRIBE, (Outcome.UNSUBSCRIBE, "")),
    ],
)
def test_what_comes_back_is_written_down_as_what_it_is(
    keeper: FakeKeeper,
    campaign: d.Send,
    data: bytes,
    purpose: Purpose,
    told: tuple[Outcome, str],
) -> None:
    with listener(keeper) as port:
        assert bring(port, mailbox(keeper, campaign, purpose=purpose), data) == 250

    row = Returned.objects.get()
    assert (row.outcome, row.code, row.how) == (*told, "mail")
    assert bytes(row.token) == keeper.token_of("acme", ANNA)
    assert (row.list_id, row.request) == (campaign.list, campaign.request)


def test_a_bounce_ends_in_keeper_and_list(keeper: FakeKeeper, campaign: d.Send) -> None:
    with listener(keeper) as port:
        bring(port, mailbox(keeper, campaign), HARD)
    settle(keeper)

    assert status_of(keeper, campaign, ANNA) == "bounced"
    assert status_of(keeper, campaign, BERT) == "subscribed"


def test_letters_that_changed_their_case_on_the_way_do_no_harm(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    with listener(keeper) as port:
        assert bring(port, mailbox(keeper, campaign).upper(), HARD) == 250

    assert Returned.objects.count() == 1


def test_who_is_not_here_gets_no_mail_and_learns_nothing_of_who_is(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    theirs = mailbox(keeper, campaign)
    unknown = make_alias(AliasKey(b"none", bytes(32)), bytes(16))
    with listener(keeper) as port, connected(port) as client:
        answers = set()
        for recipient in (
            "postmaster@bounce.example.com",
            "anna@example.com",
            theirs.replace("bounce.example.com", "evil.example"),
            f"b-{unknown}@bounce.example.com",
            theirs.replace("b-", "x-", 1),
            theirs[2:],
            f"b-{'a' * 31}@bounce.example.com",
            f'"b-x"{theirs}',
        ):
            client.mail("")
            answers.add(client.rcpt(recipient))
            client.rset()

    assert answers == {(550, b"5.1.1 there is no such mailbox")}
    assert Returned.objects.count() == 0


def test_a_guessed_alias_is_answered_as_a_good_one_and_counts_for_nobody(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    made_up = make_alias(AliasKey(campaign.tag, bytes(32)), bytes(16))
    good, guess = mailbox(keeper, campaign), f"b-{made_up}@{campaign.mail_domain}"
    with listener(keeper) as port, connected(port) as client:
        told = [
            (client.mail(""), client.rcpt(recipient), client.data(HARD))
            for recipient in (good, guess)
        ]

    assert told[0] == told[1]
    assert Returned.objects.count() == 1
    assert ReturnedCount.objects.get(list_id="").last == 1


def test_a_forged_bounce_about_another_alias_is_about_the_one_it_came_to(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    """Eve has one alias, her own, and names everybody else's in what she writes."""
    hers, others = mailbox(keeper, campaign), mailbox(keeper, campaign, BERT)
    forged = report(
        "delivery-status",
        f"Original-Envelope-Id: {others}\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {others}\nOriginal-Recipient: rfc822; {others}\n"
        "Action: failed\nStatus: 5.1.1\n",
        f"Return-Path: <{others}>\nReply-To: {others}\n",
    )
    complaint = report(
        "feedback-report",
        f"Feedback-Type: abuse\nOriginal-Rcpt-To: {others}\n"
        f"Original-Mail-From: {others}\n",
        f"Return-Path: <{others}>\nX-Original-To: {others}\n",
    )
    with listener(keeper) as port:
        bring(port, hers, forged, sender=others)
        bring(port, hers.replace("b-", "c-", 1), complaint, sender=others)
    settle(keeper)

    assert status_of(keeper, campaign, BERT) == "subscribed"
    assert status_of(keeper, campaign, ANNA) == "complained"


def test_a_bounce_from_a_real_sender_and_from_nobody_are_taken_alike(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    with listener(keeper) as port:
        for sender in ("", "mailer-daemon@mx.example", "x" * 60 + "@mx.example"):
            assert bring(port, mailbox(keeper, campaign), HARD, sender=sender) == 250


def test_a_second_recipient_has_to_come_again(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    with listener(keeper) as port, connected(port) as client:
        client.mail("")
        assert client.rcpt(mailbox(keeper, campaign))[0] == 250
        assert client.rcpt(mailbox(keeper, campaign, BERT))[0] == 452
        assert client.data(HARD)[0] == 250

    assert Returned.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (HARD + b"x" * 600_000, Outcome.UNKNOWN),  # too long: only its headers
        (b"From: mailer-daemon@mx.example\r\n\r\n" + b"5.1.1 " * 200_000, None),
        (gzip.compress(HARD), None),
        (b"Content-Type: application/gzip\r\n\r\n" + gzip.compress(HARD), None),
        (b"\r\n.\r\n..\r\n", None),
        (b"", None),
        (b"\x00\xff" * 3000, None),
    ],
)
def test_what_is_odd_or_too_long_is_taken_and_means_little(
    keeper: FakeKeeper, campaign: d.Send, data: bytes, outcome: Outcome | None
) -> None:
    with listener(keeper) as port:
        assert bring(port, mailbox(keeper, campaign), data) == 250

    assert Returned.objects.get().outcome in ({outcome} if outcome else set(Outcome))
    settle(keeper)
    assert status_of(keeper, campaign, ANNA) == "subscribed"


def test_more_than_anybody_sends_is_refused_and_the_next_is_read(
    keeper: FakeKeeper, campaign: d.Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_MESSAGE_BYTES", 900_000)
    with listener(keeper) as port, connected(port) as client:
        client.mail("")
        client.rcpt(mailbox(keeper, campaign))
        assert client.data(b"x" * 76 + b"\r\n" + b"y" * 900_000)[0] == 552
        client.mail("")
        client.rcpt(mailbox(keeper, campaign))
        assert client.data(HARD)[0] == 250

    assert Returned.objects.get().outcome == Outcome.HARD_BOUNCE


def test_dots_and_bare_line_feeds_end_no_message(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    """SMTP smuggling: what follows a bare line feed would be a command of its own."""
    other = mailbox(keeper, campaign, BERT)
    inner = f"MAIL FROM:<>\r\nRCPT TO:<{other}>\r\nDATA\r\n"
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n"):
        data = b"Subject: hello\r\n\r\n" + end + inner.encode() + HARD
        with listener(keeper) as port, connected(port) as client:
            client.mail("")
            client.rcpt(mailbox(keeper, campaign, purpose=Purpose.REPLY))
            client.putcmd("DATA")
            client.getreply()
            client.send(data + b"\r\n.\r\n")
            assert client.getreply()[0] == 250
            assert client.noop()[0] == 250, "nothing of it was a command"

    tokens = {bytes(row.token) for row in Returned.objects.all()}
    assert tokens == {keeper.token_of("acme", ANNA)}


@pytest.mark.parametrize(
    "line",
    [
        "RCPT TO:<a@b>\x00",
        "RCPT TO:a@b.example",
        "RCPT TO:<" + "a" * 900 + "@b.example>",
        "RCPT",
        "VRFY anna@example.com",
        "EXPN news",
        "HELP anna@example.com",
        "anna@example.com",
        "AUTH PLAIN AGEAYg==",
        "BDAT 3",
    ],
)
def test_nothing_that_was_said_is_repeated(
    keeper: FakeKeeper, campaign: d.Send, line: str
) -> None:
    with listener(keeper) as port, connected(port) as client:
        client.mail("")
        client.send(f"{line}\r\n".encode())
        code, answer = client.getreply()

    assert code >= 214
    assert b"anna" not in answer
    assert b"example" not in answer


def test_no_log_holds_what_came_in(
    keeper: FakeKeeper,
    campaign: d.Send,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    box = mailbox(keeper, campaign)
    planted = HARD.replace(b"zoe@", b"planted@")
    with listener(keeper) as port:
        bring(port, box, planted, sender="planted@mx.example")
        bring(port, "planted@evil.example", planted)
        with connected(port) as client:
            client.docmd("planted@evil.example")
    settle(keeper)

    seen = "".join(capsys.readouterr()) + caplog.text
    assert "returned.taken" in seen
    for secret in ("planted", box.partition("@")[0], "zoe"):
        assert secret not in seen


def test_nothing_that_comes_in_causes_mail(
    keeper: FakeKeeper, campaign: d.Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Automatic answers to automatic answers: the loop ends at its first turn."""
    dialed = []
    monkeypatch.setattr(
        socket.socket, "connect", lambda _self, place: dialed.append(place)
    )
    data = text(
        Auto_Submitted="auto-replied",
        Disposition_Notification_To="loop@evil.example",
        Return_Receipt_To="loop@evil.example",
        Errors_To="loop@evil.example",
    )
    desk = Desk(Book(lambda: keeper), Clock())
    for purpose in Purpose:
        box = mailbox(keeper, campaign, purpose=purpose)
        assert desk.take(box, bytes(data)) == TAKEN

    settle(keeper)
    assert dialed == []


@pytest.mark.parametrize("fault", ["keeper", "database"])
def test_what_cannot_be_written_down_comes_again(
    keeper: FakeKeeper,
    campaign: d.Send,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    box = mailbox(keeper, campaign)
    if fault == "keeper":
        keeper.break_at("read_sends", UnavailableError("away"))
    else:
        path = "listkeep.dock.outlet.returns.recording._take_number"

        def fail(_list_id: str) -> int:
            raise UnavailableError("full")

        monkeypatch.setattr(path, fail)
    with listener(keeper) as port:
        assert bring(port, box, HARD) == 451

    assert Returned.objects.count() == 0


def test_our_own_fault_is_told_as_one_that_passes(
    keeper: FakeKeeper, campaign: d.Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise KeyError("planted@example.com")

    path = "listkeep.dock.outlet.returns.receiving.parse_returned"
    monkeypatch.setattr(path, fail)
    with listener(keeper) as port:
        assert bring(port, mailbox(keeper, campaign), HARD) == 451
