"""What the DNS has to say of a sending domain, cut as zone files want it."""

from listkeep.cli.commands.domain import dns_records
from tests.core.registry.senders import DOMAIN

ROW = {
    "id": DOMAIN,
    "name": "news.example",
    "selector": "lk1",
    "rsa": "M" * 392,
    "ed25519": "A" * 44,
    "tenant": "acme",
}


def test_each_key_has_a_record_under_its_selector() -> None:
    names = [record["name"] for record in dns_records(ROW)]

    assert names == [
        "lk1._domainkey.news.example",
        "lk1-ed25519._domainkey.news.example",
    ]
    assert len(dns_records({**ROW, "rsa": ""})) == 1


def test_no_string_is_longer_than_the_dns_takes_and_none_is_lost() -> None:
    for record in dns_records(ROW):
        assert max(map(len, record["strings"])) <= 255
        assert "".join(record["strings"]) == record["value"]
        assert record["value"].startswith("v=DKIM1; k=")
