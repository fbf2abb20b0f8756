"""A real Postfix writes the bounces, and hands them on to the dock that reads them.

One Postfix plays the next mail server, which takes a letter and finds out later that
nobody is there, and the operator's own, in front of the dock, with the shipped files
(`deploy/postfix/returns`).
"""

import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.sending import (
    DOMAIN,
    LIST,
    Sending,
    begin_send,
    hand_over,
    sending_instance,
    write_letters,
)
from listkeep.drill.postfix import DEPLOY, Postfix, running_postfix, why_not
from tests.fakes.mail_sink import MailSink
from tests.fakes.sink_thread import serving_sink
from tests.interop.traces import LOCAL, PLANTED, files_with, tokens_of
from tests.ports import find_port

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix can be run"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROWS = 12
GONE = 4
SECONDS = 60


@dataclass
class Scene:
    """A proxy, a mail server behind it that bounces, and the way back."""

    sending: Sending
    postfix: Postfix
    world: MailSink

    def send(self) -> None:
        """Have a send go through, to the end of what comes of it."""
        send = begin_send(self.sending, ROWS)
        file = self.sending.running.home / "letters"
        assert write_letters(self.sending, send, file) == ROWS
        taken, _ = hand_over(self.sending.port, file, self.sending.login)
        assert taken == ROWS
        self.postfix.wait_empty()

    def returned(self, *, at_least: int) -> list[tuple[str, str, str]]:
        """Read what came back, once there is so much: token, outcome, code."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = list(self.sending.running.dock.read_returned(LIST))
            if len(found) >= at_least or time.monotonic() > deadline:
                return [(each.token, each.outcome, each.code) for each in found]
            time.sleep(0.1)


def gone(stage: str, count: int) -> str:
    """Say of some that they are not there, and repeat the address."""
    is_gone = stage == "RCPT" and count % 3 == 1
    return "550 5.1.1 <{address}>: {local} is not here" if is_gone else ""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    world, returns = MailSink(mood=gone), find_port()
    shipped = {
        name: (DEPLOY / "returns" / name)
        .read_text()
        .replace("[127.0.0.1]:2526", f"[127.0.0.1]:{returns}")
        for name in ("main.cf", "listkeep_returns", "listkeep_returns_access")
    }
    with serving_sink(world):
        shipped["listkeep_returns"] += f"{DOMAIN} smtp:[127.0.0.1]:{world.port}\n"
        main = shipped.pop("main.cf")
        with (
            running_postfix(
                tmp_path / "postfix", find_port(), main=main, files=shipped
            ) as postfix,
            sending_instance(
                ROWS,
                signs=True,
                sink=postfix.port,
                local=LOCAL,
                outlet=f'returns_listen = "127.0.0.1:{returns}"\n',
            ) as sending,
        ):
            yield Scene(sending, postfix, world)


def test_a_bounce_that_postfix_writes_is_a_token_and_a_code(scene: Scene) -> None:
    scene.send()

    found = scene.returned(at_least=GONE)

    assert scene.postfix.log.count("status=bounced") == GONE
    assert {(outcome, code) for _, outcome, code in found} == {("hard-bounce", "5.1.1")}
    tokens = {token for token, _, _ in found}
    assert len(tokens) == len(found) == GONE
    assert tokens < set(tokens_of(scene.sending))
    # The bounces name the addressee in five places; none of it was kept.
    home = scene.sending.running.home
    assert files_with(PLANTED, home / "log") == []
    tables = list(home.glob("dock.sqlite3*"))
    assert tables
    assert not any(PLANTED.search(path.read_bytes()) for path in tables)


def test_a_mailbox_nobody_was_given_is_refused_at_the_door(scene: Scene) -> None:
    """Otherwise Postfix would write bounces to whomever a stranger names."""
    begin_send(scene.sending, ROWS)
    with smtplib.SMTP("127.0.0.1", scene.postfix.port, timeout=SECONDS) as stranger:
        stranger.ehlo("stranger.example")
        stranger.mail("victim@source.example")
        code, text = stranger.rcpt("bounce-nobody@bounce.example.com")
        for _ in range(20):  # 450 while Postfix asks the dock
            if code != 450:
                break
            time.sleep(0.5)
            code, text = stranger.rcpt("bounce-nobody@bounce.example.com")

    assert (code, b"no such mailbox" in text) == (550, True)
    assert scene.returned(at_least=0) == []
    assert scene.world.taken == []
