"""A killed import leaves the list as it was, and the next start clears up."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from listkeep.core.errors import MalformedError, UnavailableError
from listkeep.dock.intake.jobs import recover_imports
from listkeep.dock.intake.models import Import
from listkeep.dock.intake.receiving import Upload
from tests.dock.conftest import HEADER, Api, database_address
from tests.dock.interrupted_import import STEPS
from tests.dock.test_import_refused import GOOD, snapshot
from tests.fakes.keeper import FakeKeeper

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_process_leaves_the_list_as_it_was(
    keeper: FakeKeeper, news: str, home: Path, step: str
) -> None:
    before = snapshot(news)

    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.dock.interrupted_import",
            database_address(),
            str(home),
            news,
            step,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "listkeep.dock.project.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        },
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert killed.returncode == 9, killed.stderr.decode()
    [source] = Import.objects.exclude(state=Import.State.DONE, is_reported=True)
    if step == "reported":  # the commit is what counts, not who heard of it
        assert source.state == Import.State.DONE
        assert len(snapshot(news)) == 20_004
    else:
        assert source.state in Import.RUNNING
        assert snapshot(news) == before
    keeper.tickets[source.ticket] = keeper.tickets.pop("t1")
    keeper.tickets[source.ticket].end = None

    failed = recover_imports(keeper=keeper, clock=timezone.now)

    source.refresh_from_db()
    assert failed == (0 if step == "reported" else 1)
    assert source.is_reported
    assert source.state == ("done" if step == "reported" else "failed")
    end = keeper.tickets[source.ticket].end
    assert end is not None
    assert end.committed == (step == "reported")
    assert list((home / "staging").iterdir()) == []


def test_after_a_crash_the_next_import_runs(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    import_id = ada.begin_import(news)
    Import.objects.filter(pk=import_id).update(state=Import.State.MERGING)
    assert ada.post(f"/lists/{news}/imports", {}).json["code"] == "busy"

    recover_imports(keeper=keeper, clock=timezone.now)

    shown = ada.get(f"/imports/{import_id}").json
    assert (shown["state"], shown["code"]) == ("failed", "dock-unavailable")
    assert ada.send(news, GOOD).status == 200


def test_a_sweep_repeated_changes_nothing(keeper: FakeKeeper, news: str) -> None:
    ends = [ticket.end for ticket in keeper.tickets.values()]

    assert recover_imports(keeper=keeper, clock=timezone.now) == 0
    assert recover_imports(keeper=keeper, clock=timezone.now) == 0

    assert [ticket.end for ticket in keeper.tickets.values()] == ends
    assert keeper.calls.count("finish_import") == 1


def test_an_import_nobody_sent_a_file_for_ends_after_a_day(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    import_id = ada.begin_import(news)

    assert recover_imports(keeper=keeper, clock=timezone.now) == 0
    later = timezone.now() + timedelta(days=2)
    assert recover_imports(keeper=keeper, clock=lambda: later) == 1

    assert ada.put(f"/imports/{import_id}/file", GOOD).json["code"] == "not-waiting"


def test_an_outcome_is_reported_when_the_keeper_is_back(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.break_at("finish_import", UnavailableError("gone"))
    ada.send(news, GOOD)
    assert keeper.tickets["t2"].end is None

    keeper._faults.clear()
    recover_imports(keeper=keeper, clock=timezone.now)

    assert keeper.tickets["t2"].end is not None
    assert keeper.tickets["t2"].end.committed


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_whatever_ends_an_import_early_is_said_in_its_row(
    keeper: FakeKeeper,
    ada: Api,
    news: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[BaseException],
) -> None:
    before = snapshot(news)
    import_id = ada.begin_import(news)

    def fail(*_arguments: object) -> None:
        raise fault("anna@example.com")

    monkeypatch.setattr("listkeep.dock.lists.services.verify_anonymity", fail)
    try:
        answer = ada.put(f"/imports/{import_id}/file", GOOD)
    except (KeyboardInterrupt, SystemExit):
        pass
    else:
        assert (answer.status, answer.json["code"]) == (500, "internal")
        assert "anna" not in answer.content.decode()

    shown = ada.get(f"/imports/{import_id}").json
    assert (shown["state"], shown["code"]) == ("failed", "internal")
    assert "anna" not in str(shown)
    assert snapshot(news) == before


def test_a_sender_that_hangs_up_changes_nothing(ada: Api, news: str) -> None:
    before = snapshot(news)
    import_id = ada.begin_import(news)

    answer = Client().request(
        **{
            "REQUEST_METHOD": "PUT",
            "PATH_INFO": f"/v1/imports/{import_id}/file",
            "HTTP_AUTHORIZATION": "Bearer lks_ada_session",
            "CONTENT_LENGTH": str(len(GOOD) + 1),
            "wsgi.input": BytesIO(GOOD),
        }
    )

    assert answer.status_code == 400
    assert ada.get(f"/imports/{import_id}").json["code"] == "file-incomplete"
    assert snapshot(news) == before


def test_an_upload_ends_where_it_said_it_would() -> None:
    upload = Upload(BytesIO(b"0123456789").read, size_bytes=4)

    assert b"".join(upload.chunks()) == b"0123"
    assert upload.received_bytes == 4


def test_an_upload_that_breaks_off_is_not_a_short_file() -> None:
    def broken(_size: int) -> bytes:
        raise OSError("connection reset, anna@example.com")

    for read in (broken, BytesIO(b"01").read):
        with pytest.raises(MalformedError, match="broke off"):
            b"".join(Upload(read, size_bytes=4).chunks())


def test_a_little_rest_is_drained_so_that_the_answer_is_heard() -> None:
    body = BytesIO(bytes(100))
    upload = Upload(body.read, size_bytes=100)

    upload.drain(99)
    assert body.tell() == 0
    upload.drain(100)
    assert body.tell() == 100


def test_two_imports_into_one_list_do_not_run_at_once(
    keeper: FakeKeeper, ada: Api, ben: Api, news: str
) -> None:
    first, second = ada.begin_import(news), ben.begin_import(news)
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert go_on.wait(20)

    keeper.break_at("seal_rows", wait)
    answers = []

    def send() -> None:
        answers.append(ada.put(f"/imports/{first}/file", GOOD))
        connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    assert reached.wait(20)
    try:
        late = ben.put(f"/imports/{second}/file", GOOD)
        begun = ben.post(f"/lists/{news}/imports", {})
        shown = ben.get(f"/imports/{first}").json
    finally:
        go_on.set()
        thread.join(20)

    for answer in (late, begun):
        assert (answer.status, answer.json["code"]) == (409, "busy")
        assert answer.json["hint"]
    assert shown["state"] == "receiving"
    assert answers[0].status == 200
    keeper._faults.clear()
    assert ben.put(f"/imports/{second}/file", GOOD).status == 200


def test_an_import_takes_one_file(ada: Api, ben: Api, news: str) -> None:
    import_id = ada.begin_import(news)

    assert ben.put(f"/imports/{import_id}/file", GOOD).status == 403
    assert ada.put(f"/imports/{import_id}/file", GOOD).status == 200
    again = ada.put(f"/imports/{import_id}/file", GOOD)
    assert (again.status, again.json["code"]) == (409, "not-waiting")


def test_an_upload_without_a_length_is_refused(ada: Api, news: str) -> None:
    import_id = ada.begin_import(news)
    for length in ("", "-1", "many", "٣", "9" * 20):
        answer = Client().generic(
            "PUT",
            f"/v1/imports/{import_id}/file",
            GOOD,
            headers={"authorization": "Bearer lks_ada_session"},
            CONTENT_LENGTH=length,
        )
        assert answer.status_code == 400
    assert ada.get(f"/imports/{import_id}").json["state"] == "waiting"
    assert ada.put(f"/imports/{import_id}/file", GOOD).status == 200


def test_progress_is_written_while_a_file_arrives(
    ada: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listkeep.dock.intake.receiving._PROGRESS_SECONDS", 0)
    saved: list[int] = []
    save = Import.save

    def spy(self: Import, **named: object) -> None:
        saved.append(self.rows)
        save(self, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Import, "save", spy)
    rows = "".join(f"u{i}@example.com,pro,DE,U\n" for i in range(10_000))

    ada.send(news, f"{HEADER}{rows}".encode())

    assert {4_096, 8_192, 10_000} <= set(saved)
