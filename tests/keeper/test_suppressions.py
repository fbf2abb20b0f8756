import pytest

from listkeep.core.errors import MalformedError
from listkeep.keeper.gate.custody import suppressions
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World


def suppress(world: World, rows: Rows, *positions: int, **facts: object) -> int:
    message = m.Suppress(
        list=rows.list_id,
        tokens=rows.tokens(*positions),
        **{"reason": "unsubscribed", **facts},  # type: ignore[arg-type]
    )
    return suppressions.suppress(
        world.gate, message, carrier=world.service("dock"), now=world.now
    ).changed


def test_a_suppressed_row_is_withheld_whatever_the_dock_says(world: World) -> None:
    rows = world.list_with_rows(3)
    assert world.suppress("app", rows, 1) == 1

    text = world.export("ben", world.granted_export(rows), rows.whole())

    assert [address in text for address in rows.addresses] == [True, False, True]
    entry = world.newest("export.completed")
    assert (entry["rows"], entry["withheld"]) == ("2", "1")


def test_who_is_suppressed_already_is_not_counted_again(world: World) -> None:
    rows = world.list_with_rows(3)
    world.suppress("ben", rows, 0)
    before = world.entries()

    assert world.suppress("ben", rows, 0) == 0
    assert world.suppress("ben", rows, 0, 1, 1) == 1
    assert len(world.events()) == len(before) + 1 - sign_ins(before)


def sign_ins(entries: list[dict[str, str]]) -> int:
    return sum(entry["event"] == "session.started" for entry in entries)


def test_nobody_erases_by_a_suppression(world: World) -> None:
    """That is another act: it takes an owner's signature about one person."""
    rows = world.list_with_rows(1)
    ticket = world.start_import("ben", rows.list_id).ticket
    world.seal(ticket, rows.addresses)
    before = world.events()

    for name in ("ada", "ben", "app"):
        code = refusal(world.suppress, name, rows, 0, reason="erased")
        assert code == "message-invalid"
    code = refusal(suppress, world, rows, 0, reason="erased", ticket=ticket)
    assert code == "message-invalid"
    code = refusal(
        world.ask, "ada", "suppress", {"reason": "erased"}, list="news", cap=1
    )
    assert code == "request-invalid"
    assert world.events() == before


def test_there_is_no_reason_but_the_known_ones(world: World) -> None:
    rows = world.list_with_rows(1)

    code = refusal(world.suppress, "ada", rows, 0, reason="subscribed")
    assert code == "message-invalid"


@pytest.mark.parametrize("name", ["eve", "cleo", "sam"])
def test_strangers_suppress_nobody(world: World, name: str) -> None:
    rows = world.list_with_rows(1)

    assert refusal(world.suppress, name, rows, 0) == "not-found"
    assert refusal(suppress, world, rows, 0) == "not-signed-in"


def test_a_day_of_changes_is_one_in_a_hundred_and_never_less_than_ten(
    world: World,
) -> None:
    rows = world.list_with_rows(40)

    for position in range(10):
        world.suppress("app", rows, position)
    assert refusal(world.suppress, "app", rows, 10) == "budget-spent"
    assert world.suppress("ben", rows, 10) == 1
    world.restart()
    assert refusal(world.suppress, "app", rows, 11) == "budget-spent"
    world.wait(hours=24)
    assert world.suppress("app", rows, 11) == 1


def test_more_takes_an_owners_signature_and_no_more_than_it_says(
    world: World,
) -> None:
    rows = world.list_with_rows(40)
    view = world.ask("ada", "suppress", list="news", cap=20)
    under = {"caller": world.caller("ben"), "request": view.id}

    assert suppress(world, rows, *range(12), **under) == 12
    code = refusal(suppress, world, rows, *range(12, 21), **under)
    assert code == "cap-exceeded"
    assert suppress(world, rows, *range(20), **under) == 8
    assert refusal(suppress, world, rows, 20, **under) == "replayed"


def test_a_marketers_suppression_needs_an_owner(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask("ben", "suppress", list="news", cap=20)

    code = refusal(
        suppress, world, rows, 0, caller=world.caller("ben"), request=view.id
    )
    assert code == "not-granted"


def test_a_signed_suppression_is_for_one_list(world: World) -> None:
    world.list_with_rows(1)
    more = world.list_with_rows(1, "more")
    view = world.ask("ada", "suppress", list="news", cap=20)

    code = refusal(
        suppress, world, more, 0, caller=world.caller("ada"), request=view.id
    )
    assert code == "not-granted"


def test_an_import_suppresses_no_more_rows_than_it_brought(world: World) -> None:
    rows, more = world.list_with_rows(40), world.list_with_rows(1, "more")
    ticket = world.start_import("ben", rows.list_id).ticket
    world.seal(ticket, rows.addresses[:30])

    assert suppress(world, rows, *range(20), ticket=ticket) == 20
    code = refusal(suppress, world, rows, *range(20, 31), ticket=ticket)
    assert code == "cap-exceeded"
    assert suppress(world, rows, *range(30), ticket=ticket) == 10
    assert refusal(suppress, world, more, 0, ticket=ticket) == "not-found"
    world.finish(ticket)
    assert refusal(suppress, world, rows, 0, ticket=ticket) == "not-found"


@pytest.mark.parametrize("tokens", [b"x", bytes(15), bytes(16 * 4097)])
def test_tokens_of_another_length_are_refused(world: World, tokens: bytes) -> None:
    rows = world.list_with_rows(1)
    message = m.Suppress(
        caller=world.caller("ada"),
        list=rows.list_id,
        tokens=tokens,
        reason="unsubscribed",
    )

    with pytest.raises(MalformedError):
        suppressions.suppress(
            world.gate, message, carrier=world.service("dock"), now=world.now
        )


def test_a_suppression_signed_for_one_reason_serves_no_other(world: World) -> None:
    rows = world.list_with_rows(20)
    view = world.ask(
        "ada", "suppress", list="news", cap=20, subject={"reason": "bounced"}
    )
    caller = world.caller("ada")

    code = refusal(
        suppress, world, rows, 0, caller=caller, request=view.id, reason="complained"
    )
    assert code == "not-granted"
    suppress(world, rows, 0, caller=caller, request=view.id, reason="bounced")


def test_a_suppression_is_about_nothing_but_its_reason(world: World) -> None:
    world.list_with_rows(1)

    code = refusal(
        world.ask, "ada", "suppress", list="news", cap=1, subject={"rows": "9"}
    )
    assert code == "request-invalid"
