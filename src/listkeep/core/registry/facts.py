"""What the registry knows: tenants, people, services, recipients, lists, requests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import OPERATOR_ROLES, Role, Signer, Terms

from .passkeys import Assertion, Credential, decode_base64url, parse_public_key

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_ID = re.compile(r"[a-z]_[a-z2-7]{12}")
_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_VERIFIER = re.compile(r"[0-9a-f]{64}")
TENANT_SERVICES = frozenset({"app", "intake"})
OPERATOR_SERVICES = frozenset({"dock", "console", "mta", "sink"})
OWNERS = ("owner_1", "owner_2")
FREEZE_CLASSES = frozenset({"export+reveal"})  # more classes come with sending


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A customer of the operator."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with a passkey. An empty tenant means the operator."""

    id: str
    name: str
    tenant: str
    role: Role
    team: str
    credential: Credential

    def signer(self) -> Signer:
        """Describe the person for the decision."""
        return Signer(
            person=self.id,
            tenant=self.tenant,
            roles=frozenset({self.role}),
            team=self.team,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """Software with a key; only the key's verifier is known."""

    id: str
    name: str
    kind: str
    tenant: str
    verifier: str  # SHA-256 of the key


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Whom copies may be encrypted to."""

    id: str
    name: str
    tenant: str
    public_key: str  # age


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFacts:
    """One tenant's list; fields are only ever appended."""

    id: str
    tenant: str
    name: str
    facets: tuple[str, ...]
    fields: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """One verified statement on a request."""

    person: str
    decision: str
    at: datetime
    assertion: Assertion


@dataclass(slots=True)
class RequestFacts:
    """A request and how far it has come, as the ledger tells it."""

    id: str
    terms: Terms
    signed: list[Signed] = field(default_factory=list)
    denied: bool = False
    intended: bool = False  # an intent was recorded: nonce and budget are spent
    done: bool = False
    refusals: int = 0  # recorded ones
    rows_used: int = 0  # of a suppression, which may take several messages


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A sign-in as the ledger tells it; whether it is live, its row tells as well."""

    person: str
    service: str
    started_at: datetime


@dataclass(slots=True)
class Ticket:
    """Permission to seal rows of one import."""

    id: str
    list_id: str
    principal: str
    request: str
    max_rows: int
    started_at: datetime
    reserved: int = 0
    suppressed: int = 0


def parse_tenant(subject: Mapping[str, str]) -> Tenant:
    """Read the subject of ``tenant.add``."""
    _require(subject, {"id", "name", *OWNERS})
    return Tenant(id=_id(subject, "t"), name=_name(subject))


def parse_first_owners(
    subject: Mapping[str, str],
) -> list[tuple[dict[str, str], Person]]:
    """Read the owners a new tenant comes with: one, or better two."""
    texts = [subject[name] for name in OWNERS if subject[name]]
    if not texts:
        raise _invalid("names no owner")
    fields = [parse(text.encode()) for text in texts]
    owners = [(each, parse_person(each, tenant=subject["id"])) for each in fields]
    if any(person.role is not Role.OWNER for _, person in owners):
        raise _invalid("names somebody who is no owner")
    return owners


def parse_person(subject: Mapping[str, str], *, tenant: str) -> Person:
    """Read the subject of ``person.add``; the proof of possession is not judged here.

    Raises:
        MalformedError: A field is missing or a role does not exist there.
    """
    _require(
        subject,
        {"id", "name", "role", "team", "credential", "public_key", "software", "proof"},
    )
    role = subject["role"]
    if role not in frozenset(Role) or (Role(role) in OPERATOR_ROLES) == bool(tenant):
        raise _invalid("has a role that does not exist there")
    key = decode_base64url(subject["public_key"])
    parse_public_key(key)
    return Person(
        id=_id(subject, "p"),
        name=_name(subject),
        tenant=tenant,
        role=Role(role),
        team=subject["team"],
        credential=Credential(
            id=subject["credential"],
            public_key=key,
            software=subject["software"] == "yes",
        ),
    )


def parse_service(subject: Mapping[str, str], *, tenant: str) -> Service:
    """Read the subject of ``service.add``."""
    _require(subject, {"id", "name", "kind", "verifier"})
    kinds = TENANT_SERVICES if tenant else OPERATOR_SERVICES
    if subject["kind"] not in kinds:
        raise _invalid("has a kind that does not exist there")
    if not _VERIFIER.fullmatch(subject["verifier"]):
        raise _invalid("has no verifier of its key")
    return Service(
        id=_id(subject, "s"),
        name=_name(subject),
        kind=subject["kind"],
        tenant=tenant,
        verifier=subject["verifier"],
    )


def parse_recipient(subject: Mapping[str, str], *, tenant: str) -> Recipient:
    """Read the subject of ``recipient.add``."""
    _require(subject, {"id", "name", "public_key"})
    require_age_key(subject["public_key"])
    return Recipient(
        id=_id(subject, "c"),
        name=_name(subject),
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


def _require(subject: Mapping[str, str], names: set[str]) -> None:
    if set(subject) != names:
        raise _invalid("has missing or unknown fields")


def _id(subject: Mapping[str, str], prefix: str) -> str:
    value = subject["id"]
    if not _ID.fullmatch(value) or value[0] != prefix:
        raise _invalid("has an id of the wrong kind")
    return value


def _name(subject: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(subject["name"]):
        raise _invalid("needs a name of a-z, 0-9, dot, dash or underscore")
    return subject["name"]


def _invalid(what: str) -> MalformedError:
    return MalformedError(f"the subject {what}", code=Code.REQUEST_INVALID)
