"""Ask the DNS, and say how far the answer can be believed.

No other module resolves a name on its way to another mail server, so what a test or an
operator puts in the resolver's place is all there is. "There is none" and "nobody
answered" are different answers: on the second, a letter waits.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver

from listkeep.dock.outlet.config import Endpoint

R = TypeVar("R")
_LIFETIME_SECONDS = 10.0
_PAYLOAD = 1232
_CACHED = 20_000


class SilentError(Exception):
    """Nobody answered, or the answer did not verify: this says nothing of the name."""


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """Records of a name; none if it has none of this type."""

    records: tuple[R, ...] = ()
    is_secure: bool = False  # signed, and checked by a resolver that is trusted
    exists: bool = True  # the name, whatever its records


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One TLSA record (RFC 6698)."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Names(Protocol):
    """The DNS; each method raises ``SilentError`` if it did not answer."""

    async def exchangers(self, domain: str) -> Found[tuple[int, str]]:
        """Find the MX records of a domain: preference and host."""

    async def addresses(self, host: str) -> Found[str]:
        """Find the IP addresses of a host."""

    async def tlsa(self, host: str, port: int) -> Found[Tlsa]:
        """Find the keys a host publishes for a port."""

    async def texts(self, name: str) -> Found[str]:
        """Find the TXT records of a name."""


class Dns:
    """The DNS over dnspython.

    What a validating resolver says of signatures is believed on loopback alone: from
    elsewhere, whoever sits in between could say so as well (RFC 7672, 2.1.1).
    """

    def __init__(self, endpoint: Endpoint | None) -> None:
        """Ask one resolver, or those of this machine."""
        if endpoint is None:
            resolver = dns.asyncresolver.Resolver()
        else:
            resolver = dns.asyncresolver.Resolver(configure=False)
            resolver.nameservers = [endpoint.host]
            resolver.port = endpoint.port
        resolver.use_edns(0, dns.flags.DO, _PAYLOAD)
        resolver.flags = dns.flags.RD | dns.flags.AD
        resolver.lifetime = _LIFETIME_SECONDS
        resolver.cache = dns.resolver.LRUCache(_CACHED)
        self._resolver = resolver
        self._is_trusted = all(
            isinstance(each, str) and ipaddress.ip_address(each).is_loopback
            for each in resolver.nameservers
        )

    async def exchangers(self, domain: str) -> Found[tuple[int, str]]:
        """Find the MX records of a domain: preference and host."""
        found = await self._ask(domain, "MX")
        return _map(found, lambda r: (r.preference, _text(r.exchange)))

    async def addresses(self, host: str) -> Found[str]:
        """Find the IP addresses of a host, IPv4 first: more mail servers have it."""
        four, six = await self._ask(host, "A"), await self._ask(host, "AAAA")
        records = (*four.records, *six.records)
        both = (four, six) if six.records else (four,)
        return Found(
            tuple(record.address for record in records),
            all(each.is_secure for each in both),
            four.exists or six.exists,
        )

    async def tlsa(self, host: str, port: int) -> Found[Tlsa]:
        """Find the keys a host publishes for a port."""
        found = await self._ask(f"_{port}._tcp.{host}", "TLSA")
        return _map(found, lambda r: Tlsa(r.usage, r.selector, r.mtype, bytes(r.cert)))

    async def texts(self, name: str) -> Found[str]:
        """Find the TXT records of a name."""
        found = await self._ask(name, "TXT")
        return _map(found, lambda r: b"".join(r.strings).decode("ascii", "replace"))

    async def _ask(self, name: str, kind: str) -> Found[Any]:
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), kind, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN as error:
            responses = list(error.kwargs.get("responses", {}).values())
            return Found((), self._is_secure(*responses), exists=False)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise SilentError from error
        return Found(tuple(answer.rrset or ()), self._is_secure(answer.response))

    def _is_secure(self, *responses: Any) -> bool:
        return (
            self._is_trusted
            and bool(responses)
            and all(response.flags & dns.flags.AD for response in responses)
        )


def _map(found: Found[Any], turn: Any) -> Found[Any]:
    return Found(tuple(map(turn, found.records)), found.is_secure, found.exists)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
