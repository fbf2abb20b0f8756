"""The client that the command line uses, against the dock itself."""

import io
from collections.abc import Iterator

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from listkeep.core.errors import ConflictError, MalformedError, RefusedError
from listkeep.core.sealing import format_token
from listkeep.wire.dock import DockClient
from tests.fakes.keeper import FakeKeeper
from tests.fakes.rows import sealed_rows


@pytest.fixture
def client(keeper: FakeKeeper) -> Iterator[DockClient]:
    bearer = keeper.add_person("ada", "acme").session
    with connect(bearer) as client:
        yield client


def connect(bearer: str) -> DockClient:
    application = get_wsgi_application()
    return DockClient(
        "http://dock.test",
        bearer=bearer,
        transport=httpx.WSGITransport(app=application),
    )


NAMES = ("anna", "bert", "carl", "dora", "emil", "fred")


@pytest.fixture
def news(client: DockClient) -> str:
    """A list of six, of which one is on another plan."""
    opened = client.create_list("news-and-more", facets=["plan:text"])
    rows = [f"{name}@example.com,{'pro' if name < 'f' else 'free'},X" for name in NAMES]
    content = "\n".join(["E-mail,Plan,Name", *rows, "nobody,pro,X"]).encode()
    begun = client.begin_import("news-and-more", mapping={"address": "E-mail"})
    sent: list[int] = []
    done = client.send_file(
        begun.id, io.BytesIO(content), size_bytes=len(content), progress=sent.append
    )
    assert (done.state, done.rows, done.rejected, done.rounded) == ("done", 6, 1, True)
    assert sent[-1] == len(content)
    assert client.show_import(begun.id) == done
    [reject] = client.read_rejects(begun.id)
    assert (reject.line, reject.reason) == (8, "address-invalid")
    return opened.id


def test_a_list_is_read_in_all_ways(client: DockClient, news: str) -> None:
    assert client.health().keeper
    assert [one.name for one in client.show_lists()] == ["news-and-more"]
    shown = client.show_list("news-and-more")
    assert (shown.id, shown.entries, shown.statuses["subscribed"]) == (news, 6, 6)
    assert client.count(news, 'plan = "pro"').count == 5
    [plan] = client.count_facets(news)
    assert (plan.values[0].value, plan.values[0].entries, plan.other) == ("pro", 5, 1)
    page, cursor = client.read_tokens(news, limit=4)
    rest, end = client.read_tokens(news, cursor=cursor or "", limit=4)
    assert (len(page), len(rest), end) == (4, 2, None)
    for file_format, lines in (("csv", 7), ("jsonl", 6)):
        with client.stream_tokens(news, file_format=file_format) as chunks:
            assert b"".join(chunks).count(b"\n") == lines
    found = client.look_up(news, "Anna@example.com")
    assert (found.found, found.facets) == (True, {"plan": "pro"})
    assert client.show_entry(news, found.token).status == "subscribed"


def test_a_status_is_changed(client: DockClient, news: str) -> None:
    token = client.look_up(news, "anna@example.com").token

    assert client.set_status(news, token, "bounced").status == "bounced"
    answer = client.suppress(news, [token], reason="bounced")
    assert (answer.suppressed, answer.changed) == (0, 0)


def test_rows_are_released_sealed(
    keeper: FakeKeeper, client: DockClient, news: str
) -> None:
    token = client.look_up(news, "anna@example.com").token
    [row] = sealed_rows(client.read_sealed(news, [token]))
    assert format_token(row.token) == token
    assert keeper.open(keeper.lists[news], row).address == "anna@example.com"

    request = keeper.grant_export(news, selection='plan = "pro"', cap=10)
    run = client.run_export(request)
    assert client.show_export(run.id) == run
    with client.fetch_export(run.id) as file:
        text = keeper.open_export(b"".join(file))
    assert sorted(text.split()) == [f"{name}@example.com" for name in NAMES[:5]]


def test_errors_are_what_they_were(keeper: FakeKeeper, client: DockClient) -> None:
    client.create_list("news", facets=[])
    with pytest.raises(ConflictError, match="such a list"):
        client.create_list("news", facets=[])
    with pytest.raises(MalformedError) as malformed:
        client.count("news", "plan = 1")
    assert malformed.value.code == "segment-invalid"
    assert "\n" in malformed.value.hint
    with pytest.raises(RefusedError) as refused:
        client.show_list("../health")
    assert refused.value.code == "not-found"
    with (
        pytest.raises(RefusedError),
        client.stream_tokens("nowhere"),
    ):
        pass
    begun = client.begin_import("news")
    with pytest.raises(MalformedError) as late:
        client.send_file(begun.id, io.BytesIO(b"PK\x03\x04"), size_bytes=4)
    assert late.value.code == "file-binary"


def test_a_stranger_is_refused(keeper: FakeKeeper, client: DockClient) -> None:
    client.create_list("news", facets=[])
    with connect("") as nobody, pytest.raises(RefusedError) as caught:
        nobody.show_list("news")
    assert caught.value.code == "not-signed-in"
