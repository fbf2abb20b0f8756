"""How often something may happen for each source, forgotten when it was quiet.

A source is a network and not an address: whoever has one address of a /64, or of a
rented /24, has all of them.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

_IPV4_PREFIX = 24
_IPV6_PREFIX = 64
_MOST_SOURCES = 20_000


@dataclass(slots=True)
class Throttle:
    """A bucket for each source: ``burst`` at once, ``per_minute`` for good.

    With more sources than are remembered, those unheard of for longest begin anew.
    """

    per_minute: float
    burst: int
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def lets(self, source: str, *, at: float) -> bool:
        """Say whether a source may go on at a time in seconds; if so, count it."""
        with self._lock:
            left, since = self._buckets.pop(source, (float(self.burst), at))
            left = min(self.burst, left + max(0.0, at - since) * self.per_minute / 60)
            is_let = left >= 1
            self._buckets[source] = (left - 1 if is_let else left, at)
            if len(self._buckets) > _MOST_SOURCES:
                self._buckets.popitem(last=False)
        return is_let


def network_of(text: str) -> str:
    """Name the network an address is in; what is none has a name of its own."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "?"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network((address, prefix), strict=False))
