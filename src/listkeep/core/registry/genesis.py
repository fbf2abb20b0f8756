"""The facts an instance begins with, and the word of its two first custodians."""

from collections.abc import Mapping

from listkeep.core.canonical import digest
from listkeep.core.errors import Code, VerificationError
from listkeep.core.grants import Genesis

from .facts import Person
from .passkeys import Assertion, RelyingParty, verify_assertion

CUSTODIANS = ("custodian_1", "custodian_2")
DOCK = "dock"
CONSOLE = "console"
GENESIS_FACTS = ("keeper", "profile", "rp_id", "origins", "created", *CUSTODIANS, DOCK)
"""Those every genesis has; newer ones name a console as well."""


def genesis_facts(entry: Mapping[str, str]) -> dict[str, str]:
    """Pick the facts both custodians signed out of the entry that begins a ledger.

    Raises:
        KeyError: One is missing.
    """
    names = (*GENESIS_FACTS, CONSOLE) if CONSOLE in entry else GENESIS_FACTS
    return {name: entry[name] for name in names}


def verify_genesis(
    facts: Mapping[str, str],
    person: Person,
    assertion: Assertion,
    *,
    party: RelyingParty,
) -> None:
    """Verify that a first custodian vouches for exactly these facts.

    Raises:
        VerificationError: It is a signature of something or somebody else.
    """
    statement = Genesis.parse(assertion.statement)
    credential = person.find_credential(statement.credential)
    expected = Genesis(
        keeper=facts["keeper"],
        person=person.id,
        credential=statement.credential,
        genesis=digest(facts),
    )
    if statement != expected or credential is None:
        raise VerificationError(
            "a custodian vouched for something else", code=Code.SIGNATURE_INVALID
        )
    verify_assertion(
        assertion,
        challenge=statement.challenge(),
        credential=credential,
        party=party,
    )
