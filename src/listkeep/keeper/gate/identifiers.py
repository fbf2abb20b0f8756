"""Names and secrets the keeper makes up."""

import base64
import secrets


def new_id(prefix: str) -> str:
    """Make an id of a kind: a letter, an underscore, 60 random bits."""
    text = base64.b32encode(secrets.token_bytes(8)).decode().lower()
    return f"{prefix}_{text[:12]}"


def new_secret() -> str:
    """Make a bearer secret of 256 random bits."""
    return secrets.token_urlsafe(32)
