"""Write down what a policy answers to everybody, for everything.

Each block is one kind of terms in one situation: who asks, with whose approval,
and what is answered. ``after 24 h`` means that it is granted then, if nobody denies
it. Everybody signs at noon.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from itertools import combinations_with_replacement

from .decision import Circumstances, Signer, decide, may_sign
from .in_force import Policy
from .lockout import ANY_TENANT
from .policy import OPERATOR_ROLES, Role
from .statements import Decision
from .terms import MAX_CAP, Action, Terms, parse_time

HEAD = "Generated from core/grants/policies/ by core/grants/matrix.py.\n"
OF_A_LIST = frozenset(
    {
        *(Action.REVEAL, Action.EXPORT, Action.IMPORT, Action.SUPPRESS),
        *(Action.LIST_RESTORE, Action.ENTRY_ERASE, Action.SEND),
    }
)
_CAPS: dict[Action, tuple[int, ...]] = {
    Action.REVEAL: (1, 10, 11),
    Action.EXPORT: (1, 1000, 1001),
}
_RECENT = {Action.EXPORT: (0, 999, 1000)}
_KNOWN = {0, *_CAPS[Action.REVEAL], *_CAPS[Action.EXPORT]}
_WAITS = [timedelta(hours=hours) for hours in (0, 1, 24, 72, 168)]
_NOON = parse_time("2026-01-05T12:00:00Z")
_TENANT = ANY_TENANT
Asker = Role | None


@dataclass(frozen=True)
class Case:
    """One kind of terms in one situation."""

    policy: Policy
    action: Action
    tenant: str
    cap: int = 0
    recent: int = 0
    owners: int = 2
    about_owner: bool = False
    loosens: bool = False
    early: bool = False
    unusual: bool = False
    standing: bool = False
    hour: int = 12

    @property
    def title(self) -> str:
        """Name the case without the number of owners."""
        words = [f"{self.action} of {_whose(self.tenant)}"]
        if self.action in _CAPS:
            words.append(f"{self.cap} rows")
        if self.action in _RECENT:
            words.append(f"{self.recent} recently")
        if self.about_owner:
            words.append("of an owner")
        if self.loosens:
            words.append("higher than before")
        if self.early:
            words.append("on the first day")
        if self.unusual:
            words.append("unusual")
        if self.standing:
            words.append("standing")
        if self.hour != 12:
            words.append(f"asked for at {self.hour}:00")
        return ", ".join(words)

    def answer(self, asker: Asker, roles: Sequence[Role]) -> str:
        """Ask the policy at noon and later; say it in one line."""
        text = ""
        for wait in _WAITS:
            outcome = decide(
                _terms(self.action, self.tenant, self.cap),
                requester=_signer("asker", asker) if asker else None,
                approvers=[_signer(str(n), role) for n, role in enumerate(roles)],
                circumstances=Circumstances(
                    owners=self.owners,
                    recent_rows=self.recent,
                    signed_at=_NOON,
                    about_owner=self.about_owner,
                    loosens=self.loosens,
                    early=self.early,
                    unusual=self.unusual,
                    standing=self.standing,
                    hour=self.hour,
                ),
                now=_NOON + wait,
                policy=self.policy,
            )
            if not wait:
                said = "; ".join(outcome.missing)
                text = f"{outcome.code}: {said}" if outcome.code else "granted"
            if outcome.granted:
                hours = wait // timedelta(hours=1)
                return f"after {hours} h ({text})" if hours else text
        return text

    def answers(self) -> tuple[tuple[str, str, str], ...]:
        """Tell who asks, with whom, and the answer."""
        return _answers(self)


def write_matrix(policy: Policy) -> str:
    """Write all of it."""
    parts = [HEAD]
    for pair in _cases(policy):
        one, two = map(_block, pair)
        if one == two:
            parts += [f"\n{pair[0].title}", *one]
        else:
            parts += [f"\n{pair[0].title}, one owner", *one]
            parts += [f"\n{pair[1].title}, two owners", *two]
    parts.append("\nwho may request / approve / deny")
    for action, tenant in _scopes():
        words = " / ".join(_heard(policy, action, tenant))
        parts.append(f"  {action} of {_whose(tenant)}: {words}")
    return "\n".join(parts) + "\n"


def compare(old: Policy, new: Policy) -> list[str]:
    """List the decisions that differ: what was answered, and what would be."""
    lines: list[str] = []
    rows = _rows_of(old) | _rows_of(new)
    for before, after in zip(_cases(old, rows), _cases(new, rows), strict=True):
        one, two = (_changes(*pair) for pair in zip(before, after, strict=True))
        title = before[0].title
        if one == two:
            lines += [title, *one] if one else []
        else:
            lines += [f"{title}, one owner", *one] if one else []
            lines += [f"{title}, two owners", *two] if two else []
    for action, tenant in _scopes():
        heard = _heard(old, action, tenant), _heard(new, action, tenant)
        for word, first, second in zip(Decision, *heard, strict=True):
            if first != second:
                lines.append(f"{action} of {_whose(tenant)}, who may {word}")
                lines += [f"    - {first}", f"    + {second}"]
    return lines


@lru_cache(maxsize=512)  # the policy in force is compared with one text after another
def _answers(case: Case) -> tuple[tuple[str, str, str], ...]:
    counted = case.policy.rules(case.tenant).counted(case.action, case.tenant)
    found = []
    for asker in (None, *Role):
        known: dict[tuple[Role, ...], str] = {}  # by those who make a difference
        for roles in _sets_of_approvers():
            key = tuple(role for role in roles if role in counted)
            if key not in known:
                known[key] = case.answer(asker, key)
            names = "+".join(roles) or "nobody"
            found.append((asker or "nobody yet", names, known[key]))
    return tuple(found)


def _changes(was: Case, now: Case) -> list[str]:
    """Write what changes in one case; askers to whom the same happens share it."""
    changes: dict[tuple[str, str], dict[str, list[str]]] = {}
    pairs = zip(was.answers(), now.answers(), strict=True)
    for (asker, names, first), (*_, second) in pairs:
        if first != second:
            changes.setdefault((first, second), {}).setdefault(asker, []).append(names)
    lines = []
    everybody = list(_sets_of_approvers())
    for (first, second), told in changes.items():
        askers: dict[str, list[str]] = {}
        for asker, sets in told.items():
            names = "anybody" if len(sets) == len(everybody) else ", ".join(sets)
            askers.setdefault(names, []).append(asker)
        for names, who in askers.items():
            lines.append(f"  asked by {', '.join(who)}, with {names}:")
        lines += [f"    - {first}", f"    + {second}"]
    return lines


def _rows_of(policy: Policy) -> set[int]:
    """Name the numbers of rows up to which, and above which, a policy differs."""
    statements = policy.rules(_TENANT).statements
    found = {number for each in statements for number in each.numbers}
    rows = {rows for number in found for rows in (number, number + 1)}
    return {number for number in rows if 0 < number <= MAX_CAP}


def _cases(policy: Policy, more: Iterable[int] = ()) -> Iterator[list[Case]]:
    """Yield the cases that differ only in the number of owners, together."""
    for action, tenant in _scopes():
        caps = _CAPS.get(action, (0,))
        if action in _CAPS:
            caps = tuple(sorted({*caps, *more}))
        for cap in caps:
            for recent in _RECENT.get(action, (0,)) if cap in _KNOWN else (0,):
                yield [
                    Case(policy, action, tenant, cap, recent, owners)
                    for owners in (1, 2)
                ]
    yield [
        Case(policy, Action.PERSON_REVOKE, _TENANT, owners=owners, about_owner=True)
        for owners in (1, 2)
    ]
    yield [
        Case(policy, Action.KEYS_BACKUP, "", owners=owners, early=True)
        for owners in (1, 2)
    ]
    for tenant in (_TENANT, ""):
        yield [
            Case(policy, Action.BUDGET_SET, tenant, owners=owners, loosens=True)
            for owners in (1, 2)
        ]
    send = Case(policy, Action.SEND, _TENANT)
    for case in (
        replace(send, unusual=True),
        replace(send, standing=True),
        *(replace(send, hour=hour) for hour in (5, 6, 21, 22)),
    ):
        yield [replace(case, owners=owners) for owners in (1, 2)]


def _scopes() -> Iterator[tuple[Action, str]]:
    for action in Action:
        for tenant in (_TENANT,) if action in OF_A_LIST else (_TENANT, ""):
            yield action, tenant


def _sets_of_approvers() -> Iterator[tuple[Role, ...]]:
    for size in (0, 1, 2):
        yield from combinations_with_replacement(Role, size)


def _block(case: Case) -> list[str]:
    """Write one case: askers who get the same answers share their lines."""
    told: dict[str, dict[str, list[str]]] = {}
    for asker, names, text in case.answers():
        told.setdefault(asker, {}).setdefault(text, []).append(names)
    askers: dict[tuple[str, ...], list[str]] = {}
    for asker, answers in told.items():
        askers.setdefault(tuple(_said(answers)), []).append(asker)
    return [
        line
        for said, names in askers.items()
        for line in (f"  asked by {', '.join(names)}", *said)
    ]


def _said(answers: dict[str, list[str]]) -> Iterator[str]:
    """Write the answers to one asker, the most frequent one as the rest."""
    rest = max(answers, key=lambda text: len(answers[text]))
    for text, sets in answers.items():
        if text != rest:
            yield f"    with {', '.join(sets)}:"
            yield f"      {text}"
    yield f"    with anybody{' else' * (len(answers) > 1)} or nobody:"
    yield f"      {rest}"


def _heard(policy: Policy, action: Action, tenant: str) -> list[str]:
    terms = _terms(action, tenant, 1)
    return [
        ", ".join(r for r in Role if may_sign(terms, _signer("x", r), word, policy))
        or "nobody"
        for word in Decision
    ]


def _whose(tenant: str) -> str:
    return "the tenant" if tenant else "the operator"


def _signer(name: str, role: Role) -> Signer:
    home = "" if role in OPERATOR_ROLES else _TENANT
    return Signer(person=f"p_{name}", tenant=home, roles=frozenset({role}))


def _terms(action: Action, tenant: str, cap: int) -> Terms:
    return Terms(
        keeper="",
        action=action,
        tenant=tenant,
        list="",
        selection="",
        cap=cap,
        purpose="the matrix",
        recipient="",
        subject="",
        not_before=_NOON,
        expires=_NOON + timedelta(days=30),
        nonce="",
        facts="",
    )
