import pytest

from listkeep.core.files.nested import (
    expand,
    find_members,
    flatten_lists,
    name_members,
)
from listkeep.core.files.values import Page


def page(*cells: str) -> Page:
    lines = list(range(1, len(cells) + 1))
    return Page(lines, [[str(line) for line in lines], cells], [])


def test_members_come_in_the_order_they_are_met_and_not_twice() -> None:
    found = find_members(page('{"b": 1, "a": 2}', '{"A": 3, "c": 4}'), 1, most=9)

    assert found == ("b", "a", "c")


def test_a_member_that_is_an_address_or_no_name_is_no_column() -> None:
    cell = f'{{"ada@example.com": 1, " ": 2, "{"x" * 201}": 3, "ok": 4}}'

    assert find_members(page(cell), 1, most=9) == ("ok",)


@pytest.mark.parametrize(("most", "found"), [(1, ("a",)), (0, ()), (-5, ())])
def test_members_are_no_more_than_there_is_room_for(
    most: int, found: tuple[str, ...]
) -> None:
    assert find_members(page('{"a": 1, "b": 2}'), 1, most=most) == found


def test_a_member_named_like_a_column_is_told_apart() -> None:
    assert name_members(["Email ", "city"], ["email"]) == ("attributes.Email ", "city")


def test_objects_become_columns_and_nothing_is_lost() -> None:
    cells = (
        '{"n": 1.50, "t": true, "f": false, "z": null, "s": "x"}',
        '{"n": [1, "a"], "deep": {"a": 1}, "later": "y"}',
        "{not json}",
        "text",
        '{"n": NaN}',
        '{"n": {"a": ["b"]}}',
        '{"n": "\\ud800"}',
        "",
        "{" + " " * 70_000 + "}",
    )
    (made,) = expand([page(*cells)], 1, ["n", "t", "f", "z", "s"])

    left, number, yes, no, nothing, text = made.columns[1:]
    assert (number[0], yes[0], no[0], nothing[0], text[0]) == (
        *("1.50", "true", "false", ""),
        "x",
    )
    assert number[1] == "1; a"
    assert left[1] == '{"deep":{"a":"1"},"later":"y"}'
    assert [left[at] for at in (2, 3, 4, 6, 7, 8)] == [
        cells[at] for at in (2, 3, 4, 6, 7, 8)
    ]
    assert number[5] == '{"a":["b"]}'
    assert left[0] == left[5] == ""


def test_a_deep_cell_is_left_alone() -> None:
    cell = '{"a":' * 20_000 + "1" + "}" * 20_000
    (made,) = expand([page(cell[:60_000])], 1, ["a"])

    assert made.columns[1] == [cell[:60_000]]


def test_lists_become_their_values() -> None:
    cells = (
        '["a", "b"]',
        "['c', 'd']",
        "[]",
        "[x",
        '[["a"]]',
        "plain",
        "[it's]",
        '["\'"]',
    )
    (made,) = flatten_lists([page(*cells)])

    assert made.columns[1] == [
        *("a; b", "c; d", "", "[x", '[["a"]]', "plain", "[it's]", "'")
    ]


def test_a_column_without_lists_is_passed_on() -> None:
    before = page("a", "b")
    (made,) = flatten_lists([before])

    assert made.columns[1] is before.columns[1]
