"""Somebody has the dock's database and wants a change in it to stay unseen.

Beside each change stands what the keeper makes of it in the next pass. Whoever has the
dock's process as well can keep the old rows and show those: what is said about that in
the threat model is tested here too.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from listkeep.core.sealing import SealedRow
from tests.keeper import restoring
from tests.keeper.instance import ACME, refusal
from tests.keeper.renewing import Renewing
from tests.keeper.scrubbing import Dock, close, incidents, kinds, report
from tests.keeper.world import Rows, World

Change = Callable[[World, list[SealedRow]], list[SealedRow]]


def edit_a_facet(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    """To have somebody in a segment who does not belong there."""
    return [rows[0]._replace(facets='["vip"]'), *rows[1:]]


def swap_two_seals(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    """To have a reveal of the one show the other."""
    one, two, *rest = rows
    return [
        one._replace(batch_id=two.batch_id, position=two.position, sealed=two.sealed),
        two._replace(batch_id=one.batch_id, position=one.position, sealed=one.sealed),
        *rest,
    ]


def swap_two_tokens(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    one, two, *rest = rows
    return [one._replace(token=two.token), two._replace(token=one.token), *rest]


def flip_a_bit(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    sealed = bytearray(rows[1].sealed)
    sealed[9] ^= 1
    return [rows[0], rows[1]._replace(sealed=bytes(sealed)), *rows[2:]]


def make_one_up(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    return [*rows, rows[0]._replace(token=bytes(15) + b"\7")]


def bring_one_from_another_list(world: World, rows: list[SealedRow]) -> list[SealedRow]:
    """The same tenant's: its tokens are the same in all its lists."""
    return [*rows, world.list_with_rows(1, "other").sealed[0]]


def bring_a_namesake_from_another_list(
    world: World, rows: list[SealedRow]
) -> list[SealedRow]:
    """The same person in both lists, a member in one of them."""
    found = world.create_list("members")
    ticket = world.start_import("ada", found.id).ticket
    addresses = ["person0.news@example.com"]
    theirs = world.rows_of(found.id, addresses, world.seal(ticket, addresses))
    world.finish(ticket, added=1)
    assert theirs.sealed[0].token == rows[0].token
    return [theirs.sealed[0], *rows[1:]]


def take_two_away(_world: World, rows: list[SealedRow]) -> list[SealedRow]:
    return rows[2:]


def take_all_away(_world: World, _rows: list[SealedRow]) -> list[SealedRow]:
    return []


CHANGES: dict[Change, set[str]] = {
    edit_a_facet: {"rows-invalid"},
    swap_two_seals: {"rows-invalid"},
    swap_two_tokens: {"rows-invalid"},
    flip_a_bit: {"rows-invalid"},
    make_one_up: {"rows-invalid", "rows-extra"},
    bring_one_from_another_list: {"rows-invalid", "rows-extra"},
    bring_a_namesake_from_another_list: {"rows-invalid"},
    take_two_away: {"rows-missing"},
    take_all_away: {"rows-missing", "rows-rolled-back"},
}


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(8)


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_each_change_of_rows_is_an_incident(
    world: World, rows: Rows, change: Change
) -> None:
    changed = change(world, list(rows.sealed))
    world.wait(hours=1)

    Dock(world, rows.list_id, changed).scrub()

    assert set(kinds(world)) == CHANGES[change]
    assert {each.list for each in incidents(world)} == {rows.list_id}


def test_without_a_change_there_is_none(world: World, rows: Rows) -> None:
    world.wait(hours=1)
    Dock.of(world, rows).scrub()

    assert kinds(world) == []


def import_again(world: World, rows: Rows, *, added: int = 0) -> Rows:
    addresses = [*rows.addresses, *(f"new{n}@example.com" for n in range(added))]
    ticket = world.start_import("ada", rows.list_id).ticket
    sealed = world.seal(ticket, addresses)
    world.wait(minutes=1)
    world.finish(ticket, added=added, updated=len(rows.addresses))
    return world.rows_of(rows.list_id, addresses, sealed)


@pytest.mark.parametrize(
    ("added", "found"),
    [(3, {"rows-missing", "rows-rolled-back"}), (0, {"rows-rolled-back"})],
)
def test_yesterdays_table_put_back_is_an_incident(
    world: World, rows: Rows, added: int, found: set[str]
) -> None:
    """Also where it has as many rows as today's."""
    yesterday = Dock.of(world, rows)
    world.wait(days=1)
    today = Dock.of(world, import_again(world, rows, added=added))
    world.wait(days=1)

    today.scrub()
    assert kinds(world) == []
    yesterday.scrub()
    assert set(kinds(world)) == found


def test_a_renewal_of_keys_makes_nothing_of_yesterdays_table_new(world: World) -> None:
    """Sealing them anew would otherwise give old rows the date of today."""
    renewing = Renewing.of(world)
    old = renewing.fill(8)
    renewing.wait(days=1)
    import_again(renewing, old)
    renewing.wait(days=1)

    renewing.renew(old.list_id)
    again = renewing.reseal(old)
    renewing.wait(hours=1)
    Dock.of(renewing, again).scrub()

    assert kinds(renewing) == ["rows-rolled-back"]


def test_a_renewal_of_keys_makes_nothing_of_todays_table_old(world: World) -> None:
    renewing = Renewing.of(world)
    old = renewing.fill(8)
    renewing.wait(days=1)
    today = import_again(renewing, old)
    renewing.wait(days=1)

    renewing.renew(old.list_id)
    again = renewing.reseal(today)
    renewing.wait(hours=1)
    Dock.of(renewing, again).scrub()

    assert kinds(renewing) == []


def test_a_row_put_back_for_one_taken_away_is_told_by_its_status(
    world: World, rows: Rows
) -> None:
    """The number is right; who was unsubscribed is not subscribed again."""
    world.suppress("ada", rows, 3)
    dock = Dock.of(world, rows)

    dock.scrub()

    assert kinds(world) == ["status-better"]


# --- the dock's process does not do what it should ---------------------------------


def test_one_row_does_not_stand_for_another(world: World, rows: Rows) -> None:
    dock = Dock.of(world, rows)
    mark = dock.begin()
    first = sorted(row for row in dock.rows if row.token > mark.after) or sorted(
        dock.rows
    )
    if first[0].token <= mark.after:
        mark = Dock.marked(dock.ask([], bookmark=mark, is_end=True))

    for batch in ([first[0], first[0]], [first[-1], first[0]]):
        assert refusal(dock.ask, batch, bookmark=mark) == "message-invalid"
    mark = Dock.marked(dock.ask(first[:1], bookmark=mark))
    assert refusal(dock.ask, first[:1], bookmark=mark) == "message-invalid"


def test_a_pass_does_not_go_round_twice(world: World, rows: Rows) -> None:
    dock = Dock.of(world, rows)
    mark = Dock.marked(dock.ask([], bookmark=dock.begin(), is_end=True))
    beyond = [row for row in sorted(dock.rows) if row.token > mark.start]
    while not beyond:  # it began behind the last one
        mark = Dock.marked(dock.ask([], bookmark=dock.begin(), is_end=True))
        beyond = [row for row in sorted(dock.rows) if row.token > mark.start]

    assert refusal(dock.ask, beyond[:1], bookmark=mark) == "message-invalid"


def test_leaving_out_the_rows_that_were_edited_is_missing_them(
    world: World, rows: Rows
) -> None:
    dock = Dock.of(world, rows)
    dock.rows = edit_a_facet(world, dock.rows)[1:]

    dock.scrub()

    assert kinds(world) == ["rows-missing"]


def test_beginning_again_and_again_is_overdue(world: World, rows: Rows) -> None:
    dock = Dock.of(world, rows)
    kinds(world)
    for _ in range(15):
        dock.step(dock.begin())
        world.wait(days=1)

    assert kinds(world) == ["scrub-overdue"]


def test_showing_another_lists_bookmark_or_a_better_one_ends_nothing(
    world: World, rows: Rows
) -> None:
    good = Dock.of(world, world.list_with_rows(3, "other"))
    dock = Dock.of(world, rows)
    mark = good.begin()

    assert refusal(dock.step, mark) == "proof-invalid"
    assert refusal(dock.step, replace(mark, list=rows.list_id)) == "proof-invalid"
    assert "list.scrubbed" not in world.events()


def test_crying_wolf_opens_one_incident_and_takes_nothing_back(
    world: World, rows: Rows
) -> None:
    before = len(world.events())
    for _ in range(20):
        report(world, "rows-invalid", list_id=rows.list_id)

    assert world.events()[before:] == ["incident.opened"]
    dock_itself = report(world, "rows-invalid", list_id=rows.list_id)
    assert refusal(close, world, "app", dock_itself.id) == "not-signed-in"
    assert kinds(world) == ["rows-invalid"]


def test_it_learns_nothing_of_an_address_by_asking(world: World, rows: Rows) -> None:
    """Each guess at a row is a row that does not open, whichever guess it is."""
    tokens = [world.look_up("ada", rows.list_id, "nobody@example.com"), bytes(16)]
    world.suppress("ada", rows, 0)
    forged = [
        rows.sealed[1]._replace(token=token)
        for token in (*tokens, rows.sealed[0].token)
    ]

    answer = Dock.of(world, rows).ask(forged)

    assert (answer.invalid, answer.better) == ([0, 1, 2], [])


def test_whoever_keeps_the_old_rows_and_shows_those_is_believed(
    world: World, rows: Rows
) -> None:
    """The limit: a dock that lies with genuine rows. It cannot export the others."""
    honest = Dock.of(world, rows)
    edited = edit_a_facet(world, list(rows.sealed))

    honest.scrub()

    assert kinds(world) == []
    view = world.granted_export(rows)
    batch = Rows(rows.list_id, rows.addresses, edited).whole()
    assert refusal(world.run, "ben", view, batch) == "row-invalid"


def test_a_loss_in_no_list_does_not_end_the_ledger_when_somebody_accepts_it(
    world: World, rows: Rows
) -> None:
    """An entry that cannot be applied would stop the keeper, now and at every start."""
    for tenant, name in ((ACME, "ada"), (None, "cleo")):
        opened = report(world, "rows-missing", tenant=tenant, found=5)
        assert close(world, name, opened.id, accepts=True).closed_at

    world.restart()
    assert world.registry.entries == {rows.list_id: 8}


def test_a_dock_that_erases_somebody_twice_from_one_list_hides_no_other_loss(
    world: World, rows: Rows
) -> None:
    view = restoring.ask_erasure(world, rows, 1, keep="no")
    lists = [rows.list_id] * 3

    code = refusal(
        restoring.erase, world, view, rows.sealed[1].token, *lists, removed=True
    )

    assert code == "message-invalid"
    assert world.registry.entries == {rows.list_id: 8}


def test_a_dock_that_restores_more_than_was_permitted_hides_no_loss(
    world: World, rows: Rows
) -> None:
    ticket = restoring.start(world, "ben", rows, rows=2)

    for counts in ({"removed": 3}, {"rows": 3}, {"added": 2, "removed": 1}):
        code = refusal(restoring.finish, world, ticket, **counts)
        assert code == "cap-exceeded"
    restoring.finish(world, ticket, rows=2, added=1, removed=1)
    assert world.registry.entries == {rows.list_id: 8}
