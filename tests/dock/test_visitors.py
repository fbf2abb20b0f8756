"""Where a visitor is, believed only of proxies that are ours."""

import pytest

from listkeep.core.errors import MalformedError
from listkeep.dock.lists.visitors import are_networks, visitor_address
from listkeep.dock.project.config import DockConfig

OURS = ("10.0.0.0/24", "2001:db8::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.7", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.7", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.7", "1.1.1.1, 203.0.113.9, 10.0.0.8", "203.0.113.9"),
        ("10.0.0.7", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.7", None, "10.0.0.7"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "x", "x"),
        ("2001:db8::1", "2001:db8:1::5", "2001:db8:1::5"),
        ("", "203.0.113.9", ""),
    ],
)
def test_a_visitor_is_where_the_last_proxy_of_ours_saw_them(
    peer: str, forwarded: str | None, seen: str
) -> None:
    meta = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded

    assert visitor_address(meta, proxies=OURS) == seen


def test_proxies_are_addresses_or_networks() -> None:
    assert are_networks(OURS)
    assert not are_networks(["10.0.0.7/24"])
    assert DockConfig(trusted_proxies=[*OURS]).delivery
    with pytest.raises(MalformedError) as told:
        DockConfig(trusted_proxies=["proxy.example.com"])
    assert "trusted_proxies" in told.value.hint
