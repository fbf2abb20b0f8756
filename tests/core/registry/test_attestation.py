from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from listkeep.core.errors import VerificationError
from listkeep.core.registry.attestation import verify_maker
from tests.fakes.authenticator import (
    AAGUID,
    FLAG,
    YEAR,
    Authenticator,
    Maker,
    attestation,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
CHALLENGE = b"c" * 32
MAKER = Maker()


def judge(
    client_data: bytes,
    attested: bytes,
    *,
    maker: Maker = MAKER,
    models: tuple[str, ...] = (MODEL,),
    now: datetime = NOON,
) -> None:
    verify_maker(attested, client_data, roots=[maker.root], aaguids=models, now=now)


def made_with(
    chain: list[x509.Certificate],
    key: ec.EllipticCurvePrivateKey,
    aaguid: bytes = AAGUID,
) -> tuple[bytes, bytes]:
    device = Authenticator(aaguid=aaguid)
    client_data = device.client_data("create", CHALLENGE)
    data = device.data(device.flags | FLAG.AT, device.made())
    return client_data, device.packed(client_data, data, key, chain)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_a_model_its_maker_vouches_for_is_trusted() -> None:
    judge(*Authenticator(maker=MAKER).make(CHALLENGE))


def test_a_certificate_between_leaf_and_root_is_followed() -> None:
    line, key = Maker(name="Example Line 5"), new_key()
    between = MAKER.issue("Example Line 5", line.key.public_key(), is_authority=True)
    leaf = line.issue("Example Key", key.public_key(), aaguid=AAGUID)

    judge(*made_with([leaf, between], key))
    judge(*made_with([leaf, between, MAKER.root], key))


def test_nobody_vouches_for_a_key_without_attestation() -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)
    data = device.data(device.flags | FLAG.AT, device.made())

    for attested in (
        attestation("none", data, {}),
        device.packed(client_data, data, device.key, []),
    ):
        with pytest.raises(VerificationError):
            judge(client_data, attested)


def test_a_maker_nobody_here_trusts_does_not_count() -> None:
    with pytest.raises(VerificationError):
        judge(*Authenticator(maker=Maker()).make(CHALLENGE))
    with pytest.raises(VerificationError):
        judge(*Authenticator(maker=Maker(name="Example Other")).make(CHALLENGE))


def test_a_model_that_is_not_listed_does_not_count() -> None:
    made = Authenticator(maker=MAKER).make(CHALLENGE)

    for models in ((), ("00000000-0000-0000-0000-000000000000",), (MODEL.upper(),)):
        with pytest.raises(VerificationError):
            judge(*made, models=models)


def test_an_authenticator_without_a_model_does_not_count() -> None:
    made = Authenticator(maker=MAKER, aaguid=bytes(16)).make(CHALLENGE)

    with pytest.raises(VerificationError):
        judge(*made, models=("00000000-0000-0000-0000-000000000000",))


def test_a_certificate_of_another_model_does_not_count() -> None:
    key = new_key()
    leaf = MAKER.issue("Example Key", key.public_key(), aaguid=bytes(15) + b"\x01")

    with pytest.raises(VerificationError):
        judge(*made_with([leaf], key))


def test_a_key_that_does_not_belong_to_the_certificate_does_not_count() -> None:
    leaf = MAKER.issue("Example Key", new_key().public_key(), aaguid=AAGUID)

    with pytest.raises(VerificationError):
        judge(*made_with([leaf], new_key()))


def test_one_authenticator_does_not_issue_certificates_for_others() -> None:
    """A key taken out of one device would otherwise vouch for any number of them."""
    device, key = Maker(name="Example Key"), new_key()
    genuine = MAKER.issue("Example Key", device.key.public_key(), aaguid=AAGUID)
    forged = device.issue("Example Forged", key.public_key(), aaguid=AAGUID)

    with pytest.raises(VerificationError):
        judge(*made_with([forged, genuine], key))


def test_an_authority_does_not_attest_itself() -> None:
    with pytest.raises(VerificationError):
        judge(*made_with([MAKER.root], MAKER.key))


def test_a_chain_without_end_is_not_followed() -> None:
    key = new_key()
    leaf = MAKER.issue("Example Key", key.public_key(), aaguid=AAGUID)

    with pytest.raises(VerificationError):
        judge(*made_with([leaf, *[MAKER.root] * 4], key))


def test_a_certificate_counts_within_its_time() -> None:
    key = new_key()
    leaf = MAKER.issue(
        "Example Key", key.public_key(), aaguid=AAGUID, until=NOON + YEAR
    )
    made = made_with([leaf], key)

    judge(*made, now=NOON + YEAR)
    for moment in (NOON + 2 * YEAR, MAKER.starts_at - YEAR):
        with pytest.raises(VerificationError):
            judge(*made, now=moment)


@pytest.mark.parametrize("chain", [[b"no certificate"], ["text"], 7, [b""]], ids=str)
def test_certificates_that_are_none_are_refused_cleanly(chain: object) -> None:
    device = Authenticator()
    client_data = device.client_data("create", CHALLENGE)
    data = device.data(device.flags | FLAG.AT, device.made())
    for statement in (
        {"alg": -7, "sig": b"", "x5c": chain},
        {"alg": 99, "sig": b"", "x5c": chain},
        {"alg": -7, "sig": b"", "ecdaaKeyId": b""},
        {"x5c": chain},
    ):
        with pytest.raises(VerificationError):
            judge(client_data, attestation("packed", data, statement))
