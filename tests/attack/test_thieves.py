"""Every foothold of the demo, on a live instance, each with a control that works."""

import pytest

from listkeep.core.grants import Budget
from listkeep.drill.breach import Stolen, count_revealed
from listkeep.drill.intruders import abuse_insider, steal_app_key, steal_session
from listkeep.drill.loot import Loot
from listkeep.drill.scene import browse, call
from listkeep.drill.thieves import steal_database, steal_dock_disk
from listkeep.keeper.keys import FileProvider, KeyStore

from .conftest import World


def test_a_thief_with_all_databases_and_logs_gets_no_address(world: World) -> None:
    loot = steal_database(world.scene())

    assert loot.found == set()
    assert loot.bytes > 500_000, "the thief did not look at much"


def test_a_thief_with_the_docks_disk_and_its_key_gets_no_address(world: World) -> None:
    loot = steal_dock_disk(world.scene())

    assert loot.found == set()
    assert not [each for each in loot.attempts if "answered" in each]
    assert [each for each in loot.attempts if "refused" in each]


def test_a_stolen_session_reads_tokens_and_no_address(world: World) -> None:
    world.stage.sign_in("amir")
    loot = steal_session(world.scene(), world.stage.carried["amir"])

    assert loot.found == set()
    assert "GET /v1/lists/newsletter/tokens: 200" in loot.attempts
    assert "POST /v1/lists/newsletter/sealed: 200" in loot.attempts
    assert "keeper refused: not-signed-in" in loot.attempts, "it left its service"
    assert "look-up of guesses: budget spent" in loot.attempts


def test_a_stolen_app_key_reads_tokens_and_tests_no_guess(world: World) -> None:
    loot = steal_app_key(world.scene(), world.app_key)

    assert loot.found == set()
    assert "GET /v1/lists/newsletter/tokens: 200" in loot.attempts
    assert "POST /v1/lists/newsletter/look-up: 403" in loot.attempts
    assert "POST /v1/lists/newsletter/look-up: 200" not in loot.attempts
    assert "POST /v1/lists/newsletter/imports: 403" in loot.attempts


def test_a_stolen_intake_key_reads_no_token_and_no_size(world: World) -> None:
    key = world.stage.add_service("collector", kind="intake", by=("ada", "amir"))
    scene = world.scene()
    loot = scene.loot()

    with browse(scene, key) as http:
        for part in ("", "/tokens", "/count", "/facets", "/sample", "/history"):
            call(loot, http, "GET", f"lists/{scene.list_name}{part}")
        assert call(
            loot, http, "POST", f"lists/{scene.list_name}/imports", format="csv"
        )

    *read, added = loot.attempts
    assert [each.rpartition(": ")[2] for each in read] == ["403"] * 6
    assert added.endswith(": 201")


def test_a_greedy_insider_gets_the_budget_and_each_row_is_recorded(
    world: World,
) -> None:
    stage = world.stage
    stolen = Stolen(
        session="",
        app_key="",
        insider=stage.people["ivan"],
        insider_direct=stage.direct["ivan"],
        insider_carried=stage.carried["ivan"],
    )

    loot = abuse_insider(
        world.scene(),
        stolen.insider,
        direct=stolen.insider_direct,
        carried=stolen.insider_carried,
    )

    assert 0 < len(loot.found) <= Budget().reveals
    recorded = count_revealed(
        world.keeper, stage.direct["ada"], person=stolen.insider.person
    )
    assert recorded >= len(loot.found)
    assert any("self-approval" in each for each in loot.attempts)
    assert "POST /v1/exports: 403" in loot.attempts


@pytest.mark.parametrize("where", ["dock.sqlite3", "log/dock.log"])
def test_the_search_would_have_found_an_address_left_behind(
    world: World, where: str
) -> None:
    loot = Loot(world.audience.planted_addresses, "zq7mark")
    data = (world.home / where).read_bytes()
    loot.take(data + world.audience.planted_addresses[3].encode() + data[:100])

    assert loot.found == {world.audience.planted_addresses[3]}


def test_a_thief_who_finds_the_index_key_in_a_log_confirms_every_guess(
    world: World,
) -> None:
    """The control: were the key store's content on the disk, the drill would say so."""
    keys = world.home / "keys"
    store = KeyStore(keys, FileProvider(keys / "root.key"))
    (name,) = [
        path.stem
        for path in keys.glob("index-*.key")
        if path.stem.endswith(_tenant_of(world))
    ]
    leak = world.home / "log" / "leak.log"
    leak.write_text(f"debug: key={store.get(name).hex()}\n")
    try:
        loot = steal_database(world.scene())
    finally:
        leak.unlink()

    assert loot.found == set(world.audience.planted_addresses)
    assert "key-like string: opened" in loot.attempts


def _tenant_of(world: World) -> str:
    with world.dock("ada") as dock:
        return dock.show_list("newsletter").tenant
