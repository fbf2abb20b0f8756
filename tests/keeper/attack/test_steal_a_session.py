"""Somebody holds a live session of Ben's or Ada's: by a relayed page, or malware."""

from listkeep.keeper.gate.decisions import requests, showing
from listkeep.keeper.gate.sign_in import callers, sessions
from listkeep.wire import messages as m
from tests.keeper.instance import DIRECT, refusal
from tests.keeper.world import World


def test_a_stolen_session_asks_but_signs_nothing(world: World) -> None:
    rows = world.list_with_rows(3)
    world.session("ada")

    view = world.draft(
        "ada",
        "reveal",
        list="news",
        selection=rows.token(0),
        recipient=str(world.warehouse.to_public()),
    )
    assert refusal(world.reveal, "ada", view, rows.batch(0)) == "not-found"
    view = world.draft("ada", "export", list="news", cap=3, recipient="warehouse")
    assert refusal(world.run, "ada", view, rows.whole()) == "not-found"
    assert "reveal.intended" not in world.events()
    assert "export.intended" not in world.events()


def test_a_stolen_session_learns_fifty_tokens_a_day_and_no_address(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    learned = 0
    for number in range(80):
        if number == 40:
            world.wait(hours=1)
        code = refusal(world.look_up, "ada", rows.list_id, f"g{number}@example.com")
        learned += code == "it was not refused"

    assert learned == 50


def test_a_stolen_session_changes_no_authority(world: World) -> None:
    view = world.draft("ada", "person.add", world.subject("mallory", "owner"))
    message = m.ShowRequest(session=world.session("ada"), request=view.id)

    world.wait(minutes=10)
    (found,) = showing.show_requests(
        world.gate, message, service=DIRECT, now=world.now
    ).requests

    assert found.state == "draft"
    assert world.meet("mallory").person not in world.registry.people


def test_ending_the_session_ends_the_thief_too(world: World) -> None:
    stolen = world.session("ada", "dock")
    sessions.end_session(world.gate, stolen, now=world.now)

    message = m.Caller(session=stolen)
    code = refusal(
        callers.resolve_caller,
        world.gate,
        world.registry,
        message,
        carrier=world.service("dock"),
        now=world.now,
    )
    assert code == "not-signed-in"


def test_a_session_stolen_from_the_dock_is_worth_nothing_at_the_keeper(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    stolen = world.session("ada", "dock")

    for service in (DIRECT, "s_consoleconso"):
        code = refusal(
            sessions.resolve_session,
            world.gate,
            world.registry,
            stolen,
            service=service,
            now=world.now,
        )
        assert code == "not-signed-in"
    message = m.DraftRequest(
        session=stolen, action="export", purpose="x", list=rows.list_id, cap=1
    )
    code = refusal(requests.draft_request, world.gate, message, now=world.now)
    assert code == "not-signed-in"
