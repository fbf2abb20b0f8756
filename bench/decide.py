"""Leg ``decide``: what the keeper does to decide a request, but for the disk.

Ours is the whole decision of a large export: the terms read from their bytes (which
checks that they are canonical), three assertions verified (requester, owner,
custodian), Cedar asked with schema and entities, the budget looked at. The reference
verifies three bare ES256 signatures over the same bytes with the same library, on
keys that are at hand. One core; nothing is kept from one decision to the next but
what a running keeper keeps: policy, schema, people.
"""

import hashlib
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.harness import Bound, Result, alternate, sum_up
from listkeep.core.grants import (
    Action,
    Circumstances,
    Decision,
    Role,
    Signer,
    Statement,
    Terms,
    decide,
)
from listkeep.core.registry.charges import Charges, Measure
from listkeep.core.registry.passkeys import (
    Assertion,
    Credential,
    Kind,
    RelyingParty,
    verify_assertion,
)
from listkeep.drill.people import RP_ID, SoftwarePerson

LEG = "decide"
LEAST_PER_SECOND = 1_000
MOST_REQUESTS = 200  # that are signed beforehand, and decided in turn
DAILY_ROWS = 1_000_000_000
KEEPER, TENANT = "k_bench", "t_benchbenchbe"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
PARTY = RelyingParty(rp_id=RP_ID, origins=(f"listkeep-cli://{KEEPER}",))


@dataclass(frozen=True)
class Signatory:
    """One of the three, with what the registry knows and with the bare key."""

    person: SoftwarePerson
    credential: Credential
    key: ec.EllipticCurvePublicKey
    signer: Signer
    decision: Decision


@dataclass(frozen=True)
class Asked:
    """A request as it waits in the ledger: bytes and what people returned."""

    terms: bytes
    assertions: tuple[Assertion, ...]


def run(*, rows: int, rounds: int) -> Result:
    """Measure; ``rows`` is how many decisions a round makes at most."""
    count = max(10, min(rows, 2_000))
    with tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder:
        people = _people(Path(folder))
        asked = [_ask(people, cap=1001 + n) for n in range(min(count, MOST_REQUESTS))]
        parts = _parts(people)
        rates = alternate(
            lambda: _rate(count, asked, lambda it: _decide(it, people)),
            lambda: _rate(count, asked, lambda it: _verify_bare(it, people)),
            rounds=rounds,
        )
        parts_alone: dict[str, float | str] = {
            f"{name} /s": round(_rate(count, asked, part))
            for name, part in parts.items()
        }
    ours = median(rates.ours)
    return sum_up(
        LEG,
        rates,
        rows=count,
        unit="decisions/s",
        figures=parts_alone,
        bounds=((Bound("decisions/s", at_least=LEAST_PER_SECOND), ours),),
    )


def _people(folder: Path) -> list[Signatory]:
    cast = (
        ("ben", TENANT, Role.MARKETER, Decision.REQUEST),
        ("ada", TENANT, Role.OWNER, Decision.APPROVE),
        ("cleo", "", Role.CUSTODIAN, Decision.APPROVE),
    )
    people = []
    for name, tenant, role, decision in cast:
        person = SoftwarePerson.create(folder, name)
        people.append(
            Signatory(
                person,
                Credential(
                    id=person.credential,
                    public_key=person.public_key,
                    kind=Kind.SOFTWARE,
                ),
                person.key.public_key(),
                Signer(person=person.person, tenant=tenant, roles=frozenset({role})),
                decision,
            )
        )
    return people


def _ask(people: Sequence[Signatory], *, cap: int) -> Asked:
    terms = Terms(
        keeper=KEEPER,
        action=Action.EXPORT,
        tenant=TENANT,
        list="l_benchbenchbe",
        selection='country = "DE" and plan in ("pro", "team")',
        cap=cap,
        purpose="spring letter",
        recipient="c_benchbenchbe",
        subject="",
        not_before=NOON,
        expires=NOON + timedelta(days=1),
        nonce=f"{secrets.token_hex(16)}.{secrets.token_hex(16)}",
        facts=secrets.token_hex(32),
    )
    assertions = tuple(
        each.person.sign_request(
            keeper=KEEPER, request=terms.digest(), decision=each.decision.value
        )
        for each in people
    )
    return Asked(terms.format(), assertions)


def _rate(count: int, asked: Sequence[Asked], act: Callable[[Asked], None]) -> float:
    started = time.process_time()
    for number in range(count):
        act(asked[number % len(asked)])
    return count / (time.process_time() - started)


def _decide(asked: Asked, people: Sequence[Signatory]) -> None:
    terms = Terms.parse(asked.terms)
    _verify(terms, asked, people)
    outcome = decide(
        terms,
        requester=people[0].signer,
        approvers=[each.signer for each in people[1:]],
        circumstances=Circumstances(owners=2, signed_at=NOON),
        now=LATER,
    )
    if not outcome.granted:
        raise AssertionError(outcome.missing)
    _charge(terms)


def _verify(terms: Terms, asked: Asked, people: Sequence[Signatory]) -> None:
    for each, assertion in zip(people, asked.assertions, strict=True):
        statement = Statement.parse(assertion.statement)
        expected = Statement(
            keeper=KEEPER,
            person=each.person.person,
            credential=each.credential.id,
            decision=each.decision.value,
            request=terms.digest(),
        )
        if statement != expected:
            raise AssertionError("another statement")
        verify_assertion(
            assertion,
            challenge=statement.challenge(),
            credential=each.credential,
            party=PARTY,
        )


def _charge(terms: Terms) -> None:
    charges = Charges()
    charges.require(
        terms.recipient,
        Measure.ROWS_EXPORTED,
        ceiling=DAILY_ROWS,
        now=LATER,
        amount=terms.cap,
    )
    charges.add(terms.recipient, Measure.ROWS_EXPORTED, at=LATER, amount=terms.cap)


def _verify_bare(asked: Asked, people: Sequence[Signatory]) -> None:
    for each, assertion in zip(people, asked.assertions, strict=True):
        signed = (
            assertion.authenticator_data
            + hashlib.sha256(assertion.client_data).digest()
        )
        each.key.verify(assertion.signature, signed, ec.ECDSA(SHA256()))


def _parts(people: Sequence[Signatory]) -> dict[str, Callable[[Asked], None]]:
    """Take the decision apart, to see where the time goes."""
    parsed: dict[bytes, Terms] = {}

    def terms_of(asked: Asked) -> Terms:
        return parsed.setdefault(asked.terms, Terms.parse(asked.terms))

    def only_policy(asked: Asked) -> None:
        decide(
            parsed.get(asked.terms) or terms_of(asked),
            requester=people[0].signer,
            approvers=[each.signer for each in people[1:]],
            circumstances=Circumstances(owners=2, signed_at=NOON),
            now=LATER,
        )

    def only_terms(asked: Asked) -> None:
        Terms.parse(asked.terms)

    def only_assertions(asked: Asked) -> None:
        _verify(parsed.get(asked.terms) or terms_of(asked), asked, people)

    return {
        "terms alone": only_terms,
        "three assertions alone": only_assertions,
        "policy alone": only_policy,
    }
