"""Who hands mail over, for whom, and what becomes of it: the proxy behind its port."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog
from aiosmtpd.smtp import Session

from listkeep.core.errors import ListkeepError, RefusedError, UnavailableError
from listkeep.core.mail import Reply
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from . import replies
from .delivering import Deliverer
from .incoming import Addressed, read_message, read_recipient
from .sends import SendBook

log = structlog.get_logger("listkeep.dock.outlet")

TRUST_SECONDS = 5.0
"""How long a mail server that was revoked can go on; what it gets is bound anyway."""
_RIGHT = "send"
_KIND = "mta"
_T = TypeVar("_T")


@dataclass
class _Guest:
    """A mail server that logged in, and whom its next message is for."""

    key: str
    principal: m.Principal
    checked_at: float
    addressed: Addressed | None = None


@dataclass
class ProxyDesk:
    """Takes messages of mail servers and has them delivered."""

    book: SendBook
    deliverer: Deliverer
    callers: Executor  # threads that ask the keeper
    worker: Executor  # the thread of the database
    keeper: Callable[[], Keeper]
    clock: Callable[[], float]
    _known: dict[bytes, tuple[m.Principal, float]] = field(default_factory=dict)

    async def log_in(self, session: Session, name: str, key: str) -> Reply:
        """Let an enrolled mail server in, as the keeper says."""
        try:
            principal, at = await self._check(name, key)
        except UnavailableError as error:
            return Reply(454, "4.7.0", f"listkeep: {error.code}")
        except ListkeepError:
            log.warning("smtp.not_let_in")
            return Reply(535, "5.7.8", "listkeep: not-signed-in")
        _put(session, _Guest(key, principal, at))
        return Reply(235, "2.7.0", "welcome")

    async def still_in(self, session: Session) -> Reply | None:
        """Ask again, so that who was revoked a moment ago is out."""
        guest = _get(session)
        if self.clock() - guest.checked_at < TRUST_SECONDS:
            return None
        try:
            guest.principal, guest.checked_at = await self._check(
                guest.principal.id, guest.key
            )
        except UnavailableError as error:
            return replies.reply_to(error)
        except ListkeepError:
            return Reply(535, "5.7.8", "listkeep: not-signed-in")
        return None

    async def address(self, session: Session, recipient: str) -> Reply | None:
        """Find out whom a recipient address stands for."""
        guest = _get(session)
        try:
            await self._read_sends()
            guest.addressed = await self._find(recipient, guest.principal.tenant)
        except ListkeepError as error:
            return replies.reply_to(error)
        return None

    async def take(self, session: Session, data: bytes) -> Reply:
        """Read a message and have it delivered."""
        guest = _get(session)
        addressed, guest.addressed = guest.addressed, None
        if addressed is None:
            return Reply(503, "5.5.1", "listkeep: no recipient")
        try:
            await self._load_templates(addressed)
            parcel = read_message(data, addressed, templates=self.book.templates)
        except ListkeepError as error:
            return replies.reply_to(error)
        return await self.deliverer.deliver(parcel)

    async def _check(self, name: str, key: str) -> tuple[m.Principal, float]:
        """Say who it is; many connections of one mail server ask once.

        Raises:
            ListkeepError: Not one that was enrolled, or the keeper is away.
        """
        digest = hashlib.sha256(key.encode()).digest()
        known = self._known.get(digest)
        if known is None or self.clock() - known[1] >= TRUST_SECONDS:
            self._known.pop(digest, None)
            message = m.Authorize(caller=m.Caller(service_key=key), right=_RIGHT)
            asked_at = self.clock()
            principal = await _run(
                self.callers, lambda: self.keeper().authorize(message)
            )
            known = self._known[digest] = principal, asked_at
        principal, at = known
        if principal.kind != _KIND or not hmac.compare_digest(
            principal.id.encode(), name.encode()
        ):
            raise RefusedError("this is no mail server that was enrolled")
        return principal, at

    async def _read_sends(self) -> None:
        """Know the sends; old news is better than none while the keeper is away."""
        if self.book.age < _STALE_SECONDS:
            return
        await _run(self.callers, self.book.refresh)

    async def _find(self, recipient: str, tenant: str) -> Addressed:
        try:
            return read_recipient(recipient, book=self.book, tenant=tenant)
        except RefusedError:
            if not self.book.is_worth_asking():
                raise
        await _run(self.callers, partial(self.book.refresh, older_than=0.5))
        return read_recipient(recipient, book=self.book, tenant=tenant)

    async def _load_templates(self, addressed: Addressed) -> None:
        for send in addressed.sends:
            if self.book.is_missing_templates(send):
                load = partial(self.book.load_templates, send)
                await _run(self.worker, load)


_STALE_SECONDS = 30.0
_GUEST = "listkeep_guest"


def _put(session: Session, guest: _Guest) -> None:
    setattr(session, _GUEST, guest)


def _get(session: Session) -> _Guest:
    guest: _Guest = getattr(session, _GUEST)
    return guest


async def _run(executor: Executor, call: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(executor, call)
