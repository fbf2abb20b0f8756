"""Somebody leaves: one act ends everything of theirs, before notice."""

import pytest

from listkeep.keeper.gate.models import Draft
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.world import World


@pytest.fixture(autouse=True)
def _restarted_or_not(world: World) -> None:
    world.list_with_rows(2)


def leave(world: World) -> None:
    view = world.ask("amir", "person.revoke", {"id": world.meet("ben").person})
    assert view.state == "done"


def draft(world: World) -> m.RequestView:
    return world.draft("ben", "export", list="news", cap=1, recipient="warehouse")


@pytest.mark.parametrize("service", ["keeper", "dock"])
def test_sessions_of_who_left_are_over_at_once(world: World, service: str) -> None:
    held = world.session("ben", service)
    leave(world)

    code = refusal(
        sessions.resolve_session,
        world.gate,
        world.registry,
        held,
        service="keeper" if service == "keeper" else world.service("dock").id,
        now=world.now,
    )
    assert code == "not-signed-in"
    assert refusal(world.login, "ben") == "credential-unknown"


def test_a_draft_left_behind_is_signed_by_nobody(world: World) -> None:
    view = draft(world)
    leave(world)

    assert refusal(world.sign, "ivan", view, "request") == "not-found"
    assert refusal(world.show, "ivan", view) == "not-found"


def test_whoever_takes_a_draft_over_in_the_database_gets_nothing(world: World) -> None:
    view = draft(world)
    leave(world)
    Draft.objects.filter(id=view.id).update(person=world.meet("ivan").person)

    assert refusal(world.sign, "ivan", view, "request") == "not-found"


def test_what_who_left_asked_for_is_denied_waiting_or_granted(world: World) -> None:
    waiting = world.ask("ben", "export", list="news", cap=1, recipient="warehouse")
    granted = world.ask("ben", "export", list="news", cap=2, recipient="warehouse")
    world.sign("ada", granted, "approve")
    leave(world)

    for _ in range(2):
        assert world.show("ada", waiting).state == "denied"
        assert world.show("ada", granted).state == "denied"
        assert refusal(world.sign, "ada", waiting, "approve") == "not-waiting"
        world.restart()


def test_what_is_done_stays_done(world: World) -> None:
    view = world.ask("ada", "freeze", {"classes": "campaigns"})
    taken = world.ask("ada", "person.revoke", {"id": world.meet("amir").person})
    world.wait(hours=24)
    assert world.show("ada", taken).state == "done"

    assert world.show("ada", view).state == "done"
    assert world.registry.freezes


def test_an_open_import_of_who_left_takes_no_row(world: World) -> None:
    (list_id,) = world.registry.lists
    ticket = world.start_import("ben", list_id).ticket
    leave(world)

    assert refusal(world.seal, ticket, ["new@example.com"]) == "not-permitted"


def test_an_import_signed_for_somebody_who_left_takes_no_row(world: World) -> None:
    subject = {"sha256": "0" * 64, "rows": "9"}
    view = world.ask("ben", "import", subject, list="news", cap=9)
    world.sign("ada", view, "approve")
    (list_id,) = world.registry.lists
    ticket = world.start_import("ivan", list_id, view.id).ticket
    assert world.seal(ticket, ["first@example.com"]).sealed
    leave(world)

    assert refusal(world.seal, ticket, ["more@example.com"]) == "not-granted"


def test_an_owner_who_leaves_takes_pending_changes_along(world: World) -> None:
    view = world.ask("ada", "person.add", world.subject("mallory", "owner"))
    taken = world.ask("amir", "person.revoke", {"id": world.meet("ada").person})
    world.wait(hours=23, minutes=59)
    world.sign("amir", view, "deny")
    world.wait(minutes=1)
    assert world.show("amir", taken).state == "done"

    assert world.show("amir", view).state == "denied"
    assert world.meet("mallory").person not in world.registry.people
