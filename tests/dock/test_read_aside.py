"""A process of their own reads large files: the same rows, and no new way to fail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listkeep.core.errors import RefusedError
from listkeep.dock.intake import reader, receiving
from listkeep.dock.intake.frames import Ended, Frames, Plan, read_answer, write_frame
from listkeep.dock.intake.models import Import, RejectedLine
from tests.dock.conftest import HEADER, Api
from tests.dock.test_import_refused import snapshot
from tests.fakes.keeper import FakeKeeper

ROWS = 9_000
LINES = [
    *(f"u{n}@example.com,pro,DE,Name {n}" for n in range(ROWS)),
    'quoted@example.com,free,FR,"Two\nlines"',
    "nobody,free,FR,not an address",
    "short@example.com",
    "BÜRO@exämple.com,free,FR,Café",
]
FILE = "".join((HEADER, *(f"{line}\n" for line in LINES))).encode()
PLAN = Plan(format="auto", mapping={}, facets=(), fields=("name",), ticket="t1")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Have every file read aside, and remember by which processes."""
    found: list[subprocess.Popen[bytes]] = []
    begin = subprocess.Popen

    def note(*words: Any, **options: Any) -> subprocess.Popen[bytes]:
        found.append(begin(*words, **options))
        return found[-1]

    monkeypatch.setattr(receiving, "_ASIDE_BYTES", 0)
    monkeypatch.setattr(subprocess, "Popen", note)
    return found


def _contents(list_id: str) -> list[tuple[Any, ...]]:
    """What does not depend on keys and chance."""
    return [(row[0], *row[4:6]) for row in snapshot(list_id)]


def test_a_file_read_aside_is_the_same_list_with_the_same_rejects(
    ada: Api, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = []
    for name, limit in (("here", 2**40), ("aside", 0)):
        monkeypatch.setattr(receiving, "_ASIDE_BYTES", limit)
        list_id = ada.open_list(name)
        answer = ada.send(list_id, FILE)
        assert answer.status == 200, answer.content
        rejects = RejectedLine.objects.filter(source__list_id=list_id)
        lines = rejects.values_list("line", "reason", "detail")
        lists.append((_contents(list_id), list(lines.order_by("line"))))

    assert len(started) == 1
    assert started[0].returncode is not None
    assert lists[0] == lists[1]
    assert len(lists[0][0]) == ROWS + 2
    assert [line[0] for line in lists[0][1]] == [ROWS + 4, ROWS + 5]


@pytest.mark.parametrize(
    ("bad", "code"),
    [(b"\0\0", "file-binary"), (b"\xff\xfe", "file-encoding")],
)
def test_what_is_wrong_with_a_file_is_said_by_whoever_reads_it(
    ada: Api,
    news: str,
    started: list[subprocess.Popen[bytes]],
    bad: bytes,
    code: str,
) -> None:
    before = snapshot(news)

    answer = ada.send(news, FILE + bad + b"\n")

    assert (answer.status, answer.json["code"]) == (400, code)
    assert snapshot(news) == before
    assert started[0].returncode is not None


def test_a_reader_that_is_killed_leaves_the_list_as_it_was(
    ada: Api,
    news: str,
    home: Path,
    started: list[subprocess.Popen[bytes]],
    keeper: FakeKeeper,
) -> None:
    before = snapshot(news)
    keeper.break_at("seal_rows", lambda *_: started[0].send_signal(signal.SIGKILL))

    answer = ada.send(news, FILE * 8)

    assert answer.status == 500
    assert b"@" not in answer.content
    assert snapshot(news) == before
    assert list((home / "staging").iterdir()) == []
    assert Import.objects.order_by("-created_at")[0].state == "failed"
    assert ada.send(news, FILE).status == 200


def test_a_keeper_that_refuses_ends_the_reader(
    ada: Api, news: str, started: list[subprocess.Popen[bytes]], keeper: FakeKeeper
) -> None:
    keeper.break_at("seal_rows", RefusedError("no more rows"), after=1)

    answer = ada.send(news, FILE)

    assert answer.status == 403
    assert started[0].returncode is not None


def test_a_file_that_begins_with_endless_blank_lines_is_not_kept_in_memory(
    ada: Api, news: str, started: list[subprocess.Popen[bytes]]
) -> None:
    answer = ada.send(news, b"\n" * 3_000_000 + FILE)

    assert answer.status == 200
    assert started == []


@pytest.fixture
def alone() -> Iterator[subprocess.Popen[bytes]]:
    """A reader, and nobody who serves its pipes."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "listkeep.dock.intake.reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    yield child
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            pipe.close()


def test_a_reader_ends_with_whoever_started_it(
    alone: subprocess.Popen[bytes],
) -> None:
    assert alone.stdin
    assert alone.stdout
    alone.stdin.write(write_frame(PLAN) + FILE)
    alone.stdin.flush()
    for number in (signal.SIGTERM, signal.SIGINT):
        time.sleep(0.3)
        alone.send_signal(number)  # meant for the dock alone
    assert alone.poll() is None

    alone.stdin.close()
    alone.stdout.close()

    assert alone.wait(20) == 1
    assert alone.stderr
    assert alone.stderr.read() == b""


def test_a_reader_writes_no_file_and_cannot_be_looked_into(
    alone: subprocess.Popen[bytes],
) -> None:
    assert alone.stdin
    assert alone.stdout
    alone.stdin.write(write_frame(PLAN) + FILE[:100])
    alone.stdin.flush()
    limits = Path(f"/proc/{alone.pid}/limits")
    for _ in range(100):
        if "Max file size             0 " in limits.read_text():
            break
        time.sleep(0.05)

    assert "Max file size             0 " in limits.read_text()
    assert "Max core file size        0 " in limits.read_text()


def test_a_fault_of_the_reader_tells_no_word_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("ada@example.com")

    monkeypatch.setattr(reader, "read_encoded", fail)
    inside, outside = os.pipe()
    os.write(outside, FILE[:1000])
    os.close(outside)
    monkeypatch.setattr(reader, "_IN", inside)

    end = reader._read(PLAN)

    os.close(inside)
    assert "KeyError in" in end.fault
    assert "@" not in repr(end)


def test_answers_come_whole_however_a_pipe_cuts_them() -> None:
    whole = b"".join(write_frame(Ended(fault=f"f{n}")) for n in range(3))
    frames = Frames()
    found = [
        frame for at in range(len(whole)) for frame in frames.add(whole[at : at + 1])
    ]

    assert [getattr(read_answer(frame), "fault", None) for frame in found] == [
        "f0",
        "f1",
        "f2",
    ]


def test_a_reader_is_there_soon_and_has_neither_ciphers_nor_databases() -> None:
    """Each file waits until its reader has begun, so it loads what reading takes."""
    heavy = ["cryptography", "django", "httpx", "lark", "psycopg", "sqlite3"]
    program = (
        "import sys, listkeep.dock.intake.reader\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        check=True,
        text=True,
    )

    assert done.stdout == "[]\n"
