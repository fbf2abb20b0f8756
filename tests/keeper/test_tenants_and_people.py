import pytest

from listkeep.core.errors import ConflictError, MalformedError
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.showing import rows as registry_rows
from tests.keeper.instance import ACME, OTHER, refusal, tenant_subject
from tests.keeper.world import World

WEEK = {"valid_seconds": 7 * 86400}


def names(world: World, tenant: str = ACME) -> set[str]:
    return {row.name for row in world.registry.people.values() if row.tenant == tenant}


def test_two_custodians_bring_a_tenant_with_its_owners(world: World) -> None:
    view = world.add_tenant("third", "t_thirdthirdth", "tom", "tina")

    assert view.state == "done"
    assert names(world, "t_thirdthirdth") == {"tom", "tina"}
    assert world.events(1) == ["tenant.added"]


def test_one_custodian_brings_no_tenant(world: World) -> None:
    subject = tenant_subject("third", "t_thirdthirdth", world.subject("tom", "owner"))
    view = world.ask("cleo", "tenant.add", subject)

    assert view.missing == ("the approval of another custodian of the operator",)
    world.wait(days=0.9)
    assert world.show("cleo", view).state == "waiting"
    assert "t_thirdthirdth" not in world.registry.tenants


def test_a_tenant_begins_with_owners_and_nobody_else(world: World) -> None:
    marketer = world.subject("tom", "marketer")

    for owners in ((), (marketer,)):
        subject = tenant_subject("third", "t_thirdthirdth", *owners)
        assert refusal(world.draft, "cleo", "tenant.add", subject) == "request-invalid"


@pytest.mark.parametrize("column", ["id", "name", "keys"])
def test_a_tenants_two_owners_are_two_people_with_two_passkeys(
    world: World, column: str
) -> None:
    first, second = world.subject("tom", "owner"), world.subject("tina", "owner")
    second[column] = first[column]
    subject = tenant_subject("third", "t_thirdthirdth", first, second)

    code = refusal(world.draft, "cleo", "tenant.add", subject)

    assert code in ("already-exists", "signature-invalid")
    assert world.restart().origin == "k_demo"


def test_two_owners_who_are_one_passkey_under_two_ids_are_refused(
    world: World,
) -> None:
    tom, tina = world.meet("tom"), world.meet("tina")
    tina.credential = tom.credential  # each key proves itself under the same id
    subject = tenant_subject(
        "third",
        "t_thirdthirdth",
        world.subject("tom", "owner"),
        world.subject("tina", "owner"),
    )

    assert refusal(world.draft, "cleo", "tenant.add", subject) == "already-exists"


@pytest.mark.parametrize(
    ("tenant", "name"), [(ACME, "fresh"), ("t_thirdthirdth", "acme")]
)
def test_a_tenants_name_and_id_are_its_own(
    world: World, tenant: str, name: str
) -> None:
    subject = tenant_subject(name, tenant, world.subject("tom", "owner"))

    assert refusal(world.draft, "cleo", "tenant.add", subject) == "already-exists"


def test_two_owners_enrol_a_person_at_once(world: World) -> None:
    assert world.add_person("nils", "marketer", by=("ada", "amir")).state == "done"
    assert "nils" in names(world)
    assert world.login("nils").startswith("lks_")


def test_one_of_two_owners_alone_waits_a_day(world: World) -> None:
    view = world.ask("ada", "person.add", world.subject("nils", "marketer"), **WEEK)
    (missing,) = view.missing
    assert missing == (
        "the approval of another owner of the tenant or time: it opens at "
        "2026-01-06 12:00 UTC, an owner can deny it"
    )

    world.wait(hours=23, minutes=59)
    assert world.show("ada", view).state == "waiting"
    world.wait(minutes=1)
    assert world.show("ada", view).state == "done"
    assert "nils" in names(world)


def test_the_other_owners_denial_ends_it(world: World) -> None:
    view = world.ask("ada", "person.add", world.subject("nils", "marketer"), **WEEK)
    world.wait(hours=23)
    world.sign("amir", view, "deny")

    world.wait(hours=48)
    assert world.show("ada", view).state == "denied"
    assert "nils" not in names(world)


def test_a_sole_owner_waits_three_days(world: World) -> None:
    view = world.ask("eve", "person.add", world.subject("nils", "marketer"), **WEEK)

    world.wait(hours=71, minutes=59)
    assert world.show("eve", view).state == "waiting"
    world.wait(minutes=1)
    assert world.show("eve", view).state == "done"


def test_what_became_due_is_done_the_same_after_a_restart(world: World) -> None:
    view = world.ask("ada", "person.add", world.subject("nils", "marketer"), **WEEK)
    world.wait(hours=24)
    world.show("ada", view)

    world.restart()

    assert world.show("ada", view).state == "done"
    assert "nils" in names(world)


def test_marketers_enrol_nobody(world: World) -> None:
    subject = world.subject("nils", "marketer")

    assert refusal(world.draft, "ben", "person.add", subject) == "not-permitted"


def test_owners_enrol_nobody_elsewhere(world: World) -> None:
    subject = world.subject("nils", "marketer")

    code = refusal(world.draft, "eve", "person.add", subject, tenant="acme")
    assert code == "not-found"
    code = refusal(world.draft, "eve", "person.add", subject, tenant=ACME)
    assert code == "not-found"


@pytest.mark.parametrize(
    ("asking", "role"), [("ada", "custodian"), ("ada", "support"), ("cleo", "owner")]
)
def test_roles_live_where_they_belong(world: World, asking: str, role: str) -> None:
    code = refusal(world.draft, asking, "person.add", world.subject("nils", role))
    assert code == "request-invalid"


def test_a_name_is_free_in_another_tenant_only(world: World) -> None:
    twin = {**world.subject("twin", "marketer"), "name": "ben"}

    assert refusal(world.draft, "ada", "person.add", twin) == "already-exists"
    assert world.draft("eve", "person.add", twin).state == "draft"


def test_one_passkey_is_one_person_everywhere(world: World) -> None:
    ben = world.meet("ben")
    again = {**ben.subject(role="marketer"), "name": "benedict"}
    for renamed in (again, {**again, "id": "p_somebodyelse"}):
        assert refusal(world.draft, "eve", "person.add", renamed) == "already-exists"


def test_one_key_under_another_credential_id_is_refused(world: World) -> None:
    ben, double = world.meet("ben"), world.meet("double")
    double.key = ben.key

    code = refusal(world.draft, "ada", "person.add", world.subject("double", "owner"))
    assert code == "already-exists"


def test_a_passkey_has_to_prove_that_it_can_sign(world: World) -> None:
    subject = world.subject("nils", "marketer")
    other = world.subject("nele", "marketer")
    own, others = world.proofs(subject), world.proofs(other)

    for changed, proofs in (
        (subject, others),
        ({**subject, "keys": other["keys"]}, own),
        ({**subject, "id": other["id"]}, own),
    ):
        code = refusal(world.draft, "ada", "person.add", changed, proofs=proofs)
        assert code == "signature-invalid"
    for few_or_many in ((), own + others):
        code = refusal(world.draft, "ada", "person.add", subject, proofs=few_or_many)
        assert code == "request-invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": ""},
        {"keys": "software:AA:AA"},
        {"keys": "software:AA"},
        {"keys": "hardware:AA:not base64url!"},
        {"keys": "software:AA:gQ" + "GB" * 1300},
        {"role": "king"},
        {"name": "Ada Lovelace"},
        {"id": "t_aaaaaaaaaaaa"},
        {"surprise": "yes"},
    ],
    ids=str,
)
def test_a_person_that_cannot_be_enrolled_is_refused_cleanly(
    world: World, changes: dict[str, str]
) -> None:
    subject = {**world.subject("nils", "marketer"), **changes}

    with pytest.raises((MalformedError, ConflictError)) as caught:
        world.draft("ada", "person.add", subject)
    assert caught.value.code != "internal"


def test_a_name_taken_while_a_request_waited_refuses_the_last_approval(
    world: World,
) -> None:
    first = world.ask("ada", "person.add", world.subject("nils", "marketer"))
    twin = {**world.subject("nele", "marketer"), "name": "nils"}
    second = world.ask("ada", "person.add", twin)
    world.sign("amir", first, "approve")

    assert refusal(world.sign, "amir", second, "approve") == "already-exists"
    assert world.show("amir", second).state == "waiting"
    assert world.newest("statement.refused")["code"] == "already-exists"


def test_one_owner_or_one_custodian_takes_a_marketer_away(world: World) -> None:
    ben, ivan = world.meet("ben").person, world.meet("ivan").person
    assert world.ask("amir", "person.revoke", {"id": ben}).state == "done"
    view = world.ask("cleo", "person.revoke", {"id": ivan}, tenant="acme")

    assert view.state == "done"
    assert names(world) == {"ada", "amir"}


def test_one_owner_does_not_take_another_away_and_wait(world: World) -> None:
    amir = {"id": world.meet("amir").person}
    view = world.ask("ada", "person.revoke", amir, **WEEK)
    assert view.state == "waiting"

    world.wait(hours=23)
    world.sign("amir", view, "deny")
    world.wait(hours=72)

    assert world.show("ada", view).state == "denied"
    assert "amir" in names(world)


def test_one_custodian_does_not_take_the_other_away(world: World) -> None:
    cyrus = {"id": world.meet("cyrus").person}
    view = world.ask("cleo", "person.revoke", cyrus, **WEEK)

    world.wait(days=6)
    assert world.show("cleo", view).state == "waiting"
    assert "cyrus" in names(world, "")


def test_people_are_revoked_in_their_own_tenant_only(world: World) -> None:
    ben = {"id": world.meet("ben").person}

    assert refusal(world.draft, "eve", "person.revoke", ben) == "not-found"
    assert refusal(world.draft, "cleo", "person.revoke", ben) == "not-found"
    code = refusal(world.draft, "cleo", "person.revoke", ben, tenant="other")
    assert code == "not-found"
    assert refusal(world.draft, "ivan", "person.revoke", ben) == "not-permitted"


def test_a_person_who_left_comes_back_under_a_new_id_only(world: World) -> None:
    ben = world.meet("ben")
    world.ask("ada", "person.revoke", {"id": ben.person})

    code = refusal(world.draft, "ada", "person.add", world.subject("ben", "marketer"))
    assert code == "already-exists"
    ben.person = "p_benbenbenben"
    assert world.add_person("ben", "marketer", by=("ada", "amir")).state == "done"


def test_a_revoked_tenant_loses_everything_at_once(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    ben, dock = world.session("ben"), world.session("ben", "dock")
    ticket = world.start_import("ben", rows.list_id).ticket

    world.sign("cyrus", world.ask("cleo", "tenant.revoke", {"id": ACME}), "approve")

    registry = world.registry
    assert names(world) == set()
    for table in (registry.services, registry.recipients, registry.people):
        assert ACME not in {getattr(row, "tenant", "") for row in table.values()}
    assert refusal(world.seal, ticket, ["late@example.com"]) == "not-permitted"
    for act, facts in (
        (world.run, ("ben", view, rows.whole())),
        (world.create_list, ("more",)),
        (world.start_import, ("app", rows.list_id)),
        (world.look_up, ("ben", rows.list_id, "a@example.com")),
    ):
        assert refusal(act, *facts) == "not-signed-in"
    assert refusal(world.show, "cleo", view) == "not-found"
    assert ben
    assert dock


def test_a_tenant_is_revoked_by_two_custodians_only(world: World) -> None:
    view = world.ask("cleo", "tenant.revoke", {"id": ACME})

    assert view.state == "waiting"
    assert refusal(world.draft, "ada", "tenant.revoke", {"id": ACME}) == "not-permitted"
    assert ACME in world.registry.tenants


def test_owners_see_their_own_rows_and_custodians_all(world: World) -> None:
    def listed(name: str, kind: str) -> set[tuple[str, str]]:
        registry: Registry = world.registry
        person = registry.people[world.meet(name).person]
        rows = registry_rows.registry_rows(registry, person, kind)
        return {(row.get("name", ""), row["tenant"]) for row in rows}

    assert listed("eve", "person") == {("eve", "other")}
    assert listed("eve", "tenant") == {("other", "other")}
    assert listed("ada", "recipient") == {("warehouse", "acme")}
    assert ("sam", "(operator)") in listed("cleo", "person")
    assert ("ben", "acme") in listed("cleo", "person")
    assert {name for name, _ in listed("ada", "service")} == {"app", "intake"}
    for name in ("ben", "sam"):
        assert refusal(listed, name, "person") == "not-permitted"
    assert refusal(listed, "ada", "secret") == "message-invalid"
    assert OTHER in world.registry.tenants
