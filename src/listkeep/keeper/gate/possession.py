"""A new passkey proves that it can sign before anybody is asked to sign for it.

Once, when the terms are written: afterwards the terms' own MAC says that it was done.
"""

from collections.abc import Sequence

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Enrol, Terms
from listkeep.core.registry.facts import Person, parse_first_owners, parse_person
from listkeep.core.registry.keyring import DEMO
from listkeep.core.registry.passkeys import (
    Assertion,
    Credential,
    encode_base64url,
    verify_assertion,
)
from listkeep.core.registry.state import Registry


def verify_possession(
    registry: Registry, terms: Terms, proofs: Sequence[Assertion]
) -> None:
    """Verify one proof for each passkey the terms bring, in their order.

    Raises:
        MalformedError: Too few or too many proofs.
        VerificationError: A proof is another key's, person's or keeper's.
        RefusedError: The profile takes no passkey that was not attested.
    """
    needed = [
        (person.id, key) for person in _new_people(terms) for key in person.credentials
    ]
    if len(needed) != len(proofs):
        raise MalformedError(
            "each new passkey comes with one proof that it can sign",
            code=Code.REQUEST_INVALID,
        )
    if needed and registry.profile != DEMO:
        raise RefusedError(
            "a passkey needs an attestation outside the demo profile",
            hint="invite the person: passkeys are enrolled over a link",
        )
    for (person, key), proof in zip(needed, proofs, strict=True):
        verify_proof(registry, person, key, proof)


def verify_proof(
    registry: Registry, person: str, key: Credential, proof: Assertion
) -> None:
    """Verify that a passkey signed for being enrolled for this person, here.

    Raises:
        VerificationError: It did not.
    """
    expected = Enrol(
        keeper=registry.keeper,
        person=person,
        credential=key.id,
        public_key=encode_base64url(key.public_key),
    )
    verify_assertion(
        proof,
        challenge=expected.challenge(),
        credential=key,
        party=registry.party,
    )


def _new_people(terms: Terms) -> list[Person]:
    match terms.action:
        case Action.TENANT_ADD:
            return parse_first_owners(terms.subject_fields())
        case Action.PERSON_ADD:
            return [parse_person(terms.subject_fields(), tenant=terms.tenant)]
        case _:
            return []
