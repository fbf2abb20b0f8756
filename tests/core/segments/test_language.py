import pytest

from listkeep.core.errors import Code
from listkeep.core.segments.ast import (
    All,
    And,
    Compare,
    Member,
    Missing,
    Not,
    Operator,
    Or,
    Present,
    StatusCompare,
    StatusMember,
)
from listkeep.core.segments.language import (
    MAX_DEPTH,
    MAX_SEGMENT_CHARACTERS,
    MAX_VALUES,
    Segment,
    SegmentError,
    parse_segment,
)
from listkeep.core.segments.schema import Schema
from listkeep.core.segments.values import FacetType, Status

SCHEMA = Schema.parse(
    (
        "country:text",
        "plan:text",
        "rating:int",
        "vip:bool",
        "since:date",
        "joined:month",
    )
)


def parse(text: str) -> Segment:
    return parse_segment(text, SCHEMA)


def refuse(text: str) -> SegmentError:
    with pytest.raises(SegmentError) as refused:
        parse(text)
    error = refused.value
    assert error.code is Code.SEGMENT_INVALID
    assert error.message.startswith(f"segment, column {error.column}: ")
    assert error.hint.splitlines()[-1].strip() == "^"
    assert error.__context__ is None
    return error


def test_the_segment_of_the_plan_is_read() -> None:
    text = (
        'country = "DE" and plan in ("pro","team") '
        "and (rating >= 3 or not vip = true) and status = subscribed"
    )

    assert parse(text).node == And(
        (
            Compare(0, "country", FacetType.TEXT, Operator.EQUAL, "DE"),
            Member(1, "plan", FacetType.TEXT, ("pro", "team")),
            Or(
                (
                    Compare(2, "rating", FacetType.INT, Operator.GREATER_OR_EQUAL, 3),
                    Not(Compare(3, "vip", FacetType.BOOL, Operator.EQUAL, value=True)),
                )
            ),
            StatusCompare(Operator.EQUAL, Status.SUBSCRIBED),
        )
    )


def test_all_is_everything() -> None:
    assert parse(" ALL ").node == All()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("country='DE'", 'country = "DE"'),
        ("country = ' DE '", 'country = "DE"'),
        (r"country = 'it\'s'", 'country = "it\'s"'),
        (r'country = "a\"b\\c"', r'country = "a\"b\\c"'),
        (r'country = "a\\\"b"', r'country = "a\\\"b"'),
        ('country = "Cafe\u0301"', 'country = "Caf\u00e9"'),
        ('country = "and or ("', 'country = "and or ("'),
        ("rating >= +03", "rating >= 3"),
        ("rating > -1", "rating > -1"),
        ("vip = yes", "vip = true"),
        ("vip != 0", "vip != false"),
        ('since >= "2024-05-17"', "since >= 2024-05-17"),
        ("joined<2024-05", "joined < 2024-05"),
        ("rating in (3, 1,2, 1)", "rating in (1, 2, 3)"),
        ('status = "bounced"', "status = bounced"),
        ("status in (subscribed,bounced)", "status in (bounced, subscribed)"),
        ("joined IS NOT Missing", "joined is not missing"),
        ("Not joined is missing", "not joined is missing"),
        ("((rating = 1))", "rating = 1"),
        ("(rating = 1 and vip = true) and (rating = 2)", None),
        ("rating = 1 or vip = true and rating = 2", None),
        ("rating = 1\n\tor vip = true", "rating = 1 or vip = true"),
        ("(rating=1 or rating=2) and rating=3", None),
    ],
    ids=range(23),
)
def test_one_meaning_has_one_text(text: str, canonical: str | None) -> None:
    segment = parse(text)

    if canonical is not None:
        assert segment.format() == canonical
    assert parse(segment.format()) == segment


def test_and_binds_tighter_than_or_and_says_so_when_written() -> None:
    segment = parse("rating = 1 or vip = true and rating = 2")

    assert segment.format() == "rating = 1 or (vip = true and rating = 2)"


def test_missing_and_present_are_read() -> None:
    assert parse("joined is missing").node == Missing(5, "joined", FacetType.MONTH)
    assert parse("joined is not missing").node == Present(5, "joined", FacetType.MONTH)


def test_a_status_may_be_one_of_several() -> None:
    assert parse("status in (erased, bounced)").node == StatusMember(
        (Status.BOUNCED, Status.ERASED)
    )


def test_words_of_the_language_may_begin_the_name_of_a_field() -> None:
    schema = Schema.parse(("and_more:int", "india:int", "order_count:int"))
    text = "and_more = 1 and india = 2 and order_count = 3"

    assert parse_segment(text, schema).format() == text


def test_a_segment_is_ready_to_be_asked() -> None:
    is_member = parse('plan in ("pro", "team") and status = subscribed').compile()
    pro = (None, "pro", None, None, None, None)

    assert is_member(pro, "subscribed")
    assert not is_member(pro, "unsubscribed")


MISTAKES = [
    ("", 1, "expected a field name"),
    ("   ", 1, "expected a field name"),
    ("rating >= 3 and  ", 16, "expected a field name"),
    ("= 3", 1, "expected a field name"),
    ("rating 3", 8, "expected =, !="),
    ("rating not in (1)", 8, "expected =, !="),
    ("rating = ", 9, "expected a value"),
    ("rating == 3", 9, "expected a value"),
    ("rating is 3", 11, "expected missing"),
    ("rating in 3", 11, "expected values in parentheses"),
    ("rating in (1", 13, "expected a comma"),
    ("rating in ()", 12, "expected a value"),
    ("rating = 3 4", 12, "expected and, or, or the end"),
    ("(rating = 3", 12, "expected and, or, or a closing parenthesis"),
    ("rating = 3)", 11, "nothing may follow here"),
    ("not all", 5, "all stands alone"),
    ("rating = 3 or all", 15, "all stands alone"),
    ("all and rating = 3", 5, "nothing may follow here"),
    ("rating = 3 ; drop", 12, "this character means nothing here"),
    ('country = "DE', 11, "not closed"),
    (r'country = "\n"', 11, "not closed"),
    ("country = “DE”", 11, "not a quotation mark"),
    ("country = DE", 11, "text stands in quotes"),
    ("plan = 3", 8, "text stands in quotes"),
    ('country = " "', 11, "value is blank"),
    ('country < "DE"', 9, "text values have no order"),
    ("vip > false", 5, "bool values have no order"),
    ("vip in (true, false)", 1, "a bool is not compared by in"),
    ("vip = maybe", 7, "value is not true or false"),
    ("rating = three", 10, "value is not a whole number"),
    ("rating = 3and", 10, "value is not a whole number"),
    ("since = 2024-02-30", 9, "value is not a date"),
    ('since > "2024-05-17 10:00"', 9, "value is finer than a date"),
    ("joined = 2024-05-17", 10, "value is finer than a month"),
    ('country = "a\u202eb"', 11, "control character"),
    (f'country = "{"x" * 201}"', 11, "longer than 200"),
    ("status is missing", 1, "a status is never missing"),
    ("status < bounced", 8, "a status has no order"),
    ("status = active", 10, "unknown status"),
    ("contry = 3", 1, "unknown field"),
    ("rating = 3 and Country = 3", 16, "unknown field"),
]


@pytest.mark.parametrize(
    ("text", "column", "message"), MISTAKES, ids=range(len(MISTAKES))
)
def test_an_error_points_at_the_place(text: str, column: int, message: str) -> None:
    error = refuse(text)

    assert message in error.message
    assert error.column == column


def test_a_misspelt_field_gets_close_names_and_a_caret() -> None:
    error = refuse('rating = 3 and Contry = "DE"')

    assert error.hint.splitlines() == [
        "did you mean country?",
        '  rating = 3 and Contry = "DE"',
        "                 ^",
    ]


def test_a_field_like_no_other_gets_the_list_of_fields() -> None:
    hint = refuse("provider = 3").hint

    assert "country, plan, rating, vip, since, joined, status" in hint
    assert "sealed columns cannot be used" in hint


def test_an_unknown_status_gets_the_list() -> None:
    assert "subscribed, unsubscribed, bounced" in refuse("status = active").hint


@pytest.mark.parametrize(
    "text",
    [
        'country = "ada@example.com"',
        "ada@example.com = 3",
        "country = ada@example.com",
        'country = "ada lovelace"@example.com',
        'country = "DE" and "ada@example.com',
        "mzxw6ytboi4dqnzrgezdgada26 = 3",
        "status = mzxw6ytboi4dqnzrgezdgada26",
    ],
)
def test_an_address_or_token_is_never_repeated(text: str) -> None:
    error = refuse(text)

    assert "ada" not in f"{error} {error.hint}"


def test_a_text_may_be_so_long_and_no_longer() -> None:
    text = "rating = 1".ljust(MAX_SEGMENT_CHARACTERS)

    assert parse(text).format() == "rating = 1"
    assert refuse(text + " ").column == MAX_SEGMENT_CHARACTERS + 1


def test_the_canonical_text_must_fit_too() -> None:
    text = " or ".join(["rating<1"] * 166)
    assert len(text) < MAX_SEGMENT_CHARACTERS

    error = refuse(text)

    assert "when written out" in error.message
    assert error.column == len(text)


@pytest.mark.parametrize("opening", ["not ", "not ("])
def test_nesting_is_bounded(opening: str) -> None:
    closing = ")" if "(" in opening else ""

    def nest(depth: int) -> str:
        return opening * depth + "vip = true" + closing * depth

    assert parse(nest(MAX_DEPTH - 1))
    error = refuse(nest(MAX_DEPTH))
    assert "nested deeper than 20" in error.message
    assert error.column == len(opening) * MAX_DEPTH + 1


def test_parentheses_that_mean_nothing_do_not_count_as_nesting() -> None:
    assert parse("(" * 900 + "vip = true" + ")" * 900).format() == "vip = true"


def test_values_are_counted_over_the_whole_text() -> None:
    half = ",".join(map(str, range(MAX_VALUES // 2)))
    text = f"rating in ({half}) or rating in ({half})"

    assert parse(text)
    assert "more than 200 values" in refuse(f"{text} or rating = 1").message
    assert "more than 200 values" in refuse(f"{text} or status = erased").message
