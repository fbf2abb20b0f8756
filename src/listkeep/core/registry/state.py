"""The registry: people, services, lists and requests, replayed from the ledger.

Rules of the room:

- Nothing here is read from a table of its own. At start every entry is read, its
  hash checked against the signed checkpoint, and applied (``replay``); later
  entries are applied as they are committed, also those of other processes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from listkeep.core.errors import Code, VerificationError
from listkeep.core.grants import (
    Action,
    Circumstances,
    Decision,
    Outcome,
    Statement,
    Terms,
    decide,
)
from listkeep.core.ledger.heads import ListHead
from listkeep.core.ledger.tree import Frontier

from .charges import Charges, Measure
from .facts import (
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
from .passkeys import RelyingParty, verify_assertion

RECENT = timedelta(days=30)


class Registry:
    """The state of authority after ``size`` entries."""

    def __init__(self, pinned: Mapping[str, str]) -> None:
        """Start empty, trusting only what the key store has pinned."""
        self.pinned = pinned
        self.frontier = Frontier()
        self.heads: dict[str, ListHead] = {}
        self.keeper = ""
        self.profile = ""
        self.party = RelyingParty(rp_id="", origins=())
        self.tenants: dict[str, Tenant] = {}
        self.people: dict[str, Person] = {}
        self.services: dict[str, Service] = {}
        self.recipients: dict[str, Recipient] = {}
        self.lists: dict[str, ListFacts] = {}
        self.requests: dict[str, RequestFacts] = {}
        self.tickets: dict[str, Ticket] = {}
        self.freezes: set[tuple[str, str, str]] = set()  # tenant or "", class, side
        self.suppressed: dict[str, tuple[int, str]] = {}  # count and check per list
        self.rows_added: dict[str, int] = {}
        self.used_ids: set[str] = set()  # of who or what was ever enrolled
        self.nonces: set[str] = set()
        self.sessions: dict[str, StartedSession] = {}
        self.ended_sessions: set[str] = set()
        self.counters: dict[str, int] = {}
        self.charges = Charges()
        self.latest_at: datetime | None = None

    def find_person(self, credential_id: str) -> Person | None:
        """Find the person a credential signs for."""
        return next(
            (p for p in self.people.values() if p.credential.id == credential_id), None
        )

    def owners(self, tenant: str) -> list[Person]:
        """List a tenant's owners."""
        return [
            person
            for person in self.people.values()
            if tenant and person.tenant == tenant and person.role == "owner"
        ]

    def decide(self, request: RequestFacts, *, now: datetime) -> Outcome:
        """Decide a request from the people who signed it and still count."""
        signers = {
            signed.person: signed
            for signed in request.signed
            if signed.person in self.people
        }
        asked = [s for s in signers.values() if s.decision == Decision.REQUEST]
        agreed = [s for s in signers.values() if s.decision == Decision.APPROVE]
        terms = request.terms
        return decide(
            terms,
            requester=self.people[asked[0].person].signer() if asked else None,
            approvers=[self.people[s.person].signer() for s in agreed],
            circumstances=Circumstances(
                owners=len(self.owners(terms.tenant)),
                recent_rows=self._recent_rows(request, now),
                signed_at=max((s.at for s in signers.values()), default=None),
                about_owner=self._is_about_owner(terms),
            ),
            now=now,
        )

    def verify_signed(
        self, request: RequestFacts, person: Person, signed: Signed
    ) -> int:
        """Verify one statement on a request again, from the bytes that were signed.

        Raises:
            VerificationError: It is not this person's signature on these terms.
        """
        statement = Statement.parse(signed.assertion.statement)
        expected = Statement(
            keeper=self.keeper,
            person=person.id,
            credential=person.credential.id,
            decision=signed.decision,
            request=request.terms.digest(),
        )
        if statement != expected:
            raise VerificationError(
                "the statement is about something else", code=Code.SIGNATURE_INVALID
            )
        return verify_assertion(
            signed.assertion,
            challenge=statement.challenge(),
            credential=person.credential,
            party=self.party,
        )

    def _is_about_owner(self, terms: Terms) -> bool:
        if terms.action is not Action.PERSON_REVOKE:
            return False
        person = self.people.get(terms.subject_fields().get("id", ""))
        return person is not None and person.role == "owner"

    def _recent_rows(self, request: RequestFacts, now: datetime) -> int:
        if request.terms.action is not Action.EXPORT:
            return 0
        if request.intended:  # its own cap is charged already
            return 0
        return max(
            self.charges.used(who, Measure.ROWS_EXPORTED, now=now, window=RECENT)
            for who in self.custodians_of(request)
        )

    def custodians_of(self, request: RequestFacts) -> tuple[str, ...]:
        """Name whose copies an export adds to: the key's holder, and who asked.

        The key, not its entry in the registry: enrolling it twice makes no two.
        """
        recipient = self.recipients.get(request.terms.recipient)
        key = recipient.public_key if recipient else request.terms.recipient
        return (key, *(signed.person for signed in request.signed[:1]))
