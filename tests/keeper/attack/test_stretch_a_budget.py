"""Somebody wants more than a day's share, or wants others to have it."""

import pytest

from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.custody import suppressions
from listkeep.wire import messages as m
from tests.keeper.instance import SERVICES, refusal
from tests.keeper.world import World


def rule(measure: str, ceiling: int, who: str = "everybody") -> dict[str, str]:
    return {"measure": measure, "ceiling": str(ceiling), "who": who}


def guesses(world: World, name: str, count: int, first: int = 0) -> int:
    """Look different addresses up; tell how many were answered."""
    answers = [
        refusal(world.look_up, name, "news", f"guess{first + number}@example.com")
        for number in range(count)
    ]
    assert set(answers) <= {"it was not refused", "budget-spent"}
    return answers.count("it was not refused")


def test_one_owner_lowers_a_ceiling_and_it_counts_at_once(world: World) -> None:
    world.list_with_rows(1)
    assert guesses(world, "ben", 5) == 5

    assert world.ask("ada", "budget.set", rule("look_ups", 8)).state == "done"

    assert guesses(world, "ben", 5, first=10) == 0  # an hour has four
    world.wait(hours=1)
    assert guesses(world, "ben", 5, first=20) == 3
    world.restart()
    assert guesses(world, "ben", 5, first=30) == 0
    assert guesses(world, "ivan", 9) == 4


def test_a_thief_with_one_owners_passkey_raises_nothing_before_a_day(
    world: World,
) -> None:
    world.ask("ada", "budget.set", rule("reveals", 2))
    view = world.ask("ada", "budget.set", rule("reveals", 3))

    assert view.state == "waiting"
    ben = world.meet("ben").person
    assert world.registry.ceiling(ben, "reveals") == 2  # type: ignore[arg-type]
    assert world.sign("amir", view, "deny").state == "denied"

    view = world.ask("ada", "budget.set", rule("reveals", 20))
    assert world.sign("amir", view, "approve").state == "done"
    assert world.registry.ceiling(ben, "reveals") == 20  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "ceiling"),
    [("look_ups", 51), ("reveals", 21), ("rows_added", 10_001), ("tenants", 11)],
)
def test_two_owners_together_do_not_rise_above_the_operators_floor(
    world: World, measure: str, ceiling: int
) -> None:
    code = refusal(world.draft, "ada", "budget.set", rule(measure, ceiling))
    assert code == "request-invalid"


def test_a_rule_for_one_person_does_not_lift_them_over_everybodys(
    world: World,
) -> None:
    ben, ivan = (world.meet(name).person for name in ("ben", "ivan"))
    world.ask("ada", "budget.set", rule("reveals", 6))
    world.ask("ada", "budget.set", rule("reveals", 12, ben))
    world.ask("ada", "budget.set", rule("reveals", 4, "marketer"))
    world.ask("ada", "budget.set", rule("reveals", 1, ivan))

    ceilings = [
        world.registry.ceiling(world.meet(name).person, Measure.REVEALS)
        for name in ("ben", "ivan", "ada", "eve")
    ]
    assert ceilings == [4, 1, 6, 20]


@pytest.mark.parametrize(
    "spoil",
    [
        {"who": ""},
        {"who": "custodian"},
        {"who": "t_acmeacmeacme"},
        {"measure": "rows_exported"},
        {"measure": "hourly_share"},
        {"ceiling": "-1"},
        {"ceiling": "many"},
    ],
    ids=str,
)
def test_a_rule_for_nobody_or_nothing_is_refused(
    world: World, spoil: dict[str, str]
) -> None:
    subject = {**rule("reveals", 1), **spoil}

    code = refusal(world.draft, "ada", "budget.set", subject)
    assert code == "request-invalid"


@pytest.mark.parametrize("name", ["ben", "cleo", "eve"])
def test_nobody_sets_budgets_of_another_tenant(world: World, name: str) -> None:
    ben = world.meet("ben").person
    facts = {"tenant": "acme"} if name == "cleo" else {}

    code = refusal(world.draft, name, "budget.set", rule("reveals", 0, ben), **facts)
    assert code in ("not-permitted", "not-found")


def test_half_of_a_day_in_an_hour_and_not_a_day_in_a_minute(world: World) -> None:
    rows = world.list_with_rows(21)
    assert guesses(world, "ben", 30) == 25
    for positions, code in (
        (range(10), "it was not refused"),
        (range(10, 11), "budget-spent"),
    ):
        view, _ = world.ask_reveal("ben", rows, *positions)
        batch = rows.batch(*positions)
        assert refusal(world.reveal, "ben", view, batch) == code

    world.wait(minutes=59, seconds=59)
    assert guesses(world, "ben", 1, first=100) == 0
    world.wait(seconds=1)
    assert guesses(world, "ben", 30, first=100) == 25
    world.wait(hours=1)
    assert guesses(world, "ben", 1, first=200) == 0


def test_an_odd_ceiling_is_halved_upwards_and_none_stays_none(world: World) -> None:
    world.list_with_rows(1)
    world.ask("ada", "budget.set", rule("look_ups", 1))
    assert guesses(world, "ben", 2) == 1
    world.ask("ada", "budget.set", rule("look_ups", 0))
    assert guesses(world, "ivan", 1) == 0


def test_lower_ceilings_bind_imports_and_suppressions_of_services_too(
    world: World,
) -> None:
    rows = world.list_with_rows(3)
    intake = SERVICES["intake"][0]
    world.ask("ada", "budget.set", rule("rows_added", 2, intake))
    world.ask("ada", "budget.set", rule("rows_changed", 1))
    ticket = world.start_import("intake", rows.list_id)

    assert ticket.max_rows == 2
    assert world.seal(ticket.ticket, ["a@example.com", "b@example.com"]).sealed
    assert refusal(world.seal, ticket.ticket, ["c@example.com"]) == "budget-spent"
    assert world.suppress("ben", rows, 0) == 1
    message = m.Suppress(
        caller=world.caller("ben"),
        list=rows.list_id,
        tokens=rows.tokens(1),
        reason="bounced",
    )
    code = refusal(
        suppressions.suppress,
        world.gate,
        message,
        carrier=world.service("dock"),
        now=world.now,
    )
    assert code == "budget-spent"


def test_imports_that_are_given_up_make_a_list_look_larger(world: World) -> None:
    """One in a hundred of the entries that are there, not of those ever begun."""
    rows = world.list_with_rows(12)
    for _ in range(2):
        ticket = world.start_import("ben", rows.list_id).ticket
        world.seal(ticket, [f"filler{number}@example.com" for number in range(700)])
        world.finish(ticket, committed=False)

    assert world.suppress("app", rows, *range(10)) == 10
    assert refusal(world.suppress, "app", rows, 10) == "budget-spent"


def test_custodians_bound_support_and_one_is_enough(world: World) -> None:
    view = world.ask("cleo", "budget.set", rule("tenants", 3, "support"))

    assert view.state == "done"
    sam = world.meet("sam").person
    assert world.registry.ceiling(sam, "tenants") == 3  # type: ignore[arg-type]
    higher = world.ask("cleo", "budget.set", rule("tenants", 10, "support"))
    assert higher.state == "waiting"


def test_whoever_signs_a_budget_is_told_which_and_how_much(world: World) -> None:
    view = world.draft("ada", "budget.set", rule("reveals", 5, "marketer"))

    told = {"who": "marketer", "measure": "reveals", "ceiling": "5"}
    assert told.items() <= view.facts.items()
