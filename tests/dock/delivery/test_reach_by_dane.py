"""Keys that a mail server's domain publishes in the signed DNS."""

import hashlib

import pytest

from tests.dock.delivery.post import Stage
from tests.dock.delivery.ways import MX, delivered, digest
from tests.fakes.certificates import Identity, make_host


def dane(stage: Stage, identity: Identity, record: str) -> None:
    stage.sink.tls = identity.server(stage.home, "sink")
    stage.names.secure = True
    stage.tlsa = record


def test_the_key_a_domain_publishes_is_the_one_that_counts(
    stage: Stage, exchanger: Identity
) -> None:
    dane(stage, exchanger, f"3 1 1 {digest(exchanger.spki)}")

    with delivered(stage) as (post, reply):
        assert reply.startswith("250")
        assert post.sink.taken[0].is_tls


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_a_key_is_published_in_any_form(
    stage: Stage, exchanger: Identity, selector: int, matching: int
) -> None:
    data = exchanger.spki if selector else exchanger.der
    text = {
        0: data.hex(),
        1: hashlib.sha256(data).hexdigest(),
        2: hashlib.sha512(data).hexdigest(),
    }[matching]
    dane(stage, exchanger, f"3 {selector} {matching} {text}")

    with delivered(stage) as (_, reply):
        assert reply.startswith("250")


def test_another_key_than_was_published_gets_nothing(
    stage: Stage, exchanger: Identity, authority: Identity
) -> None:
    dane(stage, make_host(MX, authority), f"3 1 1 {digest(exchanger.spki)}")

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_a_published_key_without_tls_gets_nothing(
    stage: Stage, exchanger: Identity
) -> None:
    dane(stage, exchanger, f"3 1 1 {digest(exchanger.spki)}")
    stage.sink.tls = None

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_an_authority_that_is_published_vouches_for_the_host_alone(
    stage: Stage, exchanger: Identity, authority: Identity
) -> None:
    record = f"2 0 1 {digest(authority.der)}"
    dane(stage, exchanger, record)
    stage.sink.tls = exchanger.server(stage.home, "sink", authority)
    with delivered(stage) as (_, reply):
        assert reply.startswith("250")


def test_an_authority_does_not_vouch_for_another_host(
    stage: Stage, authority: Identity
) -> None:
    other = make_host("mx.evil.example", authority)
    dane(stage, other, f"2 0 1 {digest(authority.der)}")
    stage.sink.tls = other.server(stage.home, "sink", authority)

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.7.5")
        assert post.sink.stages["MAIL"] == 0


def test_records_nobody_can_use_ask_for_tls_all_the_same(
    stage: Stage, exchanger: Identity
) -> None:
    dane(stage, exchanger, f"1 1 1 {digest(exchanger.spki)}")
    stage.sink.tls = None

    with delivered(stage) as (_, reply):
        assert reply.startswith("451 4.7.5")


def test_keys_in_answers_that_are_not_signed_are_not_looked_at(
    stage: Stage, exchanger: Identity
) -> None:
    dane(stage, exchanger, f"3 1 1 {digest(b'another')}")
    stage.names.secure = False

    with delivered(stage) as (_, reply):
        assert reply.startswith("250")


def test_a_name_server_that_hides_the_keys_stops_the_letter(
    stage: Stage, exchanger: Identity
) -> None:
    dane(stage, exchanger, f"3 1 1 {digest(exchanger.spki)}")
    stage.hides_tlsa = True

    with delivered(stage) as (post, reply):
        assert reply.startswith("451 4.4.3")
        assert post.sink.stages["MAIL"] == 0
