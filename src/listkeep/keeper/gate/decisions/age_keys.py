"""Public keys copies are encrypted to (age, X25519)."""

import pyrage

from listkeep.core.errors import Code, MalformedError


def parse_age_recipient(text: str) -> pyrage.x25519.Recipient:
    """Read an age public key, with its checksum.

    Raises:
        MalformedError: It is not an X25519 recipient.
    """
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise MalformedError(
            "the recipient is not an age public key",
            code=Code.REQUEST_INVALID,
            hint="it starts with age1; make one with `listkeep recipient key FILE`",
        ) from error
