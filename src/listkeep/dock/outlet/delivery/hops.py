"""Find the mail servers to try, and what each of them has to show first.

A smart host is the one that was enrolled. For a domain of the world it is what its MX
records say, and of every host: the keys it publishes (DANE), or else what its domain
asks for (MTA-STS), or else TLS if it was ever seen there. What cannot be looked up now
is not taken for absent.
"""

import asyncio
import ipaddress
import random
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from listkeep.dock.watch.targets import is_public
from listkeep.wire.messages import sends as d

from .carrying import NoWayError
from .connections import Hop
from .dane import Dane
from .memory import Memory
from .names import Found, Names, SilentError
from .sts import StsPolicy
from .trust import Opportunistic, Requirement, Web, requirement_of

_SILENT = "451 4.4.3 listkeep: the name server did not answer"
_SMART_HOST = "smart-host"
_MAX_EXCHANGERS = 10
FRESH_SECONDS = 10.0
_MOST_KNOWN = 10_000
_Question = tuple[d.RouteView, str, str]


@dataclass
class RouteHops:
    """The hops of enrolled routes."""

    names: Names
    memory: Memory
    allow_private: bool = False  # mail servers inside the own network, for `mx`
    system_names: bool = False  # a smart host's name may stand in /etc/hosts
    logins: Mapping[str, Path] = field(default_factory=dict)  # by HOST:PORT
    clock: Callable[[], float] = time.monotonic
    _known: dict[_Question, tuple[float, asyncio.Future[list[Hop]]]] = field(
        default_factory=dict
    )

    async def find(self, route: d.RouteView, *, domain: str, source: str) -> list[Hop]:
        """Find the hops of a route for one addressee's domain.

        Those who ask for the same at once, or within seconds, look it up together.

        Raises:
            NoWayError: There is none, now or for good.
        """
        question = route, "" if route.kind == _SMART_HOST else domain, source
        known = self._known.get(question)
        if known is not None and self.clock() - known[0] < FRESH_SECONDS:
            return await asyncio.shield(known[1])
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        looking = asyncio.ensure_future(self._find(route, domain, source))
        self._known[question] = self.clock(), looking
        try:
            return await asyncio.shield(looking)
        except NoWayError:
            self._known.pop(question, None)  # the next one asks again
            raise

    async def _find(self, route: d.RouteView, domain: str, source: str) -> list[Hop]:
        try:
            if route.kind == _SMART_HOST:
                return await self._smart_host(route, source)
            return await self._exchangers(route, domain, source)
        except SilentError as error:
            raise NoWayError(_SILENT) from error

    async def _smart_host(self, route: d.RouteView, source: str) -> list[Hop]:
        requirement = requirement_of(route.tls)
        login = self.logins.get(f"{route.host}:{route.port}")
        addresses = await self._host_addresses(route.host)
        if not addresses:
            raise NoWayError("451 4.4.4 listkeep: the smart host has no address")
        return [
            Hop(route.host, address, route.port, requirement, source, login)
            for address in _of_family(addresses, source)
        ]

    async def _host_addresses(self, host: str) -> tuple[str, ...]:
        if _is_address(host):
            return (host,)
        if self.system_names:
            return await _ask_system(host)
        return (await self.names.addresses(host)).records

    async def _exchangers(
        self, route: d.RouteView, domain: str, source: str
    ) -> list[Hop]:
        found = await self.names.exchangers(domain)
        if not found.exists:
            raise NoWayError("550 5.1.2 listkeep: the domain does not exist")
        if any(host in ("", ".") for _, host in found.records):
            raise NoWayError("556 5.1.10 listkeep: the domain takes no mail")
        hosts = _in_order(found.records) or [domain]  # RFC 5321, 5.1
        policy = await self.memory.sts_policy(domain)
        hops: list[Hop] = []
        reply = "451 4.4.4 listkeep: no mail server of the domain has an address"
        for host in hosts[:_MAX_EXCHANGERS]:
            if policy is not None and policy.is_enforced and not policy.allows(host):
                reply = "451 4.7.5 listkeep: not a mail server its domain names"
                continue
            hops += await self._hops(route, host, found, policy, source)
        if not hops:
            raise NoWayError(reply)
        return hops

    async def _hops(
        self,
        route: d.RouteView,
        host: str,
        exchangers: Found[tuple[int, str]],
        policy: StsPolicy | None,
        source: str,
    ) -> Iterable[Hop]:
        found = await self.names.addresses(host)
        addresses = _of_family(found.records, source)
        if not self.allow_private:
            # An MX record of a stranger must not lead to a host behind the wall.
            addresses = [each for each in addresses if is_public(each)]
        if not addresses:
            return []
        secure = exchangers.is_secure and found.is_secure
        requirement = await self._requirement(route, host, policy, is_secure=secure)
        return [Hop(host, each, route.port, requirement, source) for each in addresses]

    async def _requirement(
        self,
        route: d.RouteView,
        host: str,
        policy: StsPolicy | None,
        *,
        is_secure: bool,
    ) -> Requirement:
        if is_secure:
            keys = await self.names.tlsa(host, route.port)
            if keys.is_secure and keys.records:
                return Dane(keys.records)
        if policy is not None and policy.is_enforced:
            return Web()
        return Opportunistic()


def _in_order(records: tuple[tuple[int, str], ...]) -> list[str]:
    """Order exchangers by preference, and those of one at random (RFC 5321, 5.1)."""
    shuffled = random.sample(records, len(records))
    return [host for _, host in sorted(shuffled, key=lambda record: record[0])]


def _of_family(addresses: Iterable[str], source: str) -> list[str]:
    """Keep those that can be reached from a source address."""
    if not source:
        return list(addresses)
    version = ipaddress.ip_address(source).version
    return [a for a in addresses if ipaddress.ip_address(a).version == version]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def _ask_system(host: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SilentError from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
