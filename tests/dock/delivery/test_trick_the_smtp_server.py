"""What a stranger, or somebody in between, tries with the port of the proxy."""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import Session
from django.conf import settings

from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.smtp import Talk
from listkeep.dock.project.proxy import make_tls
from tests.dock.delivery.post import Post, Stage
from tests.fakes.certificates import make_authority, make_host

ANNA = "anna.muster@example.org"
BERT = "bert@example.net"
LARGE = 2 * 1024 * 1024


@contextmanager
def connection(post: Post) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", post.port), 20) as raw:
        yield raw


def converse(raw: socket.socket, data: bytes, *, until: bytes) -> bytes:
    """Say something and read until some answer came, or the end."""
    raw.sendall(data)
    heard = b""
    while until not in heard:
        chunk = raw.recv(65536)
        if not chunk:
            break
        heard += chunk
    return heard


def login(post: Post) -> bytes:
    plain = f"\0_mta\0{post.service.service_key}".encode()
    return b"EHLO x\r\nAUTH PLAIN " + base64.b64encode(plain) + b"\r\n"


def envelope(post: Post, address: str) -> bytes:
    to = post.recipient(address).encode()
    return b"MAIL FROM:<>\r\nRCPT TO:<" + to + b">\r\nDATA\r\n"


def content(post: Post, address: str) -> bytes:
    text = bytes(post.message(post.recipient(address)))
    return text.replace(b"\n", b"\r\n")


def test_commands_that_are_sent_ahead_of_the_login_do_nothing(post: Post) -> None:
    with connection(post) as raw:
        heard = converse(
            raw,
            b"EHLO x\r\n"
            + envelope(post, ANNA)
            + content(post, ANNA)
            + b".\r\nQUIT\r\n",
            until=b"\r\n221 ",
        )

    assert b"250 2" not in heard
    assert heard.count(b"530 5.7.0") == 3
    assert post.sink.taken == []


def test_commands_sent_ahead_of_a_login_that_fails_do_nothing(post: Post) -> None:
    bad = base64.b64encode(b"\0_mta\0lkk_wrong")
    with connection(post) as raw:
        heard = converse(
            raw,
            b"EHLO x\r\nAUTH PLAIN "
            + bad
            + b"\r\n"
            + envelope(post, ANNA)
            + b"QUIT\r\n",
            until=b"\r\n221 ",
        )

    assert b"535 5.7.8" in heard
    assert heard.count(b"530 5.7.0") == 3


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\n\0.\r\n"],
)
def test_a_second_message_is_not_smuggled_behind_an_odd_end(
    post: Post, end: bytes
) -> None:
    hidden = envelope(post, BERT) + content(post, BERT)
    data = content(post, ANNA) + end + hidden + b".\r\nQUIT\r\n"
    with connection(post) as raw:
        heard = converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        heard += converse(raw, data, until=b"\r\n221 ")

    assert b"550 5.7.1" in heard
    assert heard.count(b"354 ") == 1
    assert post.sink.taken == []


def test_a_line_that_begins_with_a_dot_is_no_end_and_keeps_its_dot(post: Post) -> None:
    stuffed = content(post, ANNA).replace(b"\r\nhttps:", b"\r\n..https:", 1)
    with connection(post) as raw:
        converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        heard = converse(raw, stuffed + b".\r\nQUIT\r\n", until=b"\r\n221 ")

    # One dot is left in front of the link. It is not in the template: seen, refused.
    assert b"550 5.7.1 listkeep: template-differs" in heard


def test_an_empty_message_is_one(post: Post) -> None:
    with connection(post) as raw:
        converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        heard = converse(raw, b".\r\nQUIT\r\n", until=b"\r\n221 ")

    assert b"550 5.7.1" in heard


def test_what_follows_a_message_at_once_is_the_next_command(post: Post) -> None:
    with connection(post) as raw:
        converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        heard = converse(
            raw, content(post, ANNA) + b".\r\n" + envelope(post, BERT), until=b"354 "
        )
        heard += converse(
            raw, content(post, BERT) + b".\r\nQUIT\r\n", until=b"\r\n221 "
        )

    assert heard.count(b"250 2.0.0 delivered") == 2
    assert [one.recipient for one in post.sink.taken] == [ANNA, BERT]


def test_an_envelope_that_is_sent_at_once_is_answered_at_once(post: Post) -> None:
    with connection(post) as raw:
        heard = converse(raw, login(post), until=b"235 ")
        assert b"250-PIPELINING\r\n" in heard

        raw.sendall(envelope(post, ANNA))
        assert [line[:3] for line in raw.recv(4096).splitlines()] == [
            b"250",
            b"250",
            b"354",
        ]
        heard = converse(raw, content(post, ANNA) + b".\r\n", until=b"\r\n")
        assert heard.startswith(b"250 2.0.0")


def test_an_envelope_to_nobody_that_is_sent_at_once_takes_no_message(
    post: Post,
) -> None:
    with connection(post) as raw:
        converse(raw, login(post), until=b"235 ")
        ahead = b"MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\nDATA\r\n"
        heard = converse(raw, ahead, until=b"503")
        heard += converse(raw, b"NOOP\r\n", until=b"250 ")

    codes = [line[:3] for line in heard.splitlines()]
    assert codes == [b"250", b"550", b"503", b"250"]
    assert post.sink.taken == []


def test_a_message_that_is_sent_ahead_of_its_go_on_is_answered(post: Post) -> None:
    with connection(post) as raw:
        converse(raw, login(post), until=b"235 ")
        whole = envelope(post, ANNA) + content(post, ANNA) + b".\r\n"
        heard = converse(raw, whole, until=b"250 2.0.0")

    assert [line[:3] for line in heard.splitlines()] == [b"250"] * 2 + [b"354", b"250"]
    assert len(post.sink.taken) == 1


def test_a_message_that_is_too_long_is_read_to_its_end_and_refused(post: Post) -> None:
    with connection(post) as raw:
        converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        heard = converse(
            raw, (b"x" * 78 + b"\r\n") * (LARGE // 80 + 2) + b".\r\nNOOP\r\n",
            until=b"250 ",
        )  # fmt: skip

    assert heard.startswith(b"552 5.3.4")
    assert b"250 OK" in heard


def test_one_line_without_an_end_is_no_way_to_fill_the_memory(post: Post) -> None:
    with connection(post) as raw:
        converse(raw, login(post) + envelope(post, ANNA), until=b"354 ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - either of the two
            for _ in range(64):
                raw.sendall(b"x" * (1024 * 1024))
            if not raw.recv(1):
                raise ConnectionResetError

    assert post.sink.taken == []


def test_deep_and_many_parts_are_refused_before_they_cost_anything(post: Post) -> None:
    for depth in (8, 40, 4000):
        nested = b""
        for number in range(depth):
            nested += (
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
                % (
                    number,
                    number,
                )
            )
        head = f"From: a@example.com\r\nTo: {post.recipient(ANNA)}\r\n".encode()
        assert post.hand_over(post.recipient(ANNA), head + nested).startswith("550")


def test_who_guesses_keys_is_hung_up_on(post: Post) -> None:
    client = post.client(login=False)

    codes = [post.log_in(client, f"lkk_guess_{n}")[0] for n in range(3)]

    assert codes == [535, 535, 421]


def test_the_key_of_another_kind_of_service_is_none(post: Post) -> None:
    app = post.keeper.add_service("app", "acme")
    client = post.client(login=False)

    assert post.log_in(client, app.service_key, "acme_app")[0] == 535


def test_a_key_without_its_own_name_is_none(post: Post) -> None:
    client = post.client(login=False)

    assert post.log_in(client, name="acme_mta")[0] == 535


@pytest.mark.parametrize("words", ["PLAIN =", "PLAIN AAAA", "LOGIN", "CRAM-MD5", ""])
def test_another_way_to_log_in_is_none(post: Post, words: str) -> None:
    client = post.client(login=False)

    code, _ = client.docmd("AUTH", words)

    assert code in (501, 504, 535)
    assert client.docmd("MAIL FROM:<>")[0] == 530


def test_a_mail_server_that_was_revoked_is_out_in_seconds(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = post.client()
    assert post.hand_over(post.recipient(ANNA), client=client).startswith("250")
    del post.keeper.principals[post.service.service_key]

    desk = post.proxy.port._desk
    later = desk.clock() + 6  # type: ignore[attr-defined]
    monkeypatch.setattr(desk, "clock", lambda: later)

    assert post.hand_over(post.recipient(BERT), client=client).startswith("535")


def test_too_many_are_told_to_come_later(stage: Stage) -> None:
    stage.outlet["max_connections"] = 2
    with stage.open() as post:
        first, second = post.client(), post.client()
        with connection(post) as raw:
            assert raw.recv(100).startswith(b"421 4.7.0")
        first.quit()
        assert second.noop()[0] == 250
        assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_nothing_is_told_about_who_is_here(post: Post) -> None:
    client = post.client()

    answers = [
        client.docmd("VRFY", post.recipient(ANNA)),
        client.docmd("VRFY", "made-up@example.org"),
    ]
    assert answers[0] == answers[1]
    assert client.docmd("EXPN", "news")[0] == 502


@pytest.fixture
def guarded(stage: Stage, home: Path) -> Iterator[Post]:
    """A proxy as others than this machine see it: TLS before anything else."""
    authority = make_authority()
    make_host("proxy.example", authority).write(home, "proxy")
    stage.outlet.update(certificate="proxy.pem", private_key="proxy.key")
    stage.is_outside = True
    with stage.open() as post:
        yield post


def test_others_than_this_machine_say_nothing_before_tls(guarded: Post) -> None:
    client = guarded.client(login=False)

    assert guarded.log_in(client)[0] == 530
    assert client.docmd("MAIL FROM:<>")[0] == 530

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.starttls(context=context)
    client.ehlo()
    assert guarded.log_in(client)[0] == 235
    assert guarded.hand_over(guarded.recipient(ANNA), client=client).startswith("250")


def test_what_was_said_in_clear_before_tls_is_forgotten(guarded: Post) -> None:
    with connection(guarded) as raw:
        converse(raw, b"", until=b"220 ")
        converse(raw, b"EHLO x\r\n", until=b"250 HELP")
        raw.sendall(b"STARTTLS\r\nEHLO injected\r\nNOOP\r\n")
        assert raw.recv(1000) == b"220 Ready to start TLS\r\n"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with context.wrap_socket(raw) as safe:
                safe.sendall(b"NOOP\r\n")
                heard = safe.recv(1000)
        except (ssl.SSLError, ConnectionError):
            return  # the injected words broke the handshake, which is as good

    assert heard == b"250 OK\r\n"


def test_a_private_key_that_others_may_read_stops_the_start(home: Path) -> None:
    make_host("proxy.example", make_authority()).write(home, "proxy")
    (home / "proxy.key").chmod(0o644)
    config = OutletConfig(certificate="proxy.pem", private_key="proxy.key")

    with pytest.raises(Exception, match="others may read"):
        make_tls(config)
    assert home == settings.LISTKEEP_HOME


def test_who_says_nothing_for_long_is_hung_up_on_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, moment = asyncio.new_event_loop(), [0.0]
    monkeypatch.setattr(loop, "time", lambda: moment[0])
    talk = Talk(object(), timeout=300, loop=loop)
    talk.session = Session(loop)
    ended = list[float]()
    monkeypatch.setattr(talk, "transport", _Line(lambda: ended.append(moment[0])))

    for moment[0] in (0.0, 200.0, 290.0):  # each time something is said
        talk._reset_timeout()
    while not ended:
        assert talk._timeout_handle is not None
        moment[0] = talk._timeout_handle.when()
        talk._timeout_cb()
    loop.close()

    assert ended == [590.0]


class _Line(asyncio.Transport):
    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.close = end  # type: ignore[method-assign]
