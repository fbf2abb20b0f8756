"""Custodians and support want a tenant's mail: sent by them, or taken another way."""

import hashlib

import pytest

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Terms
from tests.keeper.instance import ACME, refusal
from tests.keeper.sending import (
    add_route,
    ask_send,
    domain_subject,
    phish,
    revoke_route,
    route_subject,
    send_facts,
    send_subject,
    sent,
    standing_subject,
    with_sending,
)
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    """Acme has sent once: its sender, links, route and Ben's passkey are known."""
    rows = with_sending(world)
    sent(world, rows, ask_send(world, rows))
    return rows


def custodians(world: World, action: str, subject: object, **facts: object) -> str:
    """Let two custodians try something, and tell how far they came."""
    try:
        view = world.draft("cleo", action, subject, **facts)
        world.sign("cleo", view, "request")
        return world.sign("cyrus", view, "approve").state
    except ListkeepError as error:
        return error.code.value


def test_support_and_custodians_ask_for_no_send(world: World, rows: Rows) -> None:
    facts = send_facts(rows, tenant="acme")
    assert refusal(world.draft, "sam", "send", send_subject(), **facts) == "not-found"
    assert custodians(world, "send", send_subject(), **facts) == "not-found"
    view = ask_send(world, rows, subject=phish())
    for name in ("cleo", "cyrus", "sam"):
        code = refusal(world.sign, name, view, "approve")
        assert code in ("not-permitted", "not-found")


def test_a_route_that_was_swapped_takes_no_mail_unseen(
    world: World, rows: Rows
) -> None:
    """Two custodians end the route and enrol another one under its name."""
    granted = ask_send(world, rows)
    drafted = world.draft("ben", "send", send_subject(), **send_facts(rows))
    assert granted.state == "granted"
    revoke_route(world)
    add_route(world, id="x_evilevilevil", host="relay.evil.example")

    assert world.show("ben", granted).state == "denied"
    assert refusal(world.sign, "ben", drafted, "request") == "facts-changed"
    again = ask_send(world, rows)
    assert again.state == "waiting"
    assert again.facts["route"] == "relay, to relay.evil.example:587 (web)"
    assert "a way out this tenant's mail never took" in again.facts["new"]
    assert (
        "relay (x_evilevilevil), before relay (x_routerouterw)"
        in (again.facts["changed"])
    )


def test_a_route_of_the_tenants_own_does_not_slip_before_everybodys(
    world: World, rows: Rows
) -> None:
    add_route(world, id="x_evilevilevil", tenant=ACME, host="relay.evil.example")
    view = ask_send(world, rows)

    assert Terms.parse(view.terms).recipient == "x_evilevilevil"
    assert view.state == "waiting"


def test_no_route_comes_back_with_another_host(world: World, rows: Rows) -> None:
    assert rows.list_id
    revoke_route(world)
    subject = route_subject(host="relay.evil.example")

    assert custodians(world, "route.add", subject) == "already-exists"


def test_everybody_whose_mail_a_route_can_take_is_told(
    world: World, rows: Rows
) -> None:
    assert rows.list_id
    contact = {"id": "d_oncalloncall", "name": "on-call", "kind": "mail"}
    asked = world.ask("ada", "contact.add", contact, destination="ada@example.com")
    world.sign("amir", asked, "approve")
    add_route(world, id="x_evilevilevil", name="other")
    notice = world.registry.book.notices[-1]

    assert (notice.event, notice.about) == ("route.added", "other")
    assert [each.name for each in notice.contacts] == ["on-call"]


def test_custodians_give_a_tenants_domain_to_nobody(world: World, rows: Rows) -> None:
    assert rows.list_id
    subject = domain_subject(id="m_evilevilevil", name="evil.example")
    assert custodians(world, "domain.add", subject, tenant="acme") == "not-permitted"
    assert custodians(world, "domain.add", subject) == "not-permitted"
    taken = domain_subject(id="m_evilevilevil")
    assert refusal(world.draft, "eve", "domain.add", taken) == "already-exists"


def test_a_policy_of_the_custodians_does_not_lift_the_bounds(
    world: World, rows: Rows
) -> None:
    """Two custodians replace the floor by one that permits everything to everybody."""
    text = '@id("all") @says("everything") permit (principal, action, resource);\n'
    digest = hashlib.sha256(text.encode()).hexdigest()
    asked = world.ask("cleo", "policy.set", {"sha256": digest}, policy=text)
    assert world.sign("cyrus", asked, "approve").state == "done"

    assert ask_send(world, rows).state == "granted"
    assert ask_send(world, rows, subject=phish()).state == "waiting"
    assert ask_send(world, rows, subject=standing_subject()).state == "waiting"
    facts = send_facts(rows, tenant="acme")
    assert custodians(world, "send", send_subject(), **facts) == "not-found"
    subject = domain_subject(id="m_evilevilevil", name="evil.example")
    assert custodians(world, "domain.add", subject, tenant="acme") == "not-permitted"
    assert refusal(world.draft, "eve", "route.add", route_subject()) == "not-permitted"
