"""Remember what other mail servers promised, so that nobody can take it back for them.

Kept in the dock's database under keyed digests of the names: policies until they end,
and that a host offered TLS for ninety days since it last did.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import structlog

from listkeep.core.errors import UnavailableError
from listkeep.dock.lists.bulk import translated
from listkeep.dock.outlet.models import MailPeer
from listkeep.dock.watch.targets import is_public

from .names import Names, SilentError
from .sts import StsPolicy, fetch_policy, parse_policy, parse_record

log = structlog.get_logger("listkeep.dock.outlet")

TLS_SECONDS = 90 * 86_400
CHECK_SECONDS = 3600  # how often the DNS is asked whether a policy has changed
_KEPT = 50_000
_RENEW_SECONDS = 86_400


@dataclass(slots=True)
class _Known:
    policy: str = ""
    policy_id: str = ""
    policy_until: int = 0
    checked_at: int = 0
    offers_tls: bool = False
    tls_until: int = 0


@dataclass
class Memory:
    """What is known of hosts and domains; ``key`` hides their names in the database."""

    names: Names
    worker: Executor  # the thread of the database
    key: bytes
    now: Callable[[], int]
    ca_file: str = ""
    allow_private: bool = False
    policy_port: int = 443
    _known: dict[str, _Known] = field(default_factory=dict)

    async def offered_tls(self, host: str) -> bool:
        """Tell whether a host offered TLS before."""
        known = await self._recall("host", host)
        return known.offers_tls and known.tls_until > self.now()

    async def note_tls(self, host: str) -> None:
        """Remember that a host offered TLS; once a day is enough."""
        known = await self._recall("host", host)
        if known.offers_tls and known.tls_until - self.now() > (
            TLS_SECONDS - _RENEW_SECONDS
        ):
            return
        known.offers_tls, known.tls_until = True, self.now() + TLS_SECONDS
        await self._keep("host", host, known)

    async def sts_policy(self, domain: str) -> StsPolicy | None:
        """Find the policy of a domain: the one it publishes, or the one it had."""
        known = await self._recall("domain", domain)
        if self.now() - known.checked_at >= CHECK_SECONDS:
            await self._check(domain, known)
        if known.policy and known.policy_until > self.now():
            return parse_policy(known.policy)
        return None

    async def _check(self, domain: str, known: _Known) -> None:
        try:
            found = await self.names.texts(f"_mta-sts.{domain}")
        except SilentError:
            return  # what is known stays
        known.checked_at = self.now()
        policy_id = parse_record(found.records)
        if not policy_id or (
            policy_id == known.policy_id and known.policy_until > self.now()
        ):
            return
        text = await self._fetch(domain)
        policy = parse_policy(text) if text else None
        if text is None or policy is None:
            return
        known.policy, known.policy_id = text, policy_id
        known.policy_until = self.now() + policy.max_age
        await self._keep("domain", domain, known)

    async def _fetch(self, domain: str) -> str | None:
        try:
            found = await self.names.addresses(f"mta-sts.{domain}")
        except SilentError:
            return None
        addresses = [
            each for each in found.records if self.allow_private or is_public(each)
        ]
        if not addresses:
            return None
        return await fetch_policy(
            domain, addresses[0], ca_file=self.ca_file, port=self.policy_port
        )

    async def _recall(self, kind: str, name: str) -> _Known:
        digest = self._digest(kind, name)
        known = self._known.get(digest)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = await self._run(partial(_read, digest))
            known = self._known.setdefault(digest, known)
        return known

    async def _keep(self, kind: str, name: str, known: _Known) -> None:
        try:
            await self._run(partial(_write, self._digest(kind, name), known))
        except UnavailableError:
            log.warning("peer.not_kept")  # known to this process, at least

    async def _run(self, call: Callable[[], _Known]) -> _Known:
        return await asyncio.get_running_loop().run_in_executor(self.worker, call)

    def _digest(self, kind: str, name: str) -> str:
        text = f"{kind}:{name}".encode()
        return hmac.digest(self.key, text, hashlib.sha256).hex()


def _read(digest: str) -> _Known:
    with translated():
        row = MailPeer.objects.filter(name=digest).first()
    if row is None:
        return _Known()
    if row.policy:
        return _Known(row.policy, row.policy_id, policy_until=row.expires_at)
    return _Known(offers_tls=row.offers_tls, tls_until=row.expires_at)


def _write(digest: str, known: _Known) -> _Known:
    with translated():
        MailPeer.objects.update_or_create(
            name=digest,
            defaults={
                "policy": known.policy,
                "policy_id": known.policy_id,
                "offers_tls": known.offers_tls,
                "expires_at": known.policy_until or known.tls_until,
            },
        )
    return known
