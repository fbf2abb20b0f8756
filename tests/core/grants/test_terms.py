import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants.terms import (
    MAX_CAP,
    Action,
    Terms,
    format_time,
    parse_time,
)
from tests.core.grants.cast import NOON, make_terms

TERMS = make_terms()
FIELDS: dict[str, str] = json.loads(TERMS.format())
PLANTED = "planted.person@example.com"


def changed(**fields: str) -> bytes:
    return encode({**FIELDS, **fields})


def assert_refused(data: bytes, says: str) -> None:
    with pytest.raises(MalformedError) as refused:
        Terms.parse(data)

    assert refused.value.code is Code.REQUEST_INVALID
    assert says in refused.value.message


# --- the one spelling ---------------------------------------------------------------


def test_terms_are_flat_canonical_json_of_strings() -> None:
    assert TERMS.format().decode() == (
        '{"action":"export","cap":"1","expires":"2026-01-12T12:00:00Z",'
        '"facts":"aa55","keeper":"k_demo","list":"l_spring","nonce":"00ff",'
        '"not_before":"2026-01-05T12:00:00Z","purpose":"spring mailing",'
        '"recipient":"c_printer","selection":"all","subject":"","tenant":"t_acme",'
        '"version":"1"}'
    )


@pytest.mark.parametrize("action", Action)
def test_terms_read_back_as_they_were_written(action: Action) -> None:
    terms = make_terms(
        action, cap=17, selection='country = "Köln"', subject='{"a":"b"}'
    )

    assert Terms.parse(terms.format()) == terms


def test_terms_are_named_by_the_digest_of_their_bytes() -> None:
    assert TERMS.digest() == hashlib.sha256(TERMS.format()).hexdigest()
    assert TERMS.digest() != replace(TERMS, cap=2).digest()


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_missing_field_is_refused(name: str) -> None:
    fields = {key: value for key, value in FIELDS.items() if key != name}

    assert_refused(encode(fields), "missing or unknown fields")


def test_an_unknown_field_is_refused_and_not_repeated() -> None:
    with pytest.raises(MalformedError, match="missing or unknown fields") as refused:
        Terms.parse(changed(**{PLANTED: ""}))

    assert PLANTED not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"version": "2"}, "unknown version"),
        ({"version": ""}, "unknown version"),
        ({"action": "Export"}, "unknown action"),
        ({"action": ""}, "unknown action"),
        ({"cap": ""}, "no plain number"),
        ({"cap": "-1"}, "no plain number"),
        ({"cap": "01"}, "no plain number"),
        ({"cap": "1.0"}, "no plain number"),
        ({"cap": "1_000"}, "no plain number"),
        ({"cap": " 1"}, "no plain number"),
        ({"cap": "1\n"}, "no plain number"),
        ({"cap": "\u0661"}, "no plain number"),  # a digit, to int()
        ({"cap": "1" * 11}, "no plain number"),
        ({"cap": str(MAX_CAP + 1)}, "impossible cap"),
        ({"purpose": ""}, "needs a purpose"),
        ({"purpose": "   "}, "needs a purpose"),
        ({"purpose": "x" * 201}, "needs a purpose"),
        ({"purpose": "line\nbreak"}, "cannot be shown"),
        ({"selection": "a\u202eb"}, "cannot be shown"),  # reads backwards on a page
        ({"recipient": "a\u200bb"}, "cannot be shown"),
        ({"nonce": "\x00"}, "cannot be shown"),
        ({"expires": FIELDS["not_before"]}, "ends before it starts"),
        ({"expires": "2026-01-05T11:59:59Z"}, "ends before it starts"),
        ({"expires": "2026-04-05T12:00:01Z"}, "more than 90 days"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(
    fields: dict[str, str], says: str
) -> None:
    assert_refused(changed(**fields), says)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}x",
        b"[]",
        b"\xff",
        changed() + b" ",
        changed().replace(b'"cap":"1"', b'"cap":1'),
        changed().replace(b'{"action"', b'{"action":"reveal","action"'),
        changed().replace(b"spring", b"spr\\u0069ng"),
        changed(purpose="x" * 5000),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Terms.parse(data)


# --- what is refused before anybody could sign it ------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"expires": NOON}, "ends before it starts"),
        ({"expires": NOON + timedelta(days=90, seconds=1)}, "more than 90 days"),
        ({"cap": -1}, "impossible cap"),
        ({"cap": MAX_CAP + 1}, "impossible cap"),
        ({"purpose": "x" * 201}, "needs a purpose"),
        ({"keeper": "a\ud800"}, "cannot be shown"),
        ({"purpose": "Cafe\u0301"}, "Unicode NFC"),  # parse would refuse it later
        ({"expires": NOON + timedelta(microseconds=1)}, "whole seconds"),
        ({"not_before": NOON - timedelta(microseconds=1)}, "whole seconds"),
        ({"subject": "x" * 4096}, "larger than 4 KiB"),
    ],
)
def test_terms_that_could_not_be_read_again_are_not_written(
    fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(MalformedError, match=says) as refused:
        replace(TERMS, **fields).format()

    assert refused.value.code is Code.REQUEST_INVALID


def test_the_bounds_themselves_are_allowed() -> None:
    widest = make_terms(
        cap=MAX_CAP, purpose="x" * 200, expires=NOON + timedelta(days=90)
    )
    assert Terms.parse(widest.format()) == widest
    assert Terms.parse(make_terms(cap=0).format()).cap == 0

    full = make_terms(subject="x" * (4096 - len(TERMS.format())))
    assert len(full.format()) == 4096
    assert Terms.parse(full.format()) == full


def test_a_subject_is_read_as_the_flat_object_it_is() -> None:
    terms = make_terms(Action.PERSON_ADD, subject='{"id":"p_ada","name":"ada"}')

    assert terms.subject_fields() == {"id": "p_ada", "name": "ada"}


@pytest.mark.parametrize("subject", ["", "[]", '{"b":"1","a":"2"}', '{"a":1}'])
def test_a_subject_that_is_no_canonical_object_is_refused(subject: str) -> None:
    with pytest.raises(MalformedError):
        make_terms(Action.PERSON_ADD, subject=subject).subject_fields()


# --- times ---------------------------------------------------------------------------


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert format_time(there) == "2026-01-05T12:00:00Z"
    assert parse_time("2026-01-05T12:00:00Z") == NOON
    assert parse_time("2026-01-05T12:00:00Z").tzinfo is UTC


def test_the_last_second_there_is_can_be_written() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert parse_time(format_time(last)) == last


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-05",
        "2026-01-05T12:00:00",
        "2026-01-05t12:00:00z",
        "2026-01-05T12:00:00.0Z",
        "2026-01-05T12:00:00+00:00",
        "2026-1-5T12:00:00Z",
        "2026-01-05T12:00:00Z ",
        "2026-02-29T12:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T12:00:60Z",
        "0000-01-05T12:00:00Z",
        "\u0662026-01-05T12:00:00Z",
        PLANTED,
    ],
)
def test_a_time_spelt_any_other_way_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(MalformedError, match="whole seconds UTC") as refused:
        parse_time(text)

    assert refused.value.__context__ is None  # strptime's error would quote it
