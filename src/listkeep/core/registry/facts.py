"""What the registry knows: tenants, people, services, recipients, lists, requests."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import OPERATOR_ROLES, Role, Signer, Statement, Terms

from .fields import invalid, is_id, read_id, read_name, require_fields
from .held_keys import HeldKey
from .keyring import parse_keys
from .passkeys import Assertion, Credential

_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_VERIFIER = re.compile(r"[0-9a-f]{64}")
TENANT_SERVICES = frozenset({"app", "intake"})
OPERATOR_SERVICES = frozenset({"dock", "console", "mta", "sink"})
OWNERS = ("owner_1", "owner_2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A customer of the operator."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with one to four passkeys. An empty tenant means the operator."""

    id: str
    name: str
    tenant: str
    role: Role
    team: str
    credentials: tuple[Credential, ...]
    # Whose passkeys have to be confirmed before this person's word releases anything:
    # the own, of a first owner, and those of unconfirmed people who vouched for it.
    waits_for: frozenset[str] = frozenset()
    recovery: tuple[str, ...] = ()  # who may help after a loss, if somebody was chosen
    recovered_at: datetime | None = None
    limited_until: datetime | None = None

    def find_credential(self, name: str) -> Credential | None:
        """Find one of the person's passkeys by its credential id."""
        return next((key for key in self.credentials if key.id == name), None)

    @property
    def company(self) -> str:
        """Name the agency the person comes from; empty: the tenant's or operator's own.

        All people of one agency are one team, so the agency stands in its place.
        """
        return self.team if is_id(self.team, "a") else ""

    def signer(self) -> Signer:
        """Describe the person for the decision."""
        return Signer(
            person=self.id,
            tenant=self.tenant,
            roles=frozenset({self.role}),
            team=self.team,
            company=self.company,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """Software with a key; only the key's verifier is known."""

    id: str
    name: str
    kind: str
    tenant: str
    verifier: str  # SHA-256 of the key
    parent: str = ""  # a service or an agency: this one goes when that one goes


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Whom copies may be encrypted to."""

    id: str
    name: str
    tenant: str
    public_key: str  # age


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFacts:
    """One tenant's list; fields are only ever appended.

    ``keys`` are those that are held, the oldest first: the last one seals. So are
    ``index_keys``, the tenant's: the last one makes tokens of who is new.
    """

    id: str
    tenant: str
    name: str
    facets: tuple[str, ...]
    fields: tuple[str, ...]
    created_at: datetime
    keys: tuple[HeldKey, ...]
    index_keys: tuple[HeldKey, ...] = ()

    @property
    def newest_key(self) -> int:
        """The number of the key that rows are sealed under."""
        return self.keys[-1].number


@dataclass(frozen=True, slots=True)
class Signed:
    """One verified statement on a request."""

    person: str
    decision: str
    at: datetime
    assertion: Assertion

    @property
    def credential(self) -> str:
        """Which of the person's passkeys signed."""
        return Statement.parse(self.assertion.statement).credential


@dataclass(slots=True)
class RequestFacts:
    """A request and how far it has come, as the ledger tells it."""

    id: str
    terms: Terms
    policy: str = ""  # the text that the terms of ``policy.set`` name
    signed: list[Signed] = field(default_factory=list)
    denied: bool = False
    intended: bool = False  # an intent was recorded: nonce and budget are spent
    done: bool = False
    refusals: int = 0  # recorded ones
    rows_used: int = 0  # of a suppression, which may take several messages

    def is_open(self, *, now: datetime) -> bool:
        """Tell whether a signature could still change anything about it."""
        return not (self.done or self.denied) and now < self.terms.expires


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A sign-in as the ledger tells it; whether it is live, its row tells as well."""

    person: str
    service: str
    started_at: datetime


@dataclass(slots=True)
class Ticket:
    """Permission to seal rows of one import, or to seal a list's own rows anew."""

    id: str
    list_id: str
    principal: str
    request: str
    max_rows: int
    started_at: datetime
    reserved: int = 0
    charged: int = 0  # rows of the day's budget; a small import costs more than it has
    suppressed: int = 0
    readmitted: int = 0
    moment: str = ""  # of a restore: the time it goes back to
    gone: set[str] = field(default_factory=set)  # items erased while it is open


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolmentFacts:
    """An invitation, and which passkeys came of it."""

    id: str
    person: str  # who they will sign for
    inviter: str
    opened_at: datetime
    keys: str = ""  # the digest of their line; empty while the link is open


def parse_tenant(subject: Mapping[str, str]) -> Tenant:
    """Read the subject of ``tenant.add``."""
    require_fields(subject, {"id", "name", *OWNERS})
    return Tenant(id=read_id(subject, "t"), name=read_name(subject))


def parse_first_owners(subject: Mapping[str, str]) -> list[Person]:
    """Read the owners a new tenant comes with: one, or better two."""
    texts = [subject[name] for name in OWNERS if subject[name]]
    if not texts:
        raise invalid("names no owner")
    fields = [parse(text.encode()) for text in texts]
    owners = [parse_person(each, tenant=subject["id"]) for each in fields]
    if any(person.role is not Role.OWNER for person in owners):
        raise invalid("names somebody who is no owner")
    return owners


def parse_person(subject: Mapping[str, str], *, tenant: str) -> Person:
    """Read the subject of ``person.add``.

    That the keys can sign is proven when the terms are written, and not in them.

    Raises:
        MalformedError: A field is missing or a role does not exist there.
    """
    require_fields(subject, {"id", "name", "role", "team", "keys"})
    role = subject["role"]
    if role not in frozenset(Role) or (Role(role) in OPERATOR_ROLES) == bool(tenant):
        raise invalid("has a role that does not exist there")
    from_agency = is_id(subject["team"], "a")
    if (role == Role.AGENT and not from_agency) or (
        from_agency and role not in {Role.AGENT, Role.SUPPORT}
    ):
        raise invalid("has a role that people of that company do not have")
    return Person(
        id=read_id(subject, "p"),
        name=read_name(subject),
        tenant=tenant,
        role=Role(role),
        team=subject["team"],
        credentials=parse_keys(subject["keys"]),
    )


def parse_service(subject: Mapping[str, str], *, tenant: str) -> Service:
    """Read the subject of ``service.add``."""
    require_fields(subject, {"id", "name", "kind", "verifier"}, optional={"parent"})
    parent = subject.get("parent", "")
    if parent and not (is_id(parent, "s") or is_id(parent, "a")):
        raise invalid("descends from neither a service nor an agency")
    kinds = TENANT_SERVICES if tenant else OPERATOR_SERVICES
    if subject["kind"] not in kinds:
        raise invalid("has a kind that does not exist there")
    if not _VERIFIER.fullmatch(subject["verifier"]):
        raise invalid("has no verifier of its key")
    return Service(
        id=read_id(subject, "s"),
        name=read_name(subject),
        kind=subject["kind"],
        tenant=tenant,
        verifier=subject["verifier"],
        parent=parent,
    )


def check_policy_text(subject: Mapping[str, str], text: str) -> None:
    """Make sure that a text is the one the subject of ``policy.set`` names.

    Raises:
        MalformedError: It is another, or none.
    """
    require_fields(subject, {"sha256"})
    if not text or hashlib.sha256(text.encode()).hexdigest() != subject["sha256"]:
        raise invalid("names another policy text")


def parse_recipient(subject: Mapping[str, str], *, tenant: str) -> Recipient:
    """Read the subject of ``recipient.add``."""
    require_fields(subject, {"id", "name", "public_key"})
    require_age_key(subject["public_key"])
    return Recipient(
        id=read_id(subject, "c"),
        name=read_name(subject),
        tenant=tenant,
        public_key=subject["public_key"],
    )


def require_age_key(text: str) -> None:
    """Require the shape of an age public key (X25519); the keeper checks its sum.

    Raises:
        MalformedError: It is not one.
    """
    if not _AGE_KEY.fullmatch(text):
        raise MalformedError(
            "the recipient is not an age public key",
            code=Code.REQUEST_INVALID,
            hint="it starts with age1; make one with `listkeep recipient key FILE`",
        )
