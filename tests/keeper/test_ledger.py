from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from listkeep.core.canonical import parse
from listkeep.core.errors import MalformedError, RefusedError, UnavailableError
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import (
    ListHead,
    format_extension,
    heads_root,
    verify_chain,
)
from listkeep.core.ledger.note import Checkpoint, NoteKey, open_note
from listkeep.core.ledger.tree import Frontier, TreeHead, leaf_hash, verify_inclusion
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.showing.ledger_views import visible_body
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.ledger.models import Entry, Head
from listkeep.keeper.ledger.models import ListHead as ListHeadRow
from listkeep.keeper.ledger.queries import prove_entry, read_entries, read_head
from listkeep.keeper.ledger.services import ledger_key
from listkeep.keeper.release.look_ups import look_up
from listkeep.wire import messages as m
from tests.keeper.instance import KEEPER, refusal
from tests.keeper.world import World


def signed_head(world: World, checkpoint: bytes) -> tuple[TreeHead, tuple[str, ...]]:
    """Open a checkpoint as an auditor does who has the verifier key on paper."""
    key = NoteKey.parse(ledger_key(world.gate.store, origin=KEEPER).format())
    signed = Checkpoint.parse(open_note(checkpoint, [key]).text)
    assert signed.origin == KEEPER
    return signed.head, signed.extensions


def test_every_entry_can_be_proven_to_somebody_who_trusts_the_checkpoint_only(
    world: World,
) -> None:
    world.list_with_rows(1)
    size, _ = read_head()

    for index, body in read_entries(0, limit=size):
        leaf, proof, checkpoint = prove_entry(index)
        head, _ = signed_head(world, checkpoint)
        assert leaf == leaf_hash(body)
        verify_inclusion(leaf, index=index, proof=proof, head=head)
    assert size == len(world.entries())


@pytest.mark.parametrize("beyond", [0, 1, 1000])
def test_there_is_no_proof_of_an_entry_to_come(world: World, beyond: int) -> None:
    size, _ = read_head()

    with pytest.raises(RefusedError):
        prove_entry(size + beyond)


def test_a_lists_slice_can_be_shown_to_be_complete(world: World) -> None:
    rows = world.list_with_rows(2)
    world.list_with_rows(1, "more")
    world.suppress("ben", rows, 0)
    _, checkpoint = read_head()
    _, extensions = signed_head(world, checkpoint)

    heads = {
        row.list_id: ListHead(row.sequence, row.digest)
        for row in ListHeadRow.objects.all()
    }
    assert extensions == (format_extension(heads_root(heads)),)
    slice_of_list = [
        entry for entry in world.entries() if entry.get("list") == rows.list_id
    ]
    verify_chain(slice_of_list, head=heads[rows.list_id])
    assert len(slice_of_list) == heads[rows.list_id].sequence == 5


def test_each_entry_has_a_salt_of_its_own(world: World) -> None:
    entries = world.entries()

    assert len({entry["salt"] for entry in entries}) == len(entries)


def test_what_a_turn_recorded_counts_only_if_the_turn_ends_well(world: World) -> None:
    before = len(world.entries())

    def give_up_half_way() -> None:
        with world.gate.turn(world.now) as turn:
            turn.append(Event.SESSION_ENDED, {"session": "n_x", "person": "p_x"})
            raise RefusedError("no")

    assert refusal(give_up_half_way) == "not-permitted"
    assert len(world.entries()) == before
    assert "n_x" not in world.registry.ended_sessions


def test_two_threads_append_two_hundred_entries_without_a_gap(world: World) -> None:
    gate = world.gate
    before = len(world.entries())

    def append(number: int) -> int:
        try:
            with gate.turn(world.now) as turn:
                return turn.append(
                    Event.SESSION_ENDED, {"session": f"n_{number}", "person": "p_x"}
                )
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(2) as pool:
        indices = list(pool.map(append, range(200)))

    assert sorted(indices) == list(range(before, before + 200))
    assert world.restart()._registry.frontier.size == before + 200
    assert len(world.registry.ended_sessions) == 200


def test_two_processes_see_each_others_entries(world: World) -> None:
    one, two = world.gate, Gate(open_store())
    rows = world.list_with_rows(1)

    with two.view(world.now) as registry:
        assert rows.list_id in registry.lists
    with two.turn(world.now) as turn:
        turn.append(Event.SESSION_ENDED, {"session": "n_two", "person": "p_x"})
    with one.view(world.now) as registry:
        assert "n_two" in registry.ended_sessions
    assert one._registry.frontier == two._registry.frontier


def test_a_budget_spent_in_one_process_is_spent_in_the_other(world: World) -> None:
    rows = world.list_with_rows(1)
    two = Gate(open_store())
    for number in range(25):
        world.look_up("ben", rows.list_id, f"guess{number}@example.com")

    message = m.LookUp(
        caller=world.caller("ben"), list=rows.list_id, address="more@example.com"
    )
    code = refusal(look_up, two, message, carrier=world.service("dock"), now=world.now)
    assert code == "budget-spent"


def test_an_entry_that_could_not_be_read_again_is_not_written(world: World) -> None:
    before = len(world.entries())

    with (
        pytest.raises(MalformedError),
        world.gate.turn(world.now) as turn,
    ):
        turn.append(Event.SESSION_ENDED, {"session": "n" * 65_536, "person": "p_x"})

    assert len(world.entries()) == before


def test_a_clock_that_went_back_stops_the_keeper(world: World) -> None:
    world.login("ben")
    world.wait(seconds=-7)

    for open_door in (world.gate.turn, world.gate.view):
        with pytest.raises(UnavailableError) as caught, open_door(world.now):
            pass
        assert caught.value.code == "clock-moved-back"
    world.wait(seconds=7)
    assert world.login("ben")


def test_a_clock_does_not_walk_back_in_small_steps(world: World) -> None:
    newest = world.registry.latest_at
    assert newest is not None
    for step in (3, 5):
        with world.gate.turn(newest - timedelta(seconds=step)) as turn:
            turn.append(Event.SESSION_ENDED, {"session": "n_x", "person": "p_x"})

    with (
        pytest.raises(UnavailableError),
        world.gate.view(newest - timedelta(seconds=6)),
    ):
        pass


def test_a_restart_under_a_clock_that_went_back_stops_the_keeper(
    world: World,
) -> None:
    world.wait(days=-1)
    gate = world.restart()

    assert refusal(gate.view(world.now).__enter__) == "clock-moved-back"


def test_owners_read_what_is_about_them_and_custodians_everything(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    world.list_with_rows(1, "eves", by="eve")
    registry = world.registry

    def read_by(name: str) -> list[dict[str, str]]:
        person = registry.people[world.meet(name).person]
        bodies = [bytes(entry.body) for entry in Entry.objects.order_by("index")]
        visible = [visible_body(registry, person, body) for body in bodies]
        return [parse(body, max_bytes=65_536) for body in visible if body]

    lists = {entry["list"] for entry in read_by("ada") if "list" in entry}
    assert lists == {rows.list_id}
    people = {entry["person"] for entry in read_by("eve") if "person" in entry}
    # The custodians brought her tenant and confirmed her passkey.
    expected = {world.meet(name).person for name in ("eve", "cleo", "cyrus")}
    assert people == expected
    assert len(read_by("cleo")) == len(world.entries())
    for name in ("ben", "ivan", "sam"):
        assert read_by(name) == []


def test_the_head_is_one_row(world: World) -> None:

    frontier = Frontier()
    with pytest.raises(IntegrityError):
        Head.objects.create(id=2, size=frontier.size)
