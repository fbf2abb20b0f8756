"""Write down what the policy answers to everybody, for everything.

Each block is one kind of terms in one situation: who asks, with whose approval,
and what is answered. ``after 24 h`` means that it is granted then, if nobody denies
it. Everybody signs at noon.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations_with_replacement

from listkeep.core.grants import Action, Circumstances, Decision, Role, Signer, decide
from listkeep.core.grants.decision import may_sign
from tests.core.grants.cast import ACME, NOON, OPERATOR, make_terms, person

CAPS = {Action.REVEAL: (1, 10, 11), Action.EXPORT: (1, 1000, 1001)}
RECENT = {Action.EXPORT: (0, 999, 1000)}
OF_A_LIST = {Action.REVEAL, Action.EXPORT, Action.IMPORT, Action.SUPPRESS}
WAITS = [timedelta(hours=hours) for hours in (0, 1, 24, 72)]
HOMES = {
    Role.OWNER: ACME,
    Role.MARKETER: ACME,
    Role.CUSTODIAN: OPERATOR,
    Role.SUPPORT: OPERATOR,
    Role.AGENT: ACME,
}
Asker = Role | None


@dataclass(frozen=True)
class Case:
    """One kind of terms in one situation."""

    action: Action
    tenant: str
    cap: int
    recent: int
    owners: int
    about_owner: bool = False
    loosens: bool = False

    @property
    def title(self) -> str:
        whose = "the tenant" if self.tenant else "the operator"
        words = [f"{self.action} of {whose}"]
        if self.action in CAPS:
            words.append(f"{self.cap} rows")
        if self.action in RECENT:
            words.append(f"{self.recent} recently")
        if self.about_owner:
            words.append("of an owner")
        if self.loosens:
            words.append("higher than before")
        return ", ".join(words)

    def answer(self, asker: Asker, roles: Sequence[Role]) -> str:
        """Ask the policy at noon and later; say it in one line."""
        terms = make_terms(self.action, tenant=self.tenant, cap=self.cap)
        for wait in WAITS:
            outcome = decide(
                terms,
                requester=signer("asker", asker) if asker else None,
                approvers=[signer(str(n), role) for n, role in enumerate(roles)],
                circumstances=Circumstances(
                    owners=self.owners,
                    recent_rows=self.recent,
                    signed_at=NOON,
                    about_owner=self.about_owner,
                    loosens=self.loosens,
                ),
                now=NOON + wait,
            )
            if not wait:
                said = "; ".join(outcome.missing)
                text = f"{outcome.code}: {said}" if outcome.code else "granted"
            if outcome.granted:
                hours = wait // timedelta(hours=1)
                return f"after {hours} h ({text})" if hours else text
        return text


def signer(name: str, role: Role) -> Signer:
    return person(name, HOMES[role], role)


def cases() -> Iterator[list[Case]]:
    """Yield the cases that differ only in the number of owners, together."""
    for action in Action:
        for tenant in (ACME,) if action in OF_A_LIST else (ACME, OPERATOR):
            for cap in CAPS.get(action, (0,)):
                for recent in RECENT.get(action, (0,)):
                    yield [
                        Case(action, tenant, cap, recent, owners) for owners in (1, 2)
                    ]
    yield [
        Case(Action.PERSON_REVOKE, ACME, 0, 0, owners, about_owner=True)
        for owners in (1, 2)
    ]

    for tenant in (ACME, OPERATOR):
        yield [
            Case(Action.BUDGET_SET, tenant, 0, 0, owners, loosens=True)
            for owners in (1, 2)
        ]


def sets_of_approvers() -> Iterator[tuple[Role, ...]]:
    for size in (0, 1, 2):
        yield from combinations_with_replacement(Role, size)


def block(case: Case) -> list[str]:
    """Write one case: askers who get the same answers share their lines."""
    askers: dict[tuple[str, ...], list[str]] = {}
    for asker in (None, *Role):
        said = tuple(said_to(case, asker))
        askers.setdefault(said, []).append(asker or "nobody yet")
    return [
        line
        for said, names in askers.items()
        for line in (f"  asked by {', '.join(names)}", *said)
    ]


def said_to(case: Case, asker: Asker) -> Iterator[str]:
    """Write the answers to one asker, the most frequent one as the rest."""
    answers: dict[str, list[str]] = {}
    for roles in sets_of_approvers():
        names = "+".join(roles) or "nobody"
        answers.setdefault(case.answer(asker, roles), []).append(names)
    rest = max(answers, key=lambda text: len(answers[text]))
    for text, sets in answers.items():
        if text != rest:
            yield f"    with {', '.join(sets)}:"
            yield f"      {text}"
    yield f"    with anybody{' else' * (len(answers) > 1)} or nobody:"
    yield f"      {rest}"


def write_matrix() -> str:
    """Write all of it."""
    parts = ["Generated from core/grants/policy.py by tests/core/grants/matrix.py.\n"]
    for pair in cases():
        one, two = map(block, pair)
        if one == two:
            parts += [f"\n{pair[0].title}", *one]
        else:
            parts += [f"\n{pair[0].title}, one owner", *one]
            parts += [f"\n{pair[1].title}, two owners", *two]
    parts.append("\nwho may request / approve / deny")
    for action in Action:
        for tenant in (ACME,) if action in OF_A_LIST else (ACME, OPERATOR):
            terms = make_terms(action, tenant=tenant)
            heard = (
                [r for r in Role if may_sign(terms, signer("x", r), decision)]
                for decision in Decision
            )
            words = " / ".join(", ".join(roles) or "nobody" for roles in heard)
            whose = "the tenant" if tenant else "the operator"
            parts.append(f"  {action} of {whose}: {words}")
    return "\n".join(parts) + "\n"
