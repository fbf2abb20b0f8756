"""The key store: wrapped keys in files of their own, never in a database.

What is here is not in ``listkeep``'s database backups, so a copied database opens
nothing. Destroying a key here makes everything sealed under it unreadable, in
every copy. The store also pins the genesis and remembers how long the ledger was
when it was last written, so that a rolled-back database is noticed.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.core.errors import Code, ConflictError, UnavailableError
from listkeep.core.sealing import forget_ciphers

from .facts import FACTS_KEY, is_sealed, open_facts, read_facts, seal_facts
from .folder import DRAFT, SUFFIX, KeyFolder
from .provider import KEY_BYTES, KeyProvider, WrongKeyError

_MAKERS = "attestation"
_ROOTS = "root*.key"  # of the provider `file`
_MARKS = ("mark-0", "mark-1")
_UNDER = ".private"  # what is sealed under a key of the store, and goes with it
_Loaded = TypeVar("_Loaded")


@dataclass(frozen=True, slots=True)
class Mark:
    """How long the ledger was when it was last written, and its root then."""

    size: int
    root: bytes


class KeyStore(KeyFolder):
    """Create, use and destroy keys by name; safe to share between threads."""

    def __init__(self, path: Path, provider: KeyProvider) -> None:
        """Open the store; keys are unwrapped when first used."""
        super().__init__(path)
        self._provider = provider
        self._cache: dict[str, bytes] = {}
        self._loaded: dict[str, Any] = {}  # what was made of facts under a key
        self._lock = threading.Lock()

    def create(self, key_id: str) -> None:
        """Make a new random key under a name, unless it exists."""
        if self._file(key_id).exists():
            return
        with self._one_writer():  # so that a rotation knows of it, or it of the root
            if not self._file(key_id).exists():
                self._put(key_id, secrets.token_bytes(KEY_BYTES))

    def get(self, key_id: str) -> bytes:
        """Get a key in the clear, for use inside this process only.

        Raises:
            UnavailableError: It was never made, was destroyed, or does not unwrap.
        """
        key = self._cache.get(key_id)
        if key is None:
            with self._lock:  # or one that is just being destroyed would stay cached
                key = self._unwrap(key_id, self._read(key_id))
                self._cache[key_id] = key
        return key

    def has(self, key_id: str) -> bool:
        """Tell whether a key is there, without asking whether it unwraps."""
        return self._file(key_id).exists()

    def numbers(self, key_id: str) -> list[int]:
        """Number the further keys that came after one of this name, and are here."""
        endings = (
            path.name.removeprefix(f"{key_id}.").removesuffix(SUFFIX)
            for path in self._path.glob(f"{key_id}.*{SUFFIX}")
        )
        return sorted(int(each) for each in endings if each.isdecimal())

    def destroy(self, key_id: str) -> None:
        """Remove a key; what is sealed under it stays closed.

        The file is gone once this returns, also after a power cut. It is not written
        over: on flash and copying file systems that promises nothing. Bytes that the
        disk has not reused yet are wrapped, and go with the root.

        Raises:
            UnavailableError: The key store cannot be written.
        """
        # A rotation that is at this key must not put it back.
        with self._one_writer(), self._lock:
            self._cache.pop(key_id, None)
            self._loaded.pop(key_id, None)
            try:
                for name in (key_id + _UNDER, key_id):
                    self._draft(name).unlink(missing_ok=True)
                self._file(key_id + _UNDER).unlink(missing_ok=True)
                self._file(key_id).unlink()
            except FileNotFoundError:
                return
            except OSError as error:
                raise UnavailableError(
                    "a key cannot be destroyed",
                    code=Code.KEY_UNAVAILABLE,
                    hint="the keeper's user has to own the key store",
                ) from error
            self._sync_folder()
        forget_ciphers()

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
        sealed = self._seal(name, facts)
        with self._one_writer():
            self._write(name, sealed)

    def recall(self, name: str) -> dict[str, str] | None:
        """Recall what ``keep`` remembered, if anything.

        Raises:
            UnavailableError: It does not unwrap.
        """
        return self._recall(name) if self._file(name).exists() else None

    def keep_under(self, key_id: str, facts: Mapping[str, str]) -> None:
        """Remember secrets that end with a key: without it nothing opens them."""
        name = key_id + _UNDER
        sealed = seal_facts(facts, key=self.get(key_id), name=name)
        with self._one_writer():
            self._write(name, sealed)

    def recall_under(self, key_id: str) -> dict[str, str] | None:
        """Recall what ``keep_under`` remembered, if anything.

        Raises:
            UnavailableError: It does not open, or the key is gone.
        """
        name = key_id + _UNDER
        if not self._file(name).exists():
            return None
        return open_facts(self._read(name), key=self.get(key_id), name=name)

    def use_under(
        self, key_id: str, load: Callable[[Mapping[str, str]], _Loaded]
    ) -> _Loaded:
        """Give what ``load`` makes of the secrets under a key; it is made once.

        Raises:
            UnavailableError: There are none, or they do not open.
        """
        loaded: _Loaded | None = self._loaded.get(key_id)
        if loaded is None:
            facts = self.recall_under(key_id)
            if facts is None:
                raise UnavailableError(
                    "a key is not in the key store", code=Code.KEY_UNAVAILABLE
                )
            loaded = load(facts)
            with self._lock:
                if self._file(key_id).exists():  # or it is just being destroyed
                    self._loaded[key_id] = loaded
        return loaded

    def pinned(self) -> dict[str, str]:
        """Read what ``pin`` wrote.

        Raises:
            UnavailableError: The instance was never initialised.
        """
        return self._recall("pin")

    def attestation_roots(self) -> list[bytes]:
        """Read the certificates (PEM) of makers this instance trusts."""
        return list(self.makers().values())

    def makers(self) -> dict[str, bytes]:
        """Read them by the name of their file."""
        files = sorted((self._path / _MAKERS).glob("*.pem"))
        return {path.name: path.read_bytes() for path in files}

    def write_mark(self, mark: Mark) -> None:
        """Remember the ledger's length; it never shrinks. Written over, not synced.

        Two files take turns, so one that a power cut tore leaves the other; a rename
        would wait for the disk, at every entry of the ledger. A mark
        that was lost makes the check weaker by the entries since; the ledger itself
        is synced before it counts.
        """
        self.create(FACTS_KEY)  # while nobody holds the folder
        with self._one_writer():
            known = self._marks()
            if mark.size > max((each.size for each in known.values()), default=0):
                facts = {"size": str(mark.size), "root": mark.root.hex()}
                name = min(_MARKS, key=lambda n: known[n].size if n in known else 0)
                self._write_over(name, self._seal(name, facts))

    def reset_mark(self, mark: Mark) -> None:
        """Remember another length in both files: two custodians gave up the old one.

        Dies it in between, the old one counts, and the ledger says that it is given up.
        """
        facts = {"size": str(mark.size), "root": mark.root.hex()}
        self.create(FACTS_KEY)  # while nobody holds the folder
        with self._one_writer():
            for name in _MARKS:
                self._write(name, self._seal(name, facts))

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
            if not self._file(name).exists():
                continue
            try:
                facts = self._recall(name)
            except WrongKeyError:  # torn
                continue
            marks[name] = Mark(int(facts["size"]), bytes.fromhex(facts["root"]))
        return marks

    def _recall(self, name: str) -> dict[str, str]:
        data = self._read(name)
        if is_sealed(data):
            return open_facts(data, key=self.get(FACTS_KEY), name=name)
        return read_facts(self._unwrap(name, data))

    def _unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """Unwrap; a rotation may end between reading the key and reading its root."""
        try:
            return self._provider.unwrap(wrapped, key_id=key_id)
        except UnavailableError:
            if (again := self._read(key_id)) == wrapped:
                raise
            return self._unwrap(key_id, again)

    def _seal(self, name: str, facts: dict[str, str]) -> bytes:
        self.create(FACTS_KEY)
        return seal_facts(facts, key=self.get(FACTS_KEY), name=name)

    def health(self) -> None:
        """Raise ``UnavailableError`` unless the provider works now."""
        self._provider.health()

    # --- what a rotation or a copy of the whole store does ---

    def key_ids(self) -> list[str]:
        """Name everything that is wrapped or sealed here, sorted; clear drafts away.

        Whoever is making a key is waited for: it may not know yet what has changed.
        """
        with self._one_writer():
            for draft in self._path.glob(f"*{DRAFT}"):
                draft.unlink()  # a crash left it, and it may hold a key
            roots = set(self._path.glob(_ROOTS))
            files = set(self._path.glob(f"*{SUFFIX}")) - roots
            return sorted(path.name.removesuffix(SUFFIX) for path in files)

    def count_keys(self) -> int:
        """Count the keys, without what else the store remembers."""
        return sum(1 for _ in self._wrapped())

    def rewrap(self, key_id: str, newest: KeyProvider) -> bool:
        """Wrap one key under the newest root; tell whether it was not yet.

        Whoever reads meanwhile finds the one or the other. A key that was destroyed
        in between stays destroyed.

        Raises:
            UnavailableError: A provider does not answer, or the key does not unwrap.
        """
        before = self._read_if_there(key_id)
        if before is None or is_sealed(before):
            return False
        with suppress(WrongKeyError):
            newest.unwrap(before, key_id=key_id)
            return False
        opened = self._provider.unwrap(before, key_id=key_id)
        if len(opened) == KEY_BYTES:
            after = newest.wrap(opened, key_id=key_id)
            if newest.unwrap(after, key_id=key_id) != opened:
                raise WrongKeyError
        else:  # facts of an older store
            after = self._seal(key_id, read_facts(opened))
        with self._one_writer():
            if self._file(key_id).exists() and self._read(key_id) == before:
                self._write(key_id, after)
        return True

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let nobody make, wrap or destroy a key meanwhile."""
        with self._one_writer():
            yield

    def export(self) -> dict[str, bytes]:
        """Give every key in the clear, for a copy that leaves sealed."""
        return {key_id: self._unwrap(key_id, data) for key_id, data in self._wrapped()}

    def put_back(self, key_id: str, key: bytes) -> None:
        """Wrap a key that came back from a copy, unless there is one.

        Raises:
            ConflictError: There is another one under this name.
        """
        with self._one_writer():
            if not self._file(key_id).exists():
                self._put(key_id, key)
        self.require_same(key_id, key)

    def require_same(self, key_id: str, key: bytes) -> None:
        """Require that a key is the one a copy holds.

        Raises:
            ConflictError: There is another one under this name.
        """
        if self.get(key_id) != key:
            raise ConflictError(
                "there is another key of this name in the key store",
                code=Code.ALREADY_EXISTS,
                hint="move the folder of the key store away first",
            )

    def export_private(self) -> dict[str, bytes]:
        """Give what is sealed under keys, as it lies, by the names of the keys."""
        with self._one_writer():
            files = sorted(self._path.glob(f"*{_UNDER}{SUFFIX}"))
            return {p.name.removesuffix(_UNDER + SUFFIX): p.read_bytes() for p in files}

    def put_back_private(self, key_id: str, data: bytes) -> None:
        """Put back what is sealed under a key, unless there is something already."""
        name = Path(key_id).name + _UNDER
        with self._one_writer():
            if not self._file(name).exists():
                self._write(name, data)

    def put_back_maker(self, name: str, certificate: bytes) -> None:
        """Put a maker's certificate back, unless there is one of this name."""
        folder = self._path / _MAKERS
        folder.mkdir(mode=0o700, exist_ok=True)
        if not (folder / Path(name).name).exists():
            (folder / Path(name).name).write_bytes(certificate)

    def _wrapped(self) -> Iterator[tuple[str, bytes]]:
        """Read each key as it lies; one that is destroyed meanwhile is left out."""
        for key_id in self.key_ids():
            data = self._read_if_there(key_id)
            if data is not None and not is_sealed(data):
                yield key_id, data

    def _read_if_there(self, key_id: str) -> bytes | None:
        try:
            return self._read(key_id)
        except UnavailableError:
            if self._file(key_id).exists():
                raise
            return None

    def _put(self, key_id: str, key: bytes) -> None:
        self._write(key_id, self._provider.wrap(key, key_id=key_id))
