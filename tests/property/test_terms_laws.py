import json
from dataclasses import fields, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.canonical import encode
from listkeep.core.errors import MalformedError
from listkeep.core.grants import (
    Action,
    Decision,
    Enrol,
    Genesis,
    SignIn,
    Statement,
    Terms,
    format_time,
    parse_time,
)
from tests.core.grants.cast import NOON, make_terms

KINDS = (Statement, SignIn, Enrol, Genesis)
PLANTED = "planted.person@example.com"
MOMENTS = st.integers(-(10**9), 10**10).map(
    lambda seconds: NOON + timedelta(seconds=seconds)
)
SHOWN = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Co", "Zl", "Zp", "M"]),
    max_size=30,
)
ANY_TEXT = st.text(max_size=20) | st.just(PLANTED)

TERMS = st.builds(
    Terms,
    keeper=SHOWN,
    action=st.sampled_from(Action),
    tenant=SHOWN,
    list=SHOWN,
    selection=SHOWN,
    cap=st.integers(0, 10**9),
    purpose=SHOWN,
    recipient=SHOWN,
    subject=SHOWN,
    not_before=MOMENTS,
    expires=MOMENTS,
    nonce=SHOWN,
    facts=SHOWN,
)


def windowed(terms: Terms, seconds: int) -> Terms:
    return replace(terms, expires=terms.not_before + timedelta(seconds=seconds))


@given(TERMS, st.integers(1, 90 * 86_400))
def test_terms_that_can_be_written_read_back_the_same(
    terms: Terms, seconds: int
) -> None:
    terms = windowed(terms, seconds)
    try:
        data = terms.format()
    except MalformedError:
        return  # said before anybody signed

    assert Terms.parse(data) == terms
    assert Terms.parse(data).format() == data


@given(TERMS, TERMS)
def test_no_two_terms_share_a_name(first: Terms, second: Terms) -> None:
    first, second = windowed(first, 60), windowed(second, 60)
    try:
        names = first.digest(), second.digest()
    except MalformedError:
        return

    assert (names[0] == names[1]) == (first == second)


@given(MOMENTS)
def test_a_moment_and_its_text_are_one(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


def tampered(data: bytes) -> st.SearchStrategy[bytes]:
    """Change valid bytes: their fields, or any byte."""
    fields_of: dict[str, str] = json.loads(data)
    one_field = st.builds(
        lambda name, value: encode({**fields_of, name: value}),
        st.sampled_from(sorted(fields_of)) | st.just(PLANTED),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
        | st.sampled_from([PLANTED, "0", "99999999999", "2026-01-05T12:00:60Z"]),
    )
    one_byte = st.builds(
        lambda at, byte: data[:at] + bytes([byte]) + data[at + 1 :],
        st.integers(0, len(data) - 1),
        st.integers(0, 255),
    )
    return one_field | one_byte | st.integers(0, len(data)).map(lambda n: data[:n])


def assert_only_ours_escapes(
    kind: type[Terms | Statement | SignIn | Enrol | Genesis], data: bytes
) -> None:
    told: list[str] = []
    try:
        value = kind.parse(data)
    except MalformedError as error:
        told += texts_of(error)
    else:
        assert value.format() == data

    assert PLANTED not in " ".join(told)


def texts_of(error: BaseException | None) -> list[str]:
    """All that a traceback of this error would show."""
    if error is None:
        return []
    return [str(error), *texts_of(error.__cause__ or error.__context__)]


@given(st.data())
def test_terms_take_one_spelling_and_refuse_the_rest_in_silence(
    data: st.DataObject,
) -> None:
    bytes_ = data.draw(
        st.binary(max_size=60)
        | st.dictionaries(ANY_TEXT, ANY_TEXT).map(lambda d: json.dumps(d).encode())
        | tampered(make_terms().format())
    )

    assert_only_ours_escapes(Terms, bytes_)


@given(st.sampled_from(KINDS), st.data())
def test_statements_take_one_spelling_and_refuse_the_rest_in_silence(
    kind: type[Statement | SignIn | Enrol | Genesis], data: st.DataObject
) -> None:
    values = {field.name: "deny" for field in fields(kind)}
    bytes_ = data.draw(
        st.binary(max_size=60)
        | st.dictionaries(ANY_TEXT, ANY_TEXT).map(lambda d: json.dumps(d).encode())
        | tampered(encode(values))
    )

    assert_only_ours_escapes(kind, bytes_)


@given(
    st.lists(SHOWN, min_size=4, max_size=4),
    st.sampled_from(Decision),
    st.sampled_from(Decision),
)
def test_a_challenge_is_good_for_one_statement_only(
    texts: list[str], decision: Decision, other: Decision
) -> None:
    keeper, person, credential, request = texts
    statement = Statement(
        keeper=keeper,
        person=person,
        credential=credential,
        decision=decision,
        request=request,
    )
    moved = replace(statement, decision=other)

    assert (statement.challenge() == moved.challenge()) == (decision == other)
    assert len(statement.challenge()) == 32
