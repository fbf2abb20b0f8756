"""Answer for one domain: ``python -m bench.mailing.names DOMAIN``; prints its port.

Its mail server is this machine, whatever name is asked for; answers hold for an hour.
"""

import asyncio
import sys

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset


class Names(asyncio.DatagramProtocol):
    """Answers questions over UDP."""

    def __init__(self, domain: str) -> None:
        """Know one domain."""
        self._domain = domain

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go over."""
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        query = dns.message.from_wire(data)
        [question] = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        records = {"MX": f"10 mx.{self._domain}.", "A": "127.0.0.1"}
        answer = dns.message.make_response(query)
        if kind in records:
            answer.answer.append(
                dns.rrset.from_text(question.name, 3600, "IN", kind, records[kind])
            )
        self._transport.sendto(answer.to_wire(), addr)


async def _serve(domain: str) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Names(domain), local_addr=("127.0.0.1", 0)
    )
    sys.stdout.write(f"{transport.get_extra_info('sockname')[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
