import hmac

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail import (
    AliasKey,
    is_unsubscribe_proof,
    make_alias,
    make_unsubscribe_proof,
)
from listkeep.core.mail.unsubscribing import PROOF_CHARACTERS

KEY = AliasKey(b"tag1", bytes(range(32)))
OTHER = AliasKey(b"tag2", bytes(range(32)))
ALIAS = make_alias(KEY, bytes(range(16)))
NEIGHBOUR = make_alias(KEY, bytes(range(1, 17)))


def test_the_proof_is_the_one_published_in_the_formats() -> None:
    # HKDF-SHA256 (RFC 5869) by hand: one block is all it needs.
    pseudo = hmac.digest(b"tag1", bytes(range(32)), "sha256")
    derived = hmac.digest(pseudo, b"listkeep/v1/unsubscribe\x01", "sha256")
    mac = hmac.digest(derived, ALIAS.encode(), "sha256")[:16]

    proof = make_unsubscribe_proof(KEY, ALIAS)

    assert int(proof.translate({ord(c): f"{n:05b}" for n, c in enumerate(B32)}), 2) == (
        int.from_bytes(mac, "big") << 2
    )
    assert len(proof) == PROOF_CHARACTERS


B32 = "abcdefghijklmnopqrstuvwxyz234567"


def test_a_proof_is_good_for_one_alias_under_one_key() -> None:
    proof = make_unsubscribe_proof(KEY, ALIAS)

    assert is_unsubscribe_proof(KEY, ALIAS, proof)
    assert is_unsubscribe_proof(KEY, ALIAS, proof.upper())
    assert not is_unsubscribe_proof(KEY, NEIGHBOUR, proof)
    assert not is_unsubscribe_proof(OTHER, ALIAS, proof)
    assert not is_unsubscribe_proof(AliasKey(KEY.tag, bytes(32)), ALIAS, proof)


@pytest.mark.parametrize("text", ["", "a" * 26, "ä" * 26, "a" * 4000, "\0"])
def test_what_was_made_up_proves_nothing(text: str) -> None:
    assert not is_unsubscribe_proof(KEY, ALIAS, text)


def test_there_is_no_proof_about_what_is_no_alias() -> None:
    with pytest.raises(MalformedError, match="not an alias"):
        make_unsubscribe_proof(KEY, "a")
    with pytest.raises(MalformedError, match="not an alias"):
        is_unsubscribe_proof(KEY, "a", "b")
