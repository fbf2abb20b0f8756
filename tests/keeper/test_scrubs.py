"""Rows are looked over: each is genuine or not, and all of them are there or not."""

from msgspec.structs import replace

from listkeep.keeper.release import scrubs
from listkeep.wire.messages import scrubs as s
from tests.keeper.instance import refusal
from tests.keeper.scrubbing import Dock, incidents, kinds
from tests.keeper.world import World


def states(world: World) -> dict[str, s.ScrubState]:
    answer = scrubs.read_scrubs(
        world.gate, s.ReadScrubs(), carrier=world.service("dock"), now=world.now
    )
    return {state.list: state for state in answer.lists}


def test_a_whole_list_passes_and_the_ledger_says_so(anywhere: World) -> None:
    world = anywhere
    rows = world.list_with_rows(7)
    begun = world.now
    dock = Dock.of(world, rows)
    mark = dock.begin()
    world.wait(hours=3)

    assert dock.scrub(mark).is_done

    entry = world.newest("list.scrubbed")
    assert (entry["rows"], entry["expected"]) == ("7", "7")
    assert (entry["invalid"], entry["better"]) == ("0", "0")
    assert entry["begun"] == begun.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (entry["list"], entry["service"]) == (rows.list_id, "s_dockdockdock")
    assert incidents(world) == []


def test_one_entry_for_a_pass_and_none_for_a_batch(world: World) -> None:
    dock = Dock.of(world, world.list_with_rows(20))
    before = len(world.events())

    dock.scrub()
    dock.ask(dock.rows)

    assert world.events()[before:] == ["list.scrubbed"]


def test_an_empty_list_passes(world: World) -> None:
    dock = Dock(world, world.create_list().id, [])

    assert dock.scrub().is_done
    assert kinds(world) == []


def test_each_pass_begins_somewhere_else(world: World) -> None:
    dock = Dock.of(world, world.list_with_rows(3))

    assert len({dock.begin().start for _ in range(5)}) == 5


def test_a_sample_says_which_rows_are_not_genuine(world: World) -> None:
    rows = world.list_with_rows(5).sealed
    dock = Dock(world, next(iter(world.registry.lists)), rows)
    facets = [*rows]
    facets[2] = rows[2]._replace(facets='["vip"]')
    facets[4] = rows[4]._replace(sealed=b"")

    answer = dock.ask(facets)

    assert (answer.invalid, answer.better, answer.bookmark) == ([2, 4], [], None)
    assert kinds(world) == []


def test_rows_the_keeper_suppressed_are_not_subscribed(world: World) -> None:
    rows = world.list_with_rows(4)
    world.suppress("ada", rows, 1, 2)
    dock = Dock.of(world, rows)
    dock.worse = frozenset({rows.sealed[1].token})

    assert dock.ask(rows.sealed).better == [2]


def test_a_row_that_does_not_open_tells_nothing_of_its_token(world: World) -> None:
    rows = world.list_with_rows(1)
    world.suppress("ada", rows, 0)
    bent = rows.sealed[0]._replace(facets='["vip"]')

    answer = Dock.of(world, rows).ask([bent])

    assert (answer.invalid, answer.better) == ([0], [])


def test_the_dock_learns_how_many_entries_each_list_has(world: World) -> None:
    rows = world.list_with_rows(4)
    empty = world.create_list("empty").id
    Dock.of(world, rows).scrub()

    known = states(world)

    assert (known[rows.list_id].entries, known[rows.list_id].scrubs) == (4, 1)
    assert known[rows.list_id].scrubbed_at == world.newest("list.scrubbed")["at"]
    assert (known[empty].entries, known[empty].scrubbed_at) == (0, "")


def test_what_the_pass_met_on_its_way_becomes_an_incident(world: World) -> None:
    rows = world.list_with_rows(4)
    world.suppress("ada", rows, 3)
    dock = Dock.of(world, rows)
    dock.rows[0] = dock.rows[0]._replace(facets='["vip"]')

    dock.scrub()

    assert sorted(kinds(world)) == ["rows-invalid", "status-better"]
    entry = world.newest("list.scrubbed")
    assert (entry["invalid"], entry["better"]) == ("1", "1")


def test_a_pass_survives_a_restart(world: World) -> None:
    dock = Dock.of(world, world.list_with_rows(8))
    mark = Dock.marked(dock.step(dock.begin()))
    world.restart()

    assert dock.scrub(mark).is_done
    assert world.newest("list.scrubbed")["rows"] == "8"


def test_an_import_while_a_pass_runs_is_no_incident(world: World) -> None:
    rows = world.list_with_rows(6)
    dock = Dock.of(world, rows)
    mark = Dock.marked(dock.step(dock.begin()))
    addresses = [f"later{number}@example.com" for number in range(5)]
    ticket = world.start_import("ada", rows.list_id).ticket
    more = world.rows_of(rows.list_id, addresses, world.seal(ticket, addresses))
    dock.rows += more.sealed  # in the dock's table; the keeper does not know it yet

    assert not dock.scrub(mark).doubts

    world.finish(ticket, added=5)
    assert dock.scrub().is_done
    assert kinds(world) == []


def test_doubts_about_the_whole_are_looked_at_again_before_they_count(
    world: World,
) -> None:
    rows = world.list_with_rows(3)
    dock = Dock.of(world, rows)
    whole, dock.rows = dock.rows, dock.rows[1:]
    mark = Dock.marked(dock.step(dock.begin(), is_sure=False))

    answer = dock.step(mark)

    assert (answer.doubts, answer.is_done) == (("rows-missing",), False)
    assert "list.scrubbed" not in world.events()
    dock.rows = whole  # it was on its way
    assert dock.scrub().is_done
    assert kinds(world) == []


def test_a_bookmark_ends_one_pass_only(world: World) -> None:
    dock = Dock.of(world, world.list_with_rows(2))
    mark = Dock.marked(dock.step(dock.begin()))
    dock.scrub(mark)

    assert refusal(dock.step, mark) == "busy"
    assert world.events().count("list.scrubbed") == 1


def test_a_list_that_is_not_there_is_not_looked_over(world: World) -> None:
    assert refusal(Dock(world, "l_nowherenowhe", []).begin) == "not-found"


def test_columns_of_different_lengths_are_refused(world: World) -> None:
    rows = world.list_with_rows(2)
    message = s.ScrubRows(list=rows.list_id, rows=rows.whole(), subscribed=b"\1")

    assert (
        refusal(
            scrubs.scrub_rows,
            world.gate,
            message,
            carrier=world.service("dock"),
            now=world.now,
        )
        == "message-invalid"
    )


def test_no_bookmark_of_ones_own_is_taken(world: World) -> None:
    dock = Dock.of(world, world.list_with_rows(3))
    mark = dock.begin()
    bent = (
        replace(mark, rows=3),
        replace(mark, is_wrapped=True),
        replace(mark, start=bytes(16), after=bytes(16)),
        replace(mark, list=world.create_list("other").id),
        replace(mark, mac=bytes(32)),
        replace(mark, mac=b""),
    )
    for each in bent:
        assert refusal(dock.step, each) == "proof-invalid"
