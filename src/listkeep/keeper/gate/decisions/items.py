"""Names for tokens that may stand in the ledger: they join with nothing outside."""

import hmac

from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.keys import KeyStore


def item_digest(store: KeyStore, token: bytes) -> str:
    """Name a token in the ledger: keyed, so that nobody else can tell whose it is."""
    return hmac.digest(store.get(STATE_KEY), b"item\x00" + token, "sha256").hex()[:24]
