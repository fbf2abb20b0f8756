import pyrage
import pytest

from listkeep.keeper.gate.sign_in import callers
from tests.keeper.instance import ACME, NOON, SERVICES, WAREHOUSE, refusal, service_key
from tests.keeper.world import World


def test_a_service_key_works_after_the_second_signature_only(world: World) -> None:
    SERVICES["shop"] = ("s_shopshopshop", "app", "acme")
    try:
        view = world.ask("ada", "service.add", world.service_subject("shop"))
        key = service_key("shop")
        resolve = callers.resolve_service

        assert refusal(resolve, world.registry, key, now=NOON) == "not-signed-in"
        world.sign("amir", view, "approve")
        assert resolve(world.registry, key, now=NOON).name == "shop"
    finally:
        del SERVICES["shop"]


def test_a_revoked_key_is_dead(world: World) -> None:
    key = service_key("app")
    assert callers.resolve_service(world.registry, key, now=NOON).kind == "app"

    world.ask("amir", "service.revoke", {"id": SERVICES["app"][0]})

    assert (
        refusal(callers.resolve_service, world.registry, key, now=NOON)
        == "not-signed-in"
    )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "lkk_",
        "lkk_s_appappappapp_",
        service_key("app")[:-1],
        service_key("app") + "x",
        service_key("app").replace("lkk_", "lks_"),
        service_key("app").replace("s_app", "s_int"),
        "\u00e4\u00f6\u00fc",
    ],
)
def test_a_key_counts_to_the_letter(world: World, key: str) -> None:
    assert (
        refusal(callers.resolve_service, world.registry, key, now=NOON)
        == "not-signed-in"
    )


def test_a_key_is_nowhere_in_the_instance(world: World) -> None:
    secret = service_key("dock").split("_", 3)[3].encode()

    for path in world.home.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("asking", "kind"),
    [("ada", "dock"), ("ada", "console"), ("ada", "king"), ("cleo", "app")],
)
def test_kinds_of_services_live_where_they_belong(
    world: World, asking: str, kind: str
) -> None:
    subject = {**world.service_subject("app"), "id": "s_newnewnewnew", "kind": kind}

    code = refusal(world.draft, asking, "service.add", {**subject, "name": "fresh"})
    assert code == "request-invalid"


def test_a_services_name_and_id_are_taken_once(world: World) -> None:
    subject = world.service_subject("app")

    for again in (
        {**subject, "id": "s_newnewnewnew"},
        {**subject, "name": "fresh"},
    ):
        assert refusal(world.draft, "ada", "service.add", again) == "already-exists"


def test_a_verifier_is_a_digest_and_no_key(world: World) -> None:
    subject = {
        **world.service_subject("app"),
        "id": "s_newnewnewnew",
        "name": "fresh",
        "verifier": service_key("app"),
    }

    assert refusal(world.draft, "ada", "service.add", subject) == "request-invalid"


def test_two_owners_enrol_a_recipient(world: World) -> None:
    fresh = pyrage.x25519.Identity.generate()

    assert world.add_recipient("agency", "c_agencyagency", fresh).state == "done"
    assert world.registry.recipients["c_agencyagency"].tenant == ACME


@pytest.mark.parametrize(
    "key",
    [
        "",
        "age1",
        "ssh-ed25519 AAAA",
        str(pyrage.x25519.Identity.generate()),
        str(pyrage.x25519.Identity.generate().to_public())[:-1],
    ],
    ids=["empty", "stub", "ssh", "secret", "cut"],
)
def test_a_recipient_is_an_age_public_key(world: World, key: str) -> None:
    subject = {"id": "c_agencyagency", "name": "agency", "public_key": key}

    code = refusal(world.draft, "ada", "recipient.add", subject)
    assert code == "request-invalid"


@pytest.mark.parametrize("name", ["ben", "cleo", "sam"])
def test_nobody_but_owners_enrols_recipients(world: World, name: str) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    subject = {"id": "c_agencyagency", "name": "agency", "public_key": key}

    code = refusal(world.draft, name, "recipient.add", subject, tenant="")
    assert code == "not-permitted"


def test_a_recipients_name_is_taken_once(world: World) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    subject = {"id": "c_agencyagency", "name": "warehouse", "public_key": key}

    code = refusal(world.draft, "ada", "recipient.add", subject)
    assert code == "already-exists"


def test_one_owner_or_custodian_takes_a_recipient_away(world: World) -> None:
    view = world.ask("cleo", "recipient.revoke", {"id": WAREHOUSE}, tenant="acme")

    assert view.state == "done"
    assert WAREHOUSE not in world.registry.recipients


def test_another_tenants_recipient_is_not_there(world: World) -> None:
    world.list_with_rows(1, by="eve", name="eves")

    code = refusal(
        world.draft, "eve", "export", list="eves", cap=1, recipient="warehouse"
    )
    assert code == "not-found"
    code = refusal(world.draft, "eve", "recipient.revoke", {"id": WAREHOUSE})
    assert code == "not-found"
