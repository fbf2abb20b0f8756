import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.dock.lists.models import Entry
from listkeep.dock.outlet.exports import write_whole
from listkeep.dock.outlet.jobs import recover_exports
from listkeep.dock.outlet.models import ExportRun
from tests.dock.conftest import Api, token_text
from tests.fakes.keeper import FakeKeeper


def test_an_export_is_a_file_only_its_recipient_can_open(
    keeper: FakeKeeper, ada: Api, news: str, home: Path
) -> None:
    request = keeper.grant_export(news, selection='country = "DE"', cap=10)

    run = ada.post("/exports", {"request": request})

    assert (run.status, run.json["state"], run.json["rows"]) == (201, "done", 2)
    shown = ada.get(f"/exports/{run.json['id']}").json
    assert shown == run.json
    file = ada.get(f"/exports/{run.json['id']}/file")
    assert file.headers["content-type"] == "application/octet-stream"
    assert f"{run.json['id']}.age" in file.headers["content-disposition"]
    assert hashlib.sha256(file.content).hexdigest() == run.json["sha256"]
    assert len(file.content) == run.json["bytes"]
    assert b"example.com" not in file.content
    opened = keeper.open_export(file.content).split()
    assert sorted(opened) == ["anna@example.com", "carl@example.com"]
    [path] = (home / "exports").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_only_subscribed_entries_are_sent_to_the_keeper(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    token = token_text(keeper, "anna@example.com")
    ada.patch(f"/lists/{news}/entries/{token}", {"status": "bounced"})
    request = keeper.grant_export(news, selection="all", cap=10)

    assert ada.post("/exports", {"request": request}).json["rows"] == 3


def test_no_more_rows_leave_than_were_signed_for(keeper: FakeKeeper, ada: Api) -> None:
    list_id = ada.open_list(facets=[])
    rows = "".join(f"u{i}@example.com\n" for i in range(9_000))
    ada.send(list_id, f"email\n{rows}".encode(), mapping={})
    counts = []
    for cap in (0, 1, 5_000, 20_000):
        request = keeper.grant_export(list_id, selection="all", cap=cap)
        counts.append(ada.post("/exports", {"request": request}).json["rows"])

    assert counts == [0, 1, 5_000, 9_000]


@pytest.mark.parametrize("kind", ["refused", "gone", "edited"])
def test_a_run_that_fails_leaves_no_file_and_can_be_repeated(
    keeper: FakeKeeper, ada: Api, news: str, home: Path, kind: str
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)
    facets = dict(Entry.objects.values_list("position", "facets"))
    match kind:
        case "refused":
            keeper.break_at("run_export", RefusedError("no", code=Code.NOT_GRANTED))
        case "gone":
            keeper.break_at("run_export", UnavailableError("gone"))
        case "edited":
            Entry.objects.update(facets='["pro","FR"]')

    answer = ada.post("/exports", {"request": request})

    expected = {
        "refused": (403, "not-granted"),
        "gone": (503, "keeper-unavailable"),
        "edited": (422, "row-invalid"),
    }
    assert (answer.status, answer.json["code"]) == expected[kind]
    [run] = ExportRun.objects.all()
    assert (run.state, run.code) == ("failed", answer.json["code"])
    assert not (home / "exports").exists() or not list((home / "exports").iterdir())
    assert ada.get(f"/exports/{run.id}/file").status == 409
    keeper._faults.clear()
    for position, text in facets.items():
        Entry.objects.filter(position=position).update(facets=text)
    assert ada.post("/exports", {"request": request}).status == 201


def test_ciphertext_that_breaks_off_leaves_no_file(
    keeper: FakeKeeper,
    ada: Api,
    news: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)
    monkeypatch.setattr("listkeep.dock.outlet.exports.ExportRun.save", _save)

    answer = ada.post("/exports", {"request": request})

    assert answer.status == 500
    assert list((home / "exports").iterdir()) == []


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "one.age"

    with pytest.raises(ZeroDivisionError):
        write_whole(path, _broken())
    assert list(path.parent.iterdir()) == []
    written = write_whole(path, iter([b"ab", b"c"]))

    assert path.read_bytes() == b"abc"
    assert written == (3, hashlib.sha256(b"abc").hexdigest())


def test_a_disk_that_does_not_take_it_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UnavailableError) as caught:
        write_whole(tmp_path / "file" / "one.age", iter([b"a"]))

    assert caught.value.code is Code.DOCK_UNAVAILABLE


def test_the_next_start_clears_up(
    keeper: FakeKeeper, ada: Api, news: str, home: Path
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)
    run_id = ada.post("/exports", {"request": request}).json["id"]
    ExportRun.objects.update(state=ExportRun.State.RUNNING)
    (home / "exports" / "other.age.part").write_bytes(os.urandom(10))

    assert recover_exports() == 1
    assert recover_exports() == 0

    assert ada.get(f"/exports/{run_id}").json["code"] == "dock-unavailable"
    assert [path.suffix for path in (home / "exports").iterdir()] == [".age"]


def test_a_request_for_something_else_is_no_export(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.grant_import(news, content=b"", rows=1)

    answer = ada.post("/exports", {"request": request})

    assert (answer.status, answer.json["code"]) == (400, "request-invalid")
    assert not ExportRun.objects.exists()


def test_an_unknown_request_is_not_found(
    ada: Api, eve: Api, news: str, keeper: FakeKeeper
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)

    for caller, name in ((ada, "r99"), (eve, request)):
        answer = caller.post("/exports", {"request": name})
        assert (answer.status, answer.json["code"]) == (404, "not-found")
    assert "run_export" not in keeper.calls


def test_a_service_exports_nothing(
    keeper: FakeKeeper, app: Api, intake: Api, news: str
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)

    for service in (app, intake):
        assert service.post("/exports", {"request": request}).status == 403
    assert "run_export" not in keeper.calls


@pytest.mark.parametrize(
    "body", [{"request": "../r1"}, {"request": "r1", "format": "xlsx"}, {}]
)
def test_a_wish_that_does_not_fit_is_refused(ada: Api, body: object) -> None:
    assert ada.post("/exports", body).status == 400


def _broken() -> Iterator[bytes]:
    yield b"ab"
    raise ZeroDivisionError


def _save(run: ExportRun, *_arguments: object, **named: object) -> None:
    """Save as Django does, until the run would be marked as done."""
    if run.state == ExportRun.State.DONE:
        raise RuntimeError("anna@example.com")
    run.save_base(force_insert=bool(named.get("force_insert")))
