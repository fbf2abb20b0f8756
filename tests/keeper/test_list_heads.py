from collections.abc import Callable

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import (
    HeadProof,
    ListHead,
    parse_extensions,
    verify_chain,
    verify_head,
)
from listkeep.core.ledger.note import Checkpoint, open_note
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.showing import ledger_views
from listkeep.keeper.gate.showing.ledger_views import prove_list_head
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.ledger.queries import read_head
from listkeep.keeper.ledger.services import ledger_key
from listkeep.wire import messages as m
from tests.keeper.instance import KEEPER, refusal
from tests.keeper.world import World


def ask(world: World, name: str, list_id: str) -> m.ListHeadProof:
    message = m.ReadListHead(session=world.session(name), list=list_id)
    return prove_list_head(world.gate, message, now=world.now)


def verify(world: World, list_id: str, answer: m.ListHeadProof) -> ListHead:
    """Verify an answer as somebody does who has the verifier key on paper."""
    key = ledger_key(world.gate.store, origin=KEEPER)
    signed = Checkpoint.parse(open_note(answer.checkpoint, [key]).text)
    head = ListHead(answer.sequence, answer.digest)
    proof = HeadProof(head, answer.index, answer.lists, answer.path)
    verify_head(list_id, proof, root=parse_extensions(signed.extensions))
    return head


def append_elsewhere(world: World, list_id: str) -> None:
    """Let another process record something about a list."""
    with Gate(open_store()).turn(world.now) as turn:
        turn.append(
            Event.LIST_EXTENDED, {"fields": "city", "principal": "p_x"}, list_id=list_id
        )


def appending_before(act: Callable[[], None], *, times: int) -> Callable[[], object]:
    left = [None] * times

    def read() -> tuple[int, bytes]:
        if left:
            left.pop()
            act()
        return read_head()

    return read


@pytest.mark.parametrize("name", ["ada", "amir", "cleo"])
def test_who_reads_about_a_list_is_proven_its_newest_entry(
    world: World, name: str
) -> None:
    rows = world.list_with_rows(2)
    world.list_with_rows(1, "eves", by="eve")
    world.suppress("ben", rows, 0)

    answer = ask(world, name, rows.list_id)

    entries = [one for one in world.entries() if one.get("list") == rows.list_id]
    verify_chain(entries, head=verify(world, rows.list_id, answer))
    assert (answer.sequence, answer.lists) == (len(entries), 2)


def test_the_proof_of_one_list_is_none_of_another(world: World) -> None:
    rows, more = world.list_with_rows(1), world.list_with_rows(1, "more")

    answer = ask(world, "ada", rows.list_id)

    with pytest.raises(VerificationError):
        verify(world, more.list_id, answer)


@pytest.mark.parametrize("name", ["eve", "ben", "ivan", "sam"])
def test_who_may_not_read_about_a_list_is_told_there_is_none(
    world: World, name: str
) -> None:
    rows = world.list_with_rows(1)

    for list_id in (rows.list_id, "l_nothingnothi"):
        assert refusal(ask, world, name, list_id) == "not-found"


def test_a_session_for_the_dock_reads_no_head(world: World) -> None:
    rows = world.list_with_rows(1)
    message = m.ReadListHead(session=world.session("ada", "dock"), list=rows.list_id)

    code = refusal(prove_list_head, world.gate, message, now=world.now)

    assert code == "not-signed-in"


def test_what_another_process_appends_meanwhile_is_in_the_proof(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = world.list_with_rows(1)
    before = ask(world, "ada", rows.list_id).sequence
    act = appending_before(lambda: append_elsewhere(world, rows.list_id), times=1)
    monkeypatch.setattr(ledger_views, "read_head", act)

    answer = ask(world, "ada", rows.list_id)

    verify(world, rows.list_id, answer)
    assert answer.sequence == before + 1


def test_a_ledger_that_never_stands_still_is_said_to_be_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = world.list_with_rows(1)
    world.session("ada")
    act = appending_before(lambda: append_elsewhere(world, rows.list_id), times=9)
    monkeypatch.setattr(ledger_views, "read_head", act)

    assert refusal(ask, world, "ada", rows.list_id) == "busy"
