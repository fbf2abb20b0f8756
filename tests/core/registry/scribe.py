"""An honest keeper's pen: writes ledger entries without a keeper or a database.

Cleo and Cyrus are the operator's custodians, Ada and Amir own the tenant acme, Ben
is its marketer, Eve owns another tenant. Each signs with a software passkey.
"""

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from listkeep.core.canonical import digest, encode, parse
from listkeep.core.grants import Action, Genesis, Terms, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import link
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.genesis import CUSTODIANS, GENESIS_FACTS
from listkeep.core.registry.passkeys import encode_assertion
from listkeep.core.registry.replay import apply_body
from listkeep.core.registry.state import Registry
from listkeep.drill.people import RP_ID, SoftwarePerson

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEEPER = "k_demo"
ACME, OTHER = "t_acmeacmeacme", "t_otherotherot"
PRINTER = "c_printerprint"
AGE_KEY = "age1" + "q" * 58
NEWS = "l_news"
_FOLDER = Path(tempfile.mkdtemp(prefix="listkeep-scribe-"))
_KNOWN: dict[str, SoftwarePerson] = {}


def meet(name: str) -> SoftwarePerson:
    """Find a person; each has the same passkey in all tests."""
    if name not in _KNOWN:
        _KNOWN[name] = SoftwarePerson.create(_FOLDER, name)
    return _KNOWN[name]


def subject(name: str, role: str, team: str = "") -> dict[str, str]:
    return meet(name).subject(role=role, team=team)


def genesis(**changes: str) -> dict[str, str]:
    """Write the first entry's fields, signed by both custodians."""
    facts = {
        "keeper": KEEPER,
        "profile": "demo",
        "rp_id": RP_ID,
        "origins": f"https://{RP_ID} listkeep-cli://{KEEPER}",
        "created": format_time(NOON),
        "custodian_1": encode(subject("cleo", "custodian")).decode(),
        "custodian_2": encode(subject("cyrus", "custodian")).decode(),
        "dock": encode(
            {
                "id": "s_dockdockdock",
                "name": "dock",
                "kind": "dock",
                "verifier": hashlib.sha256(b"lkk_dock").hexdigest(),
            }
        ).decode(),
        **changes,
    }
    signatures = {
        f"assertion_{place}": encode_assertion(
            person.sign(
                Genesis(
                    keeper=facts["keeper"],
                    person=person.person,
                    credential=person.credential,
                    genesis=digest(facts),
                )
            )
        )
        for place, person in zip(CUSTODIANS, (meet("cleo"), meet("cyrus")), strict=True)
    }
    return {**facts, **signatures}


def pin(facts: Mapping[str, str]) -> dict[str, str]:
    return {"genesis": digest({name: facts[name] for name in GENESIS_FACTS})}


@dataclass
class Scribe:
    """One ledger being written, and the state it leads to."""

    registry: Registry
    now: datetime = NOON
    bodies: list[bytes] = field(default_factory=list)
    drafts: int = 0

    @classmethod
    def begin(cls) -> "Scribe":
        """Write the genesis."""
        facts = genesis()
        scribe = cls(Registry(pin(facts)))
        scribe.write(Event.GENESIS_SEALED, facts)
        return scribe

    @classmethod
    def with_cast(cls) -> "Scribe":
        """Write everything up to a list of acme, a recipient and a marketer."""
        scribe = cls.begin()
        scribe.add_tenant("acme", ACME, "ada", "amir")
        scribe.add_tenant("other", OTHER, "eve")
        for owner, tenant in (("ada", ACME), ("amir", ACME), ("eve", OTHER)):
            scribe.confirm(owner, tenant)
        scribe.add_person("ben", "marketer")
        scribe.add_recipient()
        scribe.create_list()
        return scribe

    # --- entries ---

    def entry(self, event: str, fields: Mapping[str, str]) -> bytes:
        """Write an entry's bytes, linked into its list's chain."""
        entry = {
            "version": "1",
            "event": str(event),
            "at": format_time(self.now),
            "salt": f"{len(self.bodies):032x}",
            **fields,
        }
        if "list" in fields:
            entry |= link(self.registry.heads.get(fields["list"]))
        return encode(entry)

    def write(self, event: str, fields: Mapping[str, str]) -> None:
        """Append an entry and apply it."""
        body = self.entry(event, fields)
        apply_body(self.registry, body)
        self.bodies.append(body)

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    # --- requests ---

    def terms(self, action: str, about: Mapping[str, str], **facts: object) -> Terms:
        self.drafts += 1
        return Terms(
            **{
                "keeper": KEEPER,
                "action": Action(action),
                "tenant": "",
                "list": "",
                "selection": "",
                "cap": 0,
                "purpose": "spring campaign",
                "recipient": "",
                "subject": encode(dict(about)).decode() if about else "",
                "not_before": self.now,
                "expires": self.now + timedelta(days=7),
                "nonce": f"{self.drafts:032x}",
                "facts": "aa55",
                **facts,  # type: ignore[arg-type]
            }
        )

    def statement(
        self, name: str, request: RequestFacts, decision: str
    ) -> dict[str, str]:
        """Let somebody sign, and write the fields of the entry that says so."""
        assertion = meet(name).sign_request(
            keeper=KEEPER, request=request.terms.digest(), decision=decision
        )
        fields = {
            "request": request.id,
            "person": meet(name).person,
            "decision": decision,
            "assertion": encode_assertion(assertion),
        }
        if request.terms.list:
            fields["list"] = request.terms.list
        return fields

    def sign(self, name: str, request: RequestFacts, decision: str) -> None:
        kinds = {
            "request": Event.REQUEST_MADE,
            "approve": Event.REQUEST_APPROVED,
            "deny": Event.REQUEST_DENIED,
        }
        fields = self.statement(name, request, decision)
        if request.id not in self.registry.requests:
            fields["terms"] = request.terms.format().decode()
        self.write(kinds[decision], fields)

    def ask(
        self, name: str, action: str, about: Mapping[str, str], **facts: object
    ) -> RequestFacts:
        """Write a request signed by the one who asks."""
        terms = self.terms(action, about, **facts)
        request = RequestFacts(id=request_id(terms), terms=terms)
        self.sign(name, request, "request")
        return self.registry.requests[request.id]

    def carry_out(self, event: Event, request: RequestFacts) -> None:
        self.write(event, {"request": request.id, "tenant": request.terms.tenant})

    def agree(self, event: Event, one: str, two: str, **terms: object) -> RequestFacts:
        """Two people sign, and authority changes."""
        request = self.ask(one, **terms)  # type: ignore[arg-type]
        self.sign(two, request, "approve")
        self.carry_out(event, request)
        return request

    # --- authority ---

    def add_tenant(self, name: str, tenant: str, *owners: str) -> RequestFacts:
        texts = [encode(subject(owner, "owner")).decode() for owner in owners]
        first, second = (*texts, "")[:2]
        about = {"id": tenant, "name": name, "owner_1": first, "owner_2": second}
        return self.agree(
            Event.TENANT_ADDED, "cleo", "cyrus", action="tenant.add", about=about
        )

    def confirm(self, name: str, tenant: str = ACME) -> RequestFacts:
        return self.agree(
            Event.PERSON_CONFIRMED,
            *("cleo", "cyrus"),
            action="person.confirm",
            about={"id": meet(name).person, "words": meet(name).words},
            tenant=tenant,
        )

    def add_person(
        self, name: str, role: str, *, by: tuple[str, str] = ("ada", "amir")
    ) -> RequestFacts:
        return self.agree(
            Event.PERSON_ADDED,
            *by,
            action="person.add",
            about=subject(name, role),
            tenant=self.registry.people[meet(by[0]).person].tenant,
        )

    def add_recipient(self) -> RequestFacts:
        about = {"id": PRINTER, "name": "printer", "public_key": AGE_KEY}
        return self.agree(
            Event.RECIPIENT_ADDED,
            *("ada", "amir"),
            action="recipient.add",
            about=about,
            tenant=ACME,
        )

    def create_list(self) -> None:
        self.write(
            Event.LIST_CREATED,
            {
                "list": NEWS,
                "tenant": ACME,
                "name": "news",
                "facets": "plan:text",
                "fields": "first",
                "principal": meet("ada").person,
            },
        )

    def ask_export(self, name: str = "ben", cap: int = 100) -> RequestFacts:
        return self.ask(
            name,
            "export",
            {},
            tenant=ACME,
            list=NEWS,
            selection="all",
            cap=cap,
            recipient=PRINTER,
        )


def request_id(terms: Terms) -> str:
    body = hashlib.sha256(terms.format()).digest()
    return f"r_{base64.b32encode(body).decode().lower()[:12]}"


def replay(bodies: list[bytes], pinned: Mapping[str, str]) -> Registry:
    """Read a ledger from its beginning, as an auditor does."""
    registry = Registry(pinned)
    for body in bodies:
        apply_body(registry, body)
    return registry


def changed(body: bytes, **fields: str) -> bytes:
    return encode({**parse(body, max_bytes=65_536), **fields})


def without(body: bytes, name: str) -> bytes:
    fields = parse(body, max_bytes=65_536)
    del fields[name]
    return encode(fields)
