"""Somebody asks by imports, one guess each, who is on a list.

The size of a list is told to the last entry. So what bounds such answers is how many
imports somebody may make in a day.
"""

from listkeep.core.grants import Budget
from listkeep.core.registry.charges import Measure
from listkeep.keeper.release.imports import LEAST_ROWS
from tests.keeper.instance import refusal
from tests.keeper.world import World

ROWS_A_DAY = 1_000  # as an owner set it, for a short test


def guess(world: World, name: str, list_id: str, number: int, *, done: bool) -> str:
    """Import one row, or give it up; tell what refused it."""
    asked = refusal(world.start_import, name, list_id)
    if asked != "it was not refused":
        return asked
    ticket = world.newest("import.started")["ticket"]
    sealed = refusal(world.seal, ticket, [f"guess{number}@example.com"])
    world.finish(ticket, committed=done, added=1)
    return sealed


def answers(world: World, name: str, list_id: str, *, done: bool = True) -> int:
    """Guess until one is refused; tell how many were not."""
    for number in range(ROWS_A_DAY):
        refused = guess(world, name, list_id, number, done=done)
        if refused != "it was not refused":
            assert refused == "budget-spent"
            return number
    return ROWS_A_DAY


def one_list(world: World) -> str:
    rule = {"measure": "rows_added", "ceiling": str(ROWS_A_DAY), "who": "everybody"}
    assert world.ask("ada", "budget.set", rule).state == "done"
    return world.create_list().id


def spent(world: World, name: str) -> int:
    person = world.people[name].person
    return world.registry.charges.used(person, Measure.ROWS_ADDED, now=world.now)


def test_guesses_one_by_one_and_the_size_after_each(world: World) -> None:
    list_id = one_list(world)

    assert answers(world, "ben", list_id) == ROWS_A_DAY // LEAST_ROWS
    assert Budget().rows_added // LEAST_ROWS == 100  # where nobody set anything
    world.restart()
    assert guess(world, "ben", list_id, 0, done=True) == "budget-spent"


def test_guesses_under_one_ticket_after_another_that_were_given_up(
    world: World,
) -> None:
    spendings = ROWS_A_DAY // LEAST_ROWS

    assert answers(world, "ben", one_list(world), done=False) == spendings


def test_the_last_rows_of_a_day_are_for_one_more_answer_and_no_other(
    world: World,
) -> None:
    list_id = one_list(world)
    ticket = world.start_import("ben", list_id).ticket
    world.seal(ticket, [f"row{n}@example.com" for n in range(ROWS_A_DAY - 50)])

    assert answers(world, "ben", list_id) == 1


def test_a_file_and_a_service_pay_by_the_row(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    for batch in range(3):
        addresses = [f"row{batch}.{number}@example.com" for number in range(50)]
        world.seal(ticket, addresses)

    assert spent(world, "ben") == 150
    assert guess(world, "intake", found.id, 1, done=True) == "it was not refused"
    used = world.registry.charges.used(
        "s_intakeintake", Measure.ROWS_ADDED, now=world.now
    )
    assert used == 1
