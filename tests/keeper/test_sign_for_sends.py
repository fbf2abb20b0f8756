"""Mail of a live send is signed with the keys of its sender's domain."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from listkeep.core.grants import format_time
from listkeep.keeper.gate.showing.keys import show_keys
from listkeep.wire.messages import keys as k
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    finish,
    open_rows,
    send_of,
    sign,
    with_sending,
)
from tests.keeper.sending import DOMAIN, add_domain, revoke_domain
from tests.keeper.world import World


def public(world: World, algorithm: str) -> bytes:
    import base64  # noqa: PLC0415

    return base64.b64decode(world.registry.domains[DOMAIN].public[algorithm])


def test_signatures_verify_by_what_the_dns_has(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())
    digests = [hashlib.sha256(bytes([n])).digest() for n in range(3)]

    by_ed25519 = sign(world, request, *digests)
    by_rsa = sign(world, request, *digests, algorithm="rsa", selector="lk1")

    ed25519 = Ed25519PublicKey.from_public_bytes(public(world, "ed25519"))
    key = load_der_public_key(public(world, "rsa"))
    assert isinstance(key, rsa.RSAPublicKey)
    for digest, first, second in zip(digests, by_ed25519, by_rsa, strict=True):
        ed25519.verify(first, digest)
        key.verify(second, digest, padding.PKCS1v15(), Prehashed(SHA256()))
    with pytest.raises(InvalidSignature):
        ed25519.verify(by_ed25519[0], digests[1])


def test_each_key_signs_as_often_as_rows_were_opened(anywhere: World) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows)
    assert refusal(sign, anywhere, request) == "cap-exceeded"

    open_rows(anywhere, request, rows.batch(0, 1))
    sign(anywhere, request, bytes(32), bytes(32))

    assert refusal(sign, anywhere, request) == "cap-exceeded"
    sign(anywhere, request, bytes(32), algorithm="rsa", selector="lk1")
    anywhere.restart()
    assert refusal(sign, anywhere, request) == "cap-exceeded"
    open_rows(anywhere, request, rows.batch(0))
    sign(anywhere, request)
    assert refusal(sign, anywhere, request) == "cap-exceeded"


def test_no_other_domain_selector_or_algorithm_signs(world: World) -> None:
    rows = with_sending(world, 3)
    add_domain(world, id="m_otherotherot", name="other.example")
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())

    for changes in (
        {"domain": "other.example"},
        {"domain": "bank.example"},
        {"selector": "lk1"},
        {"algorithm": "rsa"},
        {"algorithm": "rsa-sha1"},
    ):
        assert refusal(sign, world, request, **changes) == "not-permitted"


def test_nothing_is_signed_for_a_send_that_does_not_stand(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())
    assert refusal(sign, world, "r_neverneverne") == "not-found"

    world.ask("ada", "freeze", {"classes": "campaigns"})
    assert refusal(sign, world, request) == "frozen"


def test_nothing_is_signed_for_a_send_that_ended(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())

    finish(world, request)

    assert refusal(sign, world, request) == "replayed"


def test_after_the_window_nothing_is_signed(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.whole())
    world.now = world.registry.requests[request].terms.expires

    assert refusal(sign, world, request) == "expired"


def test_owners_see_the_keys_of_their_own_domains(world: World) -> None:
    since = format_time(world.now)
    with_sending(world)

    def shown(name: str) -> list[tuple[str, str, tuple[str, ...], str]]:
        message = k.ShowKeys(session=world.session(name))
        told = show_keys(world.gate, message, now=world.now).domains
        return [(row.name, row.tenant, row.selectors, row.since) for row in told]

    mine = ("news.example", "acme", ("lk1-ed25519", "lk1"), since)
    assert shown("ada") == shown("cleo") == [mine]
    assert shown("ben") == shown("eve") == []
    revoke_domain(world)
    assert shown("ada") == []
