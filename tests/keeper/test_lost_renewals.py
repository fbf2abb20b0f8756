"""The end of the ledger that is lost held a renewal or a shred: the keys know better.

What was destroyed does not come back, and no row becomes unreadable without a word of
what to do about it.
"""

import pytest

from listkeep.core.errors import ListkeepError, UnavailableError, VerificationError
from listkeep.core.registry.held_keys import index_key, list_key
from tests.keeper.instance import ACME, refusal
from tests.keeper.losing import copy_database, put_back, recover
from tests.keeper.renewing import Renewing, renew_index_key
from tests.keeper.world import Rows, World


@pytest.fixture
def late(world: World) -> Renewing:
    """A world a month later, with a list of five."""
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    renewing.wait(days=30)
    return renewing


def renewed(late: Renewing, rows: Rows) -> Rows:
    """Renew the key, seal these rows anew, and let a day pass."""
    late.renew(rows.list_id)
    again = late.reseal(rows)
    late.wait(days=1)
    return again


def lose(late: Renewing, copy: World) -> None:
    """Put the copy back, and go on from there as two custodians sign for."""
    put_back(late, copy)
    recover(late)


def keys_there(late: Renewing, name: str) -> set[str]:
    return {path.stem for path in (late.home / "keys").glob(f"{name}*.key")}


def key_names(late: Renewing, *numbers: int) -> set[str]:
    return {list_key(late.rows.list_id, number) for number in numbers}


def list_keys_there(late: Renewing) -> set[str]:
    return keys_there(late, list_key(late.rows.list_id))


def shred(late: Renewing) -> None:
    view = late.ask("ada", "list.shred", {"id": late.rows.list_id})
    late.sign("amir", view, "approve")


def close(late: Renewing) -> None:
    view = late.ask("ada", "tenant.close", {"id": ACME})
    late.sign("amir", view, "approve")
    late.wait(days=7)
    late.sweep()


# --- an older key was destroyed -------------------------------------------------------


def test_a_key_that_was_destroyed_stays_so_and_what_is_newer_opens(
    late: Renewing,
) -> None:
    again = renewed(late, late.rows)
    copy = copy_database(late)
    late.destroy(late.rows.list_id, again.sealed)
    lose(late, copy)

    assert late.numbers(late.rows.list_id) == [0, 1], "as the older ledger has it"
    assert late.open_rows(again) == late.rows.addresses
    with pytest.raises(VerificationError, match="does not hold"):
        late.open_rows(late.rows)
    assert list_keys_there(late) == key_names(late, 1)


def test_that_it_was_destroyed_is_recorded_anew(late: Renewing) -> None:
    again = renewed(late, late.rows)
    copy = copy_database(late)
    late.destroy(late.rows.list_id, again.sealed)
    lose(late, copy)

    assert refusal(late.destroy, late.rows.list_id, again.sealed[1:]) == "count-differs"
    late.destroy(late.rows.list_id, again.sealed)

    assert late.numbers(late.rows.list_id) == [1]
    assert late.newest("key.destroyed")["rows"] == "5"


# --- a key was begun ------------------------------------------------------------------


def test_rows_under_a_key_whose_renewal_was_lost_are_refused_with_a_way_out(
    late: Renewing,
) -> None:
    copy = copy_database(late)
    again = renewed(late, late.rows)
    lose(late, copy)

    assert late.open_rows(late.rows) == late.rows.addresses
    with pytest.raises(VerificationError, match="ledger does not know") as caught:
        late.open_rows(again)
    assert "listkeep keys renew news" in caught.value.hint


def test_the_next_renewal_takes_that_key_up(late: Renewing) -> None:
    copy = copy_database(late)
    again = renewed(late, late.rows)
    before = late.gate.store.get(list_key(late.rows.list_id, 1))
    lose(late, copy)

    late.ask("ada", "keys.renew", {"id": late.rows.list_id})

    assert late.numbers(late.rows.list_id) == [0, 1]
    assert late.gate.store.get(list_key(late.rows.list_id, 1)) == before
    assert late.open_rows(again) == late.rows.addresses
    assert late.open_rows(late.rows) == late.rows.addresses


def test_a_whole_renewal_that_was_lost_is_taken_up_and_its_old_key_stays_gone(
    late: Renewing,
) -> None:
    copy = copy_database(late)
    again = renewed(late, late.rows)
    late.destroy(late.rows.list_id, again.sealed)
    lose(late, copy)

    with pytest.raises(UnavailableError, match="was destroyed") as caught:
        late.open_rows(again)
    assert "listkeep keys renew news" in caught.value.hint
    late.renew(late.rows.list_id)
    assert late.open_rows(again) == late.rows.addresses
    with pytest.raises(VerificationError, match="does not hold"):
        late.open_rows(late.rows)
    late.wait(days=1)
    late.destroy(late.rows.list_id, again.sealed)
    assert late.numbers(late.rows.list_id) == [1]
    assert list_keys_there(late) == key_names(late, 1)


def test_two_renewals_that_were_lost_are_taken_up_at_once(late: Renewing) -> None:
    """The second goes on: some rows are under the one key, some under the other."""
    copy = copy_database(late)
    first = renewed(late, late.rows)
    late.destroy(late.rows.list_id, first.sealed)
    late.wait(days=30)
    second = renewed(late, first)
    mixed = Rows(
        first.list_id, first.addresses, [*first.sealed[:2], *second.sealed[2:]]
    )
    lose(late, copy)

    late.renew(late.rows.list_id)

    assert late.numbers(late.rows.list_id) == [0, 1, 2]
    assert late.newest("key.renewed")["key"] == "2"
    assert late.open_rows(mixed) == late.rows.addresses
    with pytest.raises(VerificationError, match="does not hold"):
        late.open_rows(late.rows)
    whole = late.reseal(mixed)
    late.wait(days=1)
    late.destroy(late.rows.list_id, whole.sealed)
    assert late.numbers(late.rows.list_id) == [2]
    assert list_keys_there(late) == key_names(late, 2)
    late.restart()
    assert late.open_rows(whole) == late.rows.addresses


# --- a list was shredded, a tenant closed ---------------------------------------------


def test_a_list_that_was_shredded_gets_no_other_key(late: Renewing) -> None:
    copy = copy_database(late)
    shred(late)
    lose(late, copy)
    late.wait(days=2)
    ticket = late.start_import("ben", late.rows.list_id).ticket

    for act in (
        lambda: late.open_rows(late.rows),
        lambda: late.renew(late.rows.list_id),
        lambda: late.ask("ada", "keys.renew", {"id": late.rows.list_id}),
        lambda: late.seal(ticket, ["new@example.com"]),
    ):
        with pytest.raises(ListkeepError) as caught:
            act()
        assert caught.value.code.value == "key-unavailable"
        assert "shred it again" in caught.value.hint
    assert list_keys_there(late) == set()


def test_it_can_be_shredded_again(late: Renewing) -> None:
    copy = copy_database(late)
    shred(late)
    lose(late, copy)

    shred(late)

    assert late.rows.list_id not in late.registry.lists
    late.restart()


def test_a_key_that_the_ledger_does_not_know_goes_with_its_list(
    late: Renewing,
) -> None:
    copy = copy_database(late)
    renewed(late, late.rows)
    lose(late, copy)
    assert list_keys_there(late) == key_names(late, 0, 1)

    shred(late)

    assert list_keys_there(late) == set()


def test_and_goes_at_the_next_start_if_it_comes_back(late: Renewing) -> None:
    copy = copy_database(late)
    renewed(late, late.rows)
    name = list_key(late.rows.list_id, 1)
    wrapped = (late.home / "keys" / f"{name}.key").read_bytes()
    lose(late, copy)
    shred(late)
    (late.home / "keys" / f"{name}.key").write_bytes(wrapped)

    late.restart()

    assert list_keys_there(late) == set()


def test_a_tenant_that_was_closed_gets_no_other_index_key(late: Renewing) -> None:
    copy = copy_database(late)
    close(late)
    lose(late, copy)

    with pytest.raises(UnavailableError, match="index key") as caught:
        late.create_list("autumn")
    assert "close it again" in caught.value.hint
    assert keys_there(late, index_key(ACME)) == set()


def test_an_index_key_that_the_ledger_does_not_know_goes_with_its_tenant(
    late: Renewing,
) -> None:
    copy = copy_database(late)
    renew_index_key(late)
    lose(late, copy)
    assert keys_there(late, index_key(ACME)) == {index_key(ACME), index_key(ACME, 1)}

    close(late)

    assert keys_there(late, index_key(ACME)) == set()
    assert list_keys_there(late) == set()
