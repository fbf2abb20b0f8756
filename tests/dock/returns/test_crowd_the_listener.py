"""Many come at once, or one comes and stays."""

import socket
import threading
import time

from listkeep.core.mail import Purpose
from listkeep.dock.outlet.returns.listening import Manner
from listkeep.dock.outlet.returns.models import Returned
from listkeep.wire.messages import sends as d
from tests.core.mail.test_returned import text
from tests.dock.returns.postman import bring, connected
from tests.dock.returns.postman import listening as listener
from tests.dock.returns.test_listen import HARD, mailbox
from tests.fakes.keeper import FakeKeeper


def test_one_network_does_not_keep_all_others_out(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    with listener(keeper, burst=3) as port:
        codes = [bring(port, mailbox(keeper, campaign), HARD) for _ in range(5)]

    assert codes == [250, 250, 250, 451, 451]


def test_too_many_connections_are_told_to_come_later(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    for manner in (Manner(max_connections=2), Manner(max_from_one_peer=2)):
        with listener(keeper, manner=manner) as port:
            open_ones = [socket.create_connection(("127.0.0.1", port)) for _ in "ab"]
            for each in open_ones:
                assert each.recv(100).startswith(b"220")
            with socket.create_connection(("127.0.0.1", port)) as third:
                heard = third.recv(400)
            assert b"421 4.7.0" in heard
            for each in open_ones:
                each.close()
            time.sleep(0.1)
            assert bring(port, mailbox(keeper, campaign), HARD) == 250


def test_who_says_nothing_is_left_alone_after_a_while(keeper: FakeKeeper) -> None:
    with (
        listener(keeper, manner=Manner(seconds=0.3)) as port,
        socket.create_connection(("127.0.0.1", port)) as silent,
    ):
        silent.settimeout(5)
        heard = b""
        while more := silent.recv(1000):
            heard += more

    assert heard.startswith(b"220")


def test_who_hangs_up_after_the_message_has_handed_it_over(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    with listener(keeper) as port:
        with connected(port) as client:
            client.mail("")
            client.rcpt(mailbox(keeper, campaign))
            client.putcmd("DATA")
            client.getreply()
            client.send(HARD.replace(b"\n", b"\r\n") + b"\r\n.\r\n")
            assert client.sock is not None
            client.sock.shutdown(socket.SHUT_RDWR)
            client.close()
        deadline = time.monotonic() + 5
        while not Returned.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    assert Returned.objects.count() == 1


def test_many_at_once_are_all_written_down(
    keeper: FakeKeeper, campaign: d.Send
) -> None:
    people = [f"{name}@example.com" for name in ("anna", "bert", "carl", "dora")]
    codes: list[int] = []

    def write(port: int, address: str) -> None:
        with connected(port) as client:
            for purpose, data in (
                (Purpose.BOUNCE, HARD),
                (Purpose.REPLY, bytes(text())),
                (Purpose.UNSUBSCRIBE, bytes(text())),
            ):
                client.mail("")
                client.rcpt(mailbox(keeper, campaign, address, purpose))
                codes.append(client.data(data)[0])

    with listener(keeper) as port:
        threads = [
            threading.Thread(target=write, args=(port, address)) for address in people
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert codes == [250] * 12
    assert Returned.objects.count() == 12
