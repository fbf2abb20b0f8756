"""Both custodians of the operator want a customer's list."""

import pyrage
import pytest

from tests.keeper.instance import ACME, SERVICES, refusal, tenant_subject
from tests.keeper.world import World


@pytest.mark.parametrize("tenant", ["acme", "other"])
@pytest.mark.parametrize("role", ["owner", "marketer"])
def test_they_cannot_put_somebody_into_a_tenant(
    world: World, role: str, tenant: str
) -> None:
    subject = world.subject("mallory", role)

    code = refusal(world.draft, "cleo", "person.add", subject, tenant=tenant)
    assert code == "not-permitted"


def test_they_cannot_sign_what_an_owner_drafted(world: World) -> None:
    view = world.draft("eve", "person.add", world.subject("mallory", "owner"))

    for decision in ("request", "approve", "deny"):
        code = refusal(world.sign, "cleo", view, decision)
        assert code == "not-permitted"


def test_they_cannot_enrol_a_recipient_for_a_tenant(world: World) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    subject = {"id": "c_mallorymallo", "name": "warehouse2", "public_key": key}

    code = refusal(world.draft, "cleo", "recipient.add", subject, tenant="acme")
    assert code == "not-permitted"


def test_they_cannot_give_an_app_access_to_a_tenant(world: World) -> None:
    subject = {
        **world.service_subject("app"),
        "id": "s_mallorymallo",
        "name": "mallory",
    }

    code = refusal(world.draft, "cleo", "service.add", subject, tenant="acme")
    assert code == "not-permitted"


def test_they_cannot_make_themselves_owners_by_revoking_the_owners(
    world: World,
) -> None:
    for name in ("ada", "amir"):
        subject = {"id": world.meet(name).person}
        view = world.ask("cleo", "person.revoke", subject, tenant="acme")
        assert world.sign("cyrus", view, "approve").state == "done"

    mallory = world.subject("mallory", "owner")
    code = refusal(world.draft, "cleo", "person.add", mallory, tenant="acme")
    assert code == "not-permitted"


def test_one_of_them_cannot_take_an_owner_or_the_other_custodian_away(
    world: World,
) -> None:
    for name, tenant in (("ada", "acme"), ("cyrus", "")):
        subject = {"id": world.meet(name).person}
        view = world.ask("cleo", "person.revoke", subject, tenant=tenant)
        assert view.state == "waiting"


def test_they_cannot_bring_a_revoked_tenant_back_with_owners_of_their_own(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.ask("cleo", "tenant.revoke", {"id": ACME})
    world.sign("cyrus", view, "approve")
    mallory = world.subject("mallory", "owner")

    same_id = tenant_subject("acme", ACME, mallory)
    assert refusal(world.draft, "cleo", "tenant.add", same_id) == "already-exists"
    same_name = tenant_subject("acme", "t_acmeagainaca", mallory)
    view = world.ask("cleo", "tenant.add", same_name)
    assert world.sign("cyrus", view, "approve").state == "done"
    for act, facts in (
        (world.look_up, ("mallory", rows.list_id, rows.addresses[0])),
        (world.start_import, ("mallory", rows.list_id)),
        (world.ask_reveal, ("mallory", rows, 0)),
    ):
        assert refusal(act, *facts) == "not-found"


def test_they_cannot_ask_for_rows_or_open_them(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    for action in ("export", "reveal", "import", "suppress"):
        code = refusal(
            world.draft, "cleo", action, list=rows.list_id, cap=1, tenant="acme"
        )
        assert code == "not-found", action
    assert refusal(world.run, "cleo", view, rows.whole()) == "not-found"


def test_they_cannot_approve_an_export_for_the_owners(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)
    refusal(world.sign, "cleo", view, "approve")
    refusal(world.sign, "cyrus", view, "approve")

    assert refusal(world.run, "ben", view, rows.whole()) == "not-granted"


def test_they_cannot_lift_what_an_owner_froze(world: World) -> None:
    rows = world.list_with_rows(1)
    world.freeze("ada")
    world.freeze("cleo", tenant="acme")
    view = world.ask("cleo", "unfreeze", {"classes": "export+reveal"}, tenant="acme")
    world.sign("cyrus", view, "approve")

    view = world.granted_export(rows)
    assert refusal(world.run, "ben", view, rows.whole()) == "frozen"


def test_they_can_take_away(world: World) -> None:
    service = {"id": SERVICES["app"][0]}

    assert world.ask("cleo", "service.revoke", service, tenant="acme").state == "done"
    assert SERVICES["app"][0] not in world.registry.services


def test_they_cannot_take_the_same_passkey_into_two_tenants(world: World) -> None:
    ada = world.subject("ada", "owner")
    subject = tenant_subject("third", "t_thirdthirdth", {**ada, "id": "p_adaadaadaada"})

    assert refusal(world.draft, "cleo", "tenant.add", subject) == "already-exists"
