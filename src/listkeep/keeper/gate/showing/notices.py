"""Tell people outside the instance: what there is to tell, and one contact at a time.

The dock follows the notices and sends them. It gets a destination only for a contact
and something this contact is to be told, and each such opening is in the ledger first.
"""

import base64
import hmac
from datetime import UTC, date, datetime, timedelta

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Right, Role, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry import notices as facts
from listkeep.core.registry.agreements import Contact
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.contacts import CONTACTS_KEY, open_destination
from listkeep.keeper.gate.custody.incidents import open_overdue
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.decisions.descriptions import view_request
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import principal_of, resolve_reader
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.keeper.keys import KeyStore
from listkeep.keeper.ledger.queries import read_head
from listkeep.wire.messages import notices as n

from .ledger_views import may_read

# Of one contact; so that noise leaves room for what matters, whoever makes it.
OPENS_A_DAY = {
    facts.Severity.INFO: 100,
    facts.Severity.WARNING: 150,
    facts.Severity.ALARM: 200,
}
_TOLD_AFTER_REVOCATION = timedelta(days=2)
_DIGEST_DAYS = 3


def read_notices(
    gate: Gate, message: n.ReadNotices, *, carrier: Service, now: datetime
) -> n.Notices:
    """Read notices from an index on: all of them, or those a person may read.

    Or what was unusual lately: no more is described than is shown.

    Raises:
        RefusedError: The caller has no live session.
    """
    open_overdue(gate, now=now)
    with gate.view(now) as registry:
        person = None
        if message.caller is not None:
            person = resolve_reader(
                gate, registry, message.caller, carrier=carrier, now=now
            )

        def is_theirs(notice: facts.Notice) -> bool:
            return person is None or may_read(person, notice.tenant)

        def is_unusual(notice: facts.Notice) -> bool:
            return notice.severity is not facts.Severity.INFO and is_theirs(notice)

        if message.unusual:
            found = registry.book.newest(is_unusual, limit=message.limit)
        else:
            found = registry.book.since(message.start, limit=message.limit)
        is_all = message.unusual or len(found) < message.limit
        following = registry.book.size if is_all else found[-1].index + 1
        return n.Notices(
            notices=tuple(
                _describe(registry, notice, now=now)
                for notice in found
                if is_theirs(notice)
            ),
            next=max(following, message.start),
            size=registry.book.size,
            epoch=registry.epoch,
            epoch_start=registry.epoch_start,
        )


def read_digest_contacts(
    gate: Gate, message: n.ReadDigestContacts, *, now: datetime
) -> n.DigestContacts:
    """Say whom to tell about a day that is over.

    Raises:
        RefusedError: The day is not over, or was too long ago.
    """
    _require_over(message.day, now)
    with gate.view(now) as registry:
        return n.DigestContacts(contacts=tuple(map(_name, registry.contacts.values())))


def open_contact(
    gate: Gate, message: n.OpenContact, *, carrier: Service, now: datetime
) -> n.OpenedContact:
    """Say where one contact is, for one thing it is to be told, and record it first.

    Once opened for something it is open for that for a day: repeated tries count and
    are recorded once.

    Raises:
        RefusedError: It is not to be told about this, or was told enough today.
        VerificationError: Its destination was not sealed here.
    """
    with (
        recorded_refusals(gate, "contact", now=now) as attempt,
        gate.view(now) as registry,
    ):
        attempt.who = carrier.id
        _find(registry, message, now=now)
    with gate.turn(now) as turn:
        contact, notice = _find(turn.registry, message, now=now)
        destination = open_destination(turn.store, contact.sealed)
        about = message.day or message.list or str(message.notice)
        _charge(turn, contact, notice, about=about)
        answer = n.OpenedContact(
            kind=contact.kind,
            name=contact.name,
            destination=destination,
            secret=_secret(turn.store, contact),
            notice=_describe(turn.registry, notice, now=now) if notice else None,
        )
    if message.day is None:
        return answer
    return _with_digest(gate, answer, contact, message.day, now=now)


def show_contact_secret(
    gate: Gate, message: n.ShowContactSecret, *, now: datetime
) -> n.ContactSecret:
    """Show a webhook's secret to those who decide who is a contact.

    Raises:
        RefusedError: No such webhook, as far as this person may know.
    """
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=DIRECT, now=now
        )
        if person.role is not Role.CUSTODIAN:
            require_right(principal_of(person), Right.ADMINISTER)
        for contact in registry.contacts.values():
            is_named = message.contact in (contact.id, contact.name)
            secret = _secret(gate.store, contact)
            if is_named and contact.tenant == person.tenant and secret:
                return n.ContactSecret(secret=secret)
    raise RefusedError("there is no such webhook", code=Code.NOT_FOUND)


def _secret(store: KeyStore, contact: Contact) -> str:
    """Derive what signs a webhook's messages (Standard Webhooks)."""
    if contact.kind != "webhook":
        return ""
    text = b"webhook\x00" + contact.id.encode()
    key = hmac.digest(store.get(CONTACTS_KEY), text, "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


def _find(
    registry: Registry, message: n.OpenContact, *, now: datetime
) -> tuple[Contact, facts.Notice | None]:
    """Find a contact that is to be told about this, and nobody else.

    Who was removed as a contact is told for two more days what happened before, and
    that it was removed: otherwise whoever can remove could act unseen.
    """
    contact = registry.contacts.get(message.contact)
    if message.list is not None:
        if contact is not None and _is_of_list(registry, contact, message):
            return contact, None
    elif message.day is not None:
        _require_over(message.day, now)
        if contact is not None and message.notice is None:
            return contact, None
    elif message.notice is not None:
        notice = registry.book.find(message.notice)
        for told in notice.contacts if notice else ():
            is_late = notice is not None and now >= notice.at + _TOLD_AFTER_REVOCATION
            if told.id == message.contact and not (contact is None and is_late):
                return told, notice
    raise RefusedError("this contact is not to be told about that", code=Code.NOT_FOUND)


def _is_of_list(registry: Registry, contact: Contact, message: n.OpenContact) -> bool:
    """Say whether a contact is a webhook of the tenant whose list it is."""
    found = registry.lists.get(message.list or "")
    is_one = message.notice is None and message.day is None
    return (
        is_one
        and found is not None
        and contact.kind == "webhook"
        and contact.tenant == found.tenant
    )


def _charge(
    turn: Turn, contact: Contact, notice: facts.Notice | None, *, about: str
) -> None:
    charges, measure = turn.registry.charges, Measure.CONTACTS_OPENED
    before = charges.used(contact.id, measure, now=turn.now)
    after = charges.used(contact.id, measure, now=turn.now, items=(about,))
    if after == before:
        return  # opened for this today: a try that is repeated
    severity = notice.severity if notice else facts.Severity.ALARM
    charges.require(
        contact.id,
        measure,
        ceiling=OPENS_A_DAY[severity],
        now=turn.now,
        items=(about,),
    )
    turn.append(
        Event.CONTACT_OPENED,
        {"contact": contact.id, "tenant": contact.tenant, "about": about},
    )


def _with_digest(
    gate: Gate, answer: n.OpenedContact, contact: Contact, day: str, *, now: datetime
) -> n.OpenedContact:
    """Add the day's numbers, and the ledger as it is with this opening in it."""
    with gate.turn(now) as turn:  # nobody appends between root and checkpoint
        registry = turn.registry
        tenant = registry.tenants.get(contact.tenant)
        total = registry.book.totals(date.fromisoformat(day), contact.tenant)
        digest = n.Digest(
            day=day,
            keeper=registry.keeper,
            tenant_name=tenant.name if tenant else "",
            requests=total.requests,
            releases=total.releases,
            rows=total.rows,
            refusals=total.refusals,
            changes=total.changes,
            size=registry.frontier.size,
            root=registry.frontier.root.hex(),
            checkpoint=read_head()[1].decode(),
        )
    return n.OpenedContact(
        kind=answer.kind,
        name=answer.name,
        destination=answer.destination,
        secret=answer.secret,
        digest=digest,
    )


def _describe(registry: Registry, notice: facts.Notice, *, now: datetime) -> n.Notice:
    """Write a notice down, with what its request still needs at this moment."""
    request = registry.requests.get(notice.request)
    view = view_request(registry, request, now=now) if request else None
    return n.Notice(
        index=notice.index,
        event=notice.event,
        at=format_time(notice.at),
        severity=notice.severity.value,
        tenant=notice.tenant,
        tenant_name=notice.tenant_name,
        person=notice.person,
        person_name=notice.person_name,
        request=notice.request,
        action=notice.action,
        about=notice.about,
        list_name=notice.list_name,
        rows=notice.rows,
        code=notice.code,
        times=notice.times,
        first_touch=notice.first_touch,
        state=view.state if view else "",
        missing=view.missing if view else (),
        contacts=tuple(map(_name, notice.contacts)),
    )


def _name(contact: Contact) -> n.ContactName:
    return n.ContactName(id=contact.id, name=contact.name, kind=contact.kind)


def _require_over(day: str, now: datetime) -> None:
    try:
        begun = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except ValueError:  # 2026-02-30
        begun = now
    if not timedelta(days=1) <= now - begun < timedelta(days=1 + _DIGEST_DAYS):
        raise RefusedError(
            "a day is summed up when it is over, and for three days",
            code=Code.NOT_FOUND,
        )
