"""A name server on loopback that says what it was told, in any mood."""

import asyncio
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP; ``zone`` has texts by name and type, as in a zone file."""

    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    secure: bool = False  # as a validating resolver says of signed zones
    silent: set[str] = field(default_factory=set)  # SERVFAIL for these names
    ttl: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0
    _transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def set(self, name: str, kind: str, *texts: str) -> None:
        self.zone[name, kind] = list(texts)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        pass

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self._transport.sendto(self._answer(data), addr)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        answer = dns.message.make_response(query)
        if name in self.silent:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer.to_wire()
        texts = self.zone.get((name, kind), [])
        if texts:
            answer.answer.append(
                dns.rrset.from_text_list(question.name, self.ttl, "IN", kind, texts)
            )
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if self.secure:
            answer.flags |= dns.flags.AD
        return answer.to_wire()
