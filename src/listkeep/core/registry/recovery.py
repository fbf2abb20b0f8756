"""Go on after the end of the ledger was really lost: two custodians answer for it.

What was spent, revoked and frozen in the lost part cannot be known any more. So nobody
may gain by the loss: what was asked for before is void, budgets count as spent, and
everything is frozen until two of each side have looked and lift it.

Who may sign is who was a custodian according to the ledger that is left *and* to the
key store's memory: whoever was revoked in the lost part does not bring it about.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.canonical import digest
from listkeep.core.errors import Code, VerificationError
from listkeep.core.grants import Recovery, Role

from .agreements import CAMPAIGNS, RELEASES
from .facts import Person
from .fields import untrusted
from .passkeys import Assertion, decode_assertion, verify_assertion
from .state import Registry

RECOVERERS = ("custodian_1", "custodian_2")
RECOVERY_FACTS = (
    *("keeper", "epoch", "kept_size", "kept_root", "lost_size", "lost_root"),
    "credentials",
)
_FROZEN = (RELEASES, CAMPAIGNS)


def write_recovery_facts(
    registry: Registry,
    *,
    lost_size: int,
    lost_root: bytes,
    known: Mapping[str, str] | None,
) -> dict[str, str]:
    """Write what both custodians sign, from the ledger that is left and the memory.

    ``known`` is what the key store remembers of custodians: ids of passkeys by person;
    an old key store remembers nothing, and then the ledger alone says who they are.
    """
    remembered = None if known is None else set(" ".join(known.values()).split())
    credentials = sorted(
        key.id
        for person in custodians(registry)
        for key in person.credentials
        if remembered is None or key.id in remembered
    )
    return {
        "keeper": registry.keeper,
        "epoch": str(registry.epoch + 1),
        "kept_size": str(registry.frontier.size),
        "kept_root": registry.frontier.root.hex(),
        "lost_size": str(lost_size),
        "lost_root": lost_root.hex(),
        "credentials": " ".join(credentials),
    }


def custodians(registry: Registry) -> list[Person]:
    """List the custodians."""
    return [each for each in registry.people.values() if each.role is Role.CUSTODIAN]


def verify_recovery(
    registry: Registry, facts: Mapping[str, str], assertion: Assertion
) -> Person:
    """Verify that a custodian who still is one accepts exactly this loss.

    Raises:
        VerificationError: Somebody else, or a signature of something else.
    """
    statement = Recovery.parse(assertion.statement)
    person = registry.people.get(statement.person)
    credential = person.find_credential(statement.credential) if person else None
    if (
        person is None
        or credential is None
        or person.role is not Role.CUSTODIAN
        or credential.id not in facts["credentials"].split()
    ):
        raise VerificationError(
            "this passkey is of nobody who was a custodian to the end",
            code=Code.CREDENTIAL_UNKNOWN,
            hint="two custodians sign, each with a passkey that was not revoked",
        )
    expected = Recovery(
        keeper=facts["keeper"],
        person=person.id,
        credential=credential.id,
        recovery=digest(dict(facts)),
    )
    if statement != expected:
        raise VerificationError(
            "the statement is about another loss",
            code=Code.SIGNATURE_INVALID,
            hint="look at the loss again, and sign what is shown",
        )
    verify_assertion(
        assertion,
        challenge=statement.challenge(),
        credential=credential,
        party=registry.party,
    )
    return person


def recover_ledger(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Begin a new epoch, verifying again that two custodians answer for it.

    Raises:
        VerificationError: They do not, or it is about another ledger.
    """
    facts = {name: fields[name] for name in RECOVERY_FACTS}
    kept, lost = int(facts["kept_size"]), int(facts["lost_size"])
    if (
        facts["keeper"] != registry.keeper
        or facts["epoch"] != str(registry.epoch + 1)
        or kept != registry.book.size
        or kept >= lost
        or not _is_kept(registry, kept, facts["kept_root"])
    ):
        raise untrusted("it was recovered from another loss")
    signers = {
        verify_recovery(
            registry, facts, decode_assertion(fields[f"assertion_{place}"])
        ).id
        for place in RECOVERERS
    }
    if len(signers) != len(RECOVERERS):
        raise untrusted("it was recovered by one custodian alone")
    _narrow_custodians(registry, frozenset(facts["credentials"].split()))
    _void(registry)
    _freeze_all(registry)
    registry.charges.exhaust(at=at)
    registry.epoch, registry.epoch_start = registry.epoch + 1, kept
    registry.recovered_at = at
    registry.is_settling = True


def _is_kept(registry: Registry, size: int, root: str) -> bool:
    """Compare the root that was left; who counts hashes elsewhere compares there."""
    frontier = registry.frontier
    return frontier.size != size or frontier.root.hex() == root


def _narrow_custodians(registry: Registry, credentials: frozenset[str]) -> None:
    """Remove custodians and passkeys that were removed in the lost part."""
    for person in custodians(registry):
        left = tuple(key for key in person.credentials if key.id in credentials)
        if left:
            registry.people[person.id] = replace(person, credentials=left)
        else:
            registry.people.pop(person.id)


def _void(registry: Registry) -> None:
    """End what was begun before: requests, imports, sessions, links."""
    for request in registry.requests.values():
        request.denied = request.denied or not request.done
    registry.tickets.clear()
    registry.enrolments.clear()
    registry.ended_sessions |= set(registry.sessions)
    registry.sessions.clear()


def _freeze_all(registry: Registry) -> None:
    """Freeze for each side: what it had frozen or revoked, only it may remember."""
    for kind in _FROZEN:
        registry.freezes.add(("", kind, Role.CUSTODIAN.value))
        registry.freezes |= {
            (tenant, kind, Role.OWNER.value) for tenant in registry.tenants
        }
