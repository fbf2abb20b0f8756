"""An agency has helped for a while, and would like to keep what it got to know."""

from collections.abc import Iterator

import pytest

from listkeep.keeper.gate.decisions.subjects import EVENTS
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.agreements import (
    AGENCY,
    add_agency,
    agency_subject,
    authorize,
    give_consent,
)
from tests.keeper.instance import ACME, refusal
from tests.keeper.world import World


def test_an_agent_works_like_a_marketer_of_the_sponsor(world: World) -> None:
    rows = world.list_with_rows(2)
    assert add_agency(world, "agnes").state == "done"
    view, _ = world.ask_reveal("agnes", rows, 0)
    export = world.ask_export("agnes", rows, 2)
    world.sign("ada", export, "approve")

    assert world.reveal("agnes", view, rows.batch(0)).rows == 1
    assert world.export("agnes", export, rows.whole()).count("@") == 2
    assert set(authorize(world, "agnes", rows.list_id).rights) == {
        *("view", "touch", "look-up", "reveal", "send", "export"),
    }


def test_an_agent_reaches_no_list_of_anybody_but_the_sponsor(world: World) -> None:
    eves = world.list_with_rows(1, "eves", by="eve")
    add_agency(world, "agnes")

    assert refusal(authorize, world, "agnes", eves.list_id) == "not-found"


@pytest.mark.parametrize("role", ["owner", "marketer", "custodian", "support"])
def test_an_agency_gets_no_other_role_in_a_tenant(world: World, role: str) -> None:
    add_agency(world)
    subject = world.subject("agnes", role, AGENCY)

    code = refusal(world.draft, "ada", "person.add", subject)
    assert code == "request-invalid"


@pytest.mark.parametrize("team", ["", "studio", "a_nobodynobody", "t_acmeacmeacme"])
def test_nobody_is_an_agent_without_a_known_agency(world: World, team: str) -> None:
    subject = world.subject("agnes", "agent", team)

    code = refusal(world.draft, "ada", "person.add", subject)
    assert code in ("request-invalid", "not-found")


def test_an_agency_of_one_tenant_sends_nobody_into_another(world: World) -> None:
    add_agency(world)
    subject = world.subject("agnes", "agent", AGENCY)

    assert refusal(world.draft, "eve", "person.add", subject) == "not-found"


def test_two_agents_do_not_approve_for_each_other(world: World) -> None:
    rows = world.list_with_rows(1)
    add_agency(world, "agnes", "albert")
    view = world.ask_export("agnes", rows, 1)

    assert refusal(world.sign, "albert", view, "approve") == "not-permitted"
    assert refusal(world.run, "albert", view, rows.whole()) == "not-granted"


def test_an_agent_signs_no_change_of_authority(world: World) -> None:
    add_agency(world, "agnes")

    for action in EVENTS:
        code = refusal(world.draft, "agnes", action.value, {"id": AGENCY})
        assert code == "not-permitted", action


def test_an_agent_sees_and_runs_nothing_the_tenants_own_people_asked_for(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    add_agency(world, "agnes", "albert")
    bens = world.granted_export(rows)
    mine = world.ask_export("albert", rows, 1)

    assert refusal(world.show, "agnes", bens) == "not-found"
    assert refusal(world.run, "agnes", bens, rows.whole()) == "not-found"
    assert world.show("agnes", mine).state == "waiting"


def test_agents_share_the_agencys_ceilings(world: World) -> None:
    rows = world.list_with_rows(4)
    add_agency(world, "agnes", "albert", look_ups=3, reveals=3)
    for name, number in (("agnes", 0), ("agnes", 1), ("albert", 2), ("albert", 1)):
        world.look_up(name, "news", f"guess{number}@example.com")
    for name, first in (("agnes", 0), ("albert", 1)):
        view, _ = world.ask_reveal(name, rows, first, first + 1)
        world.reveal(name, view, rows.batch(first, first + 1))

    last = (world.look_up, "albert", "news", "guess3@example.com")
    view, _ = world.ask_reveal("agnes", rows, 3)
    assert refusal(*last) == "budget-spent"
    assert refusal(world.reveal, "agnes", view, rows.batch(3)) == "budget-spent"
    world.restart()
    assert refusal(*last) == "budget-spent"
    assert len(world.look_up("ben", "news", "guess3@example.com")) == 16
    world.wait(hours=24)
    assert len(world.look_up("albert", "news", "guess3@example.com")) == 16


def test_an_agencys_exports_of_a_day_are_added_up_over_its_people(
    world: World,
) -> None:
    rows = world.list_with_rows(3)
    add_agency(world, "agnes", "albert", rows_exported=5)
    views = [world.ask_export(name, rows, 3) for name in ("agnes", "albert")]
    for view in views:
        world.sign("ada", view, "approve")
    world.export("agnes", views[0], rows.whole())

    code = refusal(world.run, "albert", views[1], rows.whole())
    assert code == "budget-spent"
    world.wait(hours=23, minutes=59)
    again = world.sign("ada", world.ask_export("albert", rows, 3), "approve")
    world.wait(minutes=1)
    assert world.export("albert", again, rows.whole()).count("@") == 3


def test_an_agency_that_splits_a_copy_over_its_people_needs_a_custodian(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    add_agency(world, "agnes", "albert", rows_exported=100_000)
    first = world.sign("ada", world.ask_export("agnes", rows, 600), "approve")
    world.run("agnes", first, rows.whole())

    second = world.sign("ada", world.ask_export("albert", rows, 600), "approve")
    assert second.state == "waiting"
    assert "custodian" in str(second.missing)


def test_at_its_end_an_agency_is_out_without_anybody_lifting_a_finger(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    add_agency(world, "agnes", days=1)
    world.wait(hours=23, minutes=50)
    granted = world.sign("ada", world.ask_export("agnes", rows, 2), "approve")
    waiting = world.ask_export("agnes", rows, 1)
    reveal, _ = world.ask_reveal("agnes", rows, 0)
    draft = world.draft("agnes", "export", list="news", cap=1, recipient="warehouse")
    ticket = world.start_import("agnes", rows.list_id).ticket
    session = world.session("agnes", "dock")
    assert world.seal(ticket, ["new@example.com"]).sealed

    world.wait(minutes=10)  # no turn, no sweep

    resolve = sessions.resolve_session
    facts = {"service": world.service("dock").id, "now": world.now}
    registry = world.registry
    code = refusal(resolve, world.gate, registry, session, **facts)
    assert code == "not-signed-in"
    assert refusal(world.login, "agnes") == "expired"
    assert refusal(world.sign, "agnes", draft, "request") in ("not-found", "expired")
    assert refusal(world.seal, ticket, ["more@example.com"]) == "not-permitted"
    assert refusal(world.run, "ben", granted, rows.whole()) == "not-granted"
    assert refusal(world.reveal, "ben", reveal, rows.batch(0)) == "not-granted"
    world.sign("ada", waiting, "approve")
    assert refusal(world.run, "ben", waiting, rows.batch(0)) == "not-granted"


def test_an_export_that_runs_when_the_agency_ends_does_not_finish(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    add_agency(world, "agnes", days=1)
    world.wait(hours=23, minutes=59)
    view = world.sign("ada", world.ask_export("agnes", rows, 1), "approve")

    def stream() -> Iterator[m.RowBatch]:
        yield rows.whole()
        world.wait(minutes=1)

    assert refusal(world.run, "agnes", view, stream=stream()) == "not-signed-in"
    assert "export.completed" not in world.events()


def test_one_owner_shows_an_agency_out_before_notice(world: World) -> None:
    rows = world.list_with_rows(2)
    add_agency(world, "agnes", "albert")
    granted = world.sign("ada", world.ask_export("agnes", rows, 2), "approve")
    waiting = world.ask_export("albert", rows, 1)
    ticket = world.start_import("agnes", rows.list_id).ticket
    session = world.session("albert")

    assert world.ask("amir", "agency.revoke", {"id": AGENCY}).state == "done"

    for _ in range(2):
        assert AGENCY not in world.registry.agencies
        assert refusal(world.login, "agnes") == "credential-unknown"
        code = refusal(
            sessions.resolve_session,
            world.gate,
            world.registry,
            session,
            service="keeper",
            now=world.now,
        )
        assert code == "not-signed-in"
        assert refusal(world.seal, ticket, ["x@example.com"]) == "not-permitted"
        assert world.show("ada", granted).state == "denied"
        assert world.show("ada", waiting).state == "denied"
        assert refusal(world.run, "ben", granted, rows.whole()) == "not-granted"
        world.restart()
    again = agency_subject(world)
    assert refusal(world.draft, "ada", "agency.add", again) == "already-exists"


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_no_agency_stays_for_longer_than_a_year(world: World, days: int) -> None:
    subject = agency_subject(world, days=days)

    code = refusal(world.draft, "ada", "agency.add", subject)
    assert code == "request-invalid"


def test_one_owner_alone_takes_no_agency_on_before_a_day(world: World) -> None:
    view = world.ask("ada", "agency.add", agency_subject(world))

    assert view.state == "waiting"
    assert AGENCY not in world.registry.agencies


# --- subcontractors of the operator ---------------------------------------------


def test_a_subcontractor_touches_a_tenant_under_consent_that_names_them(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    add_agency(world, "steve", by=("cleo", "cyrus"), role="support")
    give_consent(world)
    assert authorize(world, "sam", rows.list_id).tenant == ACME
    assert refusal(authorize, world, "steve", rows.list_id) == "not-found"

    give_consent(world, "steve", consent="g_stevestevest")
    assert authorize(world, "steve", rows.list_id).tenant == ACME
    world.ask("cleo", "agency.revoke", {"id": AGENCY})
    code = refusal(authorize, world, "steve", rows.list_id)
    assert code in ("not-signed-in", "credential-unknown")


def test_a_subcontractor_is_no_custodian_and_a_custodian_no_subcontractor(
    world: World,
) -> None:
    add_agency(world, by=("cleo", "cyrus"))
    subject = world.subject("steve", "custodian", AGENCY)

    code = refusal(world.draft, "cleo", "person.add", subject)
    assert code == "request-invalid"


def test_whoever_signs_an_agent_in_is_told_for_whom_they_work(world: World) -> None:
    add_agency(world)
    view = world.draft("ada", "person.add", world.subject("agnes", "agent", AGENCY))

    assert view.facts["agency"] == "studio"
