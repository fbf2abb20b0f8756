import base64
import hashlib
import json
import re
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from webauthn import verify_authentication_response
from webauthn.authentication.verify_authentication_response import (
    VerifiedAuthentication,
)
from webauthn.helpers.exceptions import WebAuthnException

from listkeep.core.errors import Code, ConflictError, UnavailableError
from listkeep.core.grants import Enrol, SignIn, Statement
from listkeep.drill.people import RP_ID, SoftwarePerson
from listkeep.wire.base import decode
from listkeep.wire.messages import Assertion

KEEPER = "k_demo"
ORIGIN = "listkeep-cli://k_demo"


@pytest.fixture
def ada(tmp_path: Path) -> SoftwarePerson:
    return SoftwarePerson.create(tmp_path, "ada")


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def verify(
    person: SoftwarePerson,
    assertion: Assertion,
    *,
    challenge: bytes,
    public_key: bytes | None = None,
    origin: str = ORIGIN,
    rp_id: str = RP_ID,
    count: int = 0,
) -> VerifiedAuthentication:
    """Verify as a relying party would that never heard of us (py_webauthn)."""
    return verify_authentication_response(
        credential={
            "id": person.credential,
            "rawId": person.credential,
            "type": "public-key",
            "response": {
                "authenticatorData": base64url(assertion.authenticator_data),
                "clientDataJSON": base64url(assertion.client_data),
                "signature": base64url(assertion.signature),
            },
        },
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        credential_public_key=public_key or person.public_key,
        credential_current_sign_count=count,
        require_user_verification=True,
    )


def approve(person: SoftwarePerson) -> tuple[Assertion, Statement]:
    assertion = person.sign_request(
        keeper=KEEPER, request="ab" * 32, decision="approve"
    )
    return assertion, Statement.parse(assertion.statement)


# --- what is signed -------------------------------------------------------------


def test_an_approval_verifies_elsewhere_and_says_what_was_meant(
    ada: SoftwarePerson,
) -> None:
    assertion, statement = approve(ada)

    verified = verify(ada, assertion, challenge=statement.challenge())

    assert verified.user_verified
    assert verified.credential_id == unbase64url(ada.credential)
    assert statement == Statement(
        keeper=KEEPER,
        person=ada.person,
        credential=ada.credential,
        decision="approve",
        request="ab" * 32,
    )


def test_a_sign_in_verifies_elsewhere_and_names_the_service(
    ada: SoftwarePerson,
) -> None:
    assertion = ada.sign_in(keeper=KEEPER, service="s_console", nonce="00ff")
    statement = SignIn.parse(assertion.statement)

    assert verify(ada, assertion, challenge=statement.challenge()).user_verified
    assert (statement.service, statement.nonce) == ("s_console", "00ff")
    assert statement.binding == ""


def test_a_new_person_proves_that_the_key_can_sign(ada: SoftwarePerson) -> None:
    subject = ada.subject(keeper=KEEPER, role="owner", team="blue")
    proof = decode(unbase64url(subject["proof"]), Assertion)
    statement = Enrol.parse(proof.statement)

    verify(ada, proof, challenge=statement.challenge())

    assert statement.public_key == subject["public_key"] == base64url(ada.public_key)
    assert (subject["id"], subject["name"]) == (ada.person, "ada")
    assert (subject["role"], subject["team"]) == ("owner", "blue")
    assert subject["software"] == "yes"
    assert subject["credential"] == statement.credential == ada.credential


def test_another_challenge_origin_or_party_does_not_verify(
    ada: SoftwarePerson,
) -> None:
    assertion, statement = approve(ada)
    challenge = statement.challenge()

    with pytest.raises(WebAuthnException):
        verify(ada, assertion, challenge=hashlib.sha256(b"other").digest())
    with pytest.raises(WebAuthnException):
        verify(ada, assertion, challenge=challenge, origin="listkeep-cli://k_other")
    with pytest.raises(WebAuthnException):
        verify(ada, assertion, challenge=challenge, rp_id="seal.example")


def test_the_signature_of_one_person_is_not_anothers(
    ada: SoftwarePerson, tmp_path: Path
) -> None:
    amir = SoftwarePerson.create(tmp_path, "amir")
    assertion, statement = approve(ada)

    with pytest.raises(WebAuthnException):
        verify(
            ada,
            assertion,
            challenge=statement.challenge(),
            public_key=amir.public_key,
        )


def test_the_client_data_is_what_a_browser_would_have_sent(
    ada: SoftwarePerson,
) -> None:
    assertion, statement = approve(ada)

    assert json.loads(assertion.client_data) == {
        "type": "webauthn.get",
        "challenge": base64url(statement.challenge()),
        "origin": ORIGIN,
        "crossOrigin": False,
    }


def test_the_counter_moves_on_also_after_the_file_was_read_again(
    ada: SoftwarePerson, tmp_path: Path
) -> None:
    counts: list[int] = []
    for person in (ada, ada, SoftwarePerson.load(tmp_path, "ada"), ada):
        assertion, statement = approve(person)
        verified = verify(
            person,
            assertion,
            challenge=statement.challenge(),
            count=counts[-1] if counts else 0,  # py_webauthn refuses one that stays
        )
        counts.append(verified.new_sign_count)

    assert counts == [1, 2, 3, 4]


# --- the file ---------------------------------------------------------------------


def test_a_person_is_the_same_after_the_file_was_read(
    ada: SoftwarePerson, tmp_path: Path
) -> None:
    again = SoftwarePerson.load(tmp_path, "ada")

    assert (again.person, again.name) == (ada.person, "ada")
    assert (again.credential, again.public_key) == (ada.credential, ada.public_key)


def test_ids_have_the_shape_the_registry_wants(ada: SoftwarePerson) -> None:
    assert re.fullmatch(r"p_[a-z2-7]{12}", ada.person)
    assert len(unbase64url(ada.credential)) == 16


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "demo" / "people"

    SoftwarePerson.create(folder, "ada")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ada.json").stat().st_mode) == 0o600


def test_a_name_is_taken_once(ada: SoftwarePerson, tmp_path: Path) -> None:
    before = ada.path.read_bytes()

    with pytest.raises(ConflictError) as taken:
        SoftwarePerson.create(tmp_path, "ada")

    assert taken.value.code is Code.ALREADY_EXISTS
    assert ada.path.read_bytes() == before


def test_a_stranger_is_unknown_and_told_who_is_not(
    ada: SoftwarePerson, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError) as unknown:
        SoftwarePerson.load(tmp_path, "eve")
    assert unknown.value.code is Code.CREDENTIAL_UNKNOWN
    assert unknown.value.hint == "known here: ada"

    with pytest.raises(UnavailableError) as unknown:
        SoftwarePerson.load(tmp_path / "empty", "eve")
    assert unknown.value.hint == "known here: nobody yet"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"private_key": "PLANTED"}', "\0"])
def test_a_damaged_file_is_said_to_be_damaged(
    ada: SoftwarePerson, tmp_path: Path, text: str
) -> None:
    ada.path.write_text(text)

    with pytest.raises(
        UnavailableError, match=r"^a passkey file is damaged$"
    ) as broken:
        SoftwarePerson.load(tmp_path, "ada")

    assert "PLANTED" not in f"{broken.value.hint} {broken.value.__cause__}"


def test_a_key_no_passkey_has_is_not_used(ada: SoftwarePerson, tmp_path: Path) -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    facts = json.loads(ada.path.read_text()) | {"private_key": pem.decode()}
    ada.path.write_text(json.dumps(facts))

    with pytest.raises(UnavailableError, match="damaged"):
        SoftwarePerson.load(tmp_path, "ada")
