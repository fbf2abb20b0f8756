"""The policy changes by signed requests, and every entry is judged by its own."""

import hashlib
from typing import Any

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.grants import DEFAULT_POLICY
from listkeep.core.registry.replay import apply
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions import explanations, policies
from listkeep.keeper.gate.models import Draft
from listkeep.wire import messages as m
from listkeep.wire.messages import policies as p
from tests.keeper.instance import ACME, DIRECT, OTHER, refusal
from tests.keeper.world import World

NO_REVEALS = """
@id("no-reveals") @says("nobody sees an address here")
forbid (principal, action == Action::"reveal", resource);
"""
NO_MARKETERS = """
@id("owners-only") @says("only owners ask for copies")
forbid (principal in Role::"marketer", action == Action::"export", resource);
"""
SAYS = {each.id: each.says for each in DEFAULT_POLICY.rules(ACME).statements}
FLOOR = DEFAULT_POLICY.floor
STRICTER_FLOOR = FLOOR.replace("context.cap <= 10", "context.cap <= 2")


def draft(
    world: World, name: str, text: str, *, digest: str = "", **facts: Any
) -> m.RequestView:
    subject = {"sha256": digest or hashlib.sha256(text.encode()).hexdigest()}
    return world.draft(name, "policy.set", subject, policy=text, **facts)


def ask(world: World, name: str, text: str, **facts: Any) -> m.RequestView:
    return world.sign(name, draft(world, name, text, **facts), "request")


def show(world: World, name: str, tenant: str = "") -> dict[str, str]:
    message = p.ShowPolicy(session=world.session(name), tenant=tenant)
    answer = policies.show_policy(world.gate, message, service=DIRECT, now=world.now)
    return answer.texts


def explain(world: World, name: str, view: m.RequestView) -> p.Explanation:
    message = p.ExplainRequest(session=world.session(name), request=view.id)
    return explanations.explain_request(
        world.gate, message, service=DIRECT, now=world.now
    )


# --- the operator's text --------------------------------------------------------


def test_two_custodians_set_the_whole_text(world: World) -> None:
    view = ask(world, "cleo", STRICTER_FLOOR)
    assert view.state == "waiting"
    assert world.registry.policy == DEFAULT_POLICY

    assert world.sign("cyrus", view, "approve").state == "done"

    assert world.events(1) == ["policy.set"]
    assert show(world, "ben")["floor"] == STRICTER_FLOOR
    rows = world.list_with_rows(3)
    found, _ = world.ask_reveal("ben", rows, 0, 1, 2)
    assert found.missing == ("fewer rows: at most 2 in one reveal",)


def test_the_text_stands_in_the_ledger_and_comes_back_after_a_restart(
    world: World,
) -> None:
    rows = world.list_with_rows(3)
    before, _ = world.ask_reveal("ben", rows, 0, 1, 2)
    world.sign("cyrus", ask(world, "cleo", STRICTER_FLOOR), "approve")
    ask(world, "ada", NO_REVEALS)
    world.wait(hours=24)
    world.show("ada", before)  # what has become due is done

    made = [e for e in world.entries() if e["event"] == "request.made"]
    assert [e["policy"] for e in made if "policy" in e] == [STRICTER_FLOOR, NO_REVEALS]
    policy = world.registry.policy
    world.restart()
    assert world.registry.policy == policy != DEFAULT_POLICY


def test_owners_and_marketers_do_not_touch_the_operators_text(world: World) -> None:
    assert draft(world, "ada", NO_REVEALS).facts["tenant"] == "acme"
    assert refusal(draft, world, "ben", NO_REVEALS) == "not-permitted"
    assert refusal(draft, world, "sam", STRICTER_FLOOR) == "not-permitted"


# --- a tenant's text ------------------------------------------------------------


def test_two_owners_forbid_something_in_their_tenant_only(world: World) -> None:
    assert world.sign("amir", ask(world, "ada", NO_REVEALS), "approve").state == "done"

    mine, theirs = world.list_with_rows(1), world.list_with_rows(1, "x", by="eve")
    assert refusal(world.ask_reveal, "ben", mine, 0) == "not-permitted"
    assert world.ask_reveal("eve", theirs, 0)[0].state == "granted"
    assert show(world, "ben")["owner"] == NO_REVEALS
    assert "owner" not in show(world, "eve")


def test_one_owner_alone_waits_a_day_and_the_other_can_deny_it(world: World) -> None:
    view = ask(world, "ada", NO_REVEALS)
    again = ask(world, "ada", NO_MARKETERS)
    assert world.sign("amir", again, "deny").state == "denied"

    world.wait(hours=23, minutes=59)
    assert world.show("ada", view).state == "waiting"
    world.wait(minutes=1)
    assert world.show("ada", view).state == "done"
    assert world.registry.policy.texts(ACME)["owner"] == NO_REVEALS


def test_neither_side_lifts_what_the_other_has_tightened(world: World) -> None:
    world.sign("amir", ask(world, "ada", NO_REVEALS), "approve")
    nothing = "// nothing more is forbidden\n"

    view = ask(world, "cleo", nothing, tenant="acme")
    assert world.sign("cyrus", view, "approve").state == "done"
    assert world.registry.policy.texts(ACME)["owner"] == NO_REVEALS

    view = ask(world, "cleo", NO_MARKETERS, tenant="acme")
    world.sign("cyrus", view, "approve")
    world.sign("amir", ask(world, "ada", nothing), "approve")
    texts = world.registry.policy.texts(ACME)
    assert (texts["owner"], texts["custodian"]) == (nothing, NO_MARKETERS)


def test_a_pending_request_ends_with_the_policy_it_was_made_under(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    mine = world.ask_export("ben", rows, 1)
    waiting = world.ask("ada", "person.revoke", {"id": world.meet("amir").person})
    other = world.ask("eve", "person.add", world.subject("mona", "marketer"))
    world.sign("amir", ask(world, "ada", NO_REVEALS), "approve")

    assert refusal(world.sign, "ada", mine, "approve") == "facts-changed"
    world.wait(hours=72)
    world.show("ada", mine)
    assert world.meet("amir").person in world.registry.people
    assert not world.facts(waiting).done
    assert world.show("eve", other).state == "done"  # its policy is the same


# --- what an attacker tries -----------------------------------------------------

PERMIT = '@id("a") @says("b") permit (principal, action, resource);'
TRICKS = {
    "in the open": PERMIT,
    "after a comment": f"// only forbids below\n{NO_REVEALS}\n{PERMIT}",
    "after a string with a comment": NO_REVEALS.replace("here", "// here") + PERMIT,
    "on the line of another": f"{NO_REVEALS.strip()} {PERMIT}",
    "behind an annotation": '@id("c") @says("forbid") @forbid("forbid")'
    + PERMIT.removeprefix('@id("a") @says("b")'),
    "as a template": '@id("a") @says("b") permit (principal == ?principal, action, '
    "resource);",
}


@pytest.mark.parametrize("text", TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize("name", ["ada", "cleo"])
def test_a_permit_is_smuggled_into_a_tenants_policy(
    world: World, name: str, text: str
) -> None:
    assert refusal(draft, world, name, text, tenant="acme") == "policy-invalid"


HIDDEN = {
    "in a comment": f"// {PERMIT}\n{NO_REVEALS}",
    "in a string": NO_REVEALS.replace("nobody sees", "permit (principal); nobody sees"),
    "unless nothing": NO_REVEALS.replace(";", " unless { true };"),
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_a_word_that_permits_nothing_is_only_a_word(world: World, text: str) -> None:
    assert draft(world, "ada", text).state == "draft"


def test_custodians_loosen_the_policy_until_they_need_no_owner(world: World) -> None:
    everything = '@id("all") @says("all") permit (principal, action, resource);\n'
    view = world.sign("cyrus", ask(world, "cleo", everything), "approve")
    assert view.state == "done"

    rows = world.list_with_rows(1)
    export = {"list": rows.list_id, "cap": 1, "recipient": "warehouse"}
    assert refusal(world.draft, "cleo", "export", **export) == "not-found"
    for action, subject in (
        ("person.add", world.subject("mallory", "owner")),
        ("recipient.add", {"id": "c_mallorymallo"}),
        ("service.add", world.service_subject("app")),
    ):
        code = refusal(world.draft, "cleo", action, subject, tenant="acme")
        assert code == "not-permitted"
    # Nor does an export of Ben's go with the custodians' word alone.
    view = world.ask_export("ben", rows, 1)
    assert view.state == "waiting"
    assert view.missing == ("the approval of another owner of the tenant",)


def test_a_stolen_owner_locks_everybody_out(world: World) -> None:
    for action in ("policy.set", "freeze"):
        text = f"""@id("mine") @says("mine now")
            forbid (principal, action == Action::"{action}", resource);"""
        assert refusal(draft, world, "ada", text) == "policy-locks-out"
        text = f"""@id("mine") @says("mine now")
            forbid (principal, action == Action::"{action}", resource)
            unless {{ principal == Person::"{world.meet("ada").person}" }};"""
        assert refusal(draft, world, "ada", text) == "policy-locks-out"


def test_the_one_owner_of_a_tenant_asks_for_a_second_that_is_not_there(
    world: World,
) -> None:
    text = """@id("two") @says("never alone")
        forbid (principal, action == Action::"policy.set", resource)
        unless { context.approvals.owner >= 1 || principal in Role::"custodian" };"""

    assert refusal(draft, world, "eve", text) == "policy-locks-out"
    assert draft(world, "ada", text).state == "draft"


def test_custodians_take_the_way_back_out_of_the_text(world: World) -> None:
    without = FLOOR.replace('Action::"policy.set"', 'Action::"freeze"')

    assert refusal(draft, world, "cleo", without) == "policy-locks-out"
    assert refusal(draft, world, "cleo", "// nothing\n") == "policy-locks-out"


def test_other_bytes_than_those_in_the_terms(world: World) -> None:
    digest = hashlib.sha256(NO_REVEALS.encode()).hexdigest()

    code = refusal(draft, world, "ada", NO_MARKETERS, digest=digest)
    assert code == "request-invalid"
    assert refusal(draft, world, "ada", "", digest=digest) == "request-invalid"
    view = draft(world, "ada", NO_REVEALS)
    Draft.objects.filter(id=view.id).update(policy=NO_MARKETERS)
    assert refusal(world.sign, "ada", view, "request") == "request-invalid"


def test_a_text_travels_with_another_kind_of_request(world: World) -> None:
    code = refusal(
        world.draft, "ada", "freeze", {"classes": "export+reveal"}, policy=NO_REVEALS
    )
    assert code == "request-invalid"


def test_a_text_is_so_deep_that_its_reader_falls(world: World) -> None:
    deep = "(" * 6000 + "true" + ")" * 6000
    text = NO_REVEALS.replace(";", f" when {{ {deep} }};")

    assert refusal(draft, world, "ada", text) == "policy-invalid"


def test_the_text_in_the_ledger_is_swapped(world: World) -> None:
    """With the ledger's key: the signed digest still names the other text."""
    view = draft(world, "ada", NO_REVEALS)
    world.sign("ada", view, "request")
    made = world.newest("request.made")

    registry = Registry(world.gate.store.pinned())
    for entry in world.entries():
        if entry == made:
            break
        apply(registry, entry)
    with pytest.raises(VerificationError):
        apply(registry, {**made, "policy": NO_MARKETERS})


# --- explained ------------------------------------------------------------------


def test_a_request_is_explained_to_who_may_see_it(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)

    told = explain(world, "ada", view)

    assert told.lines == (
        "export is not granted (not-granted)",
        "asked by ben, marketer",
        f"forbidden by bound-owner: {SAYS['bound-owner']}",
        "still missing: the approval of another owner of the tenant",
        f"with that, permitted by export-small: {SAYS['export-small']}",
    )
    assert (told.permits, told.forbids, told.then) == (
        (),
        ("bound-owner",),
        ("export-small",),
    )
    assert refusal(explain, world, "eve", view) == "not-found"
    world.sign("ada", view, "approve")
    assert explain(world, "cleo", view).permits == ("export-small",)


def test_a_tenants_policy_is_shown_to_its_people_and_to_custodians(
    world: World,
) -> None:
    world.sign("amir", ask(world, "ada", NO_REVEALS), "approve")

    assert show(world, "cleo", "acme")["owner"] == NO_REVEALS
    assert show(world, "ivan", "acme")["owner"] == NO_REVEALS
    assert "owner" not in show(world, "sam")
    for name in ("sam", "eve"):
        assert refusal(show, world, name, "acme") == "not-found"
    assert OTHER not in str(show(world, "ada"))
