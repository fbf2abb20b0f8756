"""Who holds the root: wraps and unwraps every other key.

Rules of the room:

- A provider wraps keys of 32 bytes and nothing else. What it cannot do now is an
  ``UnavailableError`` with a hint; the caller loses nothing and may try again.
- It finds its way back by itself: the next call after an outage works.
- It is shared between threads, and may be carried over a fork.
- Its errors repeat no word of a foreign library: those can quote what they worked on.
"""

import stat
from pathlib import Path
from typing import Protocol

from listkeep.core.errors import Code, UnavailableError

KEY_BYTES = 32
NONCE_BYTES = 12
TRIAL = "health"


class KeyProvider(Protocol):
    """Wrap and unwrap keys under a root that never leaves the provider."""

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key; the id is bound to it."""
        ...

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key, or raise ``UnavailableError``."""
        ...

    def health(self) -> None:
        """Raise ``UnavailableError`` unless wrapping works now."""
        ...


class Root(KeyProvider, Protocol):
    """A provider's one root, from its making to its end."""

    def make(self) -> None:
        """Make the root, unless it is there."""
        ...

    def retire(self) -> str:
        """Destroy the root; say what is left to do by hand, if anything."""
        ...


class WrongKeyError(UnavailableError):
    """The provider works, and this was not wrapped by it under this id."""

    def __init__(self) -> None:
        """Say the same whatever the cause."""
        super().__init__(
            "a key does not unwrap",
            code=Code.KEY_UNAVAILABLE,
            hint="the key store does not belong to this root key",
        )


def try_out(provider: KeyProvider) -> None:
    """Wrap and unwrap once.

    Raises:
        UnavailableError: It does not work.
    """
    provider.unwrap(provider.wrap(bytes(KEY_BYTES), key_id=TRIAL), key_id=TRIAL)


def away(what: str, hint: str) -> UnavailableError:
    """Say that a provider cannot do its work now."""
    return UnavailableError(what, code=Code.KEY_UNAVAILABLE, hint=hint)


def read_private(path: Path, what: str) -> bytes:
    """Read a secret from a file that is its owner's alone.

    Raises:
        UnavailableError: It is missing, unreadable, or open to others.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except OSError as error:
        raise away(
            f"{what} cannot be read",
            "run as the keeper's user; a new instance starts with `listkeep init`",
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise away(f"the file of {what} is open to others", "give it mode 0600")
    return secret
