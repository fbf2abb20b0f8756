"""A new passkey proves that it can sign before anybody is asked to sign for it.

Once, when the terms are written: afterwards the terms' own MAC says that it was done.
"""

from collections.abc import Mapping, Sequence

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Enrol, Terms
from listkeep.core.registry.facts import OWNERS
from listkeep.core.registry.keyring import DEMO, parse_keys
from listkeep.core.registry.passkeys import (
    Assertion,
    Credential,
    encode_base64url,
    verify_assertion,
)
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.turns import Gate

from .enrolment_rows import is_finished
from .invitations import subject_from

_BRING_KEYS = frozenset(
    {
        *(Action.TENANT_ADD, Action.PERSON_ADD),
        *(Action.PASSKEY_ADD, Action.PASSKEY_REPLACE),
    }
)


def verify_possession(
    gate: Gate, registry: Registry, terms: Terms, proofs: Sequence[Assertion]
) -> None:
    """Verify one proof for each passkey the terms bring, in their order.

    Passkeys that were enrolled over a link have proven themselves there.

    Raises:
        MalformedError: Too few or too many proofs.
        VerificationError: A proof is another key's, person's or keeper's.
        RefusedError: The profile takes no passkey that was not attested.
    """
    needed = [
        (subject["id"], key)
        for subject in _with_new_keys(terms)
        if not _is_enrolled(gate, registry, terms, subject)
        for key in parse_keys(subject["keys"])
    ]
    if needed and registry.profile != DEMO:
        raise RefusedError(
            "a passkey needs an attestation outside the demo profile",
            hint="invite the person: passkeys are enrolled over a link",
        )
    if len(needed) != len(proofs):
        raise MalformedError(
            "each new passkey comes with one proof that it can sign",
            code=Code.REQUEST_INVALID,
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
    verify_assertion(
        proof,
        challenge=enrol_statement(registry, person, key).challenge(),
        credential=key,
        party=registry.party,
    )


def enrol_statement(registry: Registry, person: str, key: Credential) -> Enrol:
    """Write what a new passkey signs."""
    return Enrol(
        keeper=registry.keeper,
        person=person,
        credential=key.id,
        public_key=encode_base64url(key.public_key),
    )


def _with_new_keys(terms: Terms) -> list[Mapping[str, str]]:
    """List the parts of a subject that bring passkeys."""
    if terms.action not in _BRING_KEYS:
        return []
    subject = terms.subject_fields()
    if terms.action is Action.TENANT_ADD:
        return [parse(subject[name].encode()) for name in OWNERS if subject[name]]
    return [subject]


def _is_enrolled(
    gate: Gate, registry: Registry, terms: Terms, subject: Mapping[str, str]
) -> bool:
    """Tell whether exactly this was made over a link: person, place and passkeys."""
    is_new = terms.action is Action.TENANT_ADD
    home = terms.subject_fields()["name"] if is_new else terms.tenant
    return any(
        is_finished(gate.store, registry, row)
        and row.action == terms.action
        and home == (row.tenant_name if is_new else row.tenant)
        and subject_from(row) == subject
        for row in Enrolment.objects.filter(person=subject["id"])
    )
