"""The keeper is asked over lines that are kept, and what becomes of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from listkeep.core.errors import RefusedError
from listkeep.wire import messages as m
from listkeep.wire.base import encode
from listkeep.wire.keeper import KeeperClient
from tests.wire.listener import Conversation, listen, say
from tests.wire.paths import PATHS
from tests.wire.samples import make

HEALTH = m.Health(version="1", keeper="k_demo", profile="demo", ledger_size=7)
PROBLEM = m.Problem(family="refused", code="frozen", message="no", hint="wait")


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "keeper.sock"


@pytest.fixture
def client(socket: Path) -> Iterator[KeeperClient]:
    with KeeperClient(socket, timeout_seconds=10) as client:
        yield client


def test_one_line_carries_many_questions(client: KeeperClient, socket: Path) -> None:
    lines = set()

    def note_line(talk: Conversation) -> None:
        lines.add(id(talk))
        talk.hear()
        talk.answer(encode(HEALTH))

    with listen(socket, note_line):
        for _ in range(5):
            assert client.health() == HEALTH

    assert len(lines) == 1


def test_rows_that_are_written_already_go_out_as_they_are(
    client: KeeperClient, socket: Path
) -> None:
    rows, told = make(m.SealRows), make(m.SealedRows)

    with listen(socket, say(told)) as listener:
        got = client.seal_packed(encode(rows))

    [heard] = listener.heard
    assert (heard.path, heard.body) == (f"/v1/{PATHS['seal_rows']}", encode(rows))
    assert got == told


def test_a_connection_that_was_closed_meanwhile_is_not_used_again(
    client: KeeperClient, socket: Path
) -> None:
    def answer_and_leave(talk: Conversation) -> None:
        talk.hear()
        talk.answer(encode(HEALTH))
        talk.hang_up()

    with listen(socket, answer_and_leave) as listener:
        for _ in range(5):
            assert client.health() == HEALTH
            time.sleep(0.02)  # until the other end has left

    assert len(listener.heard) == 5


def test_a_refusal_that_comes_before_the_message_was_read_is_heard(
    client: KeeperClient, socket: Path
) -> None:
    def refuse_unread(talk: Conversation) -> None:
        talk.answer(encode(PROBLEM), status=403)
        talk.hang_up()

    with listen(socket, refuse_unread), pytest.raises(RefusedError):
        client.seal_packed(bytes(8_000_000))
