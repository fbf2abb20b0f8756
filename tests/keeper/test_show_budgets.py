"""What somebody may still spend, told to nobody else."""

from datetime import timedelta

import pytest

from listkeep.core.errors import RefusedError
from listkeep.keeper.gate.showing.budgets import show_budgets
from listkeep.keeper.gate.sign_in.sessions import DIRECT
from listkeep.wire.messages import budgets as b
from tests.keeper.agreements import add_agency
from tests.keeper.world import World


def budgets(world: World, name: str) -> dict[str, tuple[int, int]]:
    message = b.ShowBudgets(session=world.session(name))
    answer = show_budgets(world.gate, message, service=DIRECT, now=world.now)
    return {row.measure: (row.used, row.ceiling) for row in answer.rows}


def test_what_was_looked_up_is_counted_for_who_did_it(world: World) -> None:
    rows = world.list_with_rows(2)
    before = budgets(world, "ben")
    world.look_up("ben", rows.list_id, "somebody@example.com")

    assert before["look_ups"] == (0, 50)
    assert budgets(world, "ben")["look_ups"] == (1, 50)
    assert budgets(world, "ada")["look_ups"] == (0, 50)


def test_what_was_used_is_told_by_day_as_well(world: World) -> None:
    rows = world.list_with_rows(2)
    world.look_up("ben", rows.list_id, "somebody@example.com")
    world.now += timedelta(days=2)
    world.look_up("ben", rows.list_id, "another@example.com")

    message = b.ShowBudgets(session=world.session("ben"))
    answer = show_budgets(world.gate, message, service=DIRECT, now=world.now)

    by_day = {row.measure: row.by_day for row in answer.rows}
    assert len(by_day["look_ups"]) == 30
    assert by_day["look_ups"][-3:] == (1, 0, 1)
    assert not any(by_day["reveals"])


def test_each_window_is_told_in_days_that_roll(world: World) -> None:
    message = b.ShowBudgets(session=world.session("ben"))
    answer = show_budgets(world.gate, message, service=DIRECT, now=world.now)

    assert {row.measure: (row.days, row.hourly) for row in answer.rows} == {
        "look_ups": (1, True),
        "reveals": (1, True),
        "rows_added": (1, False),
        "rows_changed": (1, False),
        "rows_sent": (1, False),
        "rows_exported": (30, False),
    }


def test_who_may_open_nothing_has_no_budget(world: World) -> None:
    assert budgets(world, "cleo") == {}


def test_a_session_of_another_carrier_asks_for_what_its_person_has_left(
    world: World,
) -> None:
    message = b.ShowBudgets(session=world.session("ben"))

    with pytest.raises(RefusedError):
        show_budgets(world.gate, message, service="s_elsewhere", now=world.now)


def test_an_agent_is_told_what_the_whole_agency_has_left(world: World) -> None:
    rows = world.list_with_rows(2)
    add_agency(world, "zoe", "yan", look_ups=7, rows_sent=2_000)
    world.look_up("zoe", rows.list_id, "somebody@example.com")

    message = b.ShowBudgets(session=world.session("yan"))
    answer = show_budgets(world.gate, message, service=DIRECT, now=world.now)

    shared = {row.measure: (row.used, row.ceiling) for row in answer.rows if row.agency}
    assert shared == {
        "look_ups": (1, 7),
        "reveals": (0, 20),
        "rows_exported": (0, 1000),
        "rows_sent": (0, 2_000),
    }
    assert {row.agency for row in answer.rows} == {"", "studio"}
    own = {row.measure: row.used for row in answer.rows if not row.agency}
    assert own["look_ups"] == 0
