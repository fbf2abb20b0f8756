"""Note each message before it goes and what came of it, many in one transaction.

A claim says who works on a message, so that two copies of it, in one process or two, do
not both go out. What came of it is on the disk before the mail server hears of it, so
that a message that went out is known as such when it is handed over again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from listkeep.core.errors import UnavailableError
from listkeep.core.mail import Outcome, Reply
from listkeep.core.mail.outcomes import judge_status
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.bulk.reading import Found
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.returns.recording import About, record_returned

from .gathering import Gatherer

log = structlog.get_logger("listkeep.dock.outlet")

CLAIM_SECONDS = 300
"""The longest a delivery may take; a claim that is older belongs to nobody."""
MOST = 256
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.5


class Key(NamedTuple):
    """One message: to whom of a list, under which send and trigger."""

    list_id: str
    request: str
    token: bytes
    trigger: str


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
INSERT INTO mail_delivery
    (list_id, request, token, trigger, state, reply, code, attempts, holder, at)
VALUES (%s, %s, %s, %s, 'claimed', 0, '', 1, %s, %s)
ON CONFLICT (list_id, request, token, trigger) DO UPDATE SET
    state = 'claimed', holder = excluded.holder, at = excluded.at,
    attempts = mail_delivery.attempts + 1
WHERE mail_delivery.state IN ('deferred', 'failed')
    OR (mail_delivery.state = 'claimed' AND mail_delivery.at <= %s)
"""
_SETTLE = """
UPDATE mail_delivery SET state = %s, reply = %s, code = %s, holder = '', at = %s
WHERE list_id = %s AND request = %s AND token = %s AND trigger = %s AND holder = %s
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
        self._work: Gatherer[Key | Settled, Claim] = Gatherer(self._go, most=MOST)

    async def claim(self, key: Key) -> Claim:
        """Ask for a message to be this process's.

        Raises:
            UnavailableError: The database does not answer.
        """
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
        claims = [item for item in items if isinstance(item, Key)]
        settled = [item for item in items if isinstance(item, Settled)]
        with translated(), transaction.atomic():
            # In the order of the keys, so that two processes never wait in a ring.
            self._settle(sorted(settled, key=lambda one: one.key))
            found = self._claim(sorted(set(claims)))
        nothing = Claim(Standing.DELIVERED)
        return [found[item] if isinstance(item, Key) else nothing for item in items]

    def _settle(self, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        now = self._now()
        rows = [
            (
                _state_of(one.reply),
                one.reply.code,
                (one.reply.status or "")[:40],
                now,
                *one.key,
                self._holder,
            )
            for one in settled
        ]
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

    def _claim(self, keys: Sequence[Key]) -> dict[Key, Claim]:
        if not keys:
            return {}
        now = self._now()
        rows = [(*key, self._holder, now, now - CLAIM_SECONDS) for key in keys]
        with connection.cursor() as cursor:
            cursor.executemany(_CLAIM, rows)
        return dict(self._look(keys))

    def _look(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Claim]]:
        groups: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for key in keys:
            groups[key.list_id, key.request].append(key)
        for (list_id, request), members in groups.items():
            tokens = list({key.token for key in members})
            found = MailDelivery.objects.filter(
                list_id=list_id, request=request, token__in=tokens
            ).values_list("token", "trigger", "state", "holder", "reply", "code")
            states = {
                (bytes(token), trigger): (state, holder, _refused(reply, code))
                for token, trigger, state, holder, reply, code in found
            }
            sealed = entries.find_rows(list_id, tokens)
            for key in members:
                state, holder, before = states[key.token, key.trigger]
                claim = self._standing(state, holder, sealed.get(key.token))
                yield key, claim if before is None else replace(claim, before=before)

    def _standing(self, state: str, holder: str, row: Found | None) -> Claim:
        if state == MailDelivery.State.DELIVERED:
            return Claim(Standing.DELIVERED)
        if holder != self._holder:
            return Claim(Standing.BUSY)
        if row is None:
            return Claim(Standing.MISSING)
        return Claim(Standing.MINE, row)


def forget_claims() -> int:
    """Make claims of processes that are gone nobody's; tell how many.

    Only for a start, when no other process of this database can be at work.
    """
    with translated():
        return MailDelivery.objects.filter(state=MailDelivery.State.CLAIMED).update(
            state=MailDelivery.State.DEFERRED, holder=""
        )


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
