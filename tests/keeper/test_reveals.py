import json

import pyrage
import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.sealing import SealedRow
from listkeep.keeper.release import reveals
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.restoring import ask_erasure, erase
from tests.keeper.world import Rows, World, batch_of


def opened(answer: m.Ciphertext, device: pyrage.x25519.Identity) -> list[str]:
    lines = pyrage.decrypt(answer.age, [device]).decode().splitlines()
    return [json.loads(line)["address"] for line in lines]


def test_a_marketer_sees_the_few_rows_that_were_signed(world: World) -> None:
    rows = world.list_with_rows(5)
    view, device = world.ask_reveal("ben", rows, 1, 3)
    assert view.state == "granted"

    answer = world.reveal("ben", view, rows.batch(1, 3))

    assert opened(answer, device) == [rows.addresses[1], rows.addresses[3]]
    assert world.events(3) == ["request.made", "reveal.intended", "reveal.completed"]


def test_the_answer_holds_no_address_in_the_clear(world: World) -> None:
    rows = world.list_with_rows(1)
    view, _ = world.ask_reveal("ben", rows, 0)

    answer = world.reveal("ben", view, rows.whole())

    assert answer.age.startswith(b"age-encryption.org/v1\n")
    assert rows.addresses[0].encode() not in answer.age
    assert set(answer.__struct_fields__) == {"age", "rows"}


def test_a_reveal_carries_facets_and_sealed_fields_too(world: World) -> None:
    found = world.create_list(fields=("name", "city"))
    ticket = world.start_import("ben", found.id).ticket
    addresses = ["anna@example.com"]
    sealed = world.seal(ticket, addresses, fields='["Anna"]')
    rows = world.rows_of(found.id, addresses, sealed)
    view, device = world.ask_reveal("ben", rows, 0)

    answer = world.reveal("ben", view, rows.whole())

    row = json.loads(pyrage.decrypt(answer.age, [device]))
    assert row == {
        "token": rows.token(0),
        "address": "anna@example.com",
        "plan": "pro",
        "name": "Anna",
        "city": "",
    }


def test_only_the_device_that_asked_can_read_it(world: World) -> None:
    rows = world.list_with_rows(1)
    view, _ = world.ask_reveal("ben", rows, 0)
    answer = world.reveal("ben", view, rows.whole())

    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(answer.age, [world.warehouse])


def test_a_reveal_opens_once(world: World) -> None:
    rows = world.list_with_rows(1)
    view, _ = world.ask_reveal("ben", rows, 0)
    world.reveal("ben", view, rows.whole())

    assert refusal(world.reveal, "ben", view, rows.whole()) == "replayed"
    world.restart()
    assert refusal(world.reveal, "ben", view, rows.whole()) == "replayed"


@pytest.mark.parametrize("name", ["ivan", "ada", "eve", "cleo"])
def test_only_the_person_who_asked_may_open_it(world: World, name: str) -> None:
    rows = world.list_with_rows(1)
    view, _ = world.ask_reveal("ben", rows, 0)

    assert refusal(world.reveal, name, view, rows.whole()) == "not-permitted"


def test_the_dock_does_not_open_it_with_the_persons_session(world: World) -> None:
    rows = world.list_with_rows(1)
    view, _ = world.ask_reveal("ben", rows, 0)
    message = m.RunReveal(
        session=world.session("ben", "dock"), request=view.id, rows=rows.whole()
    )

    code = refusal(reveals.run_reveal, world.gate, message, now=world.now)
    assert code == "not-signed-in"


def test_only_the_signed_rows_are_opened(world: World) -> None:
    rows = world.list_with_rows(3)
    view, _ = world.ask_reveal("ben", rows, 0, 1)

    for positions in ((0,), (0, 2), (0, 1, 2), (0, 0), (0, 1, 1), ()):
        code = refusal(world.reveal, "ben", view, rows.batch(*positions))
        assert code == "not-granted", positions
    assert world.reveal("ben", view, rows.batch(1, 0)).rows == 2


def test_a_request_for_something_else_opens_no_row(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    assert refusal(world.reveal, "ben", view, rows.whole()) == "not-found"


def spoilt(rows: Rows, how: str, other: Rows) -> SealedRow:
    row, neighbour = rows.sealed[0], rows.sealed[1]
    return {
        "swapped": row._replace(sealed=neighbour.sealed, position=1),
        "moved": row._replace(position=1),
        "edited": row._replace(sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])),
        "cut": row._replace(sealed=row.sealed[:10]),
        "empty": row._replace(sealed=b""),
        "other batch": row._replace(batch_id=bytes(12)),
        "other facets": row._replace(facets='["free"]'),
        "other list": other.sealed[0]._replace(token=row.token),
    }[how]


HOW = (
    *("swapped", "moved", "edited", "cut", "empty"),
    *("other batch", "other facets", "other list"),
)


@pytest.mark.parametrize("how", HOW)
def test_a_row_that_was_changed_in_the_dock_does_not_open(
    world: World, how: str
) -> None:
    rows = world.list_with_rows(2)
    other = world.list_with_rows(2, "more")
    view, _ = world.ask_reveal("ben", rows, 0)

    code = refusal(world.reveal, "ben", view, batch_of([spoilt(rows, how, other)]))

    assert code == "row-invalid"
    assert world.events(2) == ["reveal.intended", "release.refused"]
    assert world.newest("release.refused")["code"] == "row-invalid"


@pytest.mark.parametrize("by", ["ben", "eve"])
def test_a_persons_row_from_another_list_does_not_open(world: World, by: str) -> None:
    rows = world.list_with_rows(1)
    found = world.create_list("more", by="ada" if by == "ben" else by)
    ticket = world.start_import(by, found.id).ticket
    twin = world.rows_of(found.id, rows.addresses, world.seal(ticket, rows.addresses))
    view, _ = world.ask_reveal("ben", rows, 0)

    row = twin.sealed[0]._replace(token=rows.sealed[0].token)

    assert refusal(world.reveal, "ben", view, batch_of([row])) == "row-invalid"


def test_a_row_that_did_not_open_spends_the_grant_all_the_same(world: World) -> None:
    rows = world.list_with_rows(2)
    view, _ = world.ask_reveal("ben", rows, 0)
    refusal(world.reveal, "ben", view, batch_of([spoilt(rows, "edited", rows)]))

    assert refusal(world.reveal, "ben", view, rows.batch(0)) == "replayed"


def test_twenty_different_addresses_a_day(world: World) -> None:
    rows = world.list_with_rows(21)
    for positions in (range(10), range(10), range(10, 20)):
        view, _ = world.ask_reveal("ben", rows, *positions)
        world.reveal("ben", view, rows.batch(*positions))
        world.wait(hours=1)

    view, _ = world.ask_reveal("ben", rows, 20)
    assert refusal(world.reveal, "ben", view, rows.batch(20)) == "budget-spent"
    again, _ = world.ask_reveal("ben", rows, 3)
    assert world.reveal("ben", again, rows.batch(3)).rows == 1
    world.restart()
    view, _ = world.ask_reveal("ben", rows, 20)
    assert refusal(world.reveal, "ben", view, rows.batch(20)) == "budget-spent"
    world.wait(hours=24)
    view, _ = world.ask_reveal("ben", rows, 20)
    assert world.reveal("ben", view, rows.batch(20)).rows == 1


@pytest.mark.parametrize("fields", ["nonsense", "[1]", "{}", '["a","b","c"]'])
def test_sealed_fields_that_make_no_row_are_refused_not_an_accident(
    world: World, fields: str
) -> None:
    found = world.create_list(fields=("name",))
    ticket = world.start_import("ben", found.id).ticket
    addresses = ["anna@example.com"]
    rows = world.rows_of(
        found.id, addresses, world.seal(ticket, addresses, '["a"]', fields), '["a"]'
    )
    view, _ = world.ask_reveal("ben", rows, 0)

    with pytest.raises(VerificationError):
        world.reveal("ben", view, rows.whole())
    assert world.events(1) == ["release.refused"]


@pytest.mark.parametrize("facets", ["nonsense", "[]", '["a", "b"]', "[1]"])
def test_facets_that_make_no_row_are_refused_not_an_accident(
    world: World, facets: str
) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    addresses = ["anna@example.com"]
    rows = world.rows_of(
        found.id, addresses, world.seal(ticket, addresses, facets), facets
    )
    view, _ = world.ask_reveal("ben", rows, 0)

    assert refusal(world.reveal, "ben", view, rows.whole()) == "facet-invalid"
    assert world.events(1) == ["release.refused"]


def test_an_erased_entry_is_not_opened_and_an_unsubscribed_one_is(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    erase(world, ask_erasure(world, rows, 0), rows.sealed[0].token)
    world.suppress("ada", rows, 1)
    erased, _ = world.ask_reveal("ben", rows, 0)
    left, _ = world.ask_reveal("ben", rows, 1)

    assert refusal(world.reveal, "ben", erased, rows.batch(0)) == "not-found"
    assert world.reveal("ben", left, rows.batch(1)).rows == 1


def test_a_refused_reveal_is_in_the_ledger_with_its_code(world: World) -> None:
    rows = world.list_with_rows(2)
    view, _ = world.ask_reveal("ben", rows, 0)
    refusal(world.reveal, "ivan", view, rows.batch(0))

    entry = world.newest("release.refused")
    assert (entry["code"], entry["what"]) == ("not-permitted", "reveal")
    assert entry["person"] == world.meet("ivan").person
