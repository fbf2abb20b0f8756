"""Sam answers support, and is curious about the customers' lists."""

import pytest

from listkeep.core.grants import Right
from listkeep.keeper.gate.custody import lists
from listkeep.keeper.gate.showing import ledger_views
from listkeep.keeper.ledger.queries import read_entries
from listkeep.wire import messages as m
from tests.keeper.agreements import CONSENT, authorize, give_consent
from tests.keeper.instance import ACME, OTHER, refusal, tenant_subject
from tests.keeper.world import Rows, World

BEYOND = [right for right in Right if right not in {Right.VIEW, Right.LOOK_UP}]


def test_support_sees_nothing_without_consent(world: World) -> None:
    rows = world.list_with_rows(1)

    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"
    assert refusal(world.look_up, "sam", rows.list_id, "a@example.com") == "not-found"


def test_under_consent_support_views_and_looks_up_as_who_they_are(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    assert give_consent(world).state == "done"

    principal = authorize(world, "sam", rows.list_id)
    token = world.look_up("sam", "news", rows.addresses[0])

    assert (principal.id, principal.tenant) == (world.meet("sam").person, ACME)
    assert set(principal.rights) == {"view", "look-up"}
    assert token == rows.sealed[0].token


@pytest.mark.parametrize("right", BEYOND)
def test_support_under_consent_never_gets_a_right_beyond_looking(
    world: World, right: str
) -> None:
    rows = world.list_with_rows(1)
    give_consent(world)

    code = refusal(authorize, world, "sam", rows.list_id, right)
    assert code == "not-permitted"


def test_support_under_consent_changes_asks_for_and_opens_nothing(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    give_consent(world)
    view = world.granted_export(rows)

    assert refusal(world.start_import, "sam", rows.list_id) == "not-found"
    assert refusal(world.suppress, "sam", rows, 0) == "not-found"
    assert refusal(world.create_list, "mine", by="sam") == "not-permitted"
    assert refusal(world.run, "sam", view, rows.whole()) == "not-found"
    assert refusal(world.ask_reveal, "sam", rows, 0) == "not-found"
    for action in ("export", "reveal", "import", "suppress"):
        facts = {"list": rows.list_id, "cap": 1, "tenant": "acme"}
        assert refusal(world.draft, "sam", action, **facts) == "not-found"
    for decision in ("approve", "deny"):
        assert refusal(world.sign, "sam", view, decision) == "not-permitted"


def test_every_touch_of_support_is_an_entry_its_owners_read(world: World) -> None:
    rows = world.list_with_rows(1)
    give_consent(world)
    authorize(world, "sam", rows.list_id)
    message = m.ShowLists(caller=world.caller("sam"), list="news")
    lists.show_lists(world.gate, message, carrier=world.service("dock"), now=world.now)
    world.look_up("sam", "news", rows.addresses[0])

    touches = [e for e in world.entries() if e["event"] == "support.admitted"]
    assert [touch["right"] for touch in touches] == ["view", "view", "look-up"]
    assert {touch["person"] for touch in touches} == {world.meet("sam").person}
    assert {touch["list"] for touch in touches} == {rows.list_id}
    for name, sees in (("ada", True), ("ben", False), ("eve", False), ("sam", False)):
        person = world.registry.people[world.meet(name).person]
        bodies = [
            ledger_views.visible_body(world.registry, person, body)
            for _, body in read_entries(0, limit=1000)
            if b'"support.admitted"' in body
        ]
        assert len(bodies) == 3
        assert all(map(bool, bodies)) is sees


def test_a_withdrawn_consent_ends_in_the_same_moment_whoever_gave_it(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    give_consent(world, by="ada")
    authorize(world, "sam", rows.list_id)

    withdrawn = world.ask("amir", "consent.withdraw", {"id": CONSENT})

    assert withdrawn.state == "done"
    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"
    assert refusal(world.look_up, "sam", "news", "a@example.com") == "not-found"
    world.restart()
    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"


def test_a_consent_ends_by_itself_to_the_second(world: World) -> None:
    rows = world.list_with_rows(1)
    give_consent(world, days=2)

    world.wait(days=1, hours=23, minutes=59, seconds=59)
    authorize(world, "sam", rows.list_id)
    world.wait(seconds=1)
    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"


@pytest.mark.parametrize("days", [-1, 0, 31])
def test_a_consent_without_a_near_end_is_refused(world: World, days: int) -> None:
    assert refusal(give_consent, world, days=days) == "request-invalid"


def test_a_consent_for_one_person_lets_nobody_else_in(world: World) -> None:
    rows = world.list_with_rows(1)
    world.add_person("sally", "support", by=("cleo", "cyrus"))
    give_consent(world, "sally")

    assert authorize(world, "sally", rows.list_id).tenant == ACME
    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"


@pytest.mark.parametrize("name", ["ben", "cleo", "eve"])
def test_a_consent_never_makes_a_guest_of_anybody_but_support(
    world: World, name: str
) -> None:
    rows = world.list_with_rows(1)

    assert refusal(give_consent, world, name) == "not-found"
    give_consent(world)
    if name != "ben":
        assert refusal(authorize, world, name, rows.list_id) == "not-found"


@pytest.mark.parametrize("name", ["sam", "ben", "cleo"])
def test_nobody_but_an_owner_gives_or_withdraws_consent(
    world: World, name: str
) -> None:
    facts = {"tenant": "acme"} if name in ("sam", "cleo") else {}
    give_consent(world)

    assert refusal(give_consent, world, by=name, consent="g_minemineminx") in (
        "not-permitted",
        "request-invalid",
    )
    withdraw = (name, "consent.withdraw", {"id": CONSENT})
    assert refusal(world.draft, *withdraw, **facts) == "not-permitted"


def test_an_owner_gives_and_withdraws_consent_for_the_own_tenant_only(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    give_consent(world, by="eve")
    assert refusal(authorize, world, "sam", rows.list_id) == "not-found"

    code = refusal(world.draft, "ada", "consent.withdraw", {"id": CONSENT})
    assert code == "not-found"
    assert world.registry.consents[CONSENT].tenant == OTHER


def test_support_looks_at_ten_tenants_a_day(world: World) -> None:
    names = [f"shop{letter}" for letter in "abcdefghijk"]
    lists_: list[Rows] = []
    for letter, name in zip("abcdefghijk", names, strict=True):
        tenant = f"t_{letter * 12}"
        owner = world.subject(name, "owner")
        view = world.ask("cleo", "tenant.add", tenant_subject(name, tenant, owner))
        world.sign("cyrus", view, "approve")
        give_consent(world, by=name, consent=f"g_{letter * 12}")
        lists_.append(Rows(world.create_list(name, by=name).id, [], []))

    for rows in lists_[:10]:
        authorize(world, "sam", rows.list_id)
        authorize(world, "sam", rows.list_id)

    last = lists_[10].list_id
    assert refusal(authorize, world, "sam", last) == "budget-spent"
    assert refusal(world.look_up, "sam", last, "a@example.com") == "budget-spent"
    assert world.newest("release.refused")["code"] == "budget-spent"
    assert authorize(world, "sam", lists_[0].list_id).name == "sam"
    world.restart()
    assert refusal(authorize, world, "sam", last) == "budget-spent"
    world.wait(hours=24)
    assert authorize(world, "sam", last).name == "sam"


def test_a_name_two_customers_use_lets_support_into_neither(world: World) -> None:
    rows = world.list_with_rows(1)
    eves = world.list_with_rows(1, by="eve")
    give_consent(world)
    give_consent(world, by="eve", consent="g_evesevesevex")

    assert refusal(authorize, world, "sam", "news") == "not-found"
    assert authorize(world, "sam", rows.list_id).tenant == ACME
    assert authorize(world, "sam", eves.list_id).tenant == OTHER


def test_look_ups_of_support_count_against_the_same_budget(world: World) -> None:
    world.list_with_rows(1)
    give_consent(world)
    for number in range(50):
        world.look_up("sam", "news", f"guess{number}@example.com")
        world.wait(minutes=3)

    code = refusal(world.look_up, "sam", "news", "one.more@example.com")
    assert code == "budget-spent"


def test_support_that_leaves_takes_no_consent_along(world: World) -> None:
    rows = world.list_with_rows(1)
    give_consent(world, "sam")
    world.remove("sam", tenant="")

    assert refusal(authorize, world, "sam", rows.list_id) != "it was not refused"
