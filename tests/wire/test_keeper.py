import gc
import inspect
import socket as sockets
import typing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    RefusedError,
    UnavailableError,
)
from listkeep.wire import messages as m
from listkeep.wire.base import MEDIA_TYPE, decode, encode
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import keys as k
from tests.wire.listener import (
    Conversation,
    Listener,
    Say,
    answer_half,
    answer_in_chunks,
    answer_noise,
    hang_up,
    listen,
    say,
    say_nothing,
)
from tests.wire.paths import PATHS
from tests.wire.samples import batch, frames, make

# httpcore leaves a unix socket to the garbage collector when connecting fails.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
PLANTED = "planted.person@example.com"
SERVICE_KEY = "lkk_planted_key"
HEALTH = m.Health(version="1", keeper="k_demo", profile="demo", ledger_size=7)
PROBLEM = m.Problem(family="refused", code="frozen", message="no", hint="wait")
RUN = m.RunExport(session="s", request="r_1", format="csv")
LOOK_UP = m.LookUp(caller=m.Caller(session="s"), list="l_1", address=PLANTED)


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """Collect what is left here, where its warning is expected."""
    yield
    gc.collect()


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "keeper.sock"


@pytest.fixture
def client(socket: Path) -> Iterator[KeeperClient]:
    with KeeperClient(socket, timeout_seconds=10) as client:
        yield client


def fail(client: KeeperClient) -> ListkeepError:
    """Ask for a look-up, which carries an address, and return what goes wrong."""
    with pytest.raises(ListkeepError) as failed:
        client.look_up(LOOK_UP)
    shown = f"{failed.value.message}{failed.value.hint}{failed.value.__cause__!r}"
    assert PLANTED not in shown
    assert SERVICE_KEY not in shown
    return failed.value


def assert_unavailable(error: ListkeepError, says: str) -> None:
    assert type(error) is UnavailableError
    assert error.code is Code.KEEPER_UNAVAILABLE
    assert says in error.message
    assert error.hint


# --- what is asked --------------------------------------------------------------


def test_the_table_of_paths_is_complete() -> None:
    methods = {name for name, _ in inspect.getmembers(KeeperClient, inspect.isfunction)}

    public = {name for name in methods if not name.startswith("_")}
    assert public == {*PATHS, "close", "destroy_keys", "run_export", "seal_packed"}


@pytest.mark.parametrize("name", PATHS)
def test_each_question_has_its_path_and_its_answer(
    client: KeeperClient, socket: Path, name: str
) -> None:
    hints = typing.get_type_hints(getattr(KeeperClient, name))
    answer = hints.pop("return")
    asked = [make(kind) for kind in hints.values()]
    told = m.Empty() if answer is type(None) else make(answer)

    with listen(socket, say(told)) as listener:
        got = getattr(client, name)(*asked)

    [heard] = listener.heard
    assert heard.path == f"/v1/{PATHS[name]}"
    assert heard.body == encode(asked[0] if asked else m.Empty())
    assert got == (None if answer is type(None) else told)


def test_a_service_shows_its_key_and_a_person_has_none(socket: Path) -> None:
    with listen(socket, say(HEALTH)) as listener:
        with KeeperClient(socket, service_key=SERVICE_KEY) as service:
            service.health()
        with KeeperClient(socket) as person:
            person.health()

    of_service, of_person = (heard.headers for heard in listener.heard)
    assert of_service["authorization"] == f"Bearer {SERVICE_KEY}"
    assert "authorization" not in of_person
    assert of_service["content-type"] == of_person["content-type"] == MEDIA_TYPE


def test_proxies_of_the_environment_are_not_asked(
    client: KeeperClient, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with listen(socket, say(HEALTH)), KeeperClient(socket) as fresh:
        assert fresh.health() == HEALTH


def test_threads_share_a_client(client: KeeperClient, socket: Path) -> None:
    answers: list[m.Health] = []
    with listen(socket, say(HEALTH)):
        threads = [
            Thread(target=lambda: answers.append(client.health())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == [HEALTH] * 8


# --- what goes wrong ----------------------------------------------------------------


def test_the_keepers_refusal_arrives_as_its_own_error(
    client: KeeperClient, socket: Path
) -> None:
    with listen(socket, say(PROBLEM, status=403)):
        error = fail(client)

    assert type(error) is RefusedError
    assert (error.message, error.code, error.hint) == ("no", Code.FROZEN, "wait")


def test_a_problem_of_a_newer_keeper_keeps_its_family(
    client: KeeperClient, socket: Path
) -> None:
    problem = m.Problem(family="conflict", code="from-the-future", message="later")
    with listen(socket, say(problem, status=409)):
        error = fail(client)

    assert type(error) is ConflictError
    assert error.code is Code.INTERNAL


def test_a_keeper_that_is_not_there_is_unavailable(client: KeeperClient) -> None:
    assert_unavailable(fail(client), "not running or not reachable")


def test_a_socket_nobody_listens_on_is_unavailable(
    client: KeeperClient, socket: Path
) -> None:
    with sockets.socket(sockets.AF_UNIX) as left_behind:
        left_behind.bind(str(socket))
        assert_unavailable(fail(client), "not running or not reachable")


def test_a_path_too_long_for_a_socket_is_unavailable(tmp_path: Path) -> None:
    with KeeperClient(tmp_path / ("x" * 200)) as client:
        assert_unavailable(fail(client), "not running or not reachable")


def test_a_keeper_that_is_silent_is_given_up(socket: Path) -> None:
    with (
        listen(socket, say_nothing),
        KeeperClient(socket, timeout_seconds=0.05) as client,
    ):
        assert_unavailable(fail(client), "did not answer in time")


@pytest.mark.parametrize("part", [hang_up, answer_half, answer_noise])
def test_a_connection_that_breaks_is_unavailable(
    client: KeeperClient, socket: Path, part: Say
) -> None:
    with listen(socket, part):
        assert_unavailable(fail(client), "not running or not reachable")


@pytest.mark.parametrize("status", [404, 500, 502])
def test_an_error_page_is_not_taken_for_our_mistake(
    client: KeeperClient, socket: Path, status: int
) -> None:
    page = f"<h1>Server Error</h1> {PLANTED}".encode()

    with listen(socket, say(page, status=status)):
        assert_unavailable(fail(client), "was not understood")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        PLANTED.encode(),
        msgspec.msgpack.encode({"token": bytes(16), PLANTED: PLANTED}),
        msgspec.msgpack.encode({"token": PLANTED}),
        encode(HEALTH),
    ],
    ids=["empty", "text", "unknown field", "wrong type", "another message"],
)
def test_an_answer_of_another_kind_is_not_understood_and_not_repeated(
    client: KeeperClient, socket: Path, answer: bytes
) -> None:
    with listen(socket, say(answer)):
        assert_unavailable(fail(client), "was not understood")


def test_a_keeper_that_comes_back_is_found_again(
    client: KeeperClient, socket: Path
) -> None:
    with listen(socket, say(HEALTH)):
        client.health()
    fail(client)
    with listen(socket, say(HEALTH)):
        assert client.health() == HEALTH


# --- exports --------------------------------------------------------------------------


def run(client: KeeperClient, batches: Iterator[m.RowBatch]) -> bytes:
    with client.run_export(RUN, batches) as stream:
        return b"".join(stream)


def test_an_export_streams_rows_in_and_ciphertext_out(
    client: KeeperClient, socket: Path
) -> None:
    with listen(socket, answer_in_chunks(b"age-", b"encryption", b".org")) as listener:
        age = run(client, map(batch, range(3)))

    assert age == b"age-encryption.org"
    [heard] = listener.heard
    assert heard.path == "/v1/exports/run"
    assert heard.whole
    first, *batches, end = frames(heard.body)
    assert decode(first, m.RunExport) == RUN
    assert [decode(each, m.RowBatch) for each in batches] == [*map(batch, range(3))]
    assert end == b""


def test_a_list_is_shown_row_by_row_to_have_its_old_keys_destroyed(
    client: KeeperClient, socket: Path
) -> None:
    asked, told = k.DestroyKeys(list="l_news"), k.ListKeys(list="l_news", keys=())
    held = [k.HeldRows(rows=batch(1)), k.HeldRows(rows=batch(2), past=True)]

    with listen(socket, say(told)) as listener:
        assert client.destroy_keys(asked, held) == told

    [heard] = listener.heard
    assert heard.path == "/v1/keys/destroy"
    first, *rest, end = frames(heard.body)
    assert decode(first, k.DestroyKeys) == asked
    assert [decode(each, k.HeldRows) for each in rest] == held
    assert end == b""


def test_keys_that_are_not_destroyed_say_why(
    client: KeeperClient, socket: Path
) -> None:
    with (
        listen(socket, say(PROBLEM, status=403)),
        pytest.raises(RefusedError, match=r"^no$"),
    ):
        client.destroy_keys(k.DestroyKeys(list="l_news"), [])


def test_a_refused_export_says_why_and_yields_nothing(
    client: KeeperClient, socket: Path
) -> None:
    with (
        listen(socket, say(PROBLEM, status=403)),
        pytest.raises(RefusedError, match=r"^no$") as refused,
    ):
        run(client, map(batch, range(2)))

    assert refused.value.code is Code.FROZEN


def test_a_refusal_before_the_last_row_is_still_heard(
    client: KeeperClient, socket: Path
) -> None:
    def refuse_at_once(talk: Conversation) -> None:
        talk.answer(encode(PROBLEM), status=403)
        talk.hang_up()

    with listen(socket, refuse_at_once), pytest.raises(RefusedError):
        run(client, map(batch, [1] * 5000))


def test_an_error_while_rows_are_fetched_stays_what_it_is(
    client: KeeperClient, socket: Path
) -> None:
    def fetch() -> Iterator[m.RowBatch]:
        yield batch(0)
        raise ConflictError("the list changed", code=Code.NOT_WAITING)

    with listen(socket, answer_in_chunks(b"age")) as listener:
        with pytest.raises(ConflictError, match="the list changed"):
            run(client, fetch())
        assert listener.heard_all.wait(10)

    [heard] = listener.heard
    assert not heard.whole
    assert b"" not in list(frames(heard.body))  # the end was never said


def test_an_export_that_breaks_off_is_no_short_file(
    client: KeeperClient, socket: Path
) -> None:
    got: list[bytes] = []
    with (
        listen(socket, answer_in_chunks(b"age", ends=False)),
        pytest.raises(UnavailableError, match="not reachable"),
        client.run_export(RUN, []) as stream,
    ):
        got += stream

    assert b"".join(got) in (b"", b"age")


def test_an_export_without_an_answer_is_given_up(socket: Path) -> None:
    with (
        listen(socket, say_nothing),
        KeeperClient(socket, timeout_seconds=0.05) as client,
        pytest.raises(UnavailableError, match="did not answer in time"),
    ):
        run(client, map(batch, range(1)))


def test_what_the_reader_of_an_export_does_wrong_stays_theirs(
    client: KeeperClient, socket: Path
) -> None:
    with (
        listen(socket, answer_in_chunks(b"age")),
        pytest.raises(OSError, match="disk is full"),
        client.run_export(RUN, []),
    ):
        raise OSError("disk is full")


def test_after_an_abandoned_export_the_client_goes_on(
    client: KeeperClient, socket: Path
) -> None:
    def part(talk: Conversation) -> None:
        exporting = talk.path.endswith("exports/run")
        (answer_in_chunks(b"age" * 9) if exporting else say(HEALTH))(talk)

    with listen(socket, part):
        with suppress(OSError), client.run_export(RUN, []) as stream:
            next(stream)
            raise OSError("disk is full")
        assert client.health() == HEALTH


def test_the_listener_of_these_tests_tells_a_whole_request_from_a_broken_one(
    socket: Path,
) -> None:
    def ask(listener: Listener, text: bytes) -> Any:
        with sockets.socket(sockets.AF_UNIX) as raw:
            raw.connect(str(listener.socket))
            raw.sendall(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + text)
            raw.shutdown(sockets.SHUT_WR)
            while raw.recv(100):
                pass
        return listener.heard[-1].whole

    with listen(socket, say(b"")) as listener:
        assert ask(listener, b"1\r\nx\r\n0\r\n\r\n")
        assert not ask(listener, b"1\r\nx\r\n")
