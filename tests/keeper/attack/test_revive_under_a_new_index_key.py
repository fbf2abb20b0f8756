"""A dock in wrong hands uses a new index key to make somebody new who said no.

A token is all that suppressions and erasures name a person by, and after a renewal
everybody could have two.
"""

import pytest

from listkeep.core.sealing import SealedRow
from listkeep.wire import messages as m
from tests.keeper import restoring
from tests.keeper.instance import refusal
from tests.keeper.renewing import Renewing, renew_index_key
from tests.keeper.world import Rows, World, batch_of


@pytest.fixture
def late(world: World) -> Renewing:
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill(3)
    return renewing


def import_anew(late: Renewing) -> Rows:
    """Seal everybody again and choose the newest token, whoever has one already."""
    ticket = late.start_import("ada", late.rows.list_id).ticket
    sealed = late.seal(ticket, late.rows.addresses)
    late.finish(ticket)
    return late.rows_of(late.rows.list_id, late.rows.addresses, sealed)


def exported(late: Renewing, rows: Rows) -> list[bool]:
    there = [row for row in rows.sealed if row.sealed]
    view = late.granted_export(rows, 100)
    text = late.export("ben", view, batch_of(there))
    return [address in text for address in rows.addresses]


def erase(late: Renewing, position: int, *, keep: str = "yes") -> None:
    view = restoring.ask_erasure(late, late.rows, position, keep=keep)
    token = late.rows.sealed[position].token
    restoring.erase(late, view, token, late.rows.list_id, removed=True)


def opened(sealed: m.SealedRows) -> list[bool]:
    return [bool(seal) for seal in sealed.sealed]


def test_who_unsubscribed_gets_no_newer_token(late: Renewing) -> None:
    late.suppress("app", late.rows, 1)
    renew_index_key(late)

    rows = import_anew(late)

    assert [bool(row.sealed) for row in rows.sealed] == [True, False, True]
    assert exported(late, rows) == [True, False, True]


def test_who_was_erased_gets_no_newer_token_in_any_list(late: Renewing) -> None:
    erase(late, 1)
    renew_index_key(late)
    other = late.create_list("other")
    ticket = late.start_import("ada", other.id).ticket

    sealed = late.seal(ticket, late.rows.addresses)

    assert opened(sealed) == [True, False, True]
    found = late.look_up("ben", late.rows.list_id, late.rows.addresses[1])
    assert found == late.rows.sealed[1].token


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_second_row_from_before_does_not_leave_either(
    late: Renewing, is_erased: bool
) -> None:
    """The dock kept both versions, and shows the one that nobody suppressed."""
    renew_index_key(late)
    second = import_anew(late)
    if is_erased:
        erase(late, 1)
    else:
        late.suppress("app", late.rows, 1)

    assert exported(late, second) == [True, False, True]
    assert exported(late, late.rows) == [True, False, True]
    entry = late.newest("export.completed")
    assert (entry["rows"], entry["withheld"]) == ("2", "1")


def test_nor_is_it_the_other_way_round(late: Renewing) -> None:
    renew_index_key(late)
    second = import_anew(late)
    late.suppress("app", second, 0)

    assert exported(late, late.rows) == [False, True, True]


def test_who_was_erased_is_not_revealed_from_a_second_row(late: Renewing) -> None:
    renew_index_key(late)
    second = import_anew(late)
    erase(late, 1)

    view, _ = late.ask_reveal("ben", second, 1)
    assert refusal(late.reveal, "ben", view, second.batch(1)) == "not-found"
    view, _ = late.ask_reveal("ben", second, 0)
    late.reveal("ben", view, second.batch(0))


@pytest.mark.parametrize("keep", ["yes", "no"])
def test_who_was_erased_does_not_come_back_with_an_earlier_second_row(
    late: Renewing, keep: str
) -> None:
    renew_index_key(late)
    second = import_anew(late)
    late.wait(days=1)
    erase(late, 1, keep=keep)

    ticket = restoring.start(late, "ada", second, rows=3)
    assert opened(restoring.reseal(late, ticket, second.whole())) == [True, False, True]

    late.renew(second.list_id)
    anew: list[SealedRow] = late.reseal(second).sealed
    assert [bool(row.sealed) for row in anew] == [True, False, True]


def test_a_row_under_anothers_newer_token_does_not_open(late: Renewing) -> None:
    renew_index_key(late)
    second = import_anew(late)
    ada, ben, _ = second.sealed
    swapped = Rows(second.list_id, [], [ada._replace(token=ben.token)])

    view, _ = late.ask_reveal("ben", swapped, 0)
    assert refusal(late.reveal, "ben", view, swapped.batch(0)) == "row-invalid"


def test_looking_up_is_no_cheaper_with_several_keys(late: Renewing) -> None:
    renew_index_key(late)
    guesses = [f"guess{number}@example.com" for number in range(200)]

    def guess() -> None:
        for address in guesses:
            late.look_up("ben", late.rows.list_id, address)

    assert refusal(guess) == "budget-spent"
