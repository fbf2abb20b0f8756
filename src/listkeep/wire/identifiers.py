"""Ids and bearer secrets, as both ends of the wire make them up.

A client that makes its own ids and keys never has to be sent a secret.
"""

import base64
import secrets


def new_id(prefix: str) -> str:
    """Make an id of a kind: a letter, an underscore, 60 random bits."""
    text = base64.b32encode(secrets.token_bytes(8)).decode().lower()
    return f"{prefix}_{text[:12]}"


def new_secret() -> str:
    """Make a bearer secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def new_service_key() -> tuple[str, str]:
    """Make a service's id and its key, which begins with the id."""
    service = new_id("s")
    return service, f"lkk_{service}_{new_secret()}"
