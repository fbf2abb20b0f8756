"""What stands in an unsubscribe link beside the alias, so that the alias is not enough.

Mail servers queue and log aliases. Whoever reads such a log could leave every list in
the name of everybody, if the alias were the whole link. The proof is keyed, and in no
log: it is put into the message after the queue, and only its addressee sees it.
"""

import base64
import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .aliases import AliasKey, parse_tag

PROOF_CHARACTERS = 26
_PROOF_BYTES = 16
_INFO = b"listkeep/v1/unsubscribe"


def make_unsubscribe_proof(key: AliasKey, alias: str) -> str:
    """Prove that a link to unsubscribe an alias was made by us: 26 characters.

    Raises:
        MalformedError: It is no alias.
    """
    parse_tag(alias)
    mac = hmac.digest(_derive(key), alias.encode(), "sha256")[:_PROOF_BYTES]
    return base64.b32encode(mac).decode().lower().rstrip("=")


@lru_cache(maxsize=256)  # the same for each message of a send
def _derive(key: AliasKey) -> bytes:
    return HKDF(SHA256(), 32, salt=key.tag, info=_INFO).derive(key.key)


def is_unsubscribe_proof(key: AliasKey, alias: str, text: str) -> bool:
    """Tell whether a proof belongs to an alias; how long that takes tells nothing.

    Raises:
        MalformedError: It is no alias.
    """
    expected = make_unsubscribe_proof(key, alias)
    return hmac.compare_digest(expected.encode(), text.lower().encode())
