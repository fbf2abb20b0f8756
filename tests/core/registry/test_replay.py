import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import VerificationError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.passkeys import decode_base64url, encode_base64url
from listkeep.core.registry.replay import apply, apply_body
from listkeep.core.registry.state import Registry
from tests.core.registry.life import life, state
from tests.core.registry.scribe import (
    ACME,
    NEWS,
    Scribe,
    changed,
    genesis,
    pin,
    replay,
    without,
)

SIGNED = re.compile(r"assertion.*")


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


LIFE = life()
PINNED = LIFE.registry.pinned


def test_the_life_told_here_has_every_kind_of_entry_that_changes_anything() -> None:
    told = {parse(body, max_bytes=65_536)["event"] for body in LIFE.bodies}

    untold = set(Event) - {Event(name) for name in told}
    assert untold == {
        Event.TENANT_REVOKED,
        Event.SERVICE_REVOKED,
        Event.RECIPIENT_REVOKED,
        Event.IMPORT_ABANDONED,
        *(Event.SIGN_IN_REFUSED, Event.SUPPORT_ADMITTED),  # change nothing
        Event.SESSION_REFUSED,
        *(Event.ENROLMENT_OPENED, Event.ENROLMENT_COMPLETED),
        # What people agree on is told in test_changes.
        *(Event.AGENCY_ADDED, Event.AGENCY_REVOKED, Event.BUDGET_SET),
        *(Event.CONTACT_ADDED, Event.CONTACT_REVOKED, Event.POLICY_SET),
        *(Event.CONSENT_GIVEN, Event.CONSENT_WITHDRAWN),
        # What becomes of passkeys is told in test_passkey_changes.
        *(Event.PASSKEY_ADDED, Event.PASSKEY_REPLACED, Event.RECOVERY_CHOSEN),
        Event.LEDGER_RECOVERED,  # test_recovery
        *(Event.LIST_SHREDDED, Event.TENANT_CLOSED),  # test_endings
        Event.INDEX_KEY_RENEWED,  # test_held_keys
        # test_sends
        *(Event.ROUTE_ADDED, Event.ROUTE_REVOKED),
        *(Event.DOMAIN_ADDED, Event.DOMAIN_REVOKED),
        *(Event.SEND_INTENDED, Event.SEND_LEASED, Event.SEND_COMPLETED),
    }


def test_what_was_written_is_what_is_known() -> None:
    known = LIFE.registry

    assert known.keeper == "k_demo"
    assert {p.name for p in known.people.values()} == {
        *("cleo", "cyrus", "ada", "amir", "eve")
    }
    assert known.freezes == {("", "export+reveal", "custodian")}
    assert known.lists[NEWS].fields == ("first", "last", "city")
    assert known.suppressed == {NEWS: (7, "0f" * 32), ACME: (1, "0f" * 32)}
    assert known.tickets == {}
    assert known.nonces == {"1.aa.bb"}
    assert known.ended_sessions == {"n_1"}
    assert known.frontier.size == len(LIFE.bodies)
    assert known.latest_at == LIFE.now


def test_requests_stand_as_far_as_they_came() -> None:
    found = {
        (request.terms.action, request.denied, request.intended, request.done)
        for request in LIFE.registry.requests.values()
        if not request.terms.action.startswith(("tenant", "person", "service"))
    }

    assert (Action.EXPORT, False, True, True) in found
    assert (Action.EXPORT, True, False, False) in found
    assert (Action.REVEAL, False, True, True) in found
    assert (Action.SUPPRESS, False, True, True) in found
    assert (Action.IMPORT, False, True, True) in found
    assert (Action.FREEZE, False, True, True) in found


def test_reading_twice_leads_to_the_same_state() -> None:
    once, twice = replay(LIFE.bodies, PINNED), replay(LIFE.bodies, PINNED)

    assert state(once) == state(twice) == state(LIFE.registry)


@given(st.integers(0, len(LIFE.bodies)))
@settings(max_examples=25)
def test_reading_in_two_goes_leads_to_the_same_state(pause: int) -> None:
    registry = replay(LIFE.bodies[:pause], PINNED)
    for body in LIFE.bodies[pause:]:
        apply_body(registry, body)

    assert state(registry) == state(LIFE.registry)


# --- what is not believed ---


def signed_entries() -> list[tuple[int, str]]:
    """Each field with an assertion, by its entry."""
    return [
        (index, name)
        for index, body in enumerate(LIFE.bodies)
        for name in parse(body, max_bytes=65_536)
        if SIGNED.fullmatch(name)
    ]


@given(st.data())
@settings(max_examples=150)
def test_a_flipped_bit_in_any_signed_statement_ends_the_reading(
    data: st.DataObject,
) -> None:
    index, name = data.draw(st.sampled_from(signed_entries()))
    fields = parse(LIFE.bodies[index], max_bytes=65_536)
    parts = fields[name].split(".")
    part = data.draw(st.integers(0, 3))
    raw = bytearray(decode_base64url(parts[part]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    parts[part] = encode_base64url(bytes(raw))
    bodies = list(LIFE.bodies)
    bodies[index] = changed(bodies[index], **{name: ".".join(parts)})

    with pytest.raises(VerificationError):
        replay(bodies, PINNED)


@given(st.data())
@settings(max_examples=80)
def test_a_changed_byte_in_any_signed_terms_ends_the_reading(
    data: st.DataObject,
) -> None:
    asked = [
        index
        for index, body in enumerate(LIFE.bodies)
        if "terms" in parse(body, max_bytes=65_536)
    ]
    index = data.draw(st.sampled_from(asked))
    terms = parse(LIFE.bodies[index], max_bytes=65_536)["terms"]
    place = data.draw(st.integers(0, len(terms) - 1))
    letter = data.draw(st.sampled_from("0Aaz"))
    bent = terms[:place] + letter + terms[place + 1 :]
    bodies = list(LIFE.bodies)
    bodies[index] = changed(bodies[index], terms=bent)
    if bent == terms:
        replay(bodies, PINNED)
        return

    with pytest.raises(VerificationError):
        replay(bodies, PINNED)


def test_a_ledger_begins_with_the_pinned_genesis_and_has_no_second_one() -> None:
    facts = genesis()
    other = Registry(pin({**facts, "profile": "production"}))
    entry = Scribe(other).entry(Event.GENESIS_SEALED, facts)
    with pytest.raises(VerificationError, match="not the one this key store pinned"):
        apply_body(other, entry)

    empty = Registry(pin(facts))
    with pytest.raises(VerificationError, match="begin with its genesis"):
        apply_body(empty, LIFE.bodies[1])
    with pytest.raises(VerificationError, match="begin with its genesis"):
        apply_body(replay(LIFE.bodies[:3], PINNED), LIFE.bodies[0])


def test_a_custodian_does_not_vouch_for_both() -> None:
    facts = genesis()
    facts["assertion_custodian_2"] = facts["assertion_custodian_1"]
    registry = Registry(pin(facts))

    with pytest.raises(VerificationError):
        apply_body(registry, Scribe(registry).entry(Event.GENESIS_SEALED, facts))


def test_the_genesis_holds_no_byte_that_nobody_signed() -> None:
    facts = genesis()
    statement, *rest = facts["assertion_custodian_1"].split(".")
    bent = decode_base64url(statement).replace(b"k_demo", b"k_evil")
    facts["assertion_custodian_1"] = ".".join((encode_base64url(bent), *rest))
    registry = Registry(pin(facts))

    with pytest.raises(VerificationError, match="vouched for something else"):
        apply_body(registry, Scribe(registry).entry(Event.GENESIS_SEALED, facts))


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "no time": lambda body: without(body, "at"),
    "another time": lambda body: changed(body, at="noon"),
    "an unknown event": lambda body: changed(body, event="vault.opened"),
    "no event": lambda body: without(body, "event"),
    "somebody unknown": lambda body: changed(body, person="p_nobodynobody"),
    "nobody": lambda body: without(body, "person"),
    "an unknown request": lambda body: changed(without(body, "terms"), request="r_x"),
    "no assertion": lambda body: without(body, "assertion"),
    "half an assertion": lambda body: changed(body, assertion="AA.AA"),
    "another decision": lambda body: changed(body, decision="approve"),
    "terms of nothing": lambda body: changed(body, terms="{}"),
    "a broken chain": lambda body: changed(body, list_sequence="first"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_an_entry_no_honest_keeper_wrote_is_our_error_and_no_accident(
    scribe: Scribe, what: str
) -> None:
    scribe.ask_export()
    bodies = [*scribe.bodies[:-1], SPOILT[what](scribe.bodies[-1])]

    with pytest.raises(VerificationError):
        replay(bodies, scribe.registry.pinned)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff", b'{"at": ""}', encode({"at": "x" * 70_000})]
)
def test_bytes_that_are_no_entry_are_our_error_and_no_accident(
    scribe: Scribe, body: bytes
) -> None:
    size = scribe.registry.frontier.size

    with pytest.raises(VerificationError):
        apply_body(scribe.registry, body)
    assert scribe.registry.frontier.size == size


def test_fields_are_applied_as_bytes_are(scribe: Scribe) -> None:
    registry = Registry(scribe.registry.pinned)
    for body in scribe.bodies:
        apply(registry, parse(body, max_bytes=65_536))

    assert registry.people == scribe.registry.people
    assert registry.frontier.size == 0  # that is the reader's to keep
