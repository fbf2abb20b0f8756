"""Rows of a list with several keys: sealed under the newest, opened under each held."""

import pytest

from listkeep.core.errors import UnavailableError, VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.held_keys import list_key
from listkeep.core.sealing import SealedRow, read_key_number, read_row_version
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.release.opening import Opener
from listkeep.keeper.release.resealing import reseal_rows
from tests.keeper.world import Rows, World, batch_of


def renew(world: World, list_id: str) -> int:
    """Begin the next key of a list, a day after the last one."""
    world.wait(days=1)
    with world.gate.turn(world.now) as turn:
        number = turn.registry.lists[list_id].newest_key + 1
        turn.store.create(list_key(list_id, number))
        dock = world.service("dock").id
        fields = {"key": str(number), "principal": dock, "request": ""}
        turn.append(Event.KEY_RENEWED, fields, list_id=list_id)
    return number


def destroy(world: World, list_id: str, number: int) -> None:
    world.wait(days=1)
    with world.gate.turn(world.now) as turn:
        fields = {"key": str(number), "rows": "0"}
        turn.append(Event.KEY_DESTROYED, fields, list_id=list_id)


def reseal(world: World, rows: Rows, *, without: tuple[bytes, ...] = ()) -> Rows:
    """Reseal a list's rows; those that did not open are left out."""
    found = world.registry.lists[rows.list_id]
    sealed = reseal_rows(
        world.gate.store,
        found,
        rows.whole(),
        find_gone=lambda _: without,
    )
    again = world.rows_of(rows.list_id, rows.addresses, sealed)
    again.sealed = [row for row in again.sealed if row.sealed]
    return again


def open_all(world: World, rows: Rows) -> list[str]:
    opener = Opener(world.gate.store, world.registry.lists[rows.list_id])
    return [opener.open(row).address for row in rows.sealed]


def test_rows_are_sealed_under_the_newest_key(world: World) -> None:
    first = world.list_with_rows()
    renew(world, first.list_id)

    ticket = world.start_import("ada", first.list_id).ticket
    sealed = world.seal(ticket, ["late@example.com"])

    assert {read_key_number(row.sealed) for row in first.sealed} == {0}
    assert {read_key_number(seal) for seal in sealed.sealed} == {1}


def test_rows_open_under_every_key_that_is_held(world: World) -> None:
    rows = world.list_with_rows()
    renew(world, rows.list_id)
    again = reseal(world, rows)

    assert open_all(world, rows) == rows.addresses
    assert open_all(world, again) == rows.addresses


def test_a_resealed_row_keeps_its_token_and_facets_in_a_batch_of_its_own(
    world: World,
) -> None:
    rows = world.list_with_rows()
    number = renew(world, rows.list_id)
    world.wait(days=1)

    again = reseal(world, rows)

    assert [row.token for row in again.sealed] == [row.token for row in rows.sealed]
    assert {read_key_number(row.sealed) for row in again.sealed} == {number}
    assert again.sealed[0].batch_id != rows.sealed[0].batch_id


def test_a_resealed_row_keeps_its_version_unless_it_is_given_another(
    world: World,
) -> None:
    first = world.list_with_rows()
    world.wait(days=1)
    ticket = world.start_import("ada", first.list_id).ticket
    late = world.rows_of(
        first.list_id, ["late@example.com"], world.seal(ticket, ["late@example.com"])
    )
    mixed = Rows(
        first.list_id,
        [*first.addresses, *late.addresses],
        [*first.sealed, *late.sealed],
    )
    renew(world, first.list_id)
    world.wait(days=1)
    found = world.registry.lists[first.list_id]

    kept = reseal(world, mixed)
    given = reseal_rows(world.gate.store, found, mixed.whole(), row_version=7)

    before = [read_row_version(row.sealed) for row in mixed.sealed]
    assert len(set(before)) == 2
    assert [read_row_version(row.sealed) for row in kept.sealed] == before
    assert open_all(world, kept) == mixed.addresses
    assert {read_row_version(seal) for seal in given.sealed} == {7}


def test_rows_that_do_not_open_are_named_by_their_position(world: World) -> None:
    rows = world.list_with_rows(4)
    renew(world, rows.list_id)
    ada, ben, *others = rows.sealed
    swapped = [ada._replace(sealed=ben.sealed), ben, *others]
    found = world.registry.lists[rows.list_id]

    sealed = reseal_rows(
        world.gate.store,
        found,
        batch_of(swapped),
        find_gone=lambda _: {others[0].token},
    )

    assert [bool(seal) for seal in sealed.sealed] == [False, True, False, True]
    tokens = [sealed.tokens[at : at + 16] for at in range(0, 64, 16)]
    assert tokens == [bytes(16), ben.token, bytes(16), others[1].token]


def test_a_row_of_another_list_is_not_resealed(world: World) -> None:
    rows, other = world.list_with_rows(), world.list_with_rows(name="autumn")
    renew(world, rows.list_id)

    assert reseal(world, Rows(rows.list_id, other.addresses, other.sealed)).sealed == []


def test_a_row_under_a_destroyed_key_does_not_open_and_one_is_told_why(
    world: World,
) -> None:
    rows = world.list_with_rows()
    renew(world, rows.list_id)
    again = reseal(world, rows)
    destroy(world, rows.list_id, 0)

    assert open_all(world, again) == rows.addresses
    with pytest.raises(VerificationError, match="does not hold") as shut:
        open_all(world, rows)
    assert "destroyed" in shut.value.hint
    assert reseal(world, rows).sealed == []


def test_a_number_the_list_never_had_opens_nothing(world: World) -> None:
    rows = world.list_with_rows(1)
    row: SealedRow = rows.sealed[0]
    planted = row._replace(sealed=b"\x02\x00\x07" + row.sealed[3:])

    with pytest.raises(VerificationError, match="does not hold"):
        open_all(world, Rows(rows.list_id, rows.addresses, [planted]))


def test_a_destroyed_key_is_gone_from_disk_and_memory(world: World) -> None:
    rows = world.list_with_rows()
    renew(world, rows.list_id)
    open_all(world, rows)
    destroy(world, rows.list_id, 0)

    assert not (world.home / "keys" / f"list-{rows.list_id}.key").exists()
    with pytest.raises(UnavailableError):
        world.gate.store.get(list_key(rows.list_id))


def test_another_process_forgets_a_destroyed_key_when_it_reads_of_it(
    world: World,
) -> None:
    rows = world.list_with_rows()
    renew(world, rows.list_id)
    open_all(world, rows)
    other = Gate(open_store())
    other.store.get(list_key(rows.list_id))
    destroy(world, rows.list_id, 0)

    with other.view(world.now) as registry:
        assert registry.lists[rows.list_id].newest_key == 1
    with pytest.raises(UnavailableError):
        other.store.get(list_key(rows.list_id))


def test_a_destroyed_key_that_comes_back_with_an_old_key_store_goes_again(
    world: World,
) -> None:
    rows = world.list_with_rows()
    path = world.home / "keys" / f"list-{rows.list_id}.key"
    old = path.read_bytes()
    renew(world, rows.list_id)
    destroy(world, rows.list_id, 0)
    path.write_bytes(old)

    world.restart()

    assert not path.exists()
