import pytest

from listkeep.core.segments.excerpt import point_at

KNOWN = frozenset({"country", "and", "optin_time_of_the_first_form"})


def test_the_caret_stands_under_the_column() -> None:
    assert point_at('contry = "DE"', column=8, known=KNOWN) == (
        '  contry = "DE"\n         ^'
    )


def test_an_address_is_covered_and_the_known_words_around_it_stay() -> None:
    shown = point_at('country = "ada@example.com" and x = y', column=1, known=KNOWN)

    assert shown.startswith('  country = "···············" and · = ·\n')


@pytest.mark.parametrize("sign", ["@", "\uff20", "\ufe6b"])
def test_an_address_with_quotes_and_spaces_is_covered_too(sign: str) -> None:
    shown = point_at(f'"ada lovelace"{sign}example.com', column=1, known=KNOWN)

    assert not any(char.isalnum() for char in shown)


def test_a_long_word_is_covered_because_it_may_be_a_token() -> None:
    token = "mzxw6ytboi4dqnzrgezdgmzxw6"

    shown = point_at(f"token = {token}", column=9, known=KNOWN)

    assert shown == f"  token = {'·' * 26}\n          ^"


def test_a_long_field_name_of_the_schema_stays() -> None:
    shown = point_at("optin_time_of_the_first_form = 1", column=1, known=KNOWN)

    assert "optin_time_of_the_first_form" in shown


def test_a_long_text_is_shown_around_the_column() -> None:
    text = "a = 1 and " * 20 + "b = 2 and " + "c = 3 and " * 20

    line, caret = point_at(text, column=201, known=KNOWN).splitlines()

    assert line.startswith("  …")
    assert line.endswith("…")
    assert line[caret.index("^")] == "b"
    assert len(line) == 64


def test_lines_and_marks_that_move_the_caret_are_flattened() -> None:
    shown = point_at("a = 1\n\tand \u202eb", column=13, known=KNOWN)

    assert shown.splitlines() == ["  a = 1  and ·b", "              ^"]


def test_wide_and_combining_characters_keep_the_caret_in_place() -> None:
    _, caret = point_at('x = "東e\u0301" y', column=10, known=KNOWN).splitlines()

    assert caret == "  " + " " * 9 + "^"


def test_the_end_of_the_text_can_be_pointed_at() -> None:
    assert point_at("", column=1, known=KNOWN) == "  \n  ^"
