import csv
import io
import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.errors import ListkeepError
from listkeep.core.sealing import format_token, parse_token
from listkeep.core.segments import Schema
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.tokens import format_tokens, split_tokens
from listkeep.dock.outlet.rows import guarded, write_csv, write_jsonl
from tests.dock.conftest import Api


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=20))
def test_many_tokens_are_written_like_one(tokens: list[bytes]) -> None:
    assert format_tokens(tokens) == [format_token(token) for token in tokens]
    assert split_tokens(b"".join(tokens)) == tokens


def test_pages_follow_each_other_without_a_gap(ada: Api, news: str) -> None:
    found, cursor = [], ""
    while True:
        page = ada.get(f"/lists/{news}/tokens", limit="3", cursor=cursor).json
        found += page["entries"]
        if page["cursor"] is None:
            break
        cursor = page["cursor"]

    assert found == ada.tokens(news)
    assert len(found) == 4
    tokens = [parse_token(entry["token"]) for entry in found]
    assert tokens == sorted(tokens)


def test_a_page_that_ends_with_the_list_has_an_empty_successor(
    ada: Api, news: str
) -> None:
    page = ada.get(f"/lists/{news}/tokens", limit="4").json
    rest = ada.get(f"/lists/{news}/tokens", limit="4", cursor=page["cursor"]).json

    assert rest == {"entries": [], "cursor": None}


def test_a_stream_gives_all_pages_of_a_segment(ada: Api) -> None:
    list_id = ada.open_list(facets=["n:int"])
    rows = "".join(f"u{i}@example.com,{i % 3}\n" for i in range(10_000))
    ada.send(list_id, f"email,n\n{rows}".encode(), mapping={})

    assert len({e["token"] for e in ada.tokens(list_id)}) == 10_000
    assert len(ada.tokens(list_id, "n = 0")) == 3_334


def test_csv_has_a_header_and_a_column_for_each_facet(ada: Api, news: str) -> None:
    answer = ada.get(f"/lists/{news}/tokens", stream="csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [
        {
            "token": r["token"],
            "status": r["status"],
            "facets": {"plan": r["plan"], "country": r["country"] or None},
        }
        for r in rows
    ] == ada.tokens(news)


def test_values_survive_both_formats() -> None:
    schema = Schema.parse(["plan:text", "n:int", "vip:bool"])
    token = os.urandom(16)
    page = [
        (token, 0, '["a,\\"b\\\\ü",-5,true]'),
        (token, 3, "[null,null,false]"),
        (token, 1, '["=cmd()",null,null]'),
    ]

    lines = b"".join(write_jsonl([page], schema)).decode().splitlines()
    text = b"".join(write_csv([page], schema)).decode()

    assert [json.loads(line) for line in lines] == [
        {
            "token": format_token(token),
            "status": status,
            "facets": dict(zip(schema.names, facets, strict=True)),
        }
        for status, facets in (
            ("subscribed", ('a,"b\\ü', -5, True)),
            ("complained", (None, None, False)),
            ("unsubscribed", ("=cmd()", None, None)),
        )
    ]
    assert [row[1:] for row in csv.reader(io.StringIO(text))] == [
        ["status", "plan", "n", "vip"],
        ["subscribed", 'a,"b\\ü', "-5", "true"],
        ["complained", "", "", "false"],
        ["unsubscribed", "'=cmd()", "", ""],
    ]


def test_a_row_whose_facets_were_edited_breaks_the_stream_not_the_reader(
    ada: Api, news: str, caplog: pytest.LogCaptureFixture
) -> None:
    Entry.objects.update(facets='["anna@example.com"]')

    with pytest.raises(ListkeepError, match="broke off"):
        ada.get(f"/lists/{news}/tokens", stream="jsonl")

    assert "stream.broken" in caplog.text
    assert "anna" not in caplog.text


def test_a_broken_stream_carries_no_text_of_its_cause() -> None:
    with pytest.raises(ListkeepError) as caught:
        list(guarded(_fail()))

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "4097"},
        {"limit": "all"},
        {"cursor": "x" * 26},
        {"cursor": "'; drop table entry; --"},
        {"stream": "xml"},
        {"segment": "x" * 2_001},
    ],
)
def test_a_question_that_does_not_fit_is_refused(
    ada: Api, news: str, query: dict[str, str]
) -> None:
    answer = ada.get(f"/lists/{news}/tokens", **query)

    assert answer.status == 400
    assert answer.json["code"] in {"message-invalid", "token-invalid"}


def test_one_entry_is_shown_by_its_token(ada: Api, news: str) -> None:
    [entry, *_] = ada.tokens(news)

    assert ada.get(f"/lists/{news}/entries/{entry['token']}").json == entry


@pytest.mark.parametrize("token", ["a" * 26, "b" * 25, "A" * 26, "..%2f..%2fdock.key"])
def test_a_token_that_is_not_in_the_list_is_not_found(
    ada: Api, news: str, token: str
) -> None:
    answer = ada.get(f"/lists/{news}/entries/{token}")

    assert answer.status in {400, 404}
    assert answer.json["code"] in {"token-invalid", "not-found"}


def _fail() -> Iterator[bytes]:
    yield b"first"
    raise ValueError("anna@example.com")
