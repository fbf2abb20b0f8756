import pytest

from tests.keeper.instance import refusal
from tests.keeper.world import World

CLASS = {"classes": "export+reveal"}


def test_a_freeze_stops_exports_and_reveals_at_once(world: World) -> None:
    rows = world.list_with_rows(1)
    export = world.granted_export(rows)
    reveal, _ = world.ask_reveal("ben", rows, 0)

    assert world.freeze("ada").state == "done"

    assert refusal(world.run, "ben", export, rows.whole()) == "frozen"
    assert refusal(world.reveal, "ben", reveal, rows.whole()) == "frozen"
    world.restart()
    assert refusal(world.run, "ben", export, rows.whole()) == "frozen"


def test_a_freeze_spends_no_grant(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.freeze("ada")
    refusal(world.run, "ben", view, rows.whole())

    world.sign("amir", world.ask("ada", "unfreeze", CLASS), "approve")

    assert rows.addresses[0] in world.export("ben", view, rows.whole())


def test_a_custodian_freezes_one_tenant_or_all(world: World) -> None:
    acme, eves = world.list_with_rows(1), world.list_with_rows(1, "eves", by="eve")
    world.freeze("cleo", tenant="acme")
    blocked, _ = world.ask_reveal("ben", acme, 0)
    free, _ = world.ask_reveal("eve", eves, 0)

    assert refusal(world.reveal, "ben", blocked, acme.whole()) == "frozen"
    assert world.reveal("eve", free, eves.whole()).rows == 1
    world.freeze("cleo")
    again, _ = world.ask_reveal("eve", eves, 0)
    assert refusal(world.reveal, "eve", again, eves.whole()) == "frozen"


def test_an_owner_freezes_the_own_tenant_only(world: World) -> None:
    code = refusal(world.draft, "eve", "freeze", CLASS, tenant="acme")
    assert code == "not-found"
    assert refusal(world.draft, "ben", "freeze", CLASS) == "not-permitted"


def test_lifting_a_freeze_takes_two(world: World) -> None:
    world.freeze("ada")
    view = world.ask("ada", "unfreeze", CLASS, valid_seconds=7 * 86400)

    assert view.state == "waiting"
    assert world.sign("amir", view, "approve").state == "done"
    assert not world.registry.freezes


def test_owners_do_not_lift_the_custodians_freeze(world: World) -> None:
    world.freeze("cleo", tenant="acme")

    assert refusal(world.ask, "ada", "unfreeze", CLASS) == "not-permitted"
    view = world.ask("cleo", "unfreeze", CLASS, tenant="acme")
    assert refusal(world.sign, "ada", view, "approve") == "not-permitted"
    assert world.sign("cyrus", view, "approve").state == "done"


def test_custodians_do_not_lift_the_owners_freeze(world: World) -> None:
    world.freeze("ada")

    code = refusal(world.ask, "cleo", "unfreeze", CLASS, tenant="acme")
    assert code == "not-permitted"


def test_owners_who_freeze_again_do_not_take_a_freeze_over(world: World) -> None:
    rows = world.list_with_rows(1)
    world.freeze("cleo", tenant="acme")
    world.freeze("ada")

    world.sign("amir", world.ask("ada", "unfreeze", CLASS), "approve")

    view, _ = world.ask_reveal("ben", rows, 0)
    assert refusal(world.reveal, "ben", view, rows.whole()) == "frozen"


def test_what_is_not_frozen_is_not_lifted(world: World) -> None:
    assert refusal(world.ask, "ada", "unfreeze", CLASS) == "not-found"


@pytest.mark.parametrize(
    "classes",
    [
        "",
        "everything",
        "export",
        "transactional campaigns",
        "campaigns campaigns",
        "campaigns  transactional",
        "campaigns ",
    ],
)
def test_a_freeze_names_its_classes_in_one_spelling(world: World, classes: str) -> None:
    code = refusal(world.draft, "ada", "freeze", {"classes": classes})
    assert code == "request-invalid"


def test_a_sole_owner_lifts_the_own_freeze_after_three_days(world: World) -> None:
    world.freeze("eve")
    view = world.ask("eve", "unfreeze", CLASS, valid_seconds=7 * 86400)

    world.wait(hours=71, minutes=59)
    assert world.show("eve", view).state == "waiting"
    world.wait(minutes=1)
    assert world.show("eve", view).state == "done"
    assert not world.registry.freezes


def test_one_of_two_owners_never_lifts_a_freeze_alone(world: World) -> None:
    world.freeze("ada")
    view = world.ask("ada", "unfreeze", CLASS, valid_seconds=30 * 86400)

    world.wait(days=29)
    assert world.show("ada", view).state == "waiting"


def test_each_class_is_frozen_and_lifted_for_itself(world: World) -> None:
    rows = world.list_with_rows(1)
    world.ask("ada", "freeze", {"classes": "campaigns transactional"})
    view, _ = world.ask_reveal("ben", rows, 0)
    assert world.reveal("ben", view, rows.whole()).rows == 1
    world.freeze("ada")

    lift = world.ask("ada", "unfreeze", {"classes": "campaigns export+reveal"})
    assert world.sign("amir", lift, "approve").state == "done"

    assert {kind for _, kind, _ in world.registry.freezes} == {"transactional"}


def test_whoever_lifts_two_classes_must_have_frozen_both(world: World) -> None:
    world.freeze("ada")
    world.ask("cleo", "freeze", {"classes": "campaigns"}, tenant="acme")
    both = {"classes": "campaigns export+reveal"}

    assert refusal(world.ask, "ada", "unfreeze", both) == "not-permitted"
    assert len(world.registry.freezes) == 2


def test_a_session_held_over_a_freeze_opens_nothing(world: World) -> None:
    rows = world.list_with_rows(2)
    export = world.granted_export(rows)
    reveal, _ = world.ask_reveal("ben", rows, 0)
    held = {world.session("ben"), world.session("ben", "dock")}
    world.freeze("cleo")

    assert refusal(world.run, "ben", export, rows.whole()) == "frozen"
    assert refusal(world.reveal, "ben", reveal, rows.batch(0)) == "frozen"
    assert {world.session("ben"), world.session("ben", "dock")} == held
    assert "export.intended" not in world.events()
