import pyrage

from tests.keeper.instance import WAREHOUSE, refusal
from tests.keeper.world import World


def test_a_thousand_rows_take_an_owner(world: World) -> None:
    rows = world.list_with_rows(1)

    view = world.sign("ada", world.ask_export("ben", rows, 1000), "approve")

    assert view.state == "granted"


def test_one_row_more_takes_a_custodian_and_an_hour(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.sign("ada", world.ask_export("ben", rows, 1001), "approve")
    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"

    world.wait(minutes=5)
    world.sign("cleo", view, "approve")
    world.wait(minutes=59, seconds=59)
    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"
    world.wait(seconds=1)
    assert rows.addresses[0] in world.export("ben", view, rows.whole())


def test_a_custodian_does_not_stand_for_an_owner(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1001)
    world.sign("cleo", view, "approve")
    world.sign("cyrus", view, "approve")
    world.wait(hours=2)

    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_an_owner_who_asks_needs_another_owner(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ada", rows, 10)

    assert view.missing == ("the approval of another owner of the tenant",)
    world.wait(hours=23)
    assert refusal(world.run, "ada", view, rows.whole()) == "not-granted"
    assert world.sign("amir", view, "approve").state == "granted"


def test_a_sole_owner_exports_nothing_alone(world: World) -> None:
    rows = world.list_with_rows(1, "eves", by="eve")
    key = str(world.warehouse.to_public())
    subject = {"id": "c_evesevesevea", "name": "shelf", "public_key": key}
    added = world.ask("eve", "recipient.add", subject, valid_seconds=7 * 86400)
    world.wait(hours=73)
    world.show("eve", added)

    view = world.ask_export("eve", rows, 1, recipient="shelf", valid_seconds=30 * 86400)

    world.wait(days=29)
    assert refusal(world.run, "eve", view, rows.whole()) == "not-granted"


def test_many_small_exports_to_one_recipient_become_a_large_one(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    for _ in range(2):
        world.export("ben", world.granted_export(rows, 400), rows.whole())

    view = world.granted_export(rows, 201)
    assert view.missing == ("the approval of another custodian of the operator",)
    assert world.granted_export(rows, 200).state == "granted"


def test_exports_granted_side_by_side_are_counted_when_they_run(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    views = [world.granted_export(rows, 600) for _ in range(2)]
    assert [view.state for view in views] == ["granted", "granted"]

    world.export("ben", views[0], rows.whole())

    assert refusal(world.run, "ben", views[1], rows.whole()) == "not-granted"
    world.sign("cleo", views[1], "approve")
    world.wait(hours=1)
    assert rows.addresses[0] in world.export("ben", views[1], rows.whole())


def test_a_month_later_the_recipient_starts_anew(world: World) -> None:
    rows = world.list_with_rows(1)
    world.export("ben", world.granted_export(rows, 1000), rows.whole())

    world.wait(days=29, hours=23)
    assert world.granted_export(rows, 1).state == "waiting"
    world.wait(hours=1)
    assert world.granted_export(rows, 1000).state == "granted"


def test_a_copys_cap_counts_also_when_fewer_rows_were_opened(world: World) -> None:
    rows = world.list_with_rows(1)
    world.export("ben", world.granted_export(rows, 1000), rows.whole())

    assert world.granted_export(rows, 1).state == "waiting"


def test_one_key_is_one_recipient_under_whatever_name(world: World) -> None:
    rows = world.list_with_rows(1)
    world.export("ben", world.granted_export(rows, 1000), rows.whole())
    enrol = (world.add_recipient, "shelf", "c_shelfshelfsh", world.warehouse)
    assert refusal(*enrol) == "already-exists"
    world.ask("ada", "recipient.revoke", {"id": WAREHOUSE})
    world.add_recipient("shelf", "c_shelfshelfsh", world.warehouse)

    view = world.ask_export("ivan", rows, 1, recipient="shelf")

    assert world.sign("ada", view, "approve").state == "waiting"


def test_one_requester_does_not_spread_copies_over_recipients(world: World) -> None:
    rows = world.list_with_rows(1)
    world.add_recipient("agency", "c_agencyagency", pyrage.x25519.Identity.generate())
    world.export("ben", world.granted_export(rows, 1000), rows.whole())

    view = world.ask_export("ben", rows, 1, recipient="agency")
    assert world.sign("ada", view, "approve").state == "waiting"
    other = world.ask_export("ivan", rows, 1000, recipient="agency")
    assert world.sign("ada", other, "approve").state == "granted"
