"""Entries of a ledger and subjects of requests, bent by somebody who holds the disk."""

import copy
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import MalformedError, RefusedError, VerificationError
from listkeep.core.grants import format_time
from listkeep.core.registry import agreements, facts
from listkeep.core.registry.replay import apply_body
from listkeep.core.registry.state import Registry
from tests.core.registry.life import life, state
from tests.core.registry.scribe import (
    ACME,
    AGE_KEY,
    NOON,
    PRINTER,
    Scribe,
    changed,
    replay,
    subject,
)
from tests.property.bending import bent

PLANTED = "planted.person@example.com"
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(
    (PLANTED, "", "0", "-1", "1" * 30, "yes", "2026-01-05T12:00:60Z", "t_acmeacmeacme")
)
SOON = format_time(NOON + timedelta(days=7))
GOOD: dict[str, dict[str, str]] = {
    "tenant": {
        "id": ACME,
        "name": "acme",
        "owner_1": encode(subject("ada", "owner")).decode(),
        "owner_2": "",
    },
    "person": subject("ben", "marketer"),
    "service": {
        "id": "s_appappappapp",
        "name": "app",
        "kind": "app",
        "verifier": "0f" * 32,
        "parent": "s_dockdockdock",
    },
    "recipient": {"id": PRINTER, "name": "printer", "public_key": AGE_KEY},
    "contact": {
        "id": "d_contactconta",
        "name": "on-call",
        "kind": "mail",
        "sealed": "QUFB" * 40,
    },
    "agency": {
        "id": "a_agencyagency",
        "name": "agency",
        "until": SOON,
        **dict.fromkeys(agreements.AGENCY_CEILINGS, "10"),
    },
    "budget": {"measure": "reveals", "ceiling": "5", "who": "everybody"},
    "consent": {"id": "g_consentconse", "until": SOON, "people": ""},
    "classes": {"classes": "export+reveal"},
}


def parse_subject(kind: str, fields: dict[str, str]) -> object:
    match kind:
        case "tenant":
            return facts.parse_tenant(fields), facts.parse_first_owners(fields)
        case "agency":
            return agreements.parse_agency(fields, tenant=ACME, added_at=NOON)
        case "consent":
            return agreements.parse_consent(fields, tenant=ACME, given_at=NOON)
        case "classes":
            return agreements.parse_classes(fields)
        case "contact" | "budget":
            return getattr(agreements, f"parse_{kind}")(fields, tenant=ACME)
        case _:
            return getattr(facts, f"parse_{kind}")(fields, tenant=ACME)


@cache
def written() -> Scribe:
    return life()


@cache
def before(index: int) -> Registry:
    """Read the ledger up to an entry; copies of it are what the tests spoil."""
    scribe = written()
    return replay(scribe.bodies[:index], scribe.registry.pinned)


INDEXES = st.deferred(lambda: st.integers(0, len(written().bodies) - 1))


@given(INDEXES, st.data())
def test_an_entry_of_bent_bytes_is_no_entry_or_another_honest_one(
    index: int, data: st.DataObject
) -> None:
    body = data.draw(bent(written().bodies[index]) | st.binary(max_size=80))

    judge(copy.deepcopy(before(index)), body)


@given(INDEXES, TEXTS, st.data())
def test_an_entry_with_another_fields_value_is_judged_whole(
    index: int, value: str, data: st.DataObject
) -> None:
    body = written().bodies[index]
    names = sorted(parse(body, max_bytes=65_536))
    name = data.draw(st.sampled_from([*names, PLANTED]))

    judge(copy.deepcopy(before(index)), changed(body, **{name: value}))


def judge(registry: Registry, body: bytes) -> None:
    """An entry is applied, or refused in words that repeat nothing of it."""
    said = ""
    try:
        apply_body(registry, body)
    except VerificationError as error:
        said = f"{error} {error.hint}"

    assert PLANTED not in said
    assert state(registry)


@given(INDEXES, INDEXES)
def test_no_two_entries_of_authority_change_places(one: int, other: int) -> None:
    bodies = list(written().bodies)
    bodies[one], bodies[other] = bodies[other], bodies[one]

    try:
        read = replay(bodies, written().registry.pinned)
    except VerificationError:
        return
    assert read.people == written().registry.people
    assert read.recipients == written().registry.recipients


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_bent_below_is_good(kind: str) -> None:
    assert parse_subject(kind, GOOD[kind])


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_bent_subject_is_read_or_refused_in_silence(
    kind: str, data: st.DataObject
) -> None:
    good = GOOD[kind]
    names = st.sampled_from([*good, "extra"])
    changes = data.draw(st.dictionaries(names, TEXTS | bent_text(good), min_size=1))
    left_out = data.draw(st.sets(names, max_size=1))
    fields = {name: v for name, v in (good | changes).items() if name not in left_out}

    said = ""
    try:
        parse_subject(kind, fields)
    except (MalformedError, RefusedError) as error:
        said = f"{error} {error.hint}"

    assert PLANTED not in said


def bent_text(good: dict[str, str]) -> st.SearchStrategy[str]:
    whole = max(good.values(), key=len)
    return bent(whole.encode()).map(lambda data: data.decode(errors="ignore"))
