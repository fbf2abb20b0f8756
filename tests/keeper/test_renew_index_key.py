"""A tenant's index key is renewed: who is new gets other tokens, nobody else does."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from listkeep.core.registry.held_keys import MOST_INDEX_KEYS, index_key
from listkeep.core.sealing import make_token
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.showing.keys import show_keys
from listkeep.keeper.release import look_ups
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.keeper.copying import copy, lose_keys, restore
from tests.keeper.instance import ACME, refusal
from tests.keeper.renewing import Renewing, renew_index_key
from tests.keeper.world import Rows, World

NEW = "new@example.com"


@pytest.fixture
def late(world: World) -> Renewing:
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    return renewing


def token_of(world: World, address: str, number: int) -> bytes:
    return make_token(world.gate.store.get(index_key(ACME, number)), address)


def seal(late: Renewing, addresses: Sequence[str]) -> m.SealedRows:
    ticket = late.start_import("ada", late.rows.list_id).ticket
    sealed = late.seal(ticket, addresses)
    late.finish(ticket, updated=len(addresses))
    return sealed


def rows_of(
    late: Renewing, addresses: list[str], sealed: m.SealedRows | m.OlderRows
) -> Rows:
    rows = m.SealedRows(
        batch_id=sealed.batch_id, tokens=sealed.tokens, sealed=sealed.sealed
    )
    return late.rows_of(late.rows.list_id, addresses, rows)


def versions(sealed: m.SealedRows) -> list[m.SealedRows | m.OlderRows]:
    return [sealed, *sealed.older]


def look_up(late: Renewing, address: str) -> m.FoundToken:
    message = m.LookUp(
        caller=late.caller("ben"), list=late.rows.list_id, address=address
    )
    return look_ups.look_up(
        late.gate, message, carrier=late.service("dock"), now=late.now
    )


def test_rows_come_back_under_every_key_and_what_was_there_opens(
    late: Renewing,
) -> None:
    assert renew_index_key(late).state == "done"

    sealed = seal(late, [NEW])

    assert sealed.tokens == token_of(late, NEW, 1)
    assert [each.tokens for each in sealed.older] == [token_of(late, NEW, 0)]
    for version in versions(sealed):
        assert late.open_rows(rows_of(late, [NEW], version)) == [NEW]
    assert late.open_rows(late.rows) == late.rows.addresses


def test_with_one_key_an_answer_is_what_it_always_was(late: Renewing) -> None:
    assert seal(late, [NEW]).older == ()
    assert look_up(late, NEW).older == ()


def test_rows_of_both_keys_leave_in_one_export(late: Renewing) -> None:
    renew_index_key(late)
    rows = rows_of(late, [NEW], seal(late, [NEW]))
    both = Rows(
        late.rows.list_id,
        [*late.rows.addresses, NEW],
        [*late.rows.sealed, *rows.sealed],
    )

    text = late.export("ben", late.granted_export(both), both.whole())

    assert all(address in text for address in both.addresses)
    assert late.newest("export.completed")["withheld"] == "0"


def test_a_line_that_is_no_address_is_refused_under_every_key(late: Renewing) -> None:
    renew_index_key(late)

    sealed = seal(late, ["nobody", NEW])

    for version in versions(sealed):
        assert [bool(seal) for seal in version.sealed] == [False, True]


def test_an_owner_alone_waits_a_day(late: Renewing) -> None:
    late.ask("ada", "index-key.renew", {"id": ACME})
    late.wait(hours=23)
    late.sweep()
    assert len(late.registry.index_keys[ACME]) == 1

    late.wait(hours=1)
    late.sweep()
    assert len(late.registry.index_keys[ACME]) == 2


@pytest.mark.parametrize("name", ["ben", "cleo"])
def test_a_marketer_or_custodian_may_not_ask(late: Renewing, name: str) -> None:
    code = refusal(late.ask, name, "index-key.renew", {"id": ACME}, tenant="acme")
    assert code == "not-permitted"


def test_another_tenant_is_not_there(late: Renewing) -> None:
    code = refusal(late.ask, "eve", "index-key.renew", {"id": ACME})
    assert code == "not-found"


def test_it_waits_for_the_imports_that_run(late: Renewing) -> None:
    """Whoever stands in one file twice, or in two, must get one token."""
    ticket = late.start_import("ada", late.rows.list_id).ticket
    view = late.ask("ada", "index-key.renew", {"id": ACME})
    assert refusal(late.sign, "amir", view, "approve") == "busy"

    late.finish(ticket)
    assert late.sign("amir", view, "approve").state == "done"


def test_an_import_that_nobody_closed_is_in_the_way_for_half_a_day(
    late: Renewing,
) -> None:
    late.start_import("ada", late.rows.list_id)
    late.wait(hours=12)

    assert renew_index_key(late).state == "done"


def test_there_is_an_end_to_how_many_keys_a_tenant_holds(late: Renewing) -> None:
    for _ in range(MOST_INDEX_KEYS - 1):
        renew_index_key(late)

    code = refusal(late.ask, "ada", "index-key.renew", {"id": ACME})
    assert code == "not-permitted"
    assert len(seal(late, [NEW]).older) == MOST_INDEX_KEYS - 1


def test_an_address_is_looked_up_under_every_key_for_one_charge(
    late: Renewing,
) -> None:
    look_up(late, NEW)
    renew_index_key(late)

    found = look_up(late, NEW)

    assert found.token == token_of(late, NEW, 1)
    assert found.older == (token_of(late, NEW, 0),)
    items = [e["item"] for e in late.entries() if e["event"] == "address.looked-up"]
    assert len(items) == 2, "one entry for each question"
    assert len(set(items)) == 1, "a new key makes it no other person"


def test_a_list_that_is_opened_later_knows_every_key(late: Renewing) -> None:
    renew_index_key(late)
    other = late.create_list("other")

    ticket = late.start_import("ada", other.id).ticket

    assert len(late.seal(ticket, [NEW]).older) == 1


def test_the_keeper_knows_its_keys_after_a_restart(late: Renewing) -> None:
    renew_index_key(late)
    late.restart()

    assert seal(late, [NEW]).tokens == token_of(late, NEW, 1)


def test_every_index_key_goes_when_the_tenant_is_closed(late: Renewing) -> None:
    renew_index_key(late)
    view = late.ask("ada", "tenant.close", {"id": ACME})
    late.sign("amir", view, "approve")
    assert {index_key(ACME), index_key(ACME, 1)} <= set(open_store().key_ids())

    late.wait(days=7)
    late.sweep()

    assert not [key for key in open_store().key_ids() if ACME in key]
    assert ACME not in late.registry.index_keys


def test_a_copy_of_the_keys_from_before_lacks_the_newest(
    late: Renewing, tmp_path: Path
) -> None:
    copy(late, tmp_path / "copy")
    renew_index_key(late)
    lose_keys(late)

    done = restore(late, tmp_path / "copy", "cleo", "sam")

    assert done.missing == (index_key(ACME, 1),)


def test_an_owner_sees_which_index_keys_there_are(late: Renewing) -> None:
    renew_index_key(late)

    message = k.ShowKeys(session=late.session("ada"))
    [row] = show_keys(late.gate, message, now=late.now).rows

    assert [key.number for key in row.keys.index_keys] == [0, 1]
