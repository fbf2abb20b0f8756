"""Keys of sending domains: made, sealed, and only ever asked to sign."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from listkeep.core.registry.sending import (
    SendingDomain,
    SigningAlgorithm,
    domain_key,
)
from listkeep.keeper.gate.custody.root_rotation import rotate_root
from listkeep.keeper.gate.endpoint import open_roots, open_store
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import Content, KeyStore, make_mail_keys, sign_digest
from tests.keeper.copying import copy, lose_keys, restore
from tests.keeper.instance import refusal
from tests.keeper.sending import DOMAIN, add_domain, revoke_domain
from tests.keeper.world import World

DIGEST = hashlib.sha256(b"a message").digest()
RSA, ED25519 = SigningAlgorithm.RSA, SigningAlgorithm.ED25519


@pytest.fixture
def domain(world: World) -> SendingDomain:
    add_domain(world)
    return world.registry.domains[DOMAIN]


def verify(
    domain: SendingDomain, algorithm: SigningAlgorithm, signature: bytes
) -> None:
    data = base64.b64decode(domain.public[algorithm])
    if algorithm is ED25519:
        Ed25519PublicKey.from_public_bytes(data).verify(signature, DIGEST)
        return
    public = load_der_public_key(data)
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == 2048
    public.verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(SHA256()))


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_what_is_signed_verifies_under_the_public_half_in_the_ledger(
    world: World, domain: SendingDomain, algorithm: SigningAlgorithm
) -> None:
    signature = sign_digest(world.gate.store, domain, algorithm, DIGEST)

    verify(domain, algorithm, signature)
    with pytest.raises(InvalidSignature):
        verify(domain, algorithm, signature[:-1] + bytes([signature[-1] ^ 1]))


def test_another_process_signs_with_the_same_keys(
    world: World, domain: SendingDomain
) -> None:
    world.restart()

    for algorithm in SigningAlgorithm:
        verify(
            domain, algorithm, sign_digest(world.gate.store, domain, algorithm, DIGEST)
        )


@pytest.mark.parametrize("digest", [b"", DIGEST[:-1], DIGEST + b"\0", b"a message"])
def test_nothing_but_a_digest_is_signed(
    world: World, domain: SendingDomain, digest: bytes
) -> None:
    store = world.gate.store

    assert refusal(sign_digest, store, domain, RSA, digest) == "message-invalid"


def test_a_domain_signs_with_the_algorithms_it_has(world: World) -> None:
    add_domain(world, algorithms="ed25519")
    domain = world.registry.domains[DOMAIN]

    verify(domain, ED25519, sign_digest(world.gate.store, domain, ED25519, DIGEST))
    code = refusal(sign_digest, world.gate.store, domain, RSA, DIGEST)
    assert code == "message-invalid"


def test_no_private_key_lies_in_the_clear(world: World, domain: SendingDomain) -> None:
    private = world.gate.store.recall_under(domain_key(DOMAIN))
    assert private is not None
    secrets = [
        part
        for text in private.values()
        for part in (text.encode(), base64.b64decode(text)[-32:])
    ]

    for path in world.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets), path.name


def test_keys_of_another_domain_in_its_place_do_not_open(
    world: World, domain: SendingDomain
) -> None:
    add_domain(world, id="m_otherotherot", selector="lk2")
    keys = world.home / "keys"
    other = (keys / "domain-m_otherotherot.private.key").read_bytes()
    (keys / f"domain-{DOMAIN}.private.key").write_bytes(other)
    world.restart()

    code = refusal(sign_digest, world.gate.store, domain, RSA, DIGEST)
    assert code == "key-unavailable"


def test_a_key_the_ledger_does_not_name_signs_nothing(
    world: World, domain: SendingDomain
) -> None:
    """Whoever can write the key store could put a key of the own there."""
    store = world.gate.store
    for path in (world.home / "keys").glob(f"domain-{DOMAIN}*"):
        path.unlink()
    world.restart()
    store = world.gate.store
    make_mail_keys(store, DOMAIN, SigningAlgorithm)

    for algorithm in SigningAlgorithm:
        code = refusal(sign_digest, store, domain, algorithm, DIGEST)
        assert code == "key-unavailable"


def test_after_the_revocation_no_process_signs(
    world: World, domain: SendingDomain
) -> None:
    second = Gate(open_store())
    sign_digest(second.store, domain, RSA, DIGEST)
    sign_digest(world.gate.store, domain, RSA, DIGEST)
    revoke_domain(world)

    for algorithm in SigningAlgorithm:
        for gate in (world.gate, second):
            with gate.view(world.now):  # reads what the other one has written
                code = refusal(sign_digest, gate.store, domain, algorithm, DIGEST)
            assert code == "key-unavailable"


def test_a_turn_that_failed_leaves_keys_that_are_taken_the_next_time(
    world: World,
) -> None:
    store: KeyStore = world.gate.store
    first = make_mail_keys(store, "m_unusedunused", [RSA])
    again = make_mail_keys(store, "m_unusedunused", [ED25519, RSA])

    assert again["rsa"] == first["rsa"]
    assert set(again) == {"rsa", "ed25519"}


def test_a_public_half_that_was_changed_in_memory_is_noticed(
    world: World, domain: SendingDomain
) -> None:
    bent = replace(domain, public={**domain.public, "rsa": "MIIB"})

    code = refusal(sign_digest, world.gate.store, bent, RSA, DIGEST)
    assert code == "key-unavailable"


# --- through everything that happens to a key store -------------------------------


def test_keys_of_domains_come_back_with_a_copy(
    world: World, domain: SendingDomain, tmp_path: Path
) -> None:
    add_domain(world, id="m_ownownownown", name="own.example")
    copy(world, tmp_path / "copy")
    asked = world.ask("ada", "domain.revoke", {"id": "m_ownownownown"})
    world.sign("amir", asked, "approve")
    add_domain(world, id="m_laterlaterla", name="later.example")
    lose_keys(world)

    done = restore(world, tmp_path / "copy", "cleo", "sam")
    world.restart()

    for algorithm in SigningAlgorithm:
        signature = sign_digest(world.gate.store, domain, algorithm, DIGEST)
        verify(domain, algorithm, signature)
    assert done.missing == (domain_key("m_laterlaterla"),)
    assert done.withheld == 1
    names = {path.name for path in (world.home / "keys").glob("domain-*")}
    assert names == {f"domain-{DOMAIN}.key", f"domain-{DOMAIN}.private.key"}
    later = world.registry.domains["m_laterlaterla"]
    code = refusal(sign_digest, world.gate.store, later, RSA, DIGEST)
    assert code == "key-unavailable"


def test_a_copy_of_a_store_without_sending_domains_is_what_it_was() -> None:
    """An older Listkeep refuses fields it does not know."""
    plain = Content(
        keys={"facts": bytes(32)}, pin={}, mark_size=1, mark_root=b"", makers={}
    )
    written = msgspec.msgpack.decode(msgspec.msgpack.encode(plain))

    assert set(written) == {"keys", "pin", "mark_size", "mark_root", "makers"}


def test_keys_of_domains_sign_on_under_another_root(
    world: World, domain: SendingDomain
) -> None:
    rotate_root(world.gate, open_roots(), now=world.now, say=lambda _done, _of: None)
    world.restart()

    for algorithm in SigningAlgorithm:
        signature = sign_digest(world.gate.store, domain, algorithm, DIGEST)
        verify(domain, algorithm, signature)
