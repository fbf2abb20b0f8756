import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from fido2.cose import RS256

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.grants import SignIn
from listkeep.core.registry.passkeys import (
    Credential,
    RelyingParty,
    decode_base64url,
    encode_base64url,
    parse_public_key,
    verify_assertion,
)
from listkeep.drill.people import RP_ID
from listkeep.wire.messages import Assertion
from tests.keeper.forgery import client_data

PARTY = RelyingParty(rp_id=RP_ID, origins=("listkeep-cli://k_demo",))
ECDSA = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
EDDSA = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
KEYS = {
    "ES256": cbor.encode(
        {1: 2, 3: -7, -1: 1, -2: ECDSA.x.to_bytes(32), -3: ECDSA.y.to_bytes(32)}
    ),
    "EdDSA": cbor.encode({1: 1, 3: -8, -1: 6, -2: EDDSA}),
}


def judge(key: bytes, data: bytes) -> None:
    """Try to pass these bytes off as a signature."""
    statement = SignIn(keeper="k_demo", service="keeper", nonce="n", binding="")
    assertion = Assertion(
        statement=statement.format(),
        authenticator_data=data,
        client_data=client_data(statement),
        signature=b"0" * 70,
    )
    verify_assertion(
        assertion,
        challenge=statement.challenge(),
        credential=Credential(id="c", public_key=key, software=True),
        party=PARTY,
    )


@pytest.mark.parametrize("name", KEYS)
def test_a_key_of_an_accepted_algorithm_is_read(name: str) -> None:
    assert parse_public_key(KEYS[name]).ALGORITHM in (-7, -8)


def test_a_key_of_another_algorithm_is_not() -> None:
    other = cbor.encode({1: 3, 3: RS256.ALGORITHM, -1: b"n", -2: b"e"})

    with pytest.raises(MalformedError):
        parse_public_key(other)


@pytest.mark.parametrize("spoil", [b"\x00", b"\xf6"])
def test_a_key_has_one_spelling(spoil: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_public_key(KEYS["ES256"] + spoil)


@pytest.mark.parametrize("nest", [b"\x81", b"\xa1", b"\xa1\x03", b"\xc1"])
def test_a_key_that_is_nested_without_end_is_malformed(nest: bytes) -> None:
    for depth in (1, 100, 3000):
        with pytest.raises(MalformedError):
            parse_public_key(nest * depth)


def test_bytes_that_are_no_key_are_malformed_and_never_an_accident() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        bent = bytearray(KEYS["ES256"])
        for _ in range(chance.randint(1, 4)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        for data in (bytes(bent[: chance.randint(0, 77)]), chance.randbytes(20)):
            with pytest.raises((MalformedError, VerificationError)):
                judge(data, bytes(37))


def test_bytes_that_are_no_authenticator_data_verify_nothing() -> None:
    chance = random.Random(8)
    for nest in (b"\x81", b"\xa1"):
        with pytest.raises(VerificationError):
            judge(KEYS["ES256"], bytes(32) + b"\x85" + bytes(4) + nest * 900)
    for _ in range(2000):
        data = chance.randbytes(32 + chance.randint(0, 130))
        with pytest.raises(VerificationError):
            judge(KEYS["EdDSA"], data)


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA A", "AA\n", "\u00e4", "+/"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedError):
        decode_base64url(text)
    assert decode_base64url(encode_base64url(b"\xfb\xff")) == b"\xfb\xff"
