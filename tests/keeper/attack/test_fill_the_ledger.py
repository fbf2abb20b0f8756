"""Somebody who can reach the keeper wants its ledger, or its disk, to be full."""

from listkeep.core.grants import Statement
from listkeep.core.ledger.events import Event
from listkeep.wire import messages as m
from tests.keeper.forgery import forge
from tests.keeper.instance import refusal
from tests.keeper.world import World

NONSENSE = m.Assertion(
    statement=b"{}", authenticator_data=b"", client_data=b"", signature=b""
)


def test_a_stranger_leaves_no_trace(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    mallory = world.statement("mallory", view, "approve")
    before = len(world.entries())

    for _ in range(3):
        refusal(world.submit, view, mallory)
        refusal(world.submit, view, NONSENSE)

    assert len(world.entries()) == before


def test_a_request_nobody_made_leaves_no_trace(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    assertion = world.statement("ada", view, "approve")
    before = len(world.entries())

    message = m.RequestView(
        id="r_nothingnothi",
        terms=view.terms,
        state="waiting",
        missing=(),
        facts={},
        signed_by=(),
    )
    assert refusal(world.submit, message, assertion) == "not-found"
    assert len(world.entries()) == before


def test_who_knows_the_ids_fills_twenty_lines_of_a_request_and_no_more(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    honest = Statement.parse(world.statement("ada", view, "approve").statement)
    before = len(world.entries())
    for _ in range(25):
        assert refusal(world.submit, view, forge(world.meet("eve"), honest)) == (
            "signature-invalid"
        )

    assert len(world.entries()) == before + 20
    world.restart()
    refusal(world.submit, view, forge(world.meet("eve"), honest))
    assert len(world.entries()) == before + 20
    assert world.sign("ada", view, "approve").state == "granted"


def test_a_failed_sign_in_leaves_no_trace(world: World) -> None:
    before = len(world.entries())

    for name in ("mallory", "trudy"):
        assert refusal(world.login, name) == "credential-unknown"

    assert len(world.entries()) == before


def test_an_entry_that_could_not_be_read_again_is_never_written(
    world: World,
) -> None:

    before = len(world.entries())
    for text in ("cafe\u0301", "x" * 70_000, "\ud800"):
        code = refusal(append, world, Event.LIST_EXTENDED, text)
        assert code == "json-not-canonical"

    assert len(world.entries()) == before
    assert world.restart().origin == "k_demo"


def append(world: World, event: object, text: str) -> None:
    with world.gate.turn(world.now) as turn:
        turn.append(event, {"note": text})  # type: ignore[arg-type]


def test_a_loop_of_refused_look_ups_fills_ten_lines_a_minute(world: World) -> None:
    rows = world.list_with_rows(1)
    for number in range(25):
        world.look_up("ben", rows.list_id, f"guess{number}@example.com")
    before = len(world.entries())

    for number in range(50, 80):
        refusal(world.look_up, "ben", rows.list_id, f"guess{number}@example.com")

    assert world.events()[-10:] == ["release.refused"] * 10
    assert len(world.entries()) == before + 10
    world.wait(minutes=1)
    refusal(world.look_up, "ben", rows.list_id, "guess90@example.com")
    assert len(world.entries()) == before + 11
