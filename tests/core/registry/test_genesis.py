import pytest

from listkeep.core.canonical import digest
from listkeep.core.errors import VerificationError
from listkeep.core.grants import Genesis, Role
from listkeep.core.registry.facts import Person
from listkeep.core.registry.genesis import verify_genesis
from listkeep.core.registry.passkeys import Credential, Kind, RelyingParty
from tests.fakes.authenticator import Authenticator

SEAL = "http://seal.localhost:8471"
PARTY = RelyingParty(rp_id="seal.localhost", origins=(SEAL,))
FACTS = {"keeper": "k_demo", "profile": "demo"}
DEVICE, SECOND, OTHER = Authenticator(), Authenticator(), Authenticator()
CLEO = Person(
    id="p_cleo",
    name="cleo",
    tenant="",
    role=Role.CUSTODIAN,
    team="",
    credentials=tuple(
        Credential(id=each.id, public_key=each.public_key, kind=Kind.HARDWARE)
        for each in (DEVICE, SECOND)
    ),
)


def vouch(device: Authenticator, **changes: str) -> None:
    fields = {
        "keeper": "k_demo",
        "person": "p_cleo",
        "credential": device.id,
        "genesis": digest(FACTS),
    }
    assertion = device.sign(Genesis(**{**fields, **changes}))
    verify_genesis(FACTS, CLEO, assertion, party=PARTY)


def test_a_custodian_vouches_with_any_of_the_own_passkeys() -> None:
    vouch(DEVICE)
    vouch(SECOND)


@pytest.mark.parametrize(
    "changes",
    [
        {"keeper": "k_other"},
        {"person": "p_cyrus"},
        {"genesis": "00" * 32},
        {"credential": "AAAA"},
    ],
    ids=str,
)
def test_a_word_on_something_else_does_not_count(changes: dict[str, str]) -> None:
    with pytest.raises(VerificationError):
        vouch(DEVICE, **changes)


def test_somebody_elses_passkey_does_not_vouch() -> None:
    with pytest.raises(VerificationError):
        vouch(OTHER)
    with pytest.raises(VerificationError):
        vouch(OTHER, credential=DEVICE.id)
