"""What a domain asks of those who send it mail, over the web (MTA-STS)."""

from typing import Any

import pytest

from listkeep.dock.outlet.delivery import memory
from listkeep.dock.outlet.delivery.sts import StsPolicy, parse_policy, parse_record
from tests.dock.delivery.post import Stage
from tests.dock.delivery.ways import ANNA, MX, delivered, forget_connections, trust
from tests.fakes.certificates import Identity, make_authority, make_host

POLICY = "version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The web as the proxy sees it: what a domain's policy host answers."""
    web: dict[str, Any] = {"policy": POLICY.format(mx=MX), "fetched": []}

    async def fetch(domain: str, address: str, **_facts: Any) -> str | None:
        web["fetched"].append((domain, address))
        policy: str | None = web["policy"]
        return policy

    monkeypatch.setattr(memory, "fetch_policy", fetch)
    return web


def sts(stage: Stage, policy_id: str = "1") -> None:
    stage.names.set("_mta-sts.example.org", "TXT", f'"v=STSv1; id={policy_id};"')
    stage.names.set("mta-sts.example.org", "A", "127.0.0.1")


def test_a_domain_with_a_policy_gets_mail_over_checked_tls(
    stage: Stage, exchanger: Identity, authority: Identity, published: dict[str, Any]
) -> None:
    sts(stage)
    trust(stage, authority)
    stage.sink.tls = exchanger.server(stage.home, "sink")

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert post.sink.taken[0].is_tls
        assert published["fetched"] == [("example.org", "127.0.0.1")]


@pytest.mark.parametrize("wrong", ["clear", "certificate", "exchanger"])
def test_a_policy_is_not_got_around(
    stage: Stage, authority: Identity, published: dict[str, Any], wrong: str
) -> None:
    sts(stage)
    trust(stage, authority)
    identity = make_host(MX, make_authority("Another"))
    stage.sink.tls = None if wrong == "clear" else identity.server(stage.home, "sink")
    if wrong == "exchanger":
        published["policy"] = POLICY.format(mx="mx.elsewhere.example")

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_a_policy_that_vanished_from_the_dns_still_holds(
    stage: Stage,
    exchanger: Identity,
    authority: Identity,
    published: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sts(stage)
    trust(stage, authority)
    stage.sink.tls = exchanger.server(stage.home, "sink")
    with stage.open() as post:
        assert post.hand_over(post.recipient(ANNA)).startswith("250")
        forget_connections(post)
        del post.names.zone["_mta-sts.example.org", "TXT"]
        monkeypatch.setattr(memory, "CHECK_SECONDS", 0)
        post.proxy.pool.seen_tls.__self__._known.clear()  # type: ignore[attr-defined]
        post.sink.tls = None

        reply = post.hand_over(post.recipient("carl@example.org"))

    assert reply.startswith("451 4.7.5")


def test_a_policy_for_testing_stops_nothing(
    stage: Stage, published: dict[str, Any]
) -> None:
    sts(stage)
    published["policy"] = published["policy"].replace("enforce", "testing")

    with delivered(stage) as (_, reply):
        assert reply.startswith("250")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: STSv1\n",
        "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmax_age: 1",
        "version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: \u0661",
        "<html>not found</html>",
    ],
)
def test_what_is_no_policy_is_none(text: str) -> None:
    assert parse_policy(text) is None


def test_a_policy_names_hosts_and_the_level_below_a_star() -> None:
    policy = StsPolicy("enforce", ("mx.example.org", "*.mail.example"), 1)

    assert policy.allows("mx.example.org")
    assert policy.allows("a.mail.example")
    assert not policy.allows("mail.example")
    assert not policy.allows("a.b.mail.example")
    assert not policy.allows("mx.example.org.evil.example")


@pytest.mark.parametrize(
    ("texts", "policy_id"),
    [
        (("v=STSv1; id=20260101;",), "20260101"),
        (("v=STSv1;id=a1",), "a1"),
        (("spf", "v=STSv1; id=1;"), "1"),
        (("v=STSv1; id=1;", "v=STSv1; id=2;"), ""),
        (("v=STSv1; id=<x>;",), ""),
        ((), ""),
    ],
)
def test_a_record_names_one_policy_or_none(
    texts: tuple[str, ...], policy_id: str
) -> None:
    assert parse_record(texts) == policy_id
