import json

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.files.jsonl import (
    MAX_ROW_CHARACTERS,
    ROWS_THAT_TELL_FIELDS,
    find_columns,
    read_pages,
)
from listkeep.core.files.text import Stretch


def read(
    text: str, *columns: str
) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[int, str]]]:
    rows: list[tuple[int, tuple[str, ...]]] = []
    rejected: list[tuple[int, str]] = []
    for page in read_pages([Stretch(1, text)], columns=columns):
        cells = zip(*page.columns, strict=True)
        rows += zip(page.lines, cells, strict=True)
        rejected += [(row.line, row.reason.value) for row in page.rejected]
    return rows, rejected


def test_columns_are_those_of_the_first_rows_in_order() -> None:
    text = '\n{"email":"a","plan":"b"}\nbroken\n{"city":"c","plan":"d"}\n'

    assert find_columns(Stretch(1, text)) == ["email", "plan", "city"]


def test_only_so_many_rows_tell_columns() -> None:
    row = '{"email":"a"}\n'
    late = row * ROWS_THAT_TELL_FIELDS + '{"late":"b"}\n'

    assert find_columns(Stretch(1, late)) == ["email"]


@pytest.mark.parametrize("text", ["[1]\n", '{"email"', "{}\n", '[\n{"email":"a"}\n]\n'])
def test_a_file_that_begins_with_something_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        find_columns(Stretch(1, text))

    assert caught.value.code == Code.FILE_HEADER
    assert "one object per line" in caught.value.hint
    assert caught.value.__context__ is None


def test_every_value_is_read_as_the_text_it_was() -> None:
    text = '{"a":1.50,"b":true,"c":null}\n\n{"b":false,"a":12345678901234567890}\n'
    big = "9" * 5000

    assert read(text, "a", "b", "c") == (
        [(1, ("1.50", "true", "")), (3, ("12345678901234567890", "false", ""))],
        [],
    )
    assert read(f'{{"a":{big}}}', "a")[0] == [(1, (big,))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "json-invalid"),
        ("[]", "json-invalid"),
        ('"text"', "json-invalid"),
        ('{"a":NaN}', "json-invalid"),
        ('{"a":"x"} {"a":"y"}', "json-invalid"),
        ("[" * 30_000, "json-invalid"),
        ('{"a":"x","a":"y"}', "field-duplicate"),
        ('{"a":{"b":"x"}}', "field-nested"),
        ('{"a":["x"]}', "field-nested"),
        ('{"b":"x"}', "field-unknown"),
        (r'{"a":"\ud800"}', "text-invalid"),
        (r'{"a":"\u0000"}', "text-invalid"),
        ('{"a":"' + "x" * MAX_ROW_CHARACTERS + '"}', "row-too-big"),
    ],
)
def test_a_bad_line_is_turned_away_alone(line: str, reason: str) -> None:
    assert read(f'{{"a":"before"}}\n{line}\n{{"a":"after"}}', "a") == (
        [(1, ("before",)), (3, ("after",))],
        [(2, reason)],
    )


def test_escapes_are_text_like_any() -> None:
    text = json.dumps({"a": "é𝄞\n"})

    assert "\\u" in text
    assert read(text, "a") == ([(1, ("é𝄞\n",))], [])


def test_nothing_good_still_makes_columns() -> None:
    page = next(read_pages([Stretch(1, "x\n")], columns=("a", "b")))

    assert list(page.columns) == [(), ()]
