import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from fido2.cose import RS256
from fido2.webauthn import AttestationObject
from webauthn import verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.grants import SignIn
from listkeep.core.registry.attestation import verify_statement
from listkeep.core.registry.passkeys import (
    Credential,
    Kind,
    RelyingParty,
    decode_base64url,
    encode_base64url,
    parse_public_key,
    verify_assertion,
    verify_attested,
)
from listkeep.drill.people import RP_ID
from listkeep.wire.messages import Assertion
from tests.fakes.authenticator import (
    FLAG,
    Authenticator,
    Maker,
    attestation,
    base64url,
)
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
        credential=Credential(id="c", public_key=key, kind=Kind.SOFTWARE),
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


@pytest.mark.parametrize(
    "change",
    [
        *({1: 4}, {1: True}, {-1: 2}, {-1: b"\x01"}, {4: 1}, {-4: b"d" * 32}),
        *({-2: b"x" * 31}, {-2: b"x" * 33}, {-2: 32}, {-2: "x" * 32}, {-3: True}),
    ],
    ids=str,
)
def test_a_key_of_another_shape_is_malformed(change: dict[int, object]) -> None:
    fields = cbor.decode(KEYS["ES256"])
    assert isinstance(fields, dict)

    with pytest.raises(MalformedError):
        parse_public_key(cbor.encode({**fields, **change}))


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


# --- the making of a passkey ----------------------------------------------------

CHALLENGE = b"c" * 32
SEAL = "http://seal.localhost:8471"
BROWSER = RelyingParty(rp_id=RP_ID, origins=(SEAL, "listkeep-cli://k_demo"))


def made(client_data: bytes, attested: bytes) -> Credential:
    return verify_attested(client_data, attested, challenge=CHALLENGE, party=BROWSER)


def second_opinion(client_data: bytes, attested: bytes, name: str) -> bytes:
    """Ask a library that never heard of us (py_webauthn) for the public key."""
    answer = verify_registration_response(
        credential={
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {
                "clientDataJSON": encode_base64url(client_data),
                "attestationObject": encode_base64url(attested),
            },
        },
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=list(BROWSER.origins),
        require_user_verification=True,
        supported_pub_key_algs=[
            COSEAlgorithmIdentifier.EDDSA,
            COSEAlgorithmIdentifier.ECDSA_SHA_256,
        ],
    )
    return answer.credential_public_key


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (FLAG.UP | FLAG.UV, Kind.HARDWARE),
        (FLAG.UP | FLAG.UV | FLAG.BE, Kind.SYNCED),
        (FLAG.UP | FLAG.UV | FLAG.BE | FLAG.BS, Kind.SYNCED),
    ],
    ids=str,
)
@pytest.mark.parametrize("maker", [None, Maker()], ids=["none", "packed"])
def test_a_new_passkey_is_read_with_its_kind(
    flags: FLAG, kind: Kind, maker: Maker | None
) -> None:
    device = Authenticator(flags=flags, maker=maker)
    client_data, attested = device.make(CHALLENGE)

    key = made(client_data, attested)

    assert key == Credential(id=device.id, public_key=device.public_key, kind=kind)
    assert second_opinion(client_data, attested, key.id) == key.public_key


def test_a_passkey_that_vouches_for_itself_is_of_nobodys_making() -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)
    data = device.data(device.flags | FLAG.AT, device.made())
    attested = device.packed(client_data, data, device.key, [])

    assert made(client_data, attested).id == device.id
    assert verify_statement(AttestationObject(attested), client_data) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "webauthn.get"},
        {"type": "payment.create"},
        {"challenge": base64url(b"d" * 32)},
        {"challenge": None},
        {"origin": "http://seal.localhost"},
        {"origin": "http://app.localhost:8471"},
        {"origin": "http://evil.seal.localhost:8471"},
        {"origin": "http://seal.localhost:8471/"},
        {"origin": [SEAL]},
        {"crossOrigin": True},
        {"crossOrigin": 0},
        {"crossOrigin": None},
        {"topOrigin": "http://app.localhost:8471"},
    ],
    ids=str,
)
def test_a_passkey_made_by_another_page_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(VerificationError):
        made(*Authenticator().make(CHALLENGE, **changes))


@pytest.mark.parametrize(
    "flags",
    [FLAG(0), FLAG.UP, FLAG.UV, FLAG.UP | FLAG.UV | FLAG.BS],
    ids=["nobody", "touched", "unseen", "backed up but not eligible"],
)
def test_a_passkey_made_without_its_person_is_refused(flags: FLAG) -> None:
    with pytest.raises(VerificationError):
        made(*Authenticator(flags=flags).make(CHALLENGE))


def test_a_passkey_of_another_site_is_refused() -> None:
    for rp_id in ("localhost", "app.localhost", "seal.localhost."):
        with pytest.raises(VerificationError):
            made(*Authenticator(rp_id=rp_id).make(CHALLENGE))


def test_a_signature_is_no_making_of_a_passkey() -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)

    with pytest.raises(VerificationError):
        made(client_data, attestation("none", device.data(device.flags), {}))


def test_a_key_of_an_algorithm_we_do_not_know_is_refused() -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)
    head = device.made()[: -len(device.public_key)]
    for fields in ({1: 3, 3: -257, -1: b"n" * 256, -2: b"\x01\x00\x01"}, {1: 2, 3: -9}):
        data = device.data(device.flags | FLAG.AT, head + cbor.encode(fields))
        with pytest.raises(VerificationError):
            made(client_data, attestation("none", data, {}))


def test_bytes_behind_beside_or_twice_are_refused() -> None:
    device = Authenticator()
    client_data, attested = device.make(CHALLENGE)
    data = device.data(device.flags | FLAG.AT, device.made())
    pairs = [
        cbor.encode(key) + cbor.encode(value)
        for key, value in (("fmt", "none"), ("attStmt", {}), ("authData", data))
    ]

    assert made(client_data, b"\xa3" + b"".join(pairs[::-1])).id == device.id
    for other in (
        attested + b"\x00",
        attested[:-1],
        attestation("none", data + b"\x00", {}),
        attestation("none", data + b"\xa0", {}),  # extensions nobody announced
        attestation("none", data, {"x": 1}),
        attestation("fido-u2f", data, {}),
        b"\xa4" + b"".join(pairs) + cbor.encode("more") + cbor.encode({}),
        b"\xa4" + b"".join([*pairs, pairs[0]]),
        b"\xb8\x03" + b"".join(pairs),
        b"\x84" + b"".join(pairs),
        b"",
    ):
        with pytest.raises(VerificationError):
            made(client_data, other)


def test_extensions_that_were_announced_are_read_and_have_one_spelling() -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)
    flags = device.flags | FLAG.AT | FLAG.ED
    extensions = cbor.encode({"credProtect": 2})
    data = device.data(flags, device.made() + extensions)

    attested = attestation("none", data, {})
    assert made(client_data, attested).id == device.id
    assert second_opinion(client_data, attested, device.id) == device.public_key
    for other in (b"\xb8\x01" + extensions[1:], extensions + extensions, b"\xf6", b""):
        data = device.data(flags, device.made() + other)
        with pytest.raises(VerificationError):
            made(client_data, attestation("none", data, {}))


def test_too_much_of_it_is_refused_before_it_is_read() -> None:
    client_data, attested = Authenticator().make(CHALLENGE)

    for data, made_of in ((client_data, bytes(20_000)), (bytes(20_000), attested)):
        with pytest.raises(VerificationError):
            made(data, made_of)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_whatever_we_accept_others_accept_too() -> None:
    """Bend bytes of honest and dishonest passkeys; two libraries judge each."""
    chance = random.Random(9)
    agreed = 0
    for maker in (None, Maker()):
        client_data, attested = Authenticator(maker=maker).make(CHALLENGE)
        for _ in range(1500):
            bent = bytearray(attested)
            for _ in range(chance.randint(1, 3)):
                bent[chance.randrange(len(bent))] = chance.randrange(256)
            data = bytes(bent[: chance.choice((len(bent), chance.randrange(300)))])
            try:
                key = made(client_data, data)
            except VerificationError:
                continue
            assert second_opinion(client_data, data, key.id) == key.public_key
            agreed += 1

    assert agreed > 100  # bytes of the credential id and the key may be any


@pytest.mark.parametrize(
    ("flags", "changes"),
    [
        (FLAG.UP, {}),
        (FLAG.UP | FLAG.UV, {"type": "webauthn.get"}),
        (FLAG.UP | FLAG.UV, {"challenge": "AAAA"}),
        (FLAG.UP | FLAG.UV, {"origin": "http://evil.localhost:8471"}),
    ],
    ids=str,
)
def test_what_everybody_must_refuse_both_refuse(
    flags: FLAG, changes: dict[str, object]
) -> None:
    device = Authenticator(flags=flags)
    client_data, attested = device.make(CHALLENGE, **changes)

    with pytest.raises(VerificationError):
        made(client_data, attested)
    with pytest.raises(WebAuthnException):
        second_opinion(client_data, attested, device.id)


def test_bytes_that_are_no_passkey_are_refused_and_never_an_accident() -> None:
    chance = random.Random(10)
    client_data = Authenticator().client_data("create", CHALLENGE)
    for nest in (b"\x81", b"\xa1", b"\xa1\x03", b"\xa3"):
        with pytest.raises(VerificationError):
            made(client_data, nest * 3000)
    for _ in range(3000):
        with pytest.raises(VerificationError):
            made(client_data, chance.randbytes(chance.randint(0, 200)))
        with pytest.raises(VerificationError):
            made(client_data, attestation("none", chance.randbytes(150), {}))
