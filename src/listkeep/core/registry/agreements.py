"""What owners and custodians agree on beyond people and keys, as values.

- **Contacts**: where notices go outside the instance. The destination is sealed by
  the keeper before it enters the terms, so the ledger never holds it.
- **Agencies** are companies of their own: with a sponsor, an end and daily ceilings for
  all their people together.
- **Consent**: an owner lets support of the operator look, until an end. The operator's
  own people come in when nobody is named; those of a subcontractor only by name.
- **Budgets** of a tenant are ceilings its owners set, never above the operator's.
- **Freezes** name classes of releases; each is set and lifted for itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import OPERATOR_ROLES, Budget, Role, parse_time

from .charges import Measure
from .fields import invalid, is_id, read_id, read_name, read_number, require_fields

RELEASES = "export+reveal"
CAMPAIGNS = "campaigns"
TRANSACTIONAL = "transactional"  # standing sends: frozen by name only
FREEZE_CLASSES = frozenset({RELEASES, CAMPAIGNS, TRANSACTIONAL})
LONGEST_AGENCY = timedelta(days=365)
LONGEST_CONSENT = timedelta(days=30)
EVERYBODY = "everybody"
AGENCY_CEILINGS = (Measure.LOOK_UPS, Measure.REVEALS, Measure.ROWS_EXPORTED)
# An agency that was let in before there were sends has none of them.
LATER_CEILINGS = (Measure.ROWS_SENT,)
WITHOUT_BUDGET = frozenset({Measure.ROWS_EXPORTED, Measure.CONTACTS_OPENED})
CONTACT_KINDS = frozenset({"mail", "webhook"})
_NAMES = {"id", "name", "until"}
_SEALED = re.compile(r"[A-Za-z0-9_-]{40,1200}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Where notices go: a mailbox or a webhook. An empty tenant: the operator's."""

    id: str
    tenant: str
    name: str
    kind: str
    sealed: str  # base64url, under a key of the key store


@dataclass(frozen=True, kw_only=True, slots=True)
class Agency:
    """A company that works for a tenant, or for the operator where that is empty."""

    id: str
    tenant: str  # the sponsor
    name: str
    until: datetime  # exclusive
    ceilings: Mapping[str, int]  # a day, by measure, for all its people together


@dataclass(frozen=True, slots=True)
class BudgetScope:
    """Whose spending of what a ceiling is about: one rule for each."""

    tenant: str
    who: str  # everybody, a role, or the id of a person or service
    measure: str

    @property
    def default(self) -> int:
        """Say what holds where nobody set anything; nothing set goes above it."""
        return int(getattr(Budget(), self.measure))


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """An owner's leave for support to look at a tenant's lists."""

    id: str
    tenant: str
    until: datetime  # exclusive
    people: frozenset[str]  # empty: all of the operator's own support


def parse_contact(subject: Mapping[str, str], *, tenant: str) -> Contact:
    """Read the subject of ``contact.add``.

    Raises:
        MalformedError: A field is missing, or the destination is not sealed.
    """
    require_fields(subject, {"id", "name", "kind", "sealed"})
    if subject["kind"] not in CONTACT_KINDS:
        raise invalid("has a kind of contact that does not exist")
    if not _SEALED.fullmatch(subject["sealed"]):
        raise invalid("has no sealed destination")
    return Contact(
        id=read_id(subject, "d"),
        tenant=tenant,
        name=read_name(subject),
        kind=subject["kind"],
        sealed=subject["sealed"],
    )


def parse_agency(
    subject: Mapping[str, str], *, tenant: str, added_at: datetime
) -> Agency:
    """Read the subject of ``agency.add``.

    Raises:
        MalformedError: A field is missing, or it ends too late or in the past.
    """
    require_fields(subject, {*_NAMES, *AGENCY_CEILINGS}, optional=LATER_CEILINGS)
    until = parse_time(subject["until"])
    if not added_at < until <= added_at + LONGEST_AGENCY:
        raise MalformedError(
            "an agency's work ends within a year",
            code=Code.REQUEST_INVALID,
            hint="add it anew when the contract is renewed",
        )
    return Agency(
        id=read_id(subject, "a"),
        tenant=tenant,
        name=read_name(subject),
        until=until,
        ceilings={
            **dict.fromkeys(LATER_CEILINGS, 0),
            **{name: read_number(subject, name) for name in set(subject) - _NAMES},
        },
    )


def parse_budget(subject: Mapping[str, str], *, tenant: str) -> tuple[BudgetScope, int]:
    """Read the subject of ``budget.set``: for whom and what, and the new ceiling.

    Raises:
        MalformedError: A field is missing, or the ceiling is above the operator's.
    """
    require_fields(subject, {"measure", "ceiling", "who"})
    who, measure = subject["who"], subject["measure"]
    roles = {role for role in Role if (role in OPERATOR_ROLES) != bool(tenant)}
    if who not in {EVERYBODY, *roles} and not (is_id(who, "p") or is_id(who, "s")):
        raise invalid("sets a budget for nobody: everybody, a role or an id")
    if measure not in frozenset(Measure) - WITHOUT_BUDGET:
        raise invalid("sets a budget of something that has none")
    scope, ceiling = BudgetScope(tenant, who, measure), read_number(subject, "ceiling")
    if ceiling > scope.default:
        raise MalformedError(
            f"a ceiling is at most the operator's, {scope.default}",
            code=Code.REQUEST_INVALID,
        )
    return scope, ceiling


def parse_consent(
    subject: Mapping[str, str], *, tenant: str, given_at: datetime
) -> Consent:
    """Read the subject of ``consent.give``.

    Raises:
        MalformedError: A field is missing, or it ends too late or in the past.
    """
    require_fields(subject, {"id", "until", "people"})
    people = subject["people"].split()
    if " ".join(sorted(set(people))) != subject["people"]:
        raise invalid("names people in another spelling than sorted ids")
    if not all(is_id(person, "p") for person in people):
        raise invalid("names somebody by something else than an id")
    until = parse_time(subject["until"])
    if not given_at < until <= given_at + LONGEST_CONSENT:
        raise MalformedError(
            "a consent ends within 30 days",
            code=Code.REQUEST_INVALID,
            hint="give it anew when it is still needed then",
        )
    return Consent(
        id=read_id(subject, "g"), tenant=tenant, until=until, people=frozenset(people)
    )


def parse_classes(subject: Mapping[str, str]) -> tuple[str, ...]:
    """Read which classes of releases a freeze is about, sorted.

    Raises:
        MalformedError: None, an unknown one, or spelt in another way.
    """
    require_fields(subject, {"classes"})
    classes = tuple(subject["classes"].split(" "))
    if not set(classes) <= FREEZE_CLASSES or list(classes) != sorted(set(classes)):
        raise MalformedError(
            "a freeze names its classes, sorted, with spaces between",
            code=Code.REQUEST_INVALID,
            hint=f"one or more of {', '.join(sorted(FREEZE_CLASSES))}",
        )
    return classes
