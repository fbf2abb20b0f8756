import codecs
import csv
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.core.files import (
    Format,
    Record,
    Rejected,
    delimited,
    open_audience,
    text,
    write_csv,
    write_jsonl,
)
from listkeep.core.files.text import Stretch

FORMATS: st.SearchStrategy[Format] = st.sampled_from(get_args(Format))
HEADERS = st.sampled_from(
    [
        "Email,Name\n",
        "Email;Status;Note\r\n",
        '"Email Address","First\nName",LEID,EUID\n',
        "sep=|\nEmail|Name\n",
        "Email\n",
        "",
    ]
)
CELLS = st.sampled_from(
    [
        "ada@example.com",
        "Canary@Example.org",
        "dora@bücher.example",
        "subscribed",
        "",
        " ",
        "é",
        "\ufeff",
        '"a ""b"""',
        '"two\nlines"',
        '"',
        '"open',
        'mid"dle',
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", ",", ";", "|", "\t", "\n\n", ""])
CELLED = st.lists(st.tuples(CELLS, ENDS).map("".join), max_size=30).map("".join)
OBJECTS = st.lists(
    st.sampled_from(
        [
            '{"email":"ada@example.com","n":1}',
            '{"email":"x"}',
            "{}",
            '{"n":[1]}',
            "[",
            "",
            r'{"email":"\ud800"}',
            '{"email":"a","email":"b"}',
            "NaN",
            '{"other":null}',
        ]
    ),
    max_size=12,
).map("\n".join)
FILES = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda one: one.encode("utf-8", "replace"))
    | st.builds("{}{}".format, HEADERS, CELLED).map(str.encode)
    | OBJECTS.map(str.encode)
    | CELLED.map("Email\n{}".format).map(lambda one: one.encode("utf-16"))
)
CUTS = st.lists(st.integers(0, 300), max_size=6)


def read(
    chunks: Sequence[bytes], wanted: Format
) -> tuple[list[Record | Rejected], str]:
    """Give all that comes out of a file, and the code it was refused with."""
    rows: list[Record | Rejected] = []
    try:
        for row in open_audience(chunks, format=wanted):
            rows.append(row)  # noqa: PERF402 - what came before a refusal counts
    except MalformedError as error:
        return rows, error.code
    return rows, ""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(FILES, CUTS, FORMATS)
@example(
    codecs.BOM_UTF8 + "Email\ndora@bücher.example\r\n".encode(), [1, 20, 32], "csv"
)
def test_any_bytes_in_any_chunks_give_rows_or_one_refusal(
    data: bytes, places: list[int], wanted: Format
) -> None:
    rows, code = read([data], wanted)

    assert read(cut(data, places), wanted) == (rows, code)
    assert read([data[place : place + 1] for place in range(len(data))], wanted) == (
        rows,
        code,
    )
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert code or any(isinstance(row, Record) for row in rows)


@given(FILES, FORMATS)
def test_no_refusal_repeats_what_the_file_says(data: bytes, wanted: Format) -> None:
    error = find_refusal(data, wanted)

    if error:
        said = f"{error} {error.hint}".lower()
        assert "canary" not in said
        assert "ada@" not in said
        assert error.__context__ is None


def find_refusal(data: bytes, wanted: Format) -> ListkeepError | None:
    try:
        list(open_audience([data], format=wanted))
    except ListkeepError as error:
        return error
    return None


@given(HEADERS, CELLED, st.integers(1, 40))
def test_the_size_of_pieces_never_matters(head: str, body: str, size: int) -> None:
    whole = f"{head}{body}".encode()
    patch = pytest.MonkeyPatch()
    patch.setattr(text, "PIECE_BYTES", size)
    try:
        pieces = list(text.read_stretches([whole]))
    finally:
        patch.undo()

    assert "".join(part.text for part in pieces) == "".join(
        part.text for part in text.read_stretches([whole])
    )


@given(CELLED, st.sets(st.integers(0, 60)), st.integers(1, 4))
def test_where_a_text_is_cut_between_lines_never_matters(
    body: str, places: set[int], width: int
) -> None:
    lines = body.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
    lines = list(io.StringIO("".join(lines), newline="\n"))
    edges = [
        0,
        *sorted(place for place in places if 0 < place < len(lines)),
        len(lines),
    ]
    parts = [
        Stretch(start + 1, "".join(lines[start:end]))
        for start, end in pairwise(edges)
        if start < end
    ]

    assert cells(parts, width) == cells(
        [Stretch(1, "".join(lines))][: len(lines)], width
    )


ODD_ROWS = st.sampled_from(
    [
        *('"a, b",c', '"two\nlines",x', '"x\n\n,y"," "', 'p,"q ""w""\n"', '"",""'),
        *('5" pipe,y', '"open,z', 'a,"b"x', '"one', "a,b,c", '"a\nb', "", '"a","b'),
    ]
)


@given(st.lists(st.tuples(ODD_ROWS, st.integers(3, 9)), max_size=8))
@example([('"two\nlines",x', 9)])
@example([('5" pipe,y', 9), ('"open,z', 9)])
def test_both_ways_to_cut_give_the_same(rows: list[tuple[str, int]]) -> None:
    body = "".join(row + "\n" + "k,v\n" * plain for row, plain in rows)
    cutter = delimited._Cutter(",", 2)
    quickly = cutter.cut_plain(body, 7)
    if quickly is None or not body:
        return
    slowly, rest = cutter.cut_quoted(body, 7, final=True)

    assert list(quickly.lines) == list(slowly.lines)
    assert [*map(list, quickly.columns)] == [*map(list, slowly.columns)]
    assert quickly.rejected == slowly.rejected
    assert rest == ""


def test_a_row_of_several_lines_does_not_slow_down_the_others() -> None:
    body = "k,v\n" * 9 + '"two\nlines",x\n' + "k,v\n" * 9
    page = delimited._Cutter(",", 2).cut_plain(body, 1)

    assert page
    assert list(page.lines) == [*range(1, 11), *range(12, 21)]


@given(CELLED, st.integers(1, 4))
def test_without_wrong_quotes_rows_are_what_the_csv_module_says(
    body: str, width: int
) -> None:
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    try:
        rows = list(csv.reader(io.StringIO(body, newline="\n"), strict=True))
    except csv.Error:
        return
    found, _ = cells([Stretch(1, body)] if body else [], width)

    assert [row for _, row in found] == [
        tuple(row)
        for row in rows
        if len(row) == width and (width > 1 or row[0].strip())
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6).map("a{}@example.com".format),
            st.text(
                st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"),
                max_size=20,
            ),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read_back(rows: list[tuple[str, str]]) -> None:
    header = ("email", "note")
    for data in (
        write_csv(header, rows, spreadsheet_safe=False),
        write_jsonl(header, rows),
    ):
        read_back = [
            (row.address_text, row.fields["note"])
            for row in open_audience(data)
            if isinstance(row, Record)
        ]
        assert read_back == rows


def cells(
    parts: list[Stretch], width: int
) -> tuple[list[tuple[int, tuple[str, ...]]], list[Rejected]]:
    rows: list[tuple[int, tuple[str, ...]]] = []
    rejected: list[Rejected] = []
    for page in delimited.read_pages(iter(parts), delimiter=",", width=width):
        columns = zip(*page.columns, strict=True)
        rows += zip(page.lines, columns, strict=True)
        rejected += page.rejected
    return rows, rejected
