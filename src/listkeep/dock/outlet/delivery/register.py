"""Note each message before it goes and what came of it, many in one transaction.

A claim says who works on a message, so that two copies of it, in one process or two, do
not both go out. What came of it is on the disk before the mail server hears of it, so
that a message that went out is known as such when it is handed over again. The counts
of a send change in the same transaction (see ``outlet.tallies``).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

import structlog
from django.db import connection, transaction

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import Outcome, Reply
from listkeep.core.mail.outcomes import judge_status
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.bulk.faults import is_deadlock
from listkeep.dock.lists.bulk.reading import Found
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.returns.recording import About, record_returned
from listkeep.dock.outlet.tallies import Row, Tallies

from .claims import Held, Key, insert_claims, lock_rows, move, part_of, provider_of
from .gathering import Gatherer

log = structlog.get_logger("listkeep.dock.outlet")

CLAIM_SECONDS = 300
"""The longest a delivery may take; a claim that is older belongs to nobody."""
MOST = 256
_TRIES = 4  # a transaction that was undone for another's sake is done again
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.5


class Standing(StrEnum):
    """What a claim found."""

    MINE = "mine"
    BUSY = "busy"
    DELIVERED = "delivered"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim found, and the sealed row if the message may go."""

    standing: Standing
    row: Found = ()
    before: Reply | None = None  # the refusal it got the last time


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a message."""

    key: Key
    reply: Reply


_CLAIM = """
UPDATE mail_delivery
SET state = 'claimed', holder = %s, at = %s, attempts = attempts + 1
WHERE list_id = %s AND request = %s AND token = %s AND trigger = %s
"""
_SETTLE = """
UPDATE mail_delivery SET state = %s, reply = %s, code = %s, holder = '', at = %s
WHERE list_id = %s AND request = %s AND token = %s AND trigger = %s
"""


class Register:
    """The table of deliveries, as one process works with it.

    All of it runs in one thread of ``worker``, since it is one connection.
    """

    def __init__(
        self, worker: Executor, *, holder: str, now: Callable[[], int]
    ) -> None:
        """Work under the name ``holder``; ``now`` counts seconds since 1970."""
        self._worker = worker
        self._holder = holder
        self._now = now
        self._part = part_of(holder)
        self._facets: dict[str, tuple[str, ...]] = {}
        self._work: Gatherer[Key | Settled, Claim] = Gatherer(self._go, most=MOST)

    async def claim(self, key: Key, *, facets: tuple[str, ...] = ()) -> Claim:
        """Ask for a message to be this process's.

        ``facets`` are the list's, and tell who keeps the mailbox.

        Raises:
            UnavailableError: The database does not answer.
        """
        self._facets[key.list_id] = facets
        return await self._work.ask(key)

    async def settle(self, key: Key, reply: Reply) -> None:
        """Note what came of a message, as long as it takes, up to a minute.

        A database that stays away is no reason to have it sent again: the claim
        stays, and whoever hands the message over meanwhile is told to come later.
        """
        tries = int(_PATIENCE_SECONDS / _PAUSE_SECONDS)
        for _ in range(tries):
            try:
                await self._work.ask(Settled(key, reply))
            except UnavailableError:
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        log.error("delivery.unsettled", request=key.request, reply=reply.code)

    async def _go(self, items: list[Key | Settled]) -> Sequence[Claim]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self.work, items)

    def work(self, items: Sequence[Key | Settled]) -> list[Claim]:
        """Settle and claim in one transaction, and read the rows that were claimed.

        Raises:
            UnavailableError: The database does not answer; nothing was noted.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._work_once(items)
            except UnavailableError as error:
                if not is_deadlock(error):
                    raise
        return self._work_once(items)

    def _work_once(self, items: Sequence[Key | Settled]) -> list[Claim]:
        claims = [item for item in items if isinstance(item, Key)]
        settled = [item for item in items if isinstance(item, Settled)]
        tallies = Tallies(self._part)
        with translated(), transaction.atomic():
            # All rows there are, then those that are made, each in the order of their
            # keys, and counts last: two processes seldom wait in a ring. One is left:
            # a row of a third that was made between the two steps.
            held = lock_rows([*claims, *(one.key for one in settled)])
            self._settle(settled, held, tallies)
            found = self._claim(sorted(set(claims)), held, tallies)
            tallies.write()
        nothing = Claim(Standing.DELIVERED)
        return [found[item] if isinstance(item, Key) else nothing for item in items]

    def _settle(
        self, settled: Sequence[Settled], held: dict[Key, Held], tallies: Tallies
    ) -> None:
        now, rows = self._now(), list[tuple[Any, ...]]()
        for key, reply in ((one.key, one.reply) for one in settled):
            row = held.get(key)
            if row is None or row.holder != self._holder:
                continue  # it took too long, and is somebody else's
            held[key] = new = Held(
                state=_state_of(reply),
                holder="",
                reply=reply.code,
                code=(reply.status or "")[:40],
                provider=row.provider,
                at=now,
            )
            move(tallies, key, row, new)
            rows.append((new.state, new.reply, new.code, now, *key))
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(_SETTLE, rows)
        for one in settled:
            self._note_bounce(one)

    def _note_bounce(self, one: Settled) -> None:
        """Have a mailbox that is not there suppressed, as the next server said it."""
        outcome = judge_status(one.reply.status)
        if one.reply.code >= 500 and outcome is Outcome.HARD_BOUNCE:
            record_returned(
                About(one.key.list_id, one.key.request),
                one.key.token,
                outcome,
                one.reply.status,
                how=Returned.How.ROUTE,
                now=datetime.fromtimestamp(self._now(), UTC),
            )

    def _claim(
        self, keys: Sequence[Key], held: dict[Key, Held], tallies: Tallies
    ) -> dict[Key, Claim]:
        now, sealed = self._now(), dict[Key, Found]()
        for list_id, members in groupby(keys, key=lambda key: key.list_id):
            group = list(members)
            rows = entries.find_rows(list_id, [*{key.token for key in group}])
            sealed |= {key: rows.get(key.token, ()) for key in group}
        claimed = Held("claimed", self._holder, reply=0, code="", provider="", at=now)
        made = {
            key: replace(claimed, provider=self._provider(key, sealed[key]))
            for key in keys
            if key not in held
        }
        made = insert_claims(made)
        free = {
            key: replace(held[key], state="claimed", holder=self._holder, at=now)
            for key in keys
            if key in held and held[key].is_free(now - CLAIM_SECONDS)
        }
        if free:
            with connection.cursor() as cursor:
                cursor.executemany(_CLAIM, [(self._holder, now, *key) for key in free])
        for key, row in (made | free).items():
            move(tallies, key, held.get(key), row)
        known = held | made | free
        return {key: self._judge(known.get(key), sealed[key]) for key in keys}

    def _provider(self, key: Key, row: Found) -> str:
        return provider_of(self._facets.get(key.list_id, ()), row)

    def _judge(self, row: Held | None, sealed: Found) -> Claim:
        """Say what a message's row means for who asks for it.

        One that somebody else made a moment ago is not known here.
        """
        if row is None:
            return Claim(Standing.BUSY)
        before = _refused(row.reply, row.code)
        if row.state == MailDelivery.State.DELIVERED:
            return Claim(Standing.DELIVERED, before=before)
        if row.holder != self._holder:
            return Claim(Standing.BUSY, before=before)
        if not sealed:
            return Claim(Standing.MISSING, before=before)
        return Claim(Standing.MINE, sealed, before)


def forget_claims() -> int:
    """Make claims of processes that are gone nobody's; tell how many.

    Only for a start, when no other process of this database can be at work.
    """
    claimed = MailDelivery.objects.waiting().filter(state=MailDelivery.State.CLAIMED)
    names = ("list_id", "request", "state", "code", "provider", "at", "trigger")
    with translated(), transaction.atomic():
        found = Counter(Row(*row) for row in claimed.values_list(*names))
        tallies = Tallies()
        for row, messages in found.items():
            tallies.take(row, messages)
            tallies.add(row._replace(state=MailDelivery.State.DEFERRED), messages)
        tallies.write()
        return claimed.update(state=MailDelivery.State.DEFERRED, holder="")


def _refused(code: int, status: str) -> Reply | None:
    """Give a refusal for good as it was told, without its words."""
    if code < 500:
        return None
    return Reply(code, status, "refused before, under this send")


def _state_of(reply: Reply) -> str:
    if reply.code < 300:
        return MailDelivery.State.DELIVERED
    return (
        MailDelivery.State.FAILED if reply.code >= 500 else MailDelivery.State.DEFERRED
    )
