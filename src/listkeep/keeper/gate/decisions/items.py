"""Names for tokens that may stand in the ledger: they join with nothing outside."""

import hmac
from collections.abc import Iterable

from listkeep.core.errors import VerificationError
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.keys import KeyStore

_PROOF = 16


def item_digest(store: KeyStore, token: bytes) -> str:
    """Name a token in the ledger: keyed, so that nobody else can tell whose it is."""
    return hmac.digest(store.get(STATE_KEY), b"item\x00" + token, "sha256").hex()[:24]


def sign_up_proof(store: KeyStore, ticket: str, tokens: Iterable[bytes]) -> bytes:
    """Prove that a sign-up is about somebody, by whichever token of theirs."""
    key = store.get(STATE_KEY)
    return b"".join(_prove(key, ticket, token) for token in tokens)


def verify_sign_up_proof(
    store: KeyStore, ticket: str, token: bytes, proof: bytes
) -> None:
    """Verify that a row of a token was sealed under a sign-up.

    Raises:
        VerificationError: It was not: another person's, another sign-up's, or made up.
    """
    wanted = _prove(store.get(STATE_KEY), ticket, token)
    found = (proof[at : at + _PROOF] for at in range(0, len(proof), _PROOF))
    if not any(hmac.compare_digest(each, wanted) for each in found):
        raise VerificationError("this sign-up is not about that person")


def _prove(key: bytes, ticket: str, token: bytes) -> bytes:
    words = b"sign-up\x00" + ticket.encode() + b"\x00" + token
    return hmac.digest(key, words, "sha256")[:_PROOF]
