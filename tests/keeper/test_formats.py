import csv
import io
import json

import pytest

from listkeep.core.errors import MalformedError
from listkeep.keeper.release.formats import prepare_writer
from listkeep.keeper.release.opening import Value

NASTY: list[list[Value]] = [
    ["a@example.com", 'say "hi"', 7, True, None],
    ["b@example.com", "comma, semicolon; tab\t", -1, False, None],
    ["c@example.com", "line\nend\r\nline", 0, True, None],
    ["d@example.com", "=1+1", 2**53 - 1, False, None],
    ["e@example.com", "", 5, None, None],
]
NAMES = ["address", "said", "number", "vip", "nothing"]


def test_csv_reads_back_as_it_was_written() -> None:
    first, write = prepare_writer("csv", NAMES)
    text = (first + b"".join(write(row) for row in NASTY)).decode()

    back = list(csv.reader(io.StringIO(text, newline="")))

    assert back[0] == NAMES
    assert [row[1] for row in back[1:]] == [row[1] for row in NASTY]
    assert [row[3] for row in back[1:]] == ["true", "false", "true", "false", ""]
    assert text.endswith("\r\n")


def test_json_lines_read_back_with_their_types() -> None:
    first, write = prepare_writer("jsonl", NAMES)
    lines = (first + b"".join(write(row) for row in NASTY)).decode().splitlines()

    assert [list(json.loads(line).values()) for line in lines] == NASTY
    assert list(json.loads(lines[0])) == NAMES


@pytest.mark.parametrize("kind", ["", "CSV", "xlsx", "parquet"])
def test_there_are_two_formats(kind: str) -> None:
    with pytest.raises(MalformedError):
        prepare_writer(kind, NAMES)
