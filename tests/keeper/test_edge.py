import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from listkeep.core.errors import FAMILIES, Code
from listkeep.core.grants import format_time
from listkeep.wire import messages as m
from listkeep.wire.base import encode
from listkeep.wire.messages import processes as q
from tests.keeper.edge import (
    PLANTED,
    UNKNOWN_KEY,
    Answer,
    frames,
    post,
    routes,
    set_clock,
)
from tests.keeper.edge_cases import CASES
from tests.keeper.edge_stage import Case, Stage, set_stage
from tests.keeper.world import World

PATHS = sorted(CASES)
GARBLED = encode(m.Empty()) * 2


@pytest.fixture(scope="module")
def dressed(
    template: World,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Stage:
    world = template.copy_to(tmp_path_factory.mktemp("dressed") / "home")
    with django_db_blocker.unblock():
        world.enter()
        stage = set_stage(world)
        world.leave()
    return stage


@pytest.fixture
def stage(
    dressed: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Stage]:
    """What there is to be had at acme, in a copy that a test may spoil."""
    world = dressed.world.copy_to(tmp_path / "home")
    set_clock(monkeypatch, world.clock)
    with django_db_blocker.unblock():
        world.enter()
        yield replace(dressed, world=world)
        world.leave()


def by(case: Case) -> str:
    return "dock" if case.by_service else ""


def require_problem(answer: Answer) -> m.Problem:
    """A problem of ours: a known code in its family, and nothing that was typed."""
    problem = answer.problem
    assert problem.code in frozenset(Code)
    assert problem.code != "internal"
    assert answer.status == FAMILIES[problem.family].status != 500
    assert b"canary" not in answer.content
    return problem


def test_every_path_has_its_case() -> None:
    assert routes() == set(CASES)


@pytest.mark.parametrize("path", PATHS)
def test_who_belongs_there_gets_an_answer(stage: Stage, path: str) -> None:
    case = CASES[path]

    answer = post(path, case.body(stage, case.insider), service=by(case))

    assert answer.status == 200, answer.problem
    assert (b"@example.com" in answer.content) == case.opens


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_does_not(stage: Stage, path: str) -> None:
    case = CASES[path]

    answer = post(path, case.body(stage, case.stranger), service=by(case))

    if case.told:
        assert require_problem(answer).code == case.told
    else:
        assert answer.status == 200
        if case.is_docks:
            return
        assert b"acme" not in answer.content
        assert stage.rows.list_id.encode() not in answer.content


@pytest.mark.parametrize("path", PATHS)
def test_nobody_does_not(stage: Stage, path: str) -> None:
    case = CASES[path]
    body = case.body(stage, "")

    answer = post(path, body, service=by(case))
    if case.nobody:
        assert require_problem(answer).code == case.nobody
    if case.by_service:
        assert require_problem(post(path, body)).code == "not-signed-in"


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_key_does_not(stage: Stage, path: str) -> None:
    case = CASES[path]

    for key in (UNKNOWN_KEY, "x", "lkk_", stage.world.session("ada")):
        answer = post(path, case.body(stage, ""), bearer=key)
        if case.by_service:
            assert require_problem(answer).code == "not-signed-in"
        elif case.nobody:
            require_problem(answer)


@pytest.mark.parametrize("path", [path for path in PATHS if CASES[path].by_service])
def test_a_tenants_own_service_does_not_speak_as_the_dock(
    stage: Stage, path: str
) -> None:
    case = CASES[path]

    for service in ("app", "intake"):
        answer = post(path, case.body(stage, "ben"), service=service)
        assert require_problem(answer).code == "not-permitted"


@pytest.mark.parametrize("path", PATHS)
def test_garbage_is_malformed(stage: Stage, path: str) -> None:
    for garbage in (b"", b"\x00", b"\xff" * 64, b"\x81", b"{}", b"\xc1" * 9, GARBLED):
        answer = post(path, garbage, service=by(CASES[path]))
        assert require_problem(answer).family == "malformed"


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_posts_only(stage: Stage, path: str) -> None:
    case = CASES[path]
    body = case.body(stage, case.insider)

    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = post(path, body, service=by(case), method=method)
        assert require_problem(answer).family == "malformed"


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_its_own_media_type_only(stage: Stage, path: str) -> None:
    """A page in a browser can send a form or text across origins, but not this."""
    case = CASES[path]
    body = case.body(stage, case.insider)

    for kind in ("application/json", "text/plain", ""):
        answer = post(path, body, service=by(case), kind=kind)
        assert require_problem(answer).code == "message-invalid"


@pytest.mark.parametrize("path", PATHS)
def test_bent_messages_are_judged_and_never_an_accident(
    stage: Stage, path: str
) -> None:
    case = CASES[path]
    body = case.body(stage, case.stranger)
    chance = random.Random(path)

    for _ in range(25):
        bent = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        answer = post(
            path, bytes(bent[: chance.randint(0, 2 * len(bent))]), service=by(case)
        )
        if answer.status != 200:
            require_problem(answer)


def texts(message: msgspec.Struct) -> list[str]:
    return [
        name
        for name in message.__struct_fields__
        if isinstance(getattr(message, name), str)
    ]


@pytest.mark.parametrize("path", [path for path in PATHS if not CASES[path].streamed])
def test_what_was_typed_never_comes_back_in_a_problem(stage: Stage, path: str) -> None:
    case = CASES[path]
    message = case.message(stage, case.insider)
    world = stage.world

    for name in texts(message):
        bent = msgspec.structs.replace(message, **{name: PLANTED})
        answer = post(path, encode(bent), service=by(case))
        if answer.status != 200:
            require_problem(answer)
    surprise = {**msgspec.to_builtins(message, builtin_types=(bytes,)), PLANTED: 1}
    answer = post(path, msgspec.msgpack.encode(surprise), service=by(case))
    assert require_problem(answer).code == "message-invalid"
    assert world.restart().origin == "k_demo"


def test_a_message_that_is_too_long_is_said_to_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", 100)

    answer = post("look-up", b"\x00" * 200, service="dock")

    assert require_problem(answer).code == "body-too-large"


def test_a_path_that_is_none_tells_nothing(stage: Stage) -> None:
    answer = post("admin/canary@example.com", b"")

    assert require_problem(answer).code == "not-found"


def test_an_accident_is_internal_and_its_text_goes_nowhere(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def stumble(*_args: object) -> None:
        raise ValueError(PLANTED)

    monkeypatch.setattr("listkeep.keeper.gate.api.registry_rows", stumble)
    message = m.ShowRegistry(session=stage.world.session("ada"), kind="person")

    answer = post("registry/show", message)

    assert (answer.status, answer.problem.code) == (500, "internal")
    assert b"canary" not in answer.content
    assert "canary" not in caplog.text
    assert "ValueError at " in caplog.text
    assert "stumble" not in answer.problem.message


def test_an_accident_in_the_database_is_internal_too(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    body = CASES["requests/draft"].body(stage, "ben")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE gate_draft")

    answer = post("requests/draft", body)

    assert (answer.status, answer.problem.code) == (500, "internal")
    assert "Error at " in caplog.text
    assert "gate_draft" not in caplog.text


def test_health_tells_what_everybody_may_know(stage: Stage) -> None:
    health = post("health", m.Empty()).read(m.Health)

    assert (health.keeper, health.profile) == ("k_demo", "demo")
    assert health.ledger_size == len(stage.world.entries())


def test_the_process_says_how_it_is_protected(stage: Stage) -> None:
    facts = post("process", m.Empty()).read(q.ProcessFacts)

    assert (facts.root, facts.root_answers) == ("file", True)
    (stage.world.home / "keys" / "root.key").rename(stage.world.home / "away.key")
    facts = post("process", m.Empty()).read(q.ProcessFacts)
    assert not facts.root_answers
    assert post("health", m.Empty()).read(m.Health).keeper  # in use, so it works


def test_somebody_signs_in_looks_and_signs_out_over_the_wire(stage: Stage) -> None:
    nonce = post("sign-in/begin", m.BeginSignIn()).read(m.Nonce).nonce
    person = stage.world.meet("ivan")
    signed = person.sign_in(keeper="k_demo", service="s_consoleconso", nonce=nonce)
    message = m.FinishSignIn(credential=person.credential, assertion=signed)
    token = post("sign-in/finish", message).read(m.Session).session

    me = m.WhoAmI(session=token)
    assert post("who-am-i", me, service="console").read(m.Principal).name == "ivan"
    assert post("who-am-i", me, service="dock").code == "not-signed-in"
    assert post("who-am-i", me).code == "not-signed-in"
    assert post("who-am-i", me, service="app").code == "not-permitted"
    assert post("sign-out", m.EndSession(session=token), service="console").code == ""
    assert post("who-am-i", me, service="console").code == "not-signed-in"


def test_a_session_shown_elsewhere_is_recorded_at_the_time_of_the_call(
    stage: Stage,
) -> None:
    world = stage.world
    message = m.WhoAmI(session=world.session("eve", "dock"))
    world.wait(minutes=1)

    assert post("who-am-i", message).code == "not-signed-in"

    assert world.newest("session.refused")["at"] == format_time(world.now)


def test_an_export_goes_over_the_wire(stage: Stage) -> None:
    world = stage.world
    body = CASES["exports/run"].body(stage, "ben")

    answer = post("exports/run", body, service="dock")

    assert answer.status == 200
    assert all(name in world.unpack(answer.content) for name in stage.rows.addresses)
    assert post("exports/run", body, service="dock").code == "replayed"


def test_a_cut_stream_over_the_wire_is_no_shorter_export(stage: Stage) -> None:
    body = CASES["exports/run"].body(stage, "ben")

    for cut in (4, len(body) - 4, len(body) - 1, len(body) - 200, 2):
        answer = post("exports/run", body[:cut], service="dock")
        assert require_problem(answer).code == "message-invalid", cut
    assert post("exports/run", body, service="dock").status == 200


def test_a_frame_that_claims_too_much_is_refused_unread(stage: Stage) -> None:
    claim = (64 * 1024 * 1024 + 1).to_bytes(4, "big")
    message = CASES["exports/run"].message(stage, "ben")

    for body in (claim, frames(message)[:-4] + claim):
        answer = post("exports/run", body, service="dock")
        assert require_problem(answer).code == "message-invalid"


def test_the_ledger_shows_bodies_to_those_they_concern_only(stage: Stage) -> None:
    world = stage.world

    def read(name: str) -> m.LedgerPage:
        message = m.ReadLedger(session=world.session(name), limit=1000)
        return post("ledger/entries", message).read(m.LedgerPage)

    names = ("ada", "eve", "ben", "cleo")
    for name in names:  # or who signs in last sees more
        world.session(name)
    pages = {name: read(name) for name in names}
    leaves = {tuple(entry.leaf for entry in page.entries) for page in pages.values()}
    assert len(leaves) == 1
    shown = {
        name: sum(bool(entry.body) for entry in page.entries)
        for name, page in pages.items()
    }
    assert shown["ben"] == 0
    assert 0 < shown["eve"] < shown["ada"] < shown["cleo"]
    assert pages["ada"].checkpoint.startswith(b"k_demo\n")


def test_a_page_of_the_ledger_begins_where_it_is_asked_to(stage: Stage) -> None:
    message = m.ReadLedger(session=stage.world.session("cleo"), start=5, limit=3)

    page = post("ledger/entries", message).read(m.LedgerPage)

    assert [entry.index for entry in page.entries] == [5, 6, 7]


def test_the_path_of_a_request_does_not_leave_the_spool(stage: Stage) -> None:
    for name in ("../keys/root", "r/../../x", "r_\n", "R_UPPER", "", "r" * 41):
        message = {
            "session": stage.world.session("ben", "dock"),
            "request": name,
            "format": "csv",
        }
        body = msgspec.msgpack.encode(message)
        framed = len(body).to_bytes(4, "big") + body + bytes(4)
        answer = post("exports/run", framed, service="dock")
        assert require_problem(answer).code == "message-invalid", name
