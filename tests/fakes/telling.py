"""The part of the fake keeper that tells: notices, contacts, days."""

from dataclasses import dataclass, field

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.messages import notices as n
from tests.fakes.reconciling import FakeReconciling

SECRET = "whsec_bGlzdGtlZXAtdGVzdC1zZWNyZXQtb2YtMzItYg=="


@dataclass(frozen=True)
class Known:
    """A contact and where it is."""

    name: n.ContactName
    tenant: str
    destination: str


@dataclass
class FakeTelling(FakeReconciling):
    """Notices that tests put there by hand; contacts are opened for those only."""

    contacts: dict[str, Known] = field(default_factory=dict)
    notices: list[n.Notice] = field(default_factory=list)
    ledger_size: int = 0
    epoch: int = 0
    epoch_start: int = 0
    opens_left: int = 1_000
    opened: list[n.OpenContact] = field(default_factory=list)

    # --- what tests say to it ---

    def add_contact(
        self, name: str, destination: str, *, kind: str = "mail", tenant: str = "acme"
    ) -> str:
        """Let somebody be told."""
        contact = n.ContactName(id=f"d_{name}", name=name, kind=kind)
        self.contacts[contact.id] = Known(contact, tenant, destination)
        return contact.id

    def tell(
        self,
        event: str = "request.made",
        *,
        tenant: str = "acme",
        severity: str = "info",
        **facts: object,
    ) -> int:
        """Let something happen that a tenant's contacts are to be told; its index."""
        fields = {
            "person_name": "ben",
            "request": "r_spring",
            "action": "export",
            "about": "",
            "list_name": "news",
            "rows": 1200,
            "code": "",
            "times": 1,
            "first_touch": False,
            "state": "waiting",
            "missing": ("the approval of another owner of the tenant",),
            **facts,
        }
        notice = n.Notice(
            index=self.ledger_size,
            event=event,
            at="2026-01-05T12:00:00Z",
            severity=severity,
            tenant=tenant,
            tenant_name=tenant,
            person="p_ben",
            contacts=tuple(
                known.name for known in self.contacts.values() if known.tenant == tenant
            ),
            **fields,  # type: ignore[arg-type]
        )
        self.notices.append(notice)
        self.ledger_size += 1
        return notice.index

    def be_quiet(self, entries: int = 1) -> None:
        """Let things happen that nobody is told of."""
        self.ledger_size += entries

    def lose(self, entries: int) -> None:
        """Lose the end of the ledger, and go on from what is left."""
        self.ledger_size -= entries
        self.notices = [t for t in self.notices if t.index < self.ledger_size]
        self.epoch, self.epoch_start = self.epoch + 1, self.ledger_size
        self.tell("ledger.recovered", severity="alarm", request="", action="")

    # --- what the dock asks ---

    def read_notices(self, message: n.ReadNotices) -> n.Notices:
        self._called("read_notices", message)
        tenant = None
        if message.caller is not None:
            tenant = self._principal(message.caller).tenant
        found = [t for t in self.notices if t.index >= message.start][: message.limit]
        is_all = message.unusual or len(found) < message.limit
        if message.unusual:
            unusual = [t for t in self.notices if t.severity != "info"]
            theirs = [t for t in unusual if tenant in (None, t.tenant)]
            found = theirs[-message.limit :]
        following = self.ledger_size if is_all else found[-1].index + 1
        return n.Notices(
            notices=tuple(t for t in found if tenant in (None, t.tenant)),
            next=max(following, message.start),
            size=self.ledger_size,
            epoch=self.epoch,
            epoch_start=self.epoch_start,
        )

    def read_digest_contacts(self, message: n.ReadDigestContacts) -> n.DigestContacts:
        self._called("read_digest_contacts", message)
        return n.DigestContacts(
            contacts=tuple(known.name for known in self.contacts.values())
        )

    def open_contact(self, message: n.OpenContact) -> n.OpenedContact:
        self._called("open_contact", message)
        known = self.contacts.get(message.contact)
        notice = next((t for t in self.notices if t.index == message.notice), None)
        is_told = notice is not None and any(
            contact.id == message.contact for contact in notice.contacts
        )
        record = self.lists.get(message.list or "")
        is_theirs = (
            record is not None
            and known is not None
            and (known.tenant, known.name.kind) == (record.tenant, "webhook")
        )
        if known is None or not (is_told or message.day or is_theirs):
            raise RefusedError("this contact is not told that", code=Code.NOT_FOUND)
        if not self.opens_left:
            raise RefusedError("enough for today", code=Code.BUDGET_SPENT)
        self.opens_left -= 1
        self.opened.append(message)
        return n.OpenedContact(
            kind=known.name.kind,
            name=known.name.name,
            destination=known.destination,
            secret=SECRET if known.name.kind == "webhook" else "",
            notice=notice,
            digest=self._digest(known, message.day) if message.day else None,
        )

    def _digest(self, known: Known, day: str) -> n.Digest:
        return n.Digest(
            day=day,
            keeper="k_fake",
            tenant_name=known.tenant,
            requests=3,
            releases=2,
            rows=1205,
            refusals=1,
            changes=0,
            size=self.ledger_size,
            root="ab" * 32,
            checkpoint="k_fake\n7\nq6urq6s=\n\n— k_fake AAAA\n",
        )

    # --- what the rest of the fake has ---

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError

    def _principal(self, caller: m.Caller) -> m.Principal:
        raise NotImplementedError
