from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from listkeep.core.canonical import encode
from listkeep.core.errors import ConflictError, UnavailableError
from listkeep.keeper.keys import FileProvider, KeyStore, Mark
from listkeep.keeper.keys.provider import away


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.key"
    FileProvider.create(path)
    return path


@pytest.fixture
def store(tmp_path: Path, root: Path) -> KeyStore:
    return KeyStore(tmp_path, FileProvider(root))


def test_a_root_is_made_once_and_for_its_owner_only(root: Path) -> None:
    assert root.stat().st_mode & 0o777 == 0o600
    before = root.read_bytes()

    with pytest.raises(ConflictError):
        FileProvider.create(root)
    assert root.read_bytes() == before
    FileProvider(root).health()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_root_that_others_can_read_is_not_used(root: Path, mode: int) -> None:
    root.chmod(mode)

    with pytest.raises(UnavailableError):
        FileProvider(root)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_root_is_not_used(root: Path, content: bytes) -> None:
    root.write_bytes(content)

    with pytest.raises(UnavailableError):
        FileProvider(root)


def test_a_missing_root_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        FileProvider(tmp_path / "nothing.key")


def test_a_key_is_the_same_after_a_restart_and_never_made_twice(
    tmp_path: Path, root: Path, store: KeyStore
) -> None:
    store.create("list-l_one")
    key = store.get("list-l_one")
    store.create("list-l_one")

    again = KeyStore(tmp_path, FileProvider(root))
    assert again.get("list-l_one") == key
    assert key not in (tmp_path / "list-l_one.key").read_bytes()
    assert (tmp_path / "list-l_one.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_bound_to_its_name(tmp_path: Path, store: KeyStore) -> None:
    store.create("list-l_one")
    (tmp_path / "list-l_one.key").rename(tmp_path / "list-l_two.key")

    for name in ("list-l_two", "list-l_one"):
        with pytest.raises(UnavailableError):
            store.get(name)


@pytest.mark.parametrize("spoil", [b"", b"x", b"x" * 60])
def test_a_damaged_key_does_not_unwrap(
    tmp_path: Path, store: KeyStore, spoil: bytes
) -> None:
    store.create("list-l_one")
    (tmp_path / "list-l_one.key").write_bytes(spoil)

    with pytest.raises(UnavailableError):
        store.get("list-l_one")


def test_a_key_store_of_another_root_does_not_unwrap(
    tmp_path: Path, store: KeyStore
) -> None:
    store.create("list-l_one")
    (tmp_path / "root.key").unlink()
    FileProvider.create(tmp_path / "root.key")

    other = KeyStore(tmp_path, FileProvider(tmp_path / "root.key"))
    with pytest.raises(UnavailableError):
        other.get("list-l_one")


def test_a_mark_never_shrinks(tmp_path: Path, root: Path, store: KeyStore) -> None:
    store.write_mark(Mark(7, b"\x07" * 32))
    store.write_mark(Mark(3, b"\x03" * 32))

    again = KeyStore(tmp_path, FileProvider(root))
    assert again.read_mark() == Mark(7, b"\x07" * 32)
    again.write_mark(Mark(6, b"\x06" * 32))
    assert again.read_mark() == Mark(7, b"\x07" * 32)


def test_a_mark_never_shrinks_whoever_else_writes_one(
    tmp_path: Path, root: Path
) -> None:
    """Each keeper of one instance has a store of its own over the same files."""
    stores = [KeyStore(tmp_path, FileProvider(root)) for _ in range(8)]
    written: list[int] = []

    def write(number: int) -> None:
        for size in range(number + 1, 200, 8):
            stores[number].write_mark(Mark(size, bytes(32)))
            written.append(size)
            newest = max(written)
            assert stores[number].read_mark().size >= newest

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write, number) for number in range(8)]:
            done.result()

    assert stores[0].read_mark().size == 199
    assert {path.name for path in tmp_path.iterdir()} == {
        *("root.key", "facts.key", "mark-0.key", "mark-1.key")
    }


@pytest.mark.parametrize("left", [0, 1, 40])
def test_a_torn_mark_leaves_the_one_before_it(
    left: int, tmp_path: Path, store: KeyStore
) -> None:
    for size in (1, 2, 3):
        store.write_mark(Mark(size, bytes([size]) * 32))
    newest = max(store._marks().items(), key=lambda each: each[1].size)[0]
    file = tmp_path / f"{newest}.key"
    file.write_bytes(file.read_bytes()[:left])

    assert store.read_mark() == Mark(2, b"\x02" * 32)
    store.write_mark(Mark(4, b"\x04" * 32))
    assert store.read_mark() == Mark(4, b"\x04" * 32)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_store_that_lost_its_marks_says_so(store: KeyStore) -> None:
    assert not store.was_written()
    with pytest.raises(UnavailableError):
        store.read_mark()
    store.write_mark(Mark(1, bytes(32)))
    assert store.was_written()


def test_an_instance_that_never_began_has_no_pin(store: KeyStore) -> None:
    with pytest.raises(UnavailableError):
        store.pinned()
    store.pin({"genesis": "00"})
    assert store.pinned() == {"genesis": "00"}


def test_a_signature_is_by_the_named_key(store: KeyStore) -> None:

    store.create("ledger")
    public = Ed25519PublicKey.from_public_bytes(store.public_key("ledger"))

    public.verify(store.sign("ledger", b"text"), b"text")


def test_what_an_older_version_remembered_is_still_known(
    tmp_path: Path, root: Path
) -> None:
    """Before, facts were wrapped by the provider, as keys are."""
    provider = FileProvider(root)
    for name, facts in {
        "pin": {"genesis": "00"},
        "mark-0": {"size": "6", "root": "06" * 32},
        "mark-1": {"size": "7", "root": "07" * 32},
    }.items():
        wrapped = provider.wrap(encode(facts), key_id=name)
        (tmp_path / f"{name}.key").write_bytes(wrapped)
    store = KeyStore(tmp_path, provider)

    assert store.pinned() == {"genesis": "00"}
    assert store.read_mark() == Mark(7, b"\x07" * 32)
    store.write_mark(Mark(8, b"\x08" * 32))
    assert store.read_mark() == Mark(8, b"\x08" * 32)
    (tmp_path / "mark-0.key").unlink()
    assert store.read_mark() == Mark(7, b"\x07" * 32)


class Moody:
    """A provider that counts its calls, and can be away."""

    def __init__(self, root: Path) -> None:
        self._inner = FileProvider(root)
        self.calls = 0
        self.is_away = False

    def _ask(self) -> FileProvider:
        self.calls += 1
        if self.is_away:
            raise away("nobody answers", "wait")
        return self._inner

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        return self._ask().wrap(key, key_id=key_id)

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        return self._ask().unwrap(wrapped, key_id=key_id)

    def health(self) -> None:
        self._ask().health()


def test_what_is_in_use_goes_on_while_the_provider_is_away(
    tmp_path: Path, root: Path
) -> None:
    provider = Moody(root)
    store = KeyStore(tmp_path, provider)
    for name in ("ledger", "list-l_one", "list-l_two"):
        store.create(name)
    used = store.get("list-l_one"), store.sign("ledger", b"text")
    store.write_mark(Mark(1, bytes(32)))
    provider.is_away, provider.calls = True, 0

    assert (store.get("list-l_one"), store.sign("ledger", b"text")) == used
    store.write_mark(Mark(2, bytes(32)))
    assert store.read_mark().size == 2
    assert provider.calls == 0
    for act in (lambda: store.get("list-l_two"), lambda: store.create("list-l_new")):
        with pytest.raises(UnavailableError, match="nobody answers"):
            act()
    assert "list-l_new" not in store.key_ids()

    provider.is_away = False
    assert len(store.get("list-l_two")) == 32


def test_a_provider_that_is_away_is_no_store_without_marks(
    tmp_path: Path, root: Path
) -> None:
    """Else an instance could be begun over another whose token is unplugged."""
    provider = Moody(root)
    KeyStore(tmp_path, provider).write_mark(Mark(1, bytes(32)))
    provider.is_away = True

    for act in (
        KeyStore(tmp_path, provider).was_written,
        KeyStore(tmp_path, provider).read_mark,
    ):
        with pytest.raises(UnavailableError, match="nobody answers"):
            act()


def test_a_key_that_cannot_be_destroyed_is_not_said_to_be(
    tmp_path: Path, store: KeyStore
) -> None:
    """Nobody may go on as if what is under it could not be opened any more."""
    store.create("list")
    (tmp_path / "list.key").unlink()
    (tmp_path / "list.key").mkdir()

    with pytest.raises(UnavailableError, match="cannot be destroyed"):
        store.destroy("list")


def test_further_keys_of_a_name_are_found_by_their_numbers(store: KeyStore) -> None:
    for name in ("list-l_a", "list-l_a.1", "list-l_a.12", "list-l_ab.3", "list-l_a.x"):
        store.create(name)

    assert store.numbers("list-l_a") == [1, 12]
    assert store.numbers("list-l_nobody") == []
    assert store.has("list-l_a")
    assert not store.has("list-l_a.2")
