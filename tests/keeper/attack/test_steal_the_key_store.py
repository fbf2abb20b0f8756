"""Eve has a copy of the key store, or writes to it; the root is elsewhere."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.keeper.gate.endpoint import open_roots, open_store
from listkeep.keeper.keys import FileProvider, KeyStore
from tests.keeper.providers import Stand, stand
from tests.keeper.world import Rows, World


@pytest.fixture(params=["pkcs11", "aws-kms"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stand]:
    with stand(str(request.param), tmp_path / "stand", monkeypatch) as found:
        yield found


def settle(world: World, place: Stand) -> None:
    """Begin an instance whose root was never anywhere but in its provider."""
    lines = "".join(f'{key} = "{value}"\n' for key, value in place.section().items())
    world.home.mkdir()
    (world.home / "keeper.toml").write_text(f"[root]\n{lines}")
    world.enter()
    world.found()
    world.populate()


def reveal_works(world: World, rows: Rows) -> bool:
    view, _device = world.ask_reveal("ben", rows, 0)
    answer = world.reveal("ben", view, rows.batch(0))
    return bool(answer)


def test_a_copy_of_the_keys_without_the_provider_opens_nothing(
    empty: World, place: Stand
) -> None:
    settle(empty, place)
    rows = empty.list_with_rows()
    assert not list((empty.home / "keys").glob("root*"))
    assert reveal_works(empty, rows)

    place.take_away()
    try:
        # All that Eve has, on her machine: keys, databases and settings.
        for key_id in open_store().key_ids():
            with pytest.raises(UnavailableError):
                open_store().get(key_id)
        with pytest.raises(ListkeepError) as refusal:
            empty.restart()
        assert refusal.value.code is Code.KEY_UNAVAILABLE
        # With a root of her own instead.
        FileProvider.create(empty.home / "keys" / "root.key")
        own = KeyStore(
            empty.home / "keys", FileProvider(empty.home / "keys" / "root.key")
        )
        for key_id in own.key_ids():
            with pytest.raises(UnavailableError):
                own.get(key_id)
    finally:
        place.bring_back()
    empty.restart()
    assert reveal_works(empty, rows)


def test_an_edited_key_does_not_unwrap(world: World) -> None:
    rows = world.list_with_rows()
    path = world.home / "keys" / f"list-{rows.list_id}.key"
    wrapped = bytearray(path.read_bytes())
    for position in (0, 11, 12, len(wrapped) - 1):
        spoilt = bytearray(wrapped)
        spoilt[position] ^= 1
        path.write_bytes(spoilt)
        with pytest.raises(UnavailableError):
            open_store().get(f"list-{rows.list_id}")


def test_a_key_renamed_as_another_lists_does_not_unwrap(world: World) -> None:
    """Else rows of one list could be sealed under a key Eve's own list uses."""
    ours, theirs = world.list_with_rows(), world.list_with_rows(name="other")
    keys = world.home / "keys"
    shutil.copy(keys / f"list-{theirs.list_id}.key", keys / f"list-{ours.list_id}.key")
    world.restart()

    view, _ = world.ask_reveal("ben", ours, 0)
    with pytest.raises(UnavailableError):
        world.reveal("ben", view, ours.batch(0))
    assert open_roots().kinds() == ("file",)
