"""The key store: wrapped keys in files of their own, never in a database.

What is here is not in ``listkeep``'s database backups, so a copied database opens
nothing. Destroying a key here makes everything sealed under it unreadable, in
every copy. The store also pins the genesis and remembers how long the ledger was
when it was last written, so that a rolled-back database is noticed.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import Code, UnavailableError

from .provider import KEY_BYTES, KeyProvider

_SUFFIX = ".key"
_MOST_BYTES = 65_536
_MARKS = ("mark-0", "mark-1")


@dataclass(frozen=True, slots=True)
class Mark:
    """How long the ledger was when it was last written, and its root then."""

    size: int
    root: bytes


class KeyStore:
    """Create, use and destroy keys by name; safe to share between threads."""

    def __init__(self, path: Path, provider: KeyProvider) -> None:
        """Open the store; keys are unwrapped when first used."""
        self._path = path
        self._provider = provider
        self._cache: dict[str, bytes] = {}

    def create(self, key_id: str) -> None:
        """Make a new random key under a name, unless it exists."""
        if not self._file(key_id).exists():
            key = secrets.token_bytes(KEY_BYTES)
            self._write(key_id, self._provider.wrap(key, key_id=key_id))

    def get(self, key_id: str) -> bytes:
        """Get a key in the clear, for use inside this process only.

        Raises:
            UnavailableError: It was never made, was destroyed, or does not unwrap.
        """
        key = self._cache.get(key_id)
        if key is None:
            key = self._provider.unwrap(self._read(key_id), key_id=key_id)
            self._cache[key_id] = key
        return key

    def destroy(self, key_id: str) -> None:
        """Forget a key; what is sealed under it stays unreadable."""
        self._cache.pop(key_id, None)
        self._file(key_id).unlink(missing_ok=True)

    def sign(self, key_id: str, data: bytes) -> bytes:
        """Sign with Ed25519 under a named key."""
        return Ed25519PrivateKey.from_private_bytes(self.get(key_id)).sign(data)

    def public_key(self, key_id: str) -> bytes:
        """Get the Ed25519 public key (32 bytes) of a named key."""
        private = Ed25519PrivateKey.from_private_bytes(self.get(key_id))
        return private.public_key().public_bytes_raw()

    def pin(self, facts: dict[str, str]) -> None:
        """Bind this store to one genesis, for good."""
        self.keep("pin", facts)

    def keep(self, name: str, facts: dict[str, str]) -> None:
        """Remember facts where no database can change them."""
        self._write(name, self._provider.wrap(encode(facts), key_id=name))

    def recall(self, name: str) -> dict[str, str] | None:
        """Recall what ``keep`` remembered, if anything.

        Raises:
            UnavailableError: It does not unwrap.
        """
        if not self._file(name).exists():
            return None
        kept = self._provider.unwrap(self._read(name), key_id=name)
        return parse(kept, max_bytes=_MOST_BYTES)

    def pinned(self) -> dict[str, str]:
        """Read what ``pin`` wrote.

        Raises:
            UnavailableError: The instance was never initialised.
        """
        return parse(self._provider.unwrap(self._read("pin"), key_id="pin"))

    def attestation_roots(self) -> list[bytes]:
        """Read the certificates (PEM) of makers this instance trusts."""
        return [
            path.read_bytes()
            for path in sorted((self._path / "attestation").glob("*.pem"))
        ]

    def write_mark(self, mark: Mark) -> None:
        """Remember the ledger's length; it never shrinks. Renamed, not synced.

        Two files take turns, so one that a power cut tore leaves the other. A mark
        that was lost makes the check weaker by the entries since; the ledger itself
        is synced before it counts.
        """
        with self._one_writer():
            known = self._marks()
            if mark.size > max((each.size for each in known.values()), default=0):
                facts = {"size": str(mark.size), "root": mark.root.hex()}
                name = min(_MARKS, key=lambda n: known[n].size if n in known else 0)
                wrapped = self._provider.wrap(encode(facts), key_id=name)
                self._write(name, wrapped, durable=False)

    def reset_mark(self, mark: Mark) -> None:
        """Remember another length in both files: two custodians gave up the old one.

        Dies it in between, the old one counts, and the ledger says that it is given up.
        """
        facts = {"size": str(mark.size), "root": mark.root.hex()}
        with self._one_writer():
            for name in _MARKS:
                wrapped = self._provider.wrap(encode(facts), key_id=name)
                self._write(name, wrapped)

    def read_mark(self) -> Mark:
        """Read the remembered length.

        Raises:
            UnavailableError: None is readable. Without one a ledger that was put
                back could not be told from the newest.
        """
        marks = self._marks()
        if not marks:
            raise UnavailableError(
                "the key store does not say how long the ledger was",
                code=Code.KEY_UNAVAILABLE,
                hint="put back the newest copy of the key store",
            )
        return max(marks.values(), key=lambda mark: mark.size)

    def was_written(self) -> bool:
        """Tell whether any ledger was ever written with this store."""
        return bool(self._marks())

    def _marks(self) -> dict[str, Mark]:
        marks = {}
        for name in _MARKS:
            try:
                facts = parse(self._provider.unwrap(self._read(name), key_id=name))
            except UnavailableError:  # not written yet, or torn
                continue
            marks[name] = Mark(int(facts["size"]), bytes.fromhex(facts["root"]))
        return marks

    def health(self) -> None:
        """Raise ``UnavailableError`` unless the provider works now."""
        self._provider.health()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """Hold the folder against other threads and processes of this keeper."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _file(self, key_id: str) -> Path:
        return self._path / f"{key_id}{_SUFFIX}"

    def _read(self, key_id: str) -> bytes:
        try:
            return self._file(key_id).read_bytes()
        except OSError as error:
            raise UnavailableError(
                "a key is not in the key store",
                code=Code.KEY_UNAVAILABLE,
                hint="it was destroyed, or the key store belongs to another instance",
            ) from error

    def _write(self, key_id: str, data: bytes, *, durable: bool = True) -> None:
        target = self._file(key_id)
        draft = target.with_suffix(".new")
        descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(target)
        if durable:
            directory = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
