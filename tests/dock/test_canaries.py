"""Planted addresses go everywhere the dock has hands, and are found nowhere."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.dock.lists.bulk import Staging
from tests.dock.conftest import HEADER, Answer, Api, database_folder
from tests.fakes.keeper import FakeKeeper

# Spelled so that no encoding on the way could hide them by accident.
CANARIES = [f"canary{i:04}@example.com" for i in range(400)]
# PostgreSQL itself speaks of the Canary Islands.
NEEDLES = (b"canary0", b"Q0FOQVJZ", b"Y2FuYXJ5", b"63616e617279", b"Secret-Name")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Everything the API answers in this test."""
    kept: list[Answer] = []
    call = Api.call

    def keep(self: Api, *arguments: str, **named: str) -> Answer:
        answer = call(self, *arguments, **named)  # type: ignore[arg-type]
        kept.append(answer)
        return answer

    monkeypatch.setattr(Api, "call", keep)
    return kept


def test_no_address_is_in_a_file_a_log_or_an_answer(  # noqa: PLR0917 - all sinks
    keeper: FakeKeeper,
    ada: Api,
    app: Api,
    home: Path,
    answers: list[Answer],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    list_id = ada.open_list()
    rows = "".join(f"{address},pro,DE,Secret-Name\n" for address in CANARIES)
    content = f"{HEADER}{rows}".encode()
    staged = watch_staging(home, monkeypatch)

    ada.send(list_id, content)
    work_with_everything(keeper, ada, app, list_id)
    go_wrong_everywhere(keeper, ada, list_id, content)

    sinks = {
        "answers": b"".join(
            answer.content + repr(dict(answer.headers)).encode() for answer in answers
        ),
        "log": caplog.text.encode(),
        "output": "".join(capfd.readouterr()).encode(),
        "staging": b"".join(staged),
        **{
            str(path): path.read_bytes()
            for folder in (home, database_folder())
            for path in folder.rglob("*")
            if path.is_file()
        },
    }
    assert any("sqlite3-wal" in name or "/pg_wal/" in name for name in sinks)
    assert any(name.endswith(".age") for name in sinks)
    assert len(sinks["staging"]) > 40_000
    assert len(sinks["answers"]) > 40_000
    found = [
        (name, needle)
        for name, data in sinks.items()
        for needle in NEEDLES
        if needle.lower() in data.lower()
    ]
    assert found == []


def test_the_search_would_find_one(ada: Api, home: Path) -> None:
    list_id = ada.open_list("canary")

    assert b"canary" in ada.get(f"/lists/{list_id}").content


def work_with_everything(keeper: FakeKeeper, ada: Api, app: Api, list_id: str) -> None:
    """Do what people and applications do all day."""
    tokens = [entry["token"] for entry in app.tokens(list_id)]
    assert len(tokens) == len(CANARIES)
    app.get(f"/lists/{list_id}/tokens", stream="csv")
    app.get(f"/lists/{list_id}/tokens", limit="100")
    app.get(f"/lists/{list_id}/facets")
    for address in CANARIES[:5]:
        found = ada.post(f"/lists/{list_id}/look-up", {"address": address})
        assert found.json["found"]
    ada.post(f"/lists/{list_id}/sealed", {"tokens": tokens[:10]})
    app.patch(f"/lists/{list_id}/entries/{tokens[0]}", {"status": "bounced"})
    request = keeper.grant_export(list_id, selection="all", cap=1_000)
    run = ada.post("/exports", {"request": request}).json
    assert run["rows"] == len(CANARIES) - 1
    ada.get(f"/exports/{run['id']}/file")


def go_wrong_everywhere(
    keeper: FakeKeeper, ada: Api, list_id: str, content: bytes
) -> None:
    """Put addresses into every place that is not meant for one."""
    canary = CANARIES[0]
    for wrong in (
        content.replace(b"@", b" at "),
        content.replace(b"pro", canary.encode()),
        content + b"\xff",
        content.split(b"\n", 1)[1],
        content.replace(b"E-mail", canary.encode()),
        b"PK\x03\x04" + content,
        json.dumps({"email": canary, "plan": [canary]}).encode(),
    ):
        begun = ada.post(
            f"/lists/{list_id}/imports", {"mapping": {"address": "E-mail"}}
        )
        import_id = begun.json["id"]
        ada.put(f"/imports/{import_id}/file", wrong)
        ada.get(f"/imports/{import_id}")
        ada.get(f"/imports/{import_id}/rejects")
    for path in (
        f"/lists/{canary}",
        f"/lists/{list_id}/entries/{canary}",
        f"/imports/{canary}",
        f"/exports/{canary}/file",
        f"/{canary}",
        f"/docs/assets/{canary}",
    ):
        assert ada.get(path, segment=canary).status in {400, 404}
    for segment in (canary, f'plan = "{canary}"', f'"{canary}" = plan'):
        assert ada.get(f"/lists/{list_id}/count", segment=segment).status == 400
    for body in ({canary: canary}, {"address": f"{canary} {canary}"}, [canary], canary):
        assert ada.post(f"/lists/{list_id}/look-up", body).status == 400
        assert ada.post(f"/lists/{list_id}/suppress", body).status == 400
        assert ada.post("/exports", body).status == 400
        assert ada.post("/lists", body).status == 400
    for method in ("seal_rows", "look_up", "suppress", "authorize"):
        for fault in (UnavailableError("gone"), fail_with(canary)):
            keeper.break_at(method, fault)
            ada.send(list_id, content) if method == "seal_rows" else None
            ada.post(f"/lists/{list_id}/look-up", {"address": canary})
            keeper._faults.clear()


def fail_with(text: str) -> Callable[[], None]:
    def fail() -> None:
        raise RuntimeError(text)

    return fail


def watch_staging(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Keep what a staging file holds before it is thrown away."""
    kept: list[bytes] = []
    remove = Staging.remove

    def spy(self: Staging) -> None:
        self._flush()
        self._database.close()
        kept.extend(
            path.read_bytes() for path in (home / "staging").iterdir() if path.is_file()
        )
        remove(self)

    monkeypatch.setattr(Staging, "remove", spy)
    return kept
