"""The registry: people, services, lists and requests, replayed from the ledger.

Rules of the room:

- Nothing here is read from a table of its own. At start every entry is read, its
  hash checked against the signed checkpoint, and applied (``replay``); later
  entries are applied as they are committed, also those of other processes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from listkeep.core.errors import Code, ConflictError, VerificationError
from listkeep.core.grants import (
    DEFAULT_POLICY,
    Action,
    Budget,
    Circumstances,
    Decision,
    Outcome,
    Policy,
    Role,
    Signer,
    Statement,
    Terms,
    decide,
)
from listkeep.core.grants.explain import Explanation, explain
from listkeep.core.grants.terms import MAX_CAP
from listkeep.core.ledger.heads import ListHead
from listkeep.core.ledger.tree import Frontier

from .agreements import EVERYBODY, Agency, BudgetScope, Consent, Contact
from .charges import DAY, HOUR, Charges, Measure
from .circumstances import circumstances_of
from .facts import (
    EnrolmentFacts,
    ListFacts,
    Person,
    Recipient,
    RequestFacts,
    Service,
    Signed,
    StartedSession,
    Tenant,
    Ticket,
)
from .habits import Habits
from .held_keys import GoneKey, HeldKey
from .holdings import Holding
from .incidents import IncidentFacts
from .notices import Book
from .passkeys import Credential, RelyingParty, verify_assertion
from .sending import Route, SendFacts, SendingDomain, domain_key
from .standing import ABOUT_A_PERSON, find_objection, helper

_HOURLY = frozenset({Measure.LOOK_UPS, Measure.REVEALS})


class _Case(TypedDict):
    """What a decision is made from."""

    terms: Terms
    requester: Signer | None
    approvers: list[Signer]
    circumstances: Circumstances
    now: datetime
    policy: Policy


class Registry:
    """The state of authority after ``size`` entries."""

    def __init__(self, pinned: Mapping[str, str]) -> None:
        """Start empty, trusting only what the key store has pinned."""
        self.pinned = pinned
        self.frontier = Frontier()
        self.heads: dict[str, ListHead] = {}
        self.keeper = ""
        self.profile = ""
        self.founded_at: datetime | None = None
        self.party = RelyingParty(rp_id="", origins=())
        self.policy = DEFAULT_POLICY
        self.tenants: dict[str, Tenant] = {}
        self.people: dict[str, Person] = {}
        self.services: dict[str, Service] = {}
        self.recipients: dict[str, Recipient] = {}
        self.agencies: dict[str, Agency] = {}
        self.contacts: dict[str, Contact] = {}
        self.budgets: dict[BudgetScope, int] = {}
        self.consents: dict[str, Consent] = {}
        self.lists: dict[str, ListFacts] = {}
        self.key_copies: dict[str, datetime] = {}  # by digest: until when it is kept
        self.shredded: dict[str, ListFacts] = {}
        self.index_keys: dict[str, tuple[HeldKey, ...]] = {}  # per tenant
        self.destroyed_keys: dict[str, GoneKey] = {}  # by id in the key store
        self.routes: dict[str, Route] = {}
        self.ended_routes: dict[str, Route] = {}  # their mail still comes back
        self.domains: dict[str, SendingDomain] = {}
        self.sends: dict[str, SendFacts] = {}  # by request
        self.ended_sends: list[str] = []  # in the order in which they ended
        self.habits: dict[str, Habits] = {}  # per tenant: what its sends used
        self.requests: dict[str, RequestFacts] = {}
        self.tickets: dict[str, Ticket] = {}
        self.enrolments: dict[str, EnrolmentFacts] = {}
        self.freezes: set[tuple[str, str, str]] = set()  # tenant or "", class, side
        self.suppressed: dict[str, tuple[int, str]] = {}  # count and check, per list
        self.erased: dict[str, dict[str, datetime]] = {}  # per tenant: item, when
        self.entries: dict[str, int] = {}  # per list: added less removed
        self.holdings: dict[str, Holding] = {}
        self.incidents: dict[str, IncidentFacts] = {}
        self.used_ids: set[str] = set()  # of who or what was ever enrolled
        self.nonces: set[str] = set()
        self.sessions: dict[str, StartedSession] = {}
        self.ended_sessions: set[str] = set()
        self.counters: dict[str, int] = {}
        self.charges = Charges()
        self.book = Book()  # what people are to be told
        self.latest_at: datetime | None = None
        self.epoch = 0  # how often the end of the ledger was lost and given up
        self.epoch_start = 0  # the entry that says so
        self.recovered_at: datetime | None = None  # the last time
        self.is_settling = False  # since then nobody lifted the operator's freeze

    def is_void(self, made_at: datetime) -> bool:
        """Tell whether something was made before the ledger's end was last lost.

        What came of it cannot be known any more, so it counts as used.
        """
        return self.recovered_at is not None and made_at <= self.recovered_at

    def find_person(self, credential_id: str) -> Person | None:
        """Find the person a credential signs for."""
        return next(
            (
                person
                for person in self.people.values()
                if person.find_credential(credential_id) is not None
            ),
            None,
        )

    def require_unknown_keys(self, keys: Iterable[Credential]) -> None:
        """Require passkeys that sign for nobody yet, by their ids and by the keys.

        Raises:
            ConflictError: One of them does.
        """
        known = [
            value
            for person in self.people.values()
            for key in person.credentials
            for value in (key.id, key.public_key)
        ]
        if any(key.id in known or key.public_key in known for key in keys):
            raise ConflictError(
                "this passkey signs for somebody already",
                code=Code.ALREADY_EXISTS,
                hint="enrol another one; a passkey belongs to one person",
            )

    def destroy_key(self, key_id: str, *, at: datetime) -> None:
        """Note that a key is gone, but for the copies of the key store that remain."""
        until = max(self.key_copies.values(), default=at)
        self.destroyed_keys[key_id] = GoneKey(at, until if until > at else None)

    def domains_of(self, tenant: str, name: str) -> list[SendingDomain]:
        """List a tenant's entries of a sending domain: each has keys of its own."""
        wanted = (tenant, name)
        return [d for d in self.domains.values() if (d.tenant, d.name) == wanted]

    def end_domain(self, name: str, *, at: datetime) -> None:
        """End a sending domain with its keys: nothing is signed for it any more."""
        self.domains.pop(name)
        self.destroy_key(domain_key(name), at=at)

    def end_domains_of_nobody(self, *, at: datetime) -> None:
        """End the sending domains, and the routes, of tenants that have gone."""
        for domain in list(self.domains.values()):
            if domain.tenant not in self.tenants:
                self.end_domain(domain.id, at=at)
        for route in list(self.routes.values()):
            if route.tenant and route.tenant not in self.tenants:
                self.ended_routes[route.id] = self.routes.pop(route.id)

    def find_list(self, list_id: str) -> ListFacts | None:
        """Find a list, also one that was shredded: people may still ask about it."""
        return self.lists.get(list_id) or self.shredded.get(list_id)

    def owners(self, tenant: str) -> list[Person]:
        """List a tenant's owners."""
        return [
            person
            for person in self.people.values()
            if tenant and person.tenant == tenant and person.role == "owner"
        ]

    def find_present(self, person_id: str, *, now: datetime) -> Person | None:
        """Find a person who is here: enrolled, and not of an agency that has ended."""
        person = self.people.get(person_id)
        return person if person and self._is_here(person.company, now) else None

    def find_service(self, service_id: str, *, now: datetime) -> Service | None:
        """Find a service that is here: not revoked, nor of an agency that has ended."""
        service = self.services.get(service_id)
        root = service
        while root is not None and root.parent in self.services:
            root = self.services[root.parent]
        return service if root and self._is_here(root.parent, now) else None

    def _is_here(self, company: str, now: datetime) -> bool:
        agency = self.agencies.get(company)
        return not company or (agency is not None and now < agency.until)

    def holding(self, list_id: str) -> Holding:
        """Get what is known of a list's entries; of one nobody filled, nothing."""
        return self.holdings.setdefault(list_id, Holding())

    def payers(self, principal: str) -> tuple[str, ...]:
        """Name who pays for a spending: the principal, and the agency behind it."""
        person = self.people.get(principal)
        return (
            (principal, person.company) if person and person.company else (principal,)
        )

    def hosts(self, person: Person, *, now: datetime) -> frozenset[str]:
        """Name the tenants whose owners let this person of support look now."""
        if person.role is not Role.SUPPORT:
            return frozenset()
        return frozenset(
            consent.tenant
            for consent in self.consents.values()
            if now < consent.until
            and (person.id in consent.people or not (consent.people or person.company))
        )

    def ceiling(self, principal: str, measure: Measure) -> int:
        """Say how much one principal may spend of a measure in a rolling day."""
        agency = self.agencies.get(principal)
        if agency is not None:
            return agency.ceilings.get(measure, MAX_CAP)
        ceiling = int(getattr(Budget(), measure, MAX_CAP))
        person = self.people.get(principal)
        row = person or self.services.get(principal)
        home = row.tenant if row else ""
        names = (EVERYBODY, person.role.value if person else "", principal)
        scopes = (BudgetScope(home, who, measure) for who in names)
        return min(self.budgets.get(scope, ceiling) for scope in scopes)

    def require_budget(
        self,
        principal: str,
        measure: Measure,
        *,
        now: datetime,
        items: Iterable[str] = (),
        amount: int = 0,
    ) -> None:
        """Refuse a spending that would pass a ceiling of the principal or its agency.

        Look-ups and reveals of a rolling hour have a share of the day's ceiling.

        Raises:
            RefusedError: It would; nothing is spent.
        """
        items = frozenset(items)
        for payer in self.payers(principal):
            ceiling = self.ceiling(payer, measure)
            windows = {DAY: ceiling}
            if measure in _HOURLY and payer == principal:
                windows[HOUR] = Budget().of_an_hour(ceiling)
            for window, most in windows.items():
                self.charges.require(
                    payer,
                    measure,
                    ceiling=most,
                    now=now,
                    items=items,
                    amount=amount,
                    window=window,
                )

    def signatures(self, request: RequestFacts) -> list[Signed]:
        """List the signatures of people who are still here, by keys they still have."""
        return [
            signed
            for signed in request.signed
            if signed.person in self.people
            and self.people[signed.person].find_credential(signed.credential)
        ]

    def decide(self, request: RequestFacts, *, now: datetime) -> Outcome:
        """Decide a request from the people who signed it and still count.

        A person counts once, whichever key signs.
        """
        return decide(**self._case(request, now))

    def explain(self, request: RequestFacts, *, now: datetime) -> Explanation:
        """Decide a request, and name the statements behind the answer."""
        return explain(**self._case(request, now))

    def _case(self, request: RequestFacts, now: datetime) -> "_Case":
        terms = request.terms
        signers = {
            signed.person: signed
            for signed in self.signatures(request)
            if self._counts(signed, terms, now)
        }
        asked = [s for s in signers.values() if s.decision == Decision.REQUEST]
        agreed = [s for s in signers.values() if s.decision == Decision.APPROVE]
        return _Case(
            terms=terms,
            requester=self.signer(asked[0].person, terms) if asked else None,
            approvers=[self.signer(s.person, terms) for s in agreed],
            circumstances=circumstances_of(self, request, signers.values(), now=now),
            now=now,
            policy=self.policy,
        )

    def _counts(self, signed: Signed, terms: Terms, now: datetime) -> bool:
        person = self.find_present(signed.person, now=now)
        return person is not None and not self.find_objection(
            person, terms, signed.decision, now=now
        )

    def signer(self, name: str, terms: Terms) -> Signer:
        """Describe a person for the decision on these terms."""
        person = self.people[name]
        if terms.action is Action.PASSKEY_REPLACE:
            return helper(self.people, self.about(terms), person)
        return person.signer()

    def find_objection(
        self, person: Person, terms: Terms, decision: str, *, now: datetime
    ) -> str:
        """Say why a person's word on these terms does not count now, or nothing."""
        return find_objection(person, terms, decision, about=self.about(terms), now=now)

    def about(self, terms: Terms) -> Person | None:
        """Find the person a request is about."""
        if terms.action not in ABOUT_A_PERSON:
            return None
        return self.people.get(terms.subject_fields().get("id", ""))

    def verify_signed(
        self, request: RequestFacts, person: Person, signed: Signed
    ) -> int:
        """Verify one statement on a request again, from the bytes that were signed.

        Raises:
            VerificationError: It is not this person's signature on these terms.
        """
        statement = Statement.parse(signed.assertion.statement)
        credential = person.find_credential(statement.credential)
        expected = Statement(
            keeper=self.keeper,
            person=person.id,
            credential=statement.credential,
            decision=signed.decision,
            request=request.terms.digest(),
        )
        if statement != expected or credential is None:
            raise VerificationError(
                "the statement is about something else", code=Code.SIGNATURE_INVALID
            )
        return verify_assertion(
            signed.assertion,
            challenge=statement.challenge(),
            credential=credential,
            party=self.party,
        )

    def policy_after(self, request: RequestFacts) -> Policy:
        """Give the policy that a signed ``policy.set`` puts into force.

        A tenant's text belongs to the side whose person asked for it.

        Raises:
            MalformedError: The text cannot be read, or permits something in a tenant.
        """
        asked = self.people[request.signed[0].person]
        return self.policy.with_text(
            request.policy, tenant=request.terms.tenant, side=asked.role
        )

    def custodians_of(self, request: RequestFacts) -> tuple[str, ...]:
        """Name whose copies an export adds to: the key's holder, who asked, the agency.

        The key, not its entry in the registry: enrolling it twice makes no two.
        """
        recipient = self.recipients.get(request.terms.recipient)
        key = recipient.public_key if recipient else request.terms.recipient
        asked = request.signed[0].person if request.signed else ""
        return (key, *self.payers(asked)) if asked else (key,)
