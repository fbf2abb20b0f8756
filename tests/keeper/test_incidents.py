"""Incidents are opened once, told, known to those they concern, and closed by them."""

from dataclasses import replace

import pytest

from listkeep.keeper.release import scrubs
from listkeep.wire.messages.scrubs import ReadScrubs
from tests.keeper.instance import ACME, refusal
from tests.keeper.renewing import Renewing
from tests.keeper.scrubbing import Dock, close, incidents, kinds, report
from tests.keeper.telling import Telling
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(4)


def test_what_the_dock_reports_is_recorded_as_its_word(
    world: World, rows: Rows
) -> None:
    opened = report(world, "rows-invalid", list_id=rows.list_id, found=7)

    entry = world.newest("incident.opened")
    assert (entry["incident"], entry["list"]) == (opened.id, rows.list_id)
    assert (entry["kind"], entry["found"]) == ("rows-invalid", "7")
    assert (entry["tenant"], entry["by"]) == (ACME, "s_dockdockdock")
    assert (opened.tenant_name, opened.list_name, opened.closed_at) == (
        "acme",
        "news",
        "",
    )


def test_what_is_found_again_belongs_to_the_same_incident(
    world: World, rows: Rows
) -> None:
    first = report(world, "rows-invalid", list_id=rows.list_id)
    before = len(world.events())

    again = report(world, "rows-invalid", list_id=rows.list_id, found=9)
    other = report(world, "status-better", list_id=rows.list_id)

    assert again.id == first.id
    assert other.id != first.id
    assert world.events()[before:] == ["incident.opened"]


def test_an_owner_closes_it_and_the_next_finding_opens_another(
    world: World, rows: Rows
) -> None:
    first = report(world, "rows-invalid", list_id=rows.list_id)
    world.wait(hours=1)

    closed = close(world, "amir", first.id)

    assert closed.closed_by == "amir"
    entry = world.newest("incident.closed")
    assert (entry["incident"], entry["list"]) == (first.id, rows.list_id)
    assert (entry["person"], entry["reason"]) == (
        world.meet("amir").person,
        "it was a test",
    )
    assert refusal(close, world, "ada", first.id) == "not-waiting"
    assert report(world, "rows-invalid", list_id=rows.list_id).id != first.id
    world.restart()
    assert len(incidents(world)) == 2


def test_an_incident_of_the_operator_is_closed_by_a_custodian(world: World) -> None:
    mine = report(world, "scrub-edited")

    assert refusal(close, world, "ada", mine.id) == "not-found"
    assert refusal(close, world, "sam", mine.id) == "not-found"
    assert close(world, "cleo", mine.id).closed_by == "cleo"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("eve", "not-found"),
        ("ben", "not-found"),
        ("sam", "not-found"),
        ("cleo", "not-permitted"),
    ],
)
def test_nobody_else_closes_it(world: World, rows: Rows, name: str, told: str) -> None:
    opened = report(world, "rows-invalid", list_id=rows.list_id)

    assert refusal(close, world, name, opened.id) == told
    assert kinds(world) == ["rows-invalid"]
    entry = world.newest("release.refused")
    assert (entry["what"], entry["person"]) == ("incident", world.meet(name).person)


def test_owners_and_custodians_know_of_it_and_nobody_else(
    world: World, rows: Rows
) -> None:
    opened = report(world, "rows-invalid", list_id=rows.list_id)

    for name in ("ada", "amir", "cleo"):
        assert [each.id for each in incidents(world, name)] == [opened.id]
    for name in ("ben", "eve", "sam"):
        assert incidents(world, name) == []


def test_what_does_not_exist_is_not_reported(world: World) -> None:
    assert refusal(report, world, "bad-mood") == "message-invalid"
    assert refusal(report, world, "rows-extra", list_id="l_nowhere") == "not-found"
    assert refusal(report, world, "rows-extra", tenant="t_nowhere") == "not-found"
    assert "incident.opened" not in world.events()


def test_who_accepts_a_loss_takes_it_into_the_books(world: World, rows: Rows) -> None:
    dock = Dock.of(world, rows)
    dock.rows = dock.rows[1:]
    dock.scrub()
    (missing,) = incidents(world)
    close(world, "ada", missing.id, accepts=True)

    assert world.registry.entries[rows.list_id] == 3
    dock.scrub()
    assert kinds(world) == []


def test_who_does_not_is_asked_again(world: World, rows: Rows) -> None:
    dock = Dock.of(world, rows)
    dock.rows = dock.rows[1:]
    dock.scrub()
    close(world, "ada", incidents(world)[0].id)

    dock.scrub()

    assert kinds(world) == ["rows-missing"]


def test_a_list_nobody_looked_over_for_two_weeks_is_an_incident(
    world: World, rows: Rows
) -> None:
    Dock.of(world, rows).scrub()
    assert kinds(world) == []
    world.wait(days=13)
    assert kinds(world) == []
    world.wait(days=1, minutes=1)

    assert kinds(world) == ["scrub-overdue"]
    assert world.newest("incident.opened")["by"] == "keeper"
    assert world.newest("incident.opened")["list"] == rows.list_id
    before = len(world.events())
    world.wait(days=20)
    assert kinds(world) == ["scrub-overdue"]
    assert "incident.opened" not in world.events()[before:]


def test_one_that_was_never_looked_over_counts_from_its_making(
    world: World, rows: Rows
) -> None:
    assert kinds(world) == []
    world.wait(days=14, minutes=1)

    assert kinds(world) == ["scrub-overdue"]


def test_a_keeper_that_was_off_for_a_month_waits_a_day(
    world: World, rows: Rows
) -> None:
    """The dock was away as well, and needs some time."""
    world.wait(days=30)
    world.restart()

    assert kinds(world) == []
    world.wait(days=1)
    assert kinds(world) == ["scrub-overdue"]


def test_a_renewal_that_does_not_end_in_a_week_is_an_incident(world: World) -> None:
    """What was erased would open from an old backup as long as the old key is there."""
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    kinds(renewing)
    renewing.wait(days=2)
    renewing.renew(renewing.rows.list_id)
    renewing.wait(days=6, hours=23)
    assert kinds(renewing) == []
    renewing.wait(hours=1, minutes=1)

    assert kinds(renewing) == ["renewal-overdue"]
    again = renewing.reseal(renewing.rows)
    renewing.destroy(renewing.rows.list_id, again.sealed)
    (overdue,) = incidents(renewing)
    close(renewing, "ada", overdue.id)
    renewing.wait(minutes=2)
    assert kinds(renewing) == []


def test_a_renewal_that_never_begins_is_an_incident(world: World) -> None:
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    Dock.of(renewing, renewing.rows).scrub()
    kinds(renewing)
    renewing.wait(days=36, hours=23)
    assert "renewal-overdue" not in kinds(renewing)
    renewing.wait(hours=1, minutes=1)

    assert "renewal-overdue" in kinds(renewing)
    assert renewing.newest("incident.opened")["list"] == renewing.rows.list_id


def test_a_list_whose_keys_are_gone_is_not_overdue(world: World, rows: Rows) -> None:
    kinds(world)
    known = world.registry.lists
    known[rows.list_id] = replace(known[rows.list_id], keys=())
    world.wait(days=15)

    assert kinds(world) == []
    answer = scrubs.read_scrubs(
        world.gate, ReadScrubs(), carrier=world.service("dock"), now=world.now
    )
    assert answer.lists == ()


def test_closing_it_gives_two_weeks_more(world: World, rows: Rows) -> None:
    kinds(world)
    world.wait(days=15)
    (overdue,) = incidents(world)
    close(world, "ada", overdue.id)

    world.wait(days=13)
    assert kinds(world) == []
    world.wait(days=2)
    assert kinds(world) == ["scrub-overdue"]


def test_it_is_told_by_following_the_ledger_alone(stage: Telling, desk: str) -> None:
    """Whoever stops the sweep has to stop all that the dock does."""
    stage.list_with_rows(2)
    start = len(stage.entries())
    stage.told()
    stage.wait(days=14, minutes=1)
    stage.told()

    (notice,) = [each for each in stage.told(start) if each.event == "incident.opened"]
    assert (notice.about, notice.severity, notice.list_name) == (
        "scrub-overdue",
        "alarm",
        "news",
    )
    assert [contact.name for contact in notice.contacts] == ["desk"]
