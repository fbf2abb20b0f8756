"""Follow the ledger, and tell whom the keeper says, each once.

Rules of the room:

- What was read, what is to be told and how far reading came are one transaction, so
  a process that dies anywhere repeats the reading and not the telling.
- A delivery is claimed before it is tried. One that was being tried when the process
  died may have arrived: it is tried again under the same id, by which the receiver
  knows the double.
- Nobody waits for anybody: of one contact one message is tried at a time, and after
  a failure not another one in the same run. Alarms go first.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import structlog
from django.db import transaction
from django.db.models import F, Min

from listkeep.core.errors import (
    Code,
    ListkeepError,
    MalformedError,
    VerificationError,
)
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire.messages import notices as n

from .models import DAYS, EPOCH, NOTICES, Cursor, Delivery, Notice
from .outcomes import POSTPONED, Outcome, SendError

log = structlog.get_logger("listkeep.dock.watch")


RETRIES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 12 * 60)
)
AT_ONCE: Final = 8
_INDEX: Final = re.compile(r"(?:[1-9][0-9]{0,3}:)?([0-9]{1,15})")
_PAGE: Final = 200
_URGENCY: Final = {"alarm": 0, "warning": 1}
_LAST: Final = 2
_POSTPONED_FOR: Final = timedelta(hours=1)
_KEEPER_AWAY_FOR: Final = timedelta(minutes=1)
_GIVEN_UP_AFTER: Final = timedelta(days=3)
_SENDING_FOR: Final = timedelta(minutes=10)
_CATCH_UP_DAYS: Final = 3


class Tell(Protocol):
    """The ways out; see ``channels``."""

    def can_tell(self, kind: str) -> bool:
        """Tell whether there is a way to this kind of contact."""

    def tell(self, delivery_id: str, opened: n.OpenedContact, *, now: datetime) -> None:
        """Send one contact what it is to be told, or raise ``SendError``."""


def follow_notices(*, keeper: Keeper, now: datetime) -> int:
    """Read what is new in the ledger and note whom to tell. Gives how many notices.

    Raises:
        VerificationError: The ledger is shorter than what was read before.
    """
    found = 0
    while True:
        cursor, _ = Cursor.objects.get_or_create(name=NOTICES, defaults={"position": 0})
        page = keeper.read_notices(n.ReadNotices(start=cursor.position, limit=_PAGE))
        if page.epoch > _epoch():
            _begin_epoch(page, now=now)
            continue
        if page.size < cursor.position:
            raise VerificationError(
                "the ledger is shorter than what was followed: it was put back",
                code=Code.LEDGER_INVALID,
                hint="compare the newest digest you have with `listkeep ledger verify`",
            )
        _note(page, since=cursor.position, now=now)
        found += len(page.notices)
        if page.next == cursor.position:
            return found


@transaction.atomic
def _note(page: n.Notices, *, since: int, now: datetime) -> None:
    moved = Cursor.objects.filter(name=NOTICES, position=since).update(
        position=page.next
    )
    if not moved:
        return  # another process was faster; it noted the same
    Notice.objects.bulk_create(
        [
            Notice(
                index=notice.index,
                event=notice.event,
                severity=notice.severity,
                at=notice.at,
            )
            for notice in page.notices
        ],
        ignore_conflicts=True,
    )
    for notice in page.notices:
        urgency = _URGENCY.get(notice.severity, _LAST)
        about = f"{page.epoch}:{notice.index}" if page.epoch else str(notice.index)
        _plan(notice.contacts, about=about, now=now, urgency=urgency)


def _epoch() -> int:
    found = Cursor.objects.filter(name=EPOCH).first()
    return found.position if found else 0


@transaction.atomic
def _begin_epoch(page: n.Notices, *, now: datetime) -> None:
    """Go back to where the ledger lost its end: other entries have those places now.

    What waits to be told of lost ones is not told any more: the keeper would speak of
    the entry that has the place. All are told that there was a loss.
    """
    start = page.epoch_start
    Cursor.objects.filter(name=NOTICES, position__gt=start).update(position=start)
    lost = Notice.objects.filter(index__gte=start)
    for notice in lost:
        log.warning("notice.lost", index=notice.index, kind=notice.event)
    lost.delete()
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
    for delivery in waiting.exclude(about__contains="-"):
        found = _INDEX.fullmatch(delivery.about)
        if found is None or int(found[1]) >= start:
            _record(delivery, Outcome.NOT_TOLD, now=now)
    Cursor.objects.update_or_create(name=EPOCH, defaults={"position": page.epoch})


def plan_digests(*, keeper: Keeper, now: datetime) -> int:
    """Note whom to tell about the days that are over. Gives how many messages."""
    yesterday = now.astimezone(UTC).date().toordinal() - 1
    cursor, _ = Cursor.objects.get_or_create(
        name=DAYS, defaults={"position": yesterday - 1}
    )
    planned = 0
    first = max(cursor.position + 1, yesterday - _CATCH_UP_DAYS + 1)
    for ordinal in range(first, yesterday + 1):
        day = date.fromordinal(ordinal).isoformat()
        contacts = keeper.read_digest_contacts(n.ReadDigestContacts(day=day)).contacts
        with transaction.atomic():
            planned += _plan(contacts, about=day, now=now)
            Cursor.objects.filter(name=DAYS, position__lt=ordinal).update(
                position=ordinal
            )
    return planned


def _plan(
    contacts: Iterable[n.ContactName],
    *,
    about: str,
    now: datetime,
    urgency: int = _LAST,
) -> int:
    rows = [
        Delivery(
            id=delivery_id(contact.id, about),
            contact=contact.id,
            name=contact.name,
            kind=contact.kind,
            about=about,
            urgency=urgency,
            next_at=now,
            created_at=now,
            changed_at=now,
        )
        for contact in contacts
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def delivery_id(contact: str, about: str) -> str:
    """Name a delivery by what it is, so that it has the same name when repeated."""
    body = hashlib.sha256(f"{contact}\x00{about}".encode()).hexdigest()
    return f"m_{body[:24]}"


def deliver(
    *,
    keeper: Keeper,
    channels: Tell,
    clock: Callable[[], datetime],
    keep_on: Callable[[], bool],
) -> int:
    """Try what is due, until nothing is or ``keep_on`` says no. Gives how many left."""
    _release_lost(clock())
    _put_off(channels, clock())
    sent, failed = 0, set[str]()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver") as pool:
        while keep_on() and (batch := _claim(failed, clock())):

            def attempt(delivery: Delivery) -> Outcome:
                return _try(delivery, keeper=keeper, channels=channels, now=clock())

            for delivery, outcome in zip(batch, pool.map(attempt, batch), strict=True):
                _record(delivery, outcome, now=clock())
                if outcome is Outcome.DELIVERED:
                    sent += 1
                elif outcome is not Outcome.NOT_TOLD:
                    failed.add(delivery.contact)
    return sent


def _release_lost(now: datetime) -> None:
    """Take back what was being tried by a process that is not there any more."""
    Delivery.objects.filter(
        state=Delivery.State.SENDING, changed_at__lte=now - _SENDING_FOR
    ).update(
        state=Delivery.State.WAITING,
        outcome=Outcome.UNKNOWN,
        next_at=now,
        changed_at=now,
    )


def _put_off(channels: Tell, now: datetime) -> None:
    """Let wait what there is no way for; the keeper is not even asked."""
    due = Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=now)
    for delivery in due:
        if not channels.can_tell(delivery.kind):
            _record(delivery, Outcome.NOT_CONFIGURED, now=now)


def _claim(failed: Collection[str], now: datetime) -> list[Delivery]:
    """Take a few due deliveries to different contacts; another worker gets others."""
    due = Delivery.objects.filter(
        state=Delivery.State.WAITING, next_at__lte=now
    ).exclude(contact__in=failed)
    contacts = (
        due.values("contact")
        .annotate(first=Min("urgency"), tries=Min("attempts"), since=Min("next_at"))
        .order_by("first", "tries", "since", "contact")[:AT_ONCE]
    )
    in_order = due.order_by("urgency", "attempts", "next_at", "id")
    chosen = [in_order.filter(contact=row["contact"]).first() for row in contacts]
    return [each for each in chosen if each is not None and _take(each, now)]


def _take(delivery: Delivery, now: datetime) -> bool:
    taken = Delivery.objects.filter(
        id=delivery.id, state=Delivery.State.WAITING, attempts=delivery.attempts
    ).update(state=Delivery.State.SENDING, attempts=F("attempts") + 1, changed_at=now)
    delivery.state, delivery.attempts = Delivery.State.SENDING, delivery.attempts + 1
    return taken == 1


def _try(
    delivery: Delivery, *, keeper: Keeper, channels: Tell, now: datetime
) -> Outcome:
    """Ask the keeper where the contact is, and tell it. Touches no database."""
    question = _question(delivery)
    if question is None:
        return Outcome.NOT_TOLD
    # Made again: what stands in the row could be somebody's own words.
    name = delivery_id(delivery.contact, delivery.about)
    try:
        opened = keeper.open_contact(question)
        channels.tell(name, opened, now=now)
    except SendError as error:
        return error.outcome
    except ListkeepError as error:
        return _outcome_of(error)
    except Exception:
        log.exception("delivery.broken", id=delivery.id)
        return Outcome.BROKEN
    return Outcome.DELIVERED


def _outcome_of(error: ListkeepError) -> Outcome:
    """Say what a keeper's error means: for good only what it says about this one."""
    if isinstance(error, VerificationError | MalformedError):
        return Outcome.NOT_TOLD
    if type(error) is ListkeepError:
        return Outcome.BROKEN
    known = {
        Code.NOT_FOUND: Outcome.NOT_TOLD,
        Code.BUDGET_SPENT: Outcome.BUDGET_SPENT,
    }
    return known.get(error.code, Outcome.KEEPER_AWAY)


def _question(delivery: Delivery) -> n.OpenContact | None:
    """Ask about an entry or a day; of what was planted about neither, nothing."""
    about = delivery.about
    if "-" in about:
        return n.OpenContact(contact=delivery.contact, day=about)
    found = _INDEX.fullmatch(about)
    if found is None:
        return None
    return n.OpenContact(contact=delivery.contact, notice=int(found[1]))


def _record(delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
    """Write down how a try ended, and when the next one is."""
    was, tries = delivery.state, delivery.attempts
    delivery.outcome, delivery.changed_at = outcome, now
    if outcome is Outcome.DELIVERED:
        delivery.state = Delivery.State.SENT
    elif outcome in POSTPONED and now < delivery.created_at + _GIVEN_UP_AFTER:
        is_away = outcome is Outcome.KEEPER_AWAY
        delivery.state = Delivery.State.WAITING
        delivery.next_at = now + (_KEEPER_AWAY_FOR if is_away else _POSTPONED_FOR)
        delivery.attempts = tries - (was == Delivery.State.SENDING)
    elif outcome is Outcome.NOT_TOLD or outcome in POSTPONED or tries > len(RETRIES):
        delivery.state = Delivery.State.FAILED
    else:
        delivery.state = Delivery.State.WAITING
        delivery.next_at = now + RETRIES[tries - 1]
    Delivery.objects.filter(id=delivery.id, state=was, attempts=tries).update(
        state=delivery.state,
        outcome=outcome,
        next_at=delivery.next_at,
        attempts=delivery.attempts,
        changed_at=now,
    )
    log.info(
        "delivery.tried",
        id=delivery.id,
        contact=delivery.contact,
        about=delivery.about,
        outcome=outcome.value,
        attempts=delivery.attempts,
    )


def forget_old(*, now: datetime, kept: timedelta) -> int:
    """Forget deliveries that ended long ago. Gives how many."""
    ended: Sequence[str] = (Delivery.State.SENT, Delivery.State.FAILED)
    old = Delivery.objects.filter(state__in=ended, changed_at__lt=now - kept)
    return old.delete()[0]
