import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.opening import OpenedRows
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.held_keys import first_key
from listkeep.keeper.release.formats import cut_plain, prepare_writer, require_format
from listkeep.keeper.release.opening import Shape, Value

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FACTS = ListFacts(
    id="l_aaaaaaaaaaaa",
    tenant="t_aaaaaaaaaaaa",
    name="news",
    facets=("number:int", "vip:bool", "nothing:text"),
    fields=("said", "city"),
    created_at=NOON,
    keys=first_key(NOON),
)
SHAPE = Shape(FACTS)
NASTY: list[tuple[str, list[Value], list[str]]] = [
    ("a@example.com", [7, True, None], ['say "hi"', "Bonn"]),
    ("b@example.com", [-1, False, None], ["comma, semicolon; tab\t", ""]),
    ("c@example.com", [0, True, None], ["line\nend\r\nline", "\\"]),
    ("d@example.com", [2**53 - 1, False, None], ["=1+1", '","']),
    ("zoë@example.com", [5, None, None], ["", "Zürich\u2028"]),
]
PLAIN: list[tuple[str, list[Value], list[str]]] = [
    ("a@example.com", [7, True, None], ["hi, there", "Bonn"]),
    ("zoë@example.com", [-1, False, None], ["", "Zürich"]),
    ("'@example.com", [0, None, None], [",", "[]"]),
]


def write(kind: str, rows: list[tuple[str, list[Value], list[str]]]) -> bytes:
    writer = prepare_writer(kind, SHAPE)
    opened = OpenedRows(
        [address.encode() for address, _, _ in rows],
        [
            json.dumps(f, ensure_ascii=False, separators=(",", ":")).encode()
            for _, _, f in rows
        ],
    )
    return writer.head + writer.rows(opened, [writer.facets(f) for _, f, _ in rows])


BOTH = [row for pair in zip(PLAIN, NASTY, strict=False) for row in pair]


@pytest.mark.parametrize("rows", [NASTY, PLAIN, BOTH], ids=["nasty", "plain", "both"])
def test_csv_reads_back_as_it_was_written(
    rows: list[tuple[str, list[Value], list[str]]],
) -> None:
    text = write("csv", rows).decode()

    back = list(csv.reader(io.StringIO(text, newline="")))

    assert back[0] == ["address", "number", "vip", "nothing", "said", "city"]
    assert [row[0] for row in back[1:]] == [address for address, _, _ in rows]
    assert [row[4:] for row in back[1:]] == [fields for _, _, fields in rows]
    assert [row[1] for row in back[1:]] == [str(facets[0]) for _, facets, _ in rows]
    words = {True: "true", False: "false", None: ""}
    assert [row[2] for row in back[1:]] == [words[f[1]] for _, f, _ in rows]  # type: ignore[index]
    assert text.endswith("\r\n")


@pytest.mark.parametrize("rows", [NASTY, PLAIN, BOTH], ids=["nasty", "plain", "both"])
def test_json_lines_read_back_with_their_types(
    rows: list[tuple[str, list[Value], list[str]]],
) -> None:
    lines = write("jsonl", rows).decode().split("\n")[:-1]

    back = [list(json.loads(line).values()) for line in lines]

    assert back == [[address, *facets, *fields] for address, facets, fields in rows]
    assert list(json.loads(lines[0])) == list(SHAPE.names)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_fields_that_came_later_are_empty_in_older_rows(kind: str) -> None:
    writer = prepare_writer(kind, SHAPE)
    opened = OpenedRows([b"a@example.com"] * 3, [b"", b"[]", b'["hi"]'])

    text = writer.rows(opened, [b""] * 3).decode()

    said = {"csv": '"a@example.com",%s,""\r\n', "jsonl": '%s,"city":""}\n'}[kind]
    begin = '{"address":"a@example.com","said":' if kind == "jsonl" else ""
    cells = ['""', '""', '"hi"']
    assert text == "".join(said % (begin + cell) for cell in cells)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "fields", [b'["a","b","c"]', b'["a",1]', b'{"a":"b"}', b'["a","b"', b"\xff"]
)
def test_fields_the_list_does_not_have_are_not_written(
    kind: str, fields: bytes
) -> None:
    writer = prepare_writer(kind, SHAPE)
    opened = OpenedRows([b"a@example.com"] * 2, [b'["a","b"]', fields])

    with pytest.raises(VerificationError):
        writer.rows(opened, [b""] * 2)


@pytest.mark.parametrize(
    "texts",
    [
        [b""],
        [b"[]"],
        [b'["]'],
        [b'["a"]'],
        [b'["a","b","c"]'],
        [b'["a","b","c"]', b'["a"]'],  # four texts in two rows
        [b'["a","b\x01"]'],
        [b'["a","b"]\n["c","d"]'],  # two rows in the place of one
        [b'["a" ,"b"]'],
        [b'["a""b"]'],
        [b'"a","b"'],
        [b'["a","b"]]'],
        [b'[","xx""]'],
        [b'[","xxxx"]', b'["a"b","c"]'],
        [b'[","]', b'["a"b"c","d"]'],
    ],
)
def test_what_is_not_two_texts_in_an_array_each_is_not_plain(
    texts: list[bytes],
) -> None:
    _, odd = cut_plain(texts, values=2)

    assert list(odd) == list(range(len(texts)))


def test_plain_texts_lose_their_edges_beside_some_with_escapes() -> None:
    odd, plain = [b'["\\"","b"]', b'["a","b\\n"]'], [b'["a","b"]', b'["",","]']
    mixed = [odd[0], plain[0], odd[1], plain[1]]

    cut, places = cut_plain(mixed, values=2)

    assert (cut[1], cut[3], list(places)) == (b'a","b', b'",",', [0, 2])
    assert cut_plain(plain, values=2) == ([b'a","b', b'",",'], [])
    assert list(cut_plain(odd, values=2)[1]) == [0, 1]
    assert cut_plain([], values=2)[0] == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_dock_that_had_odd_fields_sealed_hides_no_row_inside_of_another(
    kind: str,
) -> None:
    """One has a mark too few and the next one too many: together they look whole."""
    shape = Shape(replace(FACTS, fields=("said",)))
    opened = OpenedRows([b"a@example.com"] * 2, [b'["]', b'["a"b"]'])

    with pytest.raises(VerificationError):
        prepare_writer(kind, shape).rows(opened, [b""] * 2)


@pytest.mark.parametrize("kind", ["", "CSV", "xlsx", "parquet"])
def test_there_are_two_formats(kind: str) -> None:
    with pytest.raises(MalformedError):
        require_format(kind)
    with pytest.raises(MalformedError):
        prepare_writer(kind, SHAPE)
