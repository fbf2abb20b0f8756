"""By which way a letter leaves, and what the mail server there has to show first."""

import pytest

from listkeep.dock.outlet.models import MailPeer
from tests.dock.delivery.post import Stage
from tests.dock.delivery.ways import (
    ANNA,
    RELAY,
    delivered,
    digest,
    forget_connections,
    smart_host,
    trust,
)
from tests.fakes.certificates import Identity, make_authority, make_host
from tests.fakes.mail_sink import HANG_UP

# --- a smart host ---


def test_a_smart_host_is_known_by_its_key(stage: Stage, relay: Identity) -> None:
    smart_host(stage, relay, tls=f"pinned:{digest(relay.spki)}")

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert post.sink.taken[0].is_tls


def test_another_key_at_the_smart_hosts_place_gets_nothing(
    stage: Stage, relay: Identity, authority: Identity
) -> None:
    impostor = make_host(RELAY, authority)
    smart_host(stage, impostor, tls=f"pinned:{digest(relay.spki)}")
    trust(stage, authority)

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_a_smart_host_of_the_web_needs_its_name_from_an_authority(
    stage: Stage, relay: Identity, authority: Identity
) -> None:
    smart_host(stage, relay, tls="web")
    trust(stage, authority)

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert post.sink.taken[0].is_tls


def test_what_is_said_in_clear_behind_the_start_of_tls_is_not_heard(
    stage: Stage, relay: Identity, authority: Identity
) -> None:
    """Who sits in between answers the first questions of the secured connection."""
    smart_host(stage, relay, tls="web")
    trust(stage, authority)
    forged = "250-mx\r\n250 PIPELINING\r\n250 ok\r\n550 5.1.1 nobody"
    stage.sink.mood = lambda at, _: f"220 go\r\n{forged}" if at == "TLS" else ""

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert [one.is_tls for one in post.sink.taken] == [True]
        assert post.sink.stages["CONNECT"] == 1


@pytest.mark.parametrize("wrong", ["name", "authority", "expired"])
def test_a_wrong_certificate_gets_nothing(
    stage: Stage, authority: Identity, wrong: str
) -> None:
    identity = {
        "name": lambda: make_host("other.example.net", authority),
        "authority": lambda: make_host(RELAY, make_authority("Another")),
        "expired": lambda: make_host(RELAY, authority, days=-1),
    }[wrong]()
    smart_host(stage, identity, tls="web")
    trust(stage, authority)

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


@pytest.mark.parametrize("tls", ["web", "pinned"])
def test_a_smart_host_that_offers_no_tls_any_more_gets_nothing(
    stage: Stage, relay: Identity, authority: Identity, tls: str
) -> None:
    kind = f"pinned:{digest(relay.spki)}" if tls == "pinned" else "web"
    smart_host(stage, relay, tls=kind)
    trust(stage, authority)
    stage.sink.tls = None

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_a_name_server_that_lies_leads_to_nobody_who_can_read(
    stage: Stage, relay: Identity, authority: Identity
) -> None:
    """The smart host's name is answered with the address of a thief."""
    thief = make_host("thief.example", make_authority("Thieves"))
    smart_host(stage, thief, tls="web")
    trust(stage, authority)

    with delivered(stage) as (post, reply):
        assert reply.startswith("451")
        assert post.sink.taken == []
        assert not any(b"example.org" in line for line in post.sink.heard)


def test_a_route_the_keeper_names_is_the_only_way_out(stage: Stage) -> None:
    """A smart host nobody enrolled would have to be in the answer of the keeper."""
    stage.route.update(kind="smart-host", host="unknown.example", tls="web")

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.4.4")
        assert post.sink.heard == []


def test_source_addresses_of_the_route_are_taken_in_turn(stage: Stage) -> None:
    stage.route["sources"] = ("127.0.0.2", "127.0.0.3")

    with stage.open() as post:
        for address in post.addresses:
            assert post.hand_over(post.recipient(address)).startswith("250")

        peers = {one.peer for one in post.sink.taken}
    assert peers == {"127.0.0.2", "127.0.0.3"}


# --- any mail server of the world ---


def test_mail_goes_to_the_exchanger_with_the_lowest_preference_that_answers(
    stage: Stage,
) -> None:
    for host in ("mx1.example.org", "mx2.example.org"):
        stage.names.set(host, "A", "127.0.0.1")
    stage.sink.mood = lambda stage, count: (
        HANG_UP if (stage, count) == ("CONNECT", 1) else ""
    )

    with stage.open() as post:
        post.names.set(
            "example.org", "MX", "20 mx2.example.org.", "10 mx1.example.org."
        )
        assert post.hand_over(post.recipient(ANNA)).startswith("250")
        hosts = [name for name, kind in post.names.asked if kind == "A"]
        assert hosts == ["mx1.example.org", "mx2.example.org"]


def test_a_domain_without_exchangers_takes_mail_itself(stage: Stage) -> None:
    with stage.open() as post:
        del post.names.zone["example.org", "MX"]
        post.names.set("example.org", "A", "127.0.0.1")

        assert post.hand_over(post.recipient(ANNA)).startswith("250")


@pytest.mark.parametrize(
    ("records", "reply"),
    [
        (None, "550 5.1.2"),
        (["0 ."], "556 5.1.10"),
        (["10 nowhere.example.org."], "451 4.4.4"),
    ],
    ids=["no such domain", "takes no mail", "no address"],
)
def test_a_domain_that_takes_no_mail_is_said_to(
    stage: Stage, records: list[str] | None, reply: str
) -> None:
    with stage.open() as post:
        del post.names.zone["example.org", "MX"]
        if records:
            post.names.set("example.org", "MX", *records)

        assert post.hand_over(post.recipient(ANNA)).startswith(reply)


def test_a_name_server_that_is_away_is_no_answer(stage: Stage) -> None:
    stage.names.silent.add("example.org")

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.4.3")
        assert post.states() == ["deferred"]


def test_a_strangers_exchanger_inside_the_own_network_gets_nothing(
    stage: Stage,
) -> None:
    stage.outlet["private_targets"] = False

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.4.4")
        assert post.sink.heard == []


def test_tls_is_taken_where_it_is_offered(stage: Stage, exchanger: Identity) -> None:
    stage.sink.tls = exchanger.server(stage.home, "sink")

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert post.sink.taken[0].is_tls


def test_who_offered_tls_once_is_not_believed_to_have_none(
    stage: Stage, exchanger: Identity
) -> None:
    tls = stage.sink.tls = exchanger.server(stage.home, "sink")
    with stage.open() as post:
        assert post.hand_over(post.recipient(ANNA)).startswith("250")
        forget_connections(post)
        post.sink.tls = None

        reply = post.hand_over(post.recipient("carl@example.org"))

        assert reply.startswith("451 4.7.5")
        assert [one.is_tls for one in post.sink.taken] == [True]
        post.sink.tls = tls
        again = post.hand_over(post.recipient("carl@example.org"))
        assert again.startswith("250")
    assert "example" not in "".join(MailPeer.objects.values_list("name", flat=True))


def test_that_it_offered_tls_is_known_after_a_restart(
    stage: Stage, exchanger: Identity
) -> None:
    stage.sink.tls = exchanger.server(stage.home, "sink")
    with stage.open() as post:
        post.hand_over(post.recipient(ANNA))
        forget_connections(post)
        post.proxy.pool.seen_tls.__self__._known.clear()  # type: ignore[attr-defined]
        post.sink.tls = None

        reply = post.hand_over(post.recipient("carl@example.org"))

    assert reply.startswith("451 4.7.5")


def test_a_handshake_that_is_broken_in_between_is_no_reason_to_speak_in_clear(
    stage: Stage, exchanger: Identity
) -> None:
    stage.sink.tls = exchanger.server(stage.home, "sink")
    stage.sink.mood = lambda stage, _count: "454 no TLS" if stage == "TLS" else ""

    with delivered(stage) as (post, reply):
        assert reply.startswith("451")
        assert post.sink.stages["MAIL"] == 0
