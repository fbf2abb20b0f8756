"""Sending as values: ways out, sending domains, and what the terms of a send say.

- **Routes** are enrolled by the operator's custodians, for one tenant or for all. What
  one is never changes: another host is another route, with another id.
- **Sending domains** are a tenant's. The keeper makes their keys; the ledger has the
  public halves only.
- **The subject of a send** has one spelling: names are sorted, domains are lower-case
  A-labels without a dot at the end, so nothing new can look like something known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from listkeep.core.canonical import digest
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Terms

from .fields import invalid, is_id, read_id, read_name, read_number, require_fields
from .mail_names import domain_of, is_domain, is_ip, read_domains, read_ips, read_words

LONGEST_CAMPAIGN = timedelta(days=7)
LONGEST_GRANT = timedelta(days=90)
MOST_TEMPLATES = 12  # terms have at most 4 KiB
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PINNED = re.compile(r"pinned:[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPOKEN = {"campaign": "campaign", "standing": "standing send"}
_SUBJECT = (
    *("kind", "templates", "from", "reply_to", "title", "links", "tracking"),
    *("fields", "pace", "mail_domain"),
)


class RouteKind(StrEnum):
    """How a route hands mail over."""

    SMART_HOST = "smart-host"
    MX = "mx"


class SendKind(StrEnum):
    """What a send is for."""

    CAMPAIGN = "campaign"
    STANDING = "standing"


class SigningAlgorithm(StrEnum):
    """Keys of a sending domain, by the names of RFC 6376 and RFC 8463."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A way out for mail. An empty tenant: all may name it in their requests."""

    id: str
    name: str
    kind: RouteKind
    host: str  # empty: the addressee's own mail server
    port: int
    tls: str  # pinned:<SHA-256 of the public key>, web, or mx
    tenant: str
    sources: tuple[str, ...]  # addresses of ours that it goes out from
    mail_domain: str  # of the addresses mail comes back to
    token_domain: str

    def serves(self, tenant: str) -> bool:
        """Tell whether a tenant's mail may leave by it."""
        return self.tenant in ("", tenant)

    def digest(self) -> str:
        """Name all it is, for the facts behind a request."""
        names = ("id", "host", "tls", "tenant", "mail_domain", "token_domain")
        texts = {name: str(getattr(self, name)) for name in names}
        more = {"port": str(self.port), "sources": " ".join(self.sources)}
        return digest({**texts, **more, "kind": self.kind.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class SendingDomain:
    """A domain whose mail the keeper signs, and the public halves of its keys."""

    id: str
    tenant: str
    name: str
    selector: str
    algorithms: tuple[SigningAlgorithm, ...]
    public: Mapping[str, str]  # by algorithm, in base64, as it stands in the DNS
    since: datetime | None = None  # when its keys were made

    @property
    def selectors(self) -> frozenset[str]:
        """The selectors of all its keys."""
        return frozenset(map(self.selector_of, self.algorithms))

    def selector_of(self, algorithm: SigningAlgorithm) -> str:
        """Name the selector of one key: each has a record of its own."""
        is_rsa = algorithm is SigningAlgorithm.RSA
        return self.selector if is_rsa else f"{self.selector}-{algorithm}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SendTerms:
    """What the subject of a send says."""

    kind: SendKind
    templates: tuple[str, ...]
    sender: str
    reply_to: str
    title: str
    links: tuple[str, ...]
    tracking: tuple[str, ...]
    fields: tuple[str, ...]
    pace: int  # messages an hour; 0: as fast as it goes
    mail_domain: str
    triggers: tuple[str, ...]

    @property
    def sender_domain(self) -> str:
        """The domain the mail says it is from."""
        return domain_of(self.sender)


def domain_key(domain: str) -> str:
    """Name the key in the key store that a domain's private keys are sealed under."""
    return f"domain-{domain}"


_RECENT = timedelta(hours=2)


@dataclass(slots=True)
class SendFacts:
    """A send that has begun, as the ledger tells it."""

    request: str
    tenant: str
    tag: str  # four bytes in hexadecimal, which its aliases begin with
    started_at: datetime
    reserved: int = 0  # rows of the cap that were leased
    leases: list[tuple[datetime, int]] = field(default_factory=list)  # the newest
    suppressed: dict[str, int] = field(default_factory=dict)  # who came back, by reason
    completed: int = 0  # rows that were opened, once that is known
    ended_at: datetime | None = None

    def lease(self, rows: int, *, at: datetime) -> None:
        """Count rows that may be opened from now on."""
        self.reserved += rows
        old = sum(moment < at - _RECENT for moment, _ in self.leases)
        self.leases = [*self.leases[max(0, old - 1) :], (at, rows)]

    def leased_since(self, moment: datetime) -> int:
        """Say how many rows can have been opened since, at most.

        The last lease before may have been open then.
        """
        earlier = [rows for at, rows in self.leases if at < moment]
        later = [rows for at, rows in self.leases if at >= moment]
        return sum(later) + sum(earlier[-1:])

    @property
    def ended(self) -> bool:
        """Tell whether nothing more is opened under it."""
        return self.ended_at is not None


def parse_route(subject: Mapping[str, str]) -> Route:
    """Read the subject of ``route.add``.

    Raises:
        MalformedError: A field is missing, or does not go with its kind.
    """
    texts = ("id", "name", "kind", "host", "port", "tls", "tenant", "sources")
    require_fields(subject, {*texts, "mail_domain", "token_domain"})
    kind, tls, port = subject["kind"], subject["tls"], read_number(subject, "port")
    if kind not in frozenset(RouteKind) or not 0 < port < 65_536:
        raise invalid("has a kind of route, or a port, that does not exist")
    if subject["tenant"] and not is_id(subject["tenant"], "t"):
        raise invalid("names a tenant by something else than an id")
    if kind == RouteKind.MX and (subject["host"] or tls != "mx"):
        raise invalid("names a host, which mx finds by itself, or another tls than mx")
    if kind == RouteKind.SMART_HOST:
        _require_host(subject["host"], tls)
    domains = [subject["mail_domain"], subject["token_domain"]]
    if not all(map(is_domain, domains)) or domains[0] == domains[1]:
        raise invalid("needs two different domains, in lower-case letters")
    return Route(
        id=read_id(subject, "x"),
        name=read_name(subject),
        kind=RouteKind(kind),
        host=subject["host"],
        port=port,
        tls=tls,
        tenant=subject["tenant"],
        sources=read_ips(subject["sources"]),
        mail_domain=domains[0],
        token_domain=domains[1],
    )


def parse_domain(
    subject: Mapping[str, str], *, tenant: str, public: Mapping[str, str]
) -> SendingDomain:
    """Read the subject of ``domain.add``; ``public`` is empty until it was granted.

    Raises:
        MalformedError: A field is missing, or a key is of another algorithm.
    """
    require_fields(subject, {"id", "name", "selector", "algorithms"})
    if not is_domain(subject["name"]):
        raise MalformedError(
            "a sending domain is written in lower-case letters, digits and hyphens",
            code=Code.REQUEST_INVALID,
            hint="news.example.com; other alphabets as xn--…",
        )
    if not _LABEL.fullmatch(subject["selector"]) or len(subject["selector"]) > 50:
        raise invalid("needs a selector of a-z, 0-9 and hyphens, like lk1")
    algorithms = read_words(subject["algorithms"], "algorithms")
    if not algorithms or not set(algorithms) <= frozenset(SigningAlgorithm):
        raise invalid("needs algorithms: rsa, ed25519 or both, sorted")
    if public and set(public) != set(algorithms):
        raise invalid("has keys of other algorithms")
    return SendingDomain(
        id=read_id(subject, "m"),
        tenant=tenant,
        name=subject["name"],
        selector=subject["selector"],
        algorithms=tuple(map(SigningAlgorithm, algorithms)),
        public=dict(public),
    )


def parse_send(terms: Terms) -> SendTerms:
    """Read what the terms of a send say.

    Raises:
        MalformedError: A field is missing, spelt in another way than the one there
            is, or the window is longer than this kind of send may be.
    """
    subject = terms.subject_fields()
    is_standing = subject.get("kind") == SendKind.STANDING
    require_fields(subject, {*_SUBJECT, *(("triggers",) if is_standing else ())})
    if subject["kind"] not in frozenset(SendKind):
        raise invalid("has a kind of send that does not exist")
    found = SendTerms(
        kind=SendKind(subject["kind"]),
        templates=read_words(subject["templates"], "templates", _SHA256),
        sender=subject["from"],
        reply_to=subject["reply_to"],
        title=subject["title"],
        links=read_domains(subject["links"], "links"),
        tracking=read_domains(subject["tracking"], "tracking"),
        fields=read_words(subject["fields"], "fields"),
        pace=read_number(subject, "pace"),
        mail_domain=subject["mail_domain"],
        triggers=read_words(subject.get("triggers", ""), "triggers"),
    )
    _check_send(found, terms)
    return found


def _check_send(found: SendTerms, terms: Terms) -> None:
    window = terms.expires - terms.not_before
    is_standing = found.kind is SendKind.STANDING
    longest = LONGEST_GRANT if is_standing else LONGEST_CAMPAIGN
    if window > longest:
        raise MalformedError(
            f"a {_SPOKEN[found.kind]} ends within {longest.days} days",
            code=Code.REQUEST_INVALID,
            hint="ask for a shorter window, and anew when it has passed",
        )
    most = MOST_TEMPLATES if is_standing else 1
    if not 0 < len(found.templates) <= most:
        raise invalid(f"names no template, or more than {most}")
    if is_standing and not (found.pace and found.triggers):
        raise invalid("of a standing send needs triggers and a pace")
    if not terms.cap or not terms.list:
        raise invalid("of a send needs a list, and how many rows at most")
    if not 0 < len(found.title) <= 400:
        raise invalid("needs the subject line as a title")
    if not is_domain(found.mail_domain):
        raise invalid("needs the route's domain of return addresses")
    for mailbox in filter(None, (found.sender, found.reply_to)):
        domain_of(mailbox)
    if not found.sender:
        raise invalid("names nobody the mail is from")


def _require_host(host: str, tls: str) -> None:
    if tls == "web" and not is_domain(host):
        raise invalid("needs a host name that a public certificate can be for")
    if tls != "web" and not _PINNED.fullmatch(tls):
        raise invalid("needs tls: web, or pinned:SHA-256 of the server's public key")
    if not (is_domain(host) or _LABEL.fullmatch(host) or is_ip(host)):
        raise invalid("has a host that is neither a name nor an address")
