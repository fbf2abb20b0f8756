import pytest

from listkeep.core.errors import ListkeepError
from listkeep.keeper.gate.contacts import open_destination, seal_destination
from listkeep.wire import messages as m
from tests.keeper.instance import ACME, refusal
from tests.keeper.world import World

PLANTED = "planted.on.call@example.com"
HOOK = "https://hooks.example.com/listkeep?key=planted"
SUBJECT = {"id": "d_oncalloncall", "name": "on-call", "kind": "mail"}


def add(
    world: World, *, by: tuple[str, str] = ("ada", "amir"), **facts: str
) -> m.RequestView:
    subject = {**SUBJECT, **facts}
    place = HOOK if subject["kind"] == "webhook" else PLANTED
    view = world.ask(by[0], "contact.add", subject, destination=place)
    return world.sign(by[1], view, "approve")


def test_two_owners_add_a_contact_and_only_the_keeper_can_read_it(world: World) -> None:
    assert add(world).state == "done"

    contact = world.registry.contacts[SUBJECT["id"]]
    assert (contact.tenant, contact.kind) == (ACME, "mail")
    assert open_destination(world.gate.store, contact.sealed) == PLANTED
    world.restart()
    assert world.registry.contacts[SUBJECT["id"]] == contact


def test_whoever_has_ledger_and_databases_reads_no_contact_address(
    world: World,
) -> None:
    add(world)
    add(world, id="d_hookhookhook", name="hook", kind="webhook")

    ledger = str(world.entries())
    assert "contact.added" in ledger
    assert "planted" not in ledger
    for path in world.home.rglob("*"):
        assert not path.is_file() or b"planted" not in path.read_bytes(), path.name


def test_one_address_sealed_twice_does_not_show_that_it_is_one(world: World) -> None:
    store = world.gate.store

    assert seal_destination(store, PLANTED) != seal_destination(store, PLANTED)


@pytest.mark.parametrize("spoil", ["", "A" * 60, "not base64!", "\u00e4" * 50])
def test_what_the_keeper_did_not_seal_does_not_open(world: World, spoil: str) -> None:
    with pytest.raises(ListkeepError, match="does not open"):
        open_destination(world.gate.store, spoil)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("mail", ""),
        ("mail", HOOK),
        ("mail", "planted@"),
        ("webhook", PLANTED),
        ("webhook", "http://hooks.example.com/planted"),
        ("webhook", "https://planted:secret@hooks.example.com/"),
        ("webhook", "https://localhost/planted"),
        ("webhook", "https://127.0.0.1/planted"),
        ("webhook", "https://hooks.example.com/planted\n"),
    ],
)
def test_a_destination_is_an_address_or_an_https_url_and_never_repeated(
    world: World, kind: str, place: str
) -> None:
    subject = {**SUBJECT, "kind": kind}

    with pytest.raises(ListkeepError) as caught:
        world.draft("ada", "contact.add", subject, destination=place)

    assert caught.value.code in ("address-invalid", "request-invalid")
    assert "planted" not in f"{caught.value.message} {caught.value.hint}"


def test_an_owner_who_read_a_sealed_contact_elsewhere_cannot_enrol_it(
    world: World,
) -> None:
    add(world)
    stolen = world.registry.contacts[SUBJECT["id"]].sealed
    subject = {**SUBJECT, "id": "d_stolenstolen", "sealed": stolen}

    code = refusal(
        world.draft, "eve", "contact.add", subject, destination="eve@example.com"
    )
    assert code == "request-invalid"


@pytest.mark.parametrize("name", ["ben", "sam", "cleo"])
def test_nobody_but_owners_adds_a_tenants_contact(world: World, name: str) -> None:
    tenant = "acme" if name == "cleo" else ""

    code = refusal(
        world.draft,
        name,
        "contact.add",
        SUBJECT,
        destination=PLANTED,
        tenant=tenant,
    )
    assert code == "not-permitted"


def test_a_thief_with_one_owners_passkey_silences_nobody_before_a_day(
    world: World,
) -> None:
    add(world)
    view = world.ask("ada", "contact.revoke", {"id": SUBJECT["id"]})

    assert view.state == "waiting"
    world.sign("amir", view, "deny")
    world.wait(hours=30)
    assert world.show("ada", view).state == "denied"
    assert SUBJECT["id"] in world.registry.contacts


def test_a_contact_leaves_by_two_or_after_a_day_and_its_id_never_returns(
    world: World,
) -> None:
    add(world)
    view = world.ask("ada", "contact.revoke", {"id": SUBJECT["id"]})
    world.wait(hours=24)
    assert world.show("ada", view).state == "done"
    assert not world.registry.contacts

    code = refusal(
        world.draft, "ada", "contact.add", SUBJECT, destination="new@example.com"
    )
    assert code == "already-exists"


def test_custodians_have_contacts_of_the_operator_only(world: World) -> None:
    add(world)
    for action, subject in (
        ("contact.add", {**SUBJECT, "id": "d_cleoscleoscl"}),
        ("contact.revoke", {"id": SUBJECT["id"]}),
    ):
        code = refusal(
            world.draft,
            "cleo",
            action,
            subject,
            tenant="acme",
            destination=PLANTED,
        )
        assert code == "not-permitted"

    assert add(world, by=("cleo", "cyrus"), id="d_cleoscleoscl").state == "done"
    assert world.registry.contacts["d_cleoscleoscl"].tenant == ""


def test_a_tenants_contacts_leave_with_it(world: World) -> None:
    add(world)
    view = world.ask("cleo", "tenant.revoke", {"id": ACME})
    world.sign("cyrus", view, "approve")

    assert not world.registry.contacts
