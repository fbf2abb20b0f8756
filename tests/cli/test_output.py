import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from listkeep.cli.commands.tokens import first_lines
from listkeep.cli.output import clean, note, plural, show_rows, write_facts, write_json

# A name that clears the screen, one that hides behind direction marks.
STEERING = ["\x1b[2Jgone", "\x9b2J", "a\rb", "tr\u202egnp", "bell\a"]


@pytest.mark.parametrize("text", STEERING)
@pytest.mark.parametrize("as_json", [True, False])
def test_no_row_steers_the_terminal(text: str, *, as_json: bool) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        show_rows([{"name": text}], ("name",), as_json=as_json)
        write_facts({"name": text})

    assert all(char.isprintable() or char == "\n" for char in out.getvalue())


@pytest.mark.parametrize("text", [*STEERING, "\U000e0041tag", 'quo"te\\'])
def test_json_stays_the_same_value(text: str) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        write_json({"name": text, text: 1})

    assert json.loads(out.getvalue()) == {"name": text, text: 1}


def test_words_go_to_stderr_and_never_carry_control_characters() -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        note("a name: \x1b[31mred")

    assert out.getvalue() == ""
    assert err.getvalue() == "listkeep: a name: \ufffd[31mred\n"


def test_columns_line_up_also_with_wide_letters() -> None:
    out = io.StringIO()
    rows: list[dict[str, object]] = [
        {"name": "東京", "rows": 1000},
        {"name": "Bonn", "rows": None},
    ]
    with redirect_stdout(out):
        show_rows(rows, ("name", "rows"), as_json=False)

    assert out.getvalue() == "name  rows\n東京  1,000\nBonn\n"


def test_a_cell_cannot_begin_a_new_row() -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        show_rows([{"name": "one\ntwo"}], ("name",), as_json=False)

    assert len(out.getvalue().splitlines()) == 2


def test_nothing_to_show_is_said_and_is_no_data() -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        show_rows([], ("name",), as_json=False)

    assert (out.getvalue(), err.getvalue()) == ("", "listkeep: nothing to show\n")


def test_lines_of_a_message_stay() -> None:
    assert clean("a\n  ^") == "a\n  ^"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 entries"), (1, "1 entry"), (2000, "2,000 entries")]
)
def test_numbers_have_their_nouns(count: int, text: str) -> None:
    assert plural(count, "entry") == text


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 4, 9])
def test_a_stream_ends_after_so_many_lines(size: int, count: int) -> None:
    text = b"".join(b"%d\n" % number for number in range(6))
    chunks = [text[start : start + size] for start in range(0, len(text), size)]

    taken = b"".join(first_lines(chunks, count))

    assert taken.splitlines() == text.splitlines()[:count]
    assert b"".join(first_lines(chunks, None)) == text
