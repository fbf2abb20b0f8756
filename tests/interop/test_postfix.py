"""A real Postfix queues, retries, logs and bounces; nowhere does it see an address.

The configuration is the shipped one (`deploy/postfix`), the instance a real one:
keeper, dock, proxy, a send that two owners signed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.sending import (
    Sending,
    begin_send,
    hand_over,
    sending_instance,
    write_letters,
)
from listkeep.wire.messages import sends as d
from tests.fakes.mail_sink import MailSink
from tests.fakes.postfix import Postfix, before_the_proxy, running_postfix, why_not
from tests.fakes.sink_thread import serving_sink
from tests.interop.traces import (
    LOCAL,
    PLANTED,
    files_with,
    text_of,
    tokens_of,
)
from tests.ports import find_port

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix can be run"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROWS = 40


@dataclass
class Scene:
    """A mail server, a proxy behind it, and the world behind that."""

    sending: Sending
    postfix: Postfix
    world: MailSink
    source: MailSink
    """Where the bounces go: what the world refuses is counted without them."""

    def send(self) -> d.Send:
        """Have a send go through, to its end."""
        send = begin_send(self.sending, ROWS)
        file = self.sending.running.home / "letters"
        assert write_letters(self.sending, send, file) == ROWS
        taken, _ = hand_over(self.postfix.port, file)
        assert taken == ROWS
        try:
            self.postfix.wait_empty()
        except AssertionError as error:
            error.add_note(self._read_logs())
            raise
        return send

    def _read_logs(self) -> str:
        """Read how the proxy and the keeper saw it."""
        logs = sorted((self.sending.running.home / "log").iterdir())
        return "\n".join(path.read_text()[-3000:] for path in logs)

    def received(self) -> Counter[str]:
        """Count what each addressee got."""
        return Counter(one.recipient for one in self.world.taken)


def moody(stage: str, count: int) -> str:
    """Refuse some for now, some for good, and repeat the address each time."""
    if stage != "RCPT" or count > ROWS:
        return ""
    if count % 10 == 3:
        return "550 5.1.1 <{address}>: {local} is not here"
    return "452 4.2.2 {local} is full, {address}" if count % 4 == 1 else ""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    world, source = MailSink(mood=moody), MailSink()
    with (
        serving_sink(world),
        serving_sink(source),
        sending_instance(ROWS, signs=True, sink=world.port, local=LOCAL) as sending,
    ):
        name, key = sending.login.read_text().split()
        shipped = before_the_proxy(
            token_domain="token.example.com",
            proxy=sending.port,
            login=f"{name}:{key}",
        )
        # What Postfix bounces can be read as well.
        shipped.files["listkeep_transport"] += (
            f"source.example smtp:[127.0.0.1]:{source.port}\n"
        )
        with running_postfix(
            tmp_path / "postfix",
            find_port(),
            main=shipped.main,
            master=shipped.master,
            files=shipped.files,
        ) as postfix:
            yield Scene(sending, postfix, world, source)


def test_a_whole_send_leaves_no_address_in_queue_log_or_bounce(scene: Scene) -> None:
    send = scene.send()

    moods = [moody("RCPT", count) for count in range(1, ROWS + 1)]
    refused = sum(mood.startswith("550") for mood in moods)
    deferred = sum(mood.startswith("452") for mood in moods)
    assert sum(scene.received().values()) == ROWS - refused
    assert set(scene.received().values()) == {1}
    assert scene.postfix.log.count("status=deferred") >= deferred > 0
    assert scene.postfix.log.count("status=bounced") == refused

    # Bounces came back to the application's own sender, in token space.
    bounces = scene.source.taken
    assert len(bounces) == refused
    assert all(b"550 5.1.1" in one.content for one in bounces)
    for one in bounces:
        assert not PLANTED.search(one.content)

    assert (scene.postfix.home / "mail.log").is_file()
    home = scene.sending.running.home
    assert files_with(PLANTED, scene.postfix.home, home / "log") == []

    # And whoever got mail has no token in it, but the alias of this send alone.
    file = scene.sending.running.home / "letters"
    tokens = tokens_of(scene.sending)
    assert len(tokens) == ROWS
    everything = text_of(scene.world.taken)
    assert not any(token.encode() in everything for token in tokens)
    aliases = [json.loads(line)[0][:32] for line in file.read_text().splitlines()]
    assert sum(alias.encode() in everything for alias in aliases) == ROWS - refused
    assert send.cap == ROWS
