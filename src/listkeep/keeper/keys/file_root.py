"""The provider named ``file``: the root lies in one file of mode 0600.

It is the embedded default; whoever can read that file and the key store can open
lists.
"""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listkeep.core.errors import Code, ConflictError

from .provider import (
    KEY_BYTES,
    NONCE_BYTES,
    WrongKeyError,
    away,
    read_private,
    try_out,
)


class AesProvider:
    """A root key in this process's memory."""

    def __init__(self, root: bytes) -> None:
        """Take the root: 32 bytes."""
        self._cipher = AESGCM(root)

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key with AES-256-GCM under a random nonce."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, key_id.encode())

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key.

        Raises:
            WrongKeyError: It was wrapped under another root or id, or changed.
        """
        nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, key_id.encode())
        except (InvalidTag, ValueError) as error:
            raise WrongKeyError from error

    def health(self) -> None:
        """Wrap and unwrap once."""
        try_out(self)


class FileProvider(AesProvider):
    """A root key in a file of its own."""

    def __init__(self, path: Path) -> None:
        """Read the root.

        Raises:
            UnavailableError: The file is missing, unreadable, or open to others.
        """
        root = read_private(path, "the root key")
        if len(root) != KEY_BYTES:
            raise away("the root key's file is damaged", "it holds 32 bytes")
        super().__init__(root)

    @staticmethod
    def create(path: Path) -> None:
        """Make a new root; all of it or nothing.

        Raises:
            ConflictError: There is one already; it is never overwritten.
        """
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # unlike a rename, it does not replace
        except FileExistsError as error:
            raise ConflictError(
                "there is a root key already", code=Code.ALREADY_EXISTS
            ) from error
        finally:
            draft.unlink()


class FileRoot:
    """The root in its file, read anew for each use: it may be replaced meanwhile."""

    def __init__(self, path: Path) -> None:
        """Say where it lies; nothing is read yet."""
        self.path = path

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key under what the file holds now."""
        return FileProvider(self.path).wrap(key, key_id=key_id)

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key under what the file holds now."""
        return FileProvider(self.path).unwrap(wrapped, key_id=key_id)

    def health(self) -> None:
        """Wrap and unwrap once."""
        try_out(self)

    def make(self) -> None:
        """Make the root, unless it is there."""
        if not self.path.exists():
            FileProvider.create(self.path)

    def retire(self) -> str:
        """Overwrite the root and remove it; a disk may still keep an old copy."""
        with suppress(FileNotFoundError):
            with self.path.open("r+b") as file:
                file.write(bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            self.path.unlink()
        return ""
