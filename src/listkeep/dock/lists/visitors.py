"""Where somebody without a session comes from, as far as that can be believed."""

import ipaddress
from collections.abc import Iterable, Mapping


def are_networks(texts: Iterable[str]) -> bool:
    """Tell whether these are all addresses or networks."""
    try:
        for text in texts:
            ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def visitor_address(meta: Mapping[str, str], *, proxies: Iterable[str]) -> str:
    """Tell the address a request came from, of a visitor behind proxies of ours.

    Anybody can write `X-Forwarded-For`. It is read from its end, which the nearest
    proxy wrote, and only as far as those who wrote it are ours.
    """
    peer = meta.get("REMOTE_ADDR", "")
    trusted = [ipaddress.ip_network(text) for text in proxies]
    hops = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while hops and _is_of(peer, trusted):
        peer = hops.pop().strip() or peer
    return peer


def _is_of(
    text: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
