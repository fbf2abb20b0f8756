import pyrage
import pytest

from listkeep.core.canonical import parse
from listkeep.core.grants import parse_time
from tests.keeper.instance import WAREHOUSE, refusal
from tests.keeper.world import World


@pytest.mark.parametrize("name", ["ada", "amir", "ben"])
def test_a_denial_ends_the_request(world: World, name: str) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)

    assert world.sign(name, view, "deny").state == "denied"

    assert refusal(world.sign, "amir", view, "approve") == "not-waiting"
    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_an_owner_vetoes_a_large_export_while_its_hour_runs(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.sign("ada", world.ask_export("ben", rows, 2000), "approve")
    world.sign("cleo", view, "approve")
    world.wait(minutes=59)

    world.sign("amir", view, "deny")
    world.wait(minutes=2)

    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_a_request_expires_at_its_end_and_not_before(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1, valid_seconds=3600)
    end = parse_time(parse(view.terms)["expires"])

    world.now = end
    assert world.show("ben", view).state == "expired"
    assert refusal(world.sign, "ada", view, "approve") == "expired"


def test_a_grant_ends_with_its_window(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.wait(hours=24)

    assert refusal(world.run, "ben", view, rows.whole()) == "expired"


def test_a_grant_does_not_open_before_its_window(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    world.wait(seconds=-2)

    assert world.show("ben", view).state == "waiting"
    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_a_recipient_revoked_in_between_cancels_the_request(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    granted = world.granted_export(rows)
    world.ask("ada", "recipient.revoke", {"id": WAREHOUSE})

    assert refusal(world.sign, "ada", view, "approve") == "facts-changed"
    assert refusal(world.run, "ben", granted, rows.whole()) == "facts-changed"


def test_a_recipient_renewed_under_its_name_does_not_inherit_the_grant(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.ask("ada", "recipient.revoke", {"id": WAREHOUSE})
    fresh = pyrage.x25519.Identity.generate()
    world.add_recipient("warehouse", "c_warehousetwo", fresh)

    assert refusal(world.run, "ben", view, rows.whole()) == "facts-changed"


def test_a_requester_who_has_left_holds_no_grant(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.ask("ada", "person.revoke", {"id": world.meet("ben").person})

    assert refusal(world.run, "ivan", view, rows.whole()) == "not-granted"
    assert world.show("ada", view).signed_by[0].endswith("(left) (request)")


def test_an_approver_who_has_left_does_not_count(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.remove("ada")

    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_a_request_that_can_no_longer_be_done_does_not_stand_in_others_way(
    world: World,
) -> None:
    week = {"valid_seconds": 7 * 86400}
    alone = world.ask("ada", "person.add", world.subject("nils", "marketer"), **week)
    twin = {**world.subject("nele", "marketer"), "name": "nils"}
    view = world.ask("ada", "person.add", twin)
    world.sign("amir", view, "approve")

    world.wait(hours=25)

    assert world.show("ada", alone).state == "granted"
    assert world.meet("nils").person not in world.registry.people
