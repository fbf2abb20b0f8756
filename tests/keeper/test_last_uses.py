"""Who has access, since when, when it was last used, and what each may read of that."""

from datetime import timedelta

import pytest

from listkeep.core.grants import format_time
from listkeep.keeper.gate.models import LastUse
from listkeep.keeper.gate.showing.rows import readable_kinds, registry_rows
from listkeep.keeper.gate.sign_in.uses import STEP, note_use
from listkeep.wire import messages as m
from tests.keeper.edge import post, set_clock
from tests.keeper.instance import SERVICES
from tests.keeper.world import World

CONSOLE = SERVICES["console"][0]
KINDS = ("tenant", "person", "service", "recipient", "route", "use", "freeze")


@pytest.fixture(autouse=True)
def _clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, world.clock)


def uses(world: World, name: str = "ada") -> dict[str, dict[str, str]]:
    person = world.registry.people[world.meet(name).person]
    return {row["id"]: row for row in registry_rows(world.registry, person, "use")}


def test_a_person_is_used_by_a_session_and_a_building_by_its_key(world: World) -> None:
    ada = world.meet("ada")
    message = m.WhoAmI(session=world.session("ada", "console"))

    post("who-am-i", message, service="console")

    moment = format_time(world.now)
    assert uses(world)[ada.person]["last_used"] == moment
    assert uses(world, "cleo")[CONSOLE]["last_used"] == moment


def test_an_application_that_only_reads_is_used_as_well(world: World) -> None:
    """It leaves nothing in the ledger, and nobody is to take its key away for that."""
    service = SERVICES["app"][0]
    assert uses(world)[service]["last_used"] == ""
    assert uses(world)[service]["since"] != ""
    before = len(world.entries())

    asked = m.Authorize(caller=world.caller("app"), right="view")
    assert post("authorize", asked, service="dock").code == ""

    assert uses(world)[service]["last_used"] == format_time(world.now)
    assert len(world.entries()) == before


def test_who_signed_was_here_whatever_the_table_says(world: World) -> None:
    rows = world.list_with_rows(1)
    world.granted_export(rows)
    LastUse.objects.all().delete()

    moment = format_time(world.now)
    for name in ("ben", "ada"):
        assert uses(world)[world.meet(name).person]["last_used"] == moment


def test_a_recipient_is_used_by_its_copies(world: World) -> None:
    warehouse = next(iter(world.registry.recipients))
    assert uses(world)[warehouse]["last_used"] == ""

    rows = world.list_with_rows(2)
    world.run("ben", world.granted_export(rows), rows.whole())

    assert uses(world)[warehouse]["last_used"].startswith("2026-01-05T12:")


def test_a_key_that_is_none_is_noted_nowhere(world: World) -> None:
    made_up = m.Caller(service_key=f"lkk_s_aaaaaaaaaaaa_{'x' * 43}")

    post("authorize", m.Authorize(caller=made_up, right="view"), service="dock")

    assert set(LastUse.objects.values_list("who", flat=True)) <= set(
        world.registry.services
    ) | set(world.registry.people)


def test_a_use_is_written_once_an_hour(world: World) -> None:
    for minutes in (0, 10, 59, 60):
        note_use(world.gate, "p_x", now=world.now + timedelta(minutes=minutes))
        at = LastUse.objects.get(who="p_x").at
        expected = timedelta(hours=1) if minutes == 60 else timedelta()
        assert at - world.now.replace(microsecond=0) == expected
    assert timedelta(hours=1) == STEP


def test_a_row_that_somebody_made_up_gives_nothing(world: World) -> None:
    LastUse.objects.create(who="p_nobody", at=world.now)

    assert "p_nobody" not in uses(world, "cleo")
    assert "p_nobody" not in world.registry.people


def test_what_is_used_at_another_tenant_is_not_told(world: World) -> None:
    world.session("eve", "console")
    post(
        "who-am-i",
        m.WhoAmI(session=world.session("eve", "console")),
        service="console",
    )

    assert world.meet("eve").person not in uses(world, "ada")
    assert world.meet("eve").person in uses(world, "cleo")


@pytest.mark.parametrize("name", ["ada", "ben", "cleo", "sam"])
def test_who_am_i_names_what_one_may_read_and_nothing_else(
    world: World, name: str
) -> None:
    """A page offers these: none of them refuses, and what is not there does."""
    message = m.WhoAmI(session=world.session(name, "console"))
    told = post("who-am-i", message, service="console").read(m.Principal)
    session = world.session(name, "console")

    person = world.registry.people[world.meet(name).person]
    assert told.opens == readable_kinds(person)
    for kind in KINDS:
        asked = m.ShowRegistry(session=session, kind=kind)
        code = post("registry/show", asked, service="console").code
        assert (code == "") is (kind in told.opens), kind
