import csv
from collections.abc import Iterator

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.files.delimited import (
    DELIMITERS,
    MAX_ROW_CHARACTERS,
    MAX_ROW_LINES,
    read_header,
    read_pages,
)
from listkeep.core.files.text import Stretch
from listkeep.core.files.values import RejectReason

PLAIN = "a,b,c\n"  # a row that makes quoted ones the few among the many


def header(text: str, *, delimiters: str = ",;\t|") -> tuple[str, list[str], Stretch]:
    return read_header(Stretch(1, text), delimiters=delimiters, mapping={})


def cut(
    *texts: str, width: int = 3, delimiter: str = ","
) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[int, str]]]:
    """Cut texts that follow one another; give numbered rows and rejected lines."""
    rows: list[tuple[int, tuple[str, ...]]] = []
    rejected: list[tuple[int, str]] = []
    for page in read_pages(stretches(texts), delimiter=delimiter, width=width):
        cells = zip(*page.columns, strict=True)
        rows += zip(page.lines, cells, strict=True)
        rejected += [(row.line, row.reason.value) for row in page.rejected]
    return rows, rejected


def stretches(texts: tuple[str, ...]) -> Iterator[Stretch]:
    line = 1
    for text in texts:
        yield Stretch(line, text)
        line += text.count("\n")


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_every_usual_delimiter_is_found_by_the_header(delimiter: str) -> None:
    found, cells, rest = header(f"Id{delimiter}E-Mail{delimiter}Plan\n1\n2\n")

    assert (found, cells) == (delimiter, ["Id", "E-Mail", "Plan"])
    assert rest == Stretch(2, "1\n2\n")


def test_delimiters_inside_quotes_do_not_count() -> None:
    found, cells, rest = header('"Name, first, last, all";"E-Mail";"A\nB"\nx\n')

    assert (found, cells) == (";", ["Name, first, last, all", "E-Mail", "A\nB"])
    assert rest == Stretch(3, "x\n")


def test_the_delimiter_that_shows_an_address_column_wins() -> None:
    assert header("Email;First, Last, Title, City")[0] == ";"
    assert header("Email|a;b,c")[0] == "|"


def test_one_column_is_enough() -> None:
    assert header("Email\nada@example.com\n") == (
        ",",
        ["Email"],
        Stretch(2, "ada@example.com\n"),
    )


def test_a_header_may_be_all_there_is() -> None:
    assert header("Email,Plan")[2] == Stretch(2, "")


def test_the_line_excel_puts_on_top_is_obeyed_and_counted() -> None:
    assert header("sep=|\nEmail|a,b,c\nx\n") == (
        "|",
        ["Email", "a,b,c"],
        Stretch(3, "x\n"),
    )
    assert header("sep=:\nEmail\n")[1] == ["sep=:"]


def test_a_header_with_wrong_quotes_is_refused() -> None:
    with pytest.raises(MalformedError, match="quotation marks") as caught:
        header('"Email,Plan\nada@example.com,pro\n')

    assert caught.value.code == Code.FILE_HEADER


def test_rows_come_with_their_line_numbers() -> None:
    assert cut("a,b,c\nd,,f\n", "g,h,i") == (
        [(1, ("a", "b", "c")), (2, ("d", "", "f")), (3, ("g", "h", "i"))],
        [],
    )


def test_bad_rows_are_named_and_blank_lines_only_counted() -> None:
    assert cut("a,b\n\n  \na,b,c\n,,\na,b,c,d\n") == (
        [(4, ("a", "b", "c")), (5, ("", "", ""))],
        [(1, "too-few-fields"), (6, "too-many-fields")],
    )


@pytest.mark.parametrize("padding", [0, 20])
def test_quotes_hold_delimiters_quotes_and_line_breaks(padding: int) -> None:
    text = '"x, y","say ""hi""",""\n' + PLAIN * padding + 'p,"two\nlines",r\ns,t,u\n'
    rows, rejected = cut(text)

    assert rows[0] == (1, ("x, y", 'say "hi"', ""))
    assert rows[-2] == (2 + padding, ("p", "two\nlines", "r"))
    assert rows[-1] == (4 + padding, ("s", "t", "u"))
    assert len(rows) == 3 + padding
    assert rejected == []


def test_few_quoted_rows_among_many_are_cut_the_same() -> None:
    rows, rejected = cut(PLAIN * 9 + 'x,"y, z",""\n' + PLAIN * 9 + '"x","y"\n')

    assert rows[9] == (10, ("x", "y, z", ""))
    assert len(rows) == 19
    assert rejected == [(20, "too-few-fields")]


def test_a_quote_in_an_unquoted_cell_is_a_character() -> None:
    assert cut('5" pipe,b,c\n' + PLAIN * 9)[0][0] == (1, ('5" pipe', "b", "c"))


@pytest.mark.parametrize("padding", [0, 9])
def test_a_wrong_quote_costs_its_own_row_only(padding: int) -> None:
    text = PLAIN * padding + 'a,"b"x,c\nd,e,f\n"g,h,i\nj,k,l\n'
    rows, rejected = cut(text, "m,n,o\n")

    assert [row[0] for _, row in rows[padding:]] == ["d", "j", "m"]
    assert rejected == [
        (1 + padding, "quotes-unbalanced"),
        (3 + padding, "quotes-unbalanced"),
    ]


def test_a_row_may_go_on_in_the_next_stretch() -> None:
    assert cut('a,"b\n', "c\n", 'd",e\nf,g,h\n') == (
        [(1, ("a", "b\nc\nd", "e")), (4, ("f", "g", "h"))],
        [],
    )


def test_quoted_and_rejected_rows_stay_in_order() -> None:
    rows, rejected = cut('"a"\n"b"x,,\n"c"\n"d",e,f\n')

    assert rows == [(4, ("d", "e", "f"))]
    assert [line for line, _ in rejected] == [1, 2, 3]


def test_a_quote_never_closed_does_not_swallow_the_file() -> None:
    rows, rejected = cut('a,"b,c\n' + PLAIN * (3 * MAX_ROW_LINES))

    assert len(rows) == 3 * MAX_ROW_LINES
    assert rejected == [(1, RejectReason.QUOTES_UNBALANCED)]


@pytest.mark.parametrize("lines", [MAX_ROW_LINES, MAX_ROW_LINES + 1])
def test_a_row_has_so_many_lines_and_no_more(lines: int) -> None:
    rows, rejected = cut('a,"' + "\n" * (lines - 1) + '",c\nd,e,f\n')

    if lines > MAX_ROW_LINES:
        assert rows == [(lines + 1, ("d", "e", "f"))]
        # Read again as rows, its lines are blank but for the last, which opens
        # with a quote that nothing closes.
        assert rejected == [(1, "quotes-unbalanced"), (lines, "quotes-unbalanced")]
    else:
        assert [line for line, _ in rows] == [1, lines + 1]
        assert rejected == []


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("padding", [0, 9])
def test_a_row_that_is_too_big_is_turned_away(quote: str, padding: int) -> None:
    fits = "x" * (MAX_ROW_CHARACTERS - 4 - 2 * len(quote))
    text = PLAIN * padding + f"a,{quote}{fits}{quote},c\n"
    assert [len(row[1]) for _, row in cut(text + PLAIN)[0][padding:]] == [len(fits), 1]

    text = PLAIN * padding + f"a,{quote}{fits}x{quote},c\n" + PLAIN
    rows, rejected = cut(text)

    assert rows[padding:] == [(padding + 2, ("a", "b", "c"))]
    assert rejected == [(padding + 1, "row-too-big")]


def test_a_row_of_several_lines_has_the_same_limit() -> None:
    half = "x" * (MAX_ROW_CHARACTERS // 2)

    assert [len(row[1]) for _, row in cut(f'a,"{half}\n",c\n')[0]] == [len(half) + 1]
    # The lines of a row that is too big are read again, each as a row.
    assert cut(f'a,"{half}\n{half}",c\n') == (
        [],
        [(1, "quotes-unbalanced"), (2, "too-few-fields")],
    )


def test_a_list_of_one_column_skips_blank_lines() -> None:
    assert cut('ada\n\n  \nben\n"eve"\n""\na,b\n', width=1) == (
        [(1, ("ada",)), (4, ("ben",)), (5, ("eve",))],
        [(7, "too-many-fields")],
    )
    assert cut("ada\n\na,b\n", width=1) == (
        [(1, ("ada",))],
        [(3, "too-many-fields")],
    )


def test_a_stretch_may_hold_nothing_good() -> None:
    assert cut("\n\n") == ([], [])
    assert cut('"a"\n') == ([], [(1, "too-few-fields")])


def test_a_limit_set_by_others_in_the_process_does_no_harm() -> None:
    before = csv.field_size_limit(10)
    try:
        rows, rejected = cut('"' + "x" * 20 + '",b,c\nd,"e",f\n')
    finally:
        csv.field_size_limit(before)

    assert rows == [(2, ("d", "e", "f"))]
    assert rejected == [(1, "quotes-unbalanced")]
