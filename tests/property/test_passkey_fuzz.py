"""What a browser, a security key or a thief's script sends as a passkey's words."""

from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.grants import SignIn
from listkeep.core.registry.attestation import verify_maker
from listkeep.core.registry.keyring import format_keys, parse_keys
from listkeep.core.registry.passkeys import (
    Credential,
    Kind,
    RecordedAssertion,
    RelyingParty,
    decode_assertion,
    decode_base64url,
    encode_assertion,
    encode_base64url,
    parse_public_key,
    verify_assertion,
    verify_attested,
)
from tests.fakes.authenticator import FLAG, Authenticator, Maker
from tests.property.bending import bent

PARTY = RelyingParty(rp_id="seal.localhost", origins=("http://seal.localhost:8471",))
NOW = datetime(2026, 1, 5, tzinfo=UTC)
MAKER = Maker()
DEVICE = Authenticator(maker=MAKER)
NONCE = sha256(b"a nonce").digest()
MADE = DEVICE.make(NONCE)
UNVOUCHED = Authenticator().make(NONCE)
STATEMENT = SignIn(keeper="k_demo", service="keeper", nonce="n", binding="")
SIGNED = DEVICE.sign(STATEMENT)
CREDENTIAL = Credential(id=DEVICE.id, public_key=DEVICE.public_key, kind=Kind.HARDWARE)
PARTS = ("statement", "authenticator_data", "client_data", "signature")


def verify(assertion: RecordedAssertion) -> int:
    return verify_assertion(
        assertion,
        challenge=STATEMENT.challenge(),
        credential=CREDENTIAL,
        party=PARTY,
    )


def recorded(**changes: bytes) -> RecordedAssertion:
    return RecordedAssertion(
        **{name: changes.get(name, getattr(SIGNED, name)) for name in PARTS}
    )


def test_the_one_that_is_bent_below_is_good() -> None:
    assert verify(recorded()) > 0


@given(st.sampled_from(PARTS[1:]), st.data())
def test_a_signature_bent_anywhere_counts_for_nothing(
    name: str, data: st.DataObject
) -> None:
    whole: bytes = getattr(SIGNED, name)
    other = data.draw(bent(whole) | st.binary(max_size=200))
    assume(other != whole)

    with pytest.raises(VerificationError):
        verify(recorded(**{name: other}))


@given(st.data())
def test_an_assertion_in_the_ledger_has_one_spelling(data: st.DataObject) -> None:
    text = encode_assertion(recorded())
    other = data.draw(bent(text.encode()) | st.binary(max_size=60))

    try:
        read = decode_assertion(other.decode("latin-1"))
    except MalformedError:
        return
    assert encode_assertion(read) == other.decode("latin-1")


@given(st.sampled_from((MADE, UNVOUCHED)), st.booleans(), st.data())
def test_a_passkey_bent_in_the_making_is_the_same_or_none(
    made: tuple[bytes, bytes], is_page: bool, data: st.DataObject
) -> None:
    client_data, attested = made
    if is_page:
        client_data = data.draw(bent(client_data) | st.binary(max_size=80))
    else:
        attested = data.draw(bent(attested) | st.binary(max_size=80))

    with suppress(VerificationError):
        verify_attested(client_data, attested, challenge=NONCE, party=PARTY)


@given(st.booleans(), st.data())
def test_no_maker_vouches_for_what_was_bent(is_page: bool, data: st.DataObject) -> None:
    client_data, attested = MADE
    vouched_for(client_data, attested)
    if is_page:
        client_data = data.draw(bent(client_data))
    else:
        attested = data.draw(bent(attested))
    assume((client_data, attested) != MADE)

    with pytest.raises(VerificationError):
        vouched_for(client_data, attested)


def vouched_for(client_data: bytes, attested: bytes) -> None:
    verify_maker(
        attested,
        client_data,
        roots=[MAKER.root],
        aaguids=[str(UUID(bytes=DEVICE.aaguid))],
        now=NOW,
    )


@given(st.data())
def test_keys_of_a_person_have_one_spelling(data: st.DataObject) -> None:
    text = format_keys((CREDENTIAL, _synced()))
    other = data.draw(
        bent(text.encode()).map(lambda it: it.decode("latin-1")) | st.text(max_size=60)
    )

    try:
        keys = parse_keys(other)
    except MalformedError:
        return
    assert format_keys(keys) == other


@given(st.data())
def test_a_public_key_is_one_of_two_kinds_or_malformed(data: st.DataObject) -> None:
    encoded = data.draw(bent(DEVICE.public_key) | st.binary(max_size=100))

    try:
        parse_public_key(encoded)
    except MalformedError:
        return
    assert len(encoded) == len(DEVICE.public_key)


@given(st.text(max_size=40) | st.binary(max_size=20).map(encode_base64url))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64url(text)
    except MalformedError:
        return
    assert encode_base64url(data) == text


def _synced() -> Credential:
    device = Authenticator(flags=FLAG.UP | FLAG.UV | FLAG.BE | FLAG.BS)
    return Credential(id=device.id, public_key=device.public_key, kind=Kind.SYNCED)
