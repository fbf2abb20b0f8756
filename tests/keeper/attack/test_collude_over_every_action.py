"""Both custodians try every action there is about a customer, together and patiently.

What they can do alone is in the table, and all of it takes away or stops. New actions
have to be entered here before they pass.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pyrage
import pytest

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Action, format_time
from listkeep.core.grants.matrix import OF_A_LIST
from listkeep.wire import messages as m
from tests.keeper.agreements import (
    AGENCY,
    CONSENT,
    add_agency,
    agency_subject,
    give_consent,
)
from tests.keeper.instance import ACME, SERVICES, WAREHOUSE, tenant_subject
from tests.keeper.sending import (
    DOMAIN,
    ROUTE,
    add_domain,
    add_route,
    domain_subject,
    route_subject,
    send_subject,
)
from tests.keeper.world import World

CONTACT = "d_oncalloncall"
OTHER_AGE = str(pyrage.x25519.Identity.generate().to_public())
STRICTER = """
@id("no-reveals") @says("nobody sees an address here")
forbid (principal, action == Action::"reveal", resource);
"""
Facts = dict[str, object]

CAN = {  # alone, about a tenant
    Action.TENANT_ADD: True,
    Action.TENANT_REVOKE: True,
    Action.PERSON_REVOKE: True,
    Action.SERVICE_REVOKE: True,
    Action.RECIPIENT_REVOKE: True,
    Action.FREEZE: True,
    Action.UNFREEZE: True,  # of their own freeze
    Action.POLICY_SET: True,  # which can only forbid more
    Action.PERSON_CONFIRM: True,  # of a first owner, whom the tenant came with
    Action.REVEAL: False,
    Action.EXPORT: False,
    Action.IMPORT: False,
    Action.SUPPRESS: False,
    Action.PERSON_ADD: False,
    Action.SERVICE_ADD: False,
    Action.RECIPIENT_ADD: False,
    Action.CONTACT_ADD: False,
    Action.CONTACT_REVOKE: False,
    Action.CONSENT_GIVE: False,
    Action.CONSENT_WITHDRAW: False,
    Action.AGENCY_ADD: False,
    Action.AGENCY_REVOKE: False,
    Action.BUDGET_SET: False,
    Action.PASSKEY_ADD: False,
    Action.PASSKEY_REPLACE: False,
    Action.RECOVERY_CHOOSE: False,
    Action.LIST_RESTORE: False,
    Action.ENTRY_ERASE: False,
    Action.KEYS_BACKUP: False,
    Action.KEYS_RENEW: True,  # which takes nothing from anybody
    Action.LIST_SHRED: False,
    Action.TENANT_CLOSE: False,
    Action.INDEX_KEY_RENEW: False,
    Action.SEND: False,
    Action.ROUTE_ADD: False,  # of the operator, and of no use without an owner
    Action.ROUTE_REVOKE: False,
    Action.DOMAIN_ADD: False,
    Action.DOMAIN_REVOKE: True,
}
# Where the others are tried out: acme.
_PLACES = {
    Action.TENANT_ADD: "",
    Action.TENANT_REVOKE: "",
    Action.PERSON_CONFIRM: "fresh",
}


def subject_of(world: World, action: Action) -> dict[str, str] | None:
    """Write a subject that an owner of the tenant could use."""
    age = str(pyrage.x25519.Identity.generate().to_public())
    until = format_time(world.now + timedelta(days=3))
    mallory = world.subject("mallory", "owner")
    consent = {"id": "g_mallorymallo", "until": until, "people": ""}
    subjects: dict[Action, Callable[[], dict[str, str]]] = {
        Action.TENANT_ADD: lambda: tenant_subject("mine", "t_minemineminx", mallory),
        Action.TENANT_REVOKE: lambda: {"id": ACME},
        Action.PERSON_ADD: lambda: mallory,
        Action.PERSON_REVOKE: lambda: {"id": world.meet("ada").person},
        Action.SERVICE_ADD: lambda: {
            **world.service_subject("app"),
            "id": "s_mallorymallo",
            "name": "mallory",
        },
        Action.SERVICE_REVOKE: lambda: {"id": SERVICES["app"][0]},
        Action.RECIPIENT_ADD: lambda: {
            "id": "c_mallorymallo",
            "name": "mallory",
            "public_key": age,
        },
        Action.RECIPIENT_REVOKE: lambda: {"id": WAREHOUSE},
        Action.FREEZE: lambda: {"classes": "export+reveal"},
        Action.UNFREEZE: lambda: {"classes": "export+reveal"},
        Action.CONTACT_ADD: lambda: {
            "id": "d_mallorymallo",
            "name": "mallory",
            "kind": "mail",
        },
        Action.CONTACT_REVOKE: lambda: {"id": CONTACT},
        Action.CONSENT_GIVE: lambda: consent,
        Action.CONSENT_WITHDRAW: lambda: {"id": CONSENT},
        Action.AGENCY_ADD: lambda: agency_subject(
            world, id="a_mallorymallo", name="mallory"
        ),
        Action.AGENCY_REVOKE: lambda: {"id": AGENCY},
        Action.BUDGET_SET: lambda: {
            "measure": "reveals",
            "ceiling": "0",
            "who": "everybody",
        },
        Action.POLICY_SET: lambda: {
            "sha256": hashlib.sha256(STRICTER.encode()).hexdigest()
        },
        **_about_rows(world),
        Action.KEYS_BACKUP: lambda: about_keys(world, age, until),
        **_about_passkeys(world),
    }
    return subjects[action]() if action in subjects else None


def _about_rows(world: World) -> dict[Action, Callable[[], dict[str, str]]]:
    return {
        Action.IMPORT: lambda: {"sha256": "0" * 64, "rows": "1"},
        Action.LIST_RESTORE: lambda: {"moment": format_time(world.now)},
        Action.ENTRY_ERASE: lambda: {"keep": "no"},
        Action.KEYS_RENEW: lambda: {"id": next(iter(world.registry.lists))},
        Action.LIST_SHRED: lambda: {"id": next(iter(world.registry.lists))},
        Action.TENANT_CLOSE: lambda: {"id": ACME},
        Action.INDEX_KEY_RENEW: lambda: {"id": ACME},
        Action.SEND: send_subject,
        Action.ROUTE_ADD: lambda: route_subject(id="x_mallorymallo", name="mallory"),
        Action.ROUTE_REVOKE: lambda: {"id": ROUTE},
        Action.DOMAIN_ADD: lambda: domain_subject(
            id="m_mallorymallo", name="mallory.example"
        ),
        Action.DOMAIN_REVOKE: lambda: {"id": DOMAIN},
    }


def about_keys(world: World, age: str, until: str) -> dict[str, str]:
    """Name two custodians who hold a share each, under keys of somebody else."""
    names = ("cleo", "cyrus")
    return {
        "holders": f"cleo:{age} cyrus:{OTHER_AGE}",
        "people": " ".join(world.meet(name).person for name in names),
        "needed": "2",
        "until": until,
    }


def _about_passkeys(world: World) -> dict[Action, Callable[[], dict[str, str]]]:
    """Ask for a key to sign as an owner with, or for helpers of one's own choice."""

    def replaced() -> dict[str, str]:
        fresh = world.further(world.meet("amir"))
        return {"id": fresh.person, "keys": fresh.keys, "words": fresh.words}

    def added() -> dict[str, str]:
        fresh = world.further(world.meet("ada"))
        return {"id": fresh.person, "keys": fresh.keys}

    ada, *helpers = (world.meet(name) for name in ("ada", "amir", "ben"))
    chosen = " ".join(person.person for person in helpers)
    tara = world.meet("tara")
    return {
        Action.PERSON_CONFIRM: lambda: {"id": tara.person, "words": tara.words},
        Action.PASSKEY_ADD: added,
        Action.PASSKEY_REPLACE: replaced,
        Action.RECOVERY_CHOOSE: lambda: {"id": ada.person, "recovery": chosen},
    }


def facts_of(world: World, action: Action, tenant: str) -> Facts:
    facts: Facts = {"tenant": tenant, "valid_seconds": 30 * 86400}
    if action is Action.POLICY_SET:
        facts["policy"] = STRICTER
    if action is Action.CONTACT_ADD:
        facts["destination"] = "mallory@example.com"
    if action in OF_A_LIST:
        (list_id,) = world.registry.lists
        facts |= {"list": list_id, "cap": 1, "recipient": "warehouse"}
    if action is Action.ENTRY_ERASE:
        facts |= {"selection": "a" * 26}
    if action is Action.SEND:
        facts |= {"recipient": "relay", "valid_seconds": 7 * 86400}
    if action is Action.REVEAL:
        device = str(pyrage.x25519.Identity.generate().to_public())
        facts |= {"selection": "a" * 26, "recipient": device}
    return facts


def stage(world: World) -> None:
    """Give acme everything one could want to change."""
    world.list_with_rows(1)
    world.add_tenant("fresh", "t_freshfreshfr", "tara")
    add_agency(world)
    add_route(world)
    add_domain(world)
    give_consent(world)
    subject = {"id": CONTACT, "name": "on-call", "kind": "mail"}
    asked = world.ask("ada", "contact.add", subject, destination="ada@example.com")
    world.sign("amir", asked, "approve")


def conspire(world: World, view: m.RequestView) -> str:
    """Let both sign whatever they may, and wait as long as it takes."""
    for name in ("cleo", "cyrus"):
        for decision in ("request", "approve"):
            try:
                world.sign(name, view, decision)
            except ListkeepError:
                continue
    world.wait(days=8)
    try:
        return world.show("cleo", view).state
    except ListkeepError:
        return "not theirs to see"


def test_the_table_knows_every_action() -> None:
    assert set(CAN) == set(Action)


@pytest.mark.parametrize("action", Action, ids=str)
def test_two_custodians_alone_do_to_a_tenant_what_the_table_says(
    world: World, action: Action
) -> None:
    stage(world)
    if action is Action.UNFREEZE:
        world.freeze("cleo", tenant="acme")
    facts = facts_of(world, action, _PLACES.get(action, "acme"))

    try:
        view = world.draft("cleo", action, subject_of(world, action), **facts)
        state = conspire(world, view)
    except ListkeepError:
        state = "refused"

    assert (state == "done") is CAN[action], state


# Of these not even a draft is to be had from an owner.
_OPERATORS = {Action.KEYS_BACKUP, Action.ROUTE_ADD, Action.ROUTE_REVOKE}


@pytest.mark.parametrize(
    "action", [a for a in Action if not CAN[a] and a not in _OPERATORS], ids=str
)
def test_an_owners_draft_does_not_help_two_custodians(
    world: World, action: Action
) -> None:
    stage(world)
    facts = facts_of(world, action, "")
    subject = subject_of(world, action)
    view = world.draft("ada", action, subject, **facts)

    assert conspire(world, view) != "done"
    assert view.id not in world.registry.requests
