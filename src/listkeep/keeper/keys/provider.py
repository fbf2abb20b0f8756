"""Who holds the root: wraps and unwraps every other key.

The provider named ``file`` keeps the root in one file of mode 0600. It is the
embedded default; whoever can read that file and the key store can open lists.
"""

import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.errors import Code, ConflictError, UnavailableError

KEY_BYTES = 32
_NONCE_BYTES = 12


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


class FileProvider:
    """A root key in a file of its own."""

    def __init__(self, path: Path) -> None:
        """Read the root.

        Raises:
            UnavailableError: The file is missing, unreadable, or open to others.
        """
        try:
            mode = path.stat().st_mode
            root = path.read_bytes()
        except OSError as error:
            raise UnavailableError(
                "the root key cannot be read",
                code=Code.KEY_UNAVAILABLE,
                hint="run as the keeper's user; a new instance starts with "
                "`listkeep init`",
            ) from error
        if stat.S_IMODE(mode) & 0o077 or len(root) != KEY_BYTES:
            raise UnavailableError(
                "the root key's file is open to others or damaged",
                code=Code.KEY_UNAVAILABLE,
                hint="it holds 32 bytes and has mode 0600",
            )
        self._cipher = AESGCM(root)

    @staticmethod
    def create(path: Path) -> None:
        """Make a new root.

        Raises:
            ConflictError: There is one already; it is never overwritten.
        """
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError as error:
            raise ConflictError(
                "there is a root key already", code=Code.ALREADY_EXISTS
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key with AES-256-GCM under a random nonce."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, key_id.encode())

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key.

        Raises:
            UnavailableError: It was wrapped under another root or id, or changed.
        """
        nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, key_id.encode())
        except (InvalidTag, ValueError) as error:
            raise UnavailableError(
                "a key does not unwrap",
                code=Code.KEY_UNAVAILABLE,
                hint="the key store does not belong to this root key",
            ) from error

    def health(self) -> None:
        """Wrap and unwrap once."""
        self.unwrap(self.wrap(bytes(KEY_BYTES), key_id="health"), key_id="health")
