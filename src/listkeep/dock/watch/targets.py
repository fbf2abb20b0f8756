"""Where a webhook may go: to the public network, at the address that was checked.

A name is resolved once. Every address it has must be public, and the connection is
made to one of these addresses, not to the name: a name that answers differently a
moment later changes nothing. Names below ``localhost`` are this machine, whatever a
name server says (RFC 6761, 6.3).
"""

import ipaddress
import socket
from typing import Final

from .outcomes import Outcome, SendError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOOPBACK: Final = "127.0.0.1"
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def resolve_target(host: str, port: int, *, allow_private: bool) -> str:
    """Find the address to connect to.

    Raises:
        SendError: There is none, or one of them is inside the network.
    """
    name = _LOOPBACK if f".{host}".endswith(".localhost") else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SendError(Outcome.UNREACHABLE) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise SendError(Outcome.UNREACHABLE)
    if not allow_private and not all(map(is_public, addresses)):
        raise SendError(Outcome.PRIVATE_TARGET)
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the public network, however it is wrapped."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _unwrap(address)
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _unwrap(address: Address) -> ipaddress.IPv4Address | None:
    """Find the IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
