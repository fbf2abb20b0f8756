"""Where notices go, sealed before it is signed: no ledger ever holds an address.

A drafter sends the destination beside the subject; the keeper checks it, seals it
and puts the ciphertext into the terms. What a drafter sealed is not taken: it could
be somebody else's destination, read off a ledger.
"""

import base64
import binascii
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.addresses import parse_address
from listkeep.core.canonical import encode, parse
from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.keeper.keys import KeyStore

CONTACTS_KEY = "contacts"
_NONCE_BYTES = 12
_ASSOCIATED = b"listkeep/v1/contact"
_MAX_URL = 500
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_URL = re.compile(rf"https://{_HOST}(?::[0-9]{{1,5}})?(?:[/?][\x21-\x7e]*)?")


def seal_destination(store: KeyStore, text: str) -> str:
    """Seal where notices go; what comes back may stand in terms and ledger."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(store.get(CONTACTS_KEY)).encrypt(nonce, text.encode(), _ASSOCIATED)
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def open_destination(store: KeyStore, sealed: str) -> str:
    """Open what ``seal_destination`` made.

    Raises:
        VerificationError: It was not sealed by this keeper. One message.
    """
    try:
        data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        nonce, body = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        opened = AESGCM(store.get(CONTACTS_KEY)).decrypt(nonce, body, _ASSOCIATED)
    except (ValueError, binascii.Error, InvalidTag) as error:
        raise VerificationError(
            "a contact's destination does not open", code=Code.PROOF_INVALID
        ) from error
    return opened.decode()


def seal_subject(store: KeyStore, subject: str, destination: str) -> str:
    """Put the sealed destination into the subject of ``contact.add``.

    Raises:
        MalformedError: It is no address and no https URL, or sealed already.
    """
    fields = parse(subject.encode())
    if "sealed" in fields:
        raise MalformedError(
            "a contact's destination is sealed by the keeper",
            code=Code.REQUEST_INVALID,
        )
    if fields.get("kind") == "webhook":
        text = _require_url(destination)
    else:
        text = parse_address(destination).spelling
    return encode({**fields, "sealed": seal_destination(store, text)}).decode()


def _require_url(text: str) -> str:
    if len(text) > _MAX_URL or not _URL.fullmatch(text):
        raise MalformedError(
            "a webhook is an https address of at most 500 characters",
            code=Code.REQUEST_INVALID,
            hint="https://hooks.example.com/listkeep, without a user name",
        )
    return text
