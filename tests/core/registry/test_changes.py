from datetime import datetime, timedelta

import pytest

from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Role
from listkeep.core.registry.agreements import BudgetScope
from listkeep.core.registry.changes import change_agreement
from listkeep.core.registry.facts import Person, RequestFacts, Service, Signed, Tenant
from listkeep.core.registry.passkeys import Credential, Kind, RecordedAssertion
from listkeep.core.registry.state import Registry
from tests.core.grants.cast import make_terms

ACME, OTHER = "t_acmeacmeacme", "t_otherotherot"
AGENCY = "a_studiostudio"
NOON = datetime.fromisoformat("2026-01-05T12:00:00Z")
LATER = "2026-01-10T12:00:00Z"
SUBJECTS = {
    Action.CONTACT_ADD: {
        "id": "d_oncalloncall",
        "name": "on-call",
        "kind": "mail",
        "sealed": "A" * 40,
    },
    Action.AGENCY_ADD: {
        "id": AGENCY,
        "name": "studio",
        "until": LATER,
        "look_ups": "5",
        "reveals": "5",
        "rows_exported": "5",
    },
    Action.CONSENT_GIVE: {"id": "g_consentconse", "until": LATER, "people": ""},
    Action.BUDGET_SET: {"who": "everybody", "measure": "reveals", "ceiling": "3"},
    Action.FREEZE: {"classes": "campaigns export+reveal"},
}


def person(name: str, role: Role, tenant: str = ACME, team: str = "") -> Person:
    return Person(
        id=f"p_{name * 3}",
        name=name,
        tenant=tenant,
        role=role,
        team=team,
        credentials=(Credential(id=name, public_key=b"", kind=Kind.SOFTWARE),),
    )


def service(name: str, parent: str = "", tenant: str = ACME) -> Service:
    return Service(
        id=f"s_{name * 3}",
        name=name,
        kind="app",
        tenant=tenant,
        verifier="",
        parent=parent,
    )


@pytest.fixture
def registry() -> Registry:
    filled = Registry({})
    filled.tenants = {ACME: Tenant(id=ACME, name="acme")}
    for each in (
        person("adaa", Role.OWNER),
        person("evee", Role.OWNER, OTHER),
        person("agne", Role.AGENT, team=AGENCY),
    ):
        filled.people[each.id] = each
    for child in (
        service("appp"),
        service("sons", "s_apppapppappp"),
        service("gran", "s_sonssonssons"),
        service("stud", AGENCY),
        service("evex", tenant=OTHER),
    ):
        filled.services[child.id] = child
    return filled


def request(
    action: Action, subject: dict[str, str], *, tenant: str = ACME, by: str = "adaa"
) -> RequestFacts:
    terms = make_terms(
        action, tenant=tenant, not_before=NOON, subject=encode(subject).decode()
    )
    signed = Signed(f"p_{by * 3}", "request", NOON, RecordedAssertion(*[b""] * 4))
    return RequestFacts(id=f"r_{action}", terms=terms, signed=[signed])


def change(registry: Registry, action: Action, **facts: str) -> None:
    subject = SUBJECTS.get(action) or {"id": facts["id"]}
    tenant = facts.get("tenant", ACME)
    change_agreement(registry, request(action, subject, tenant=tenant), subject)


def test_what_was_agreed_stands_in_the_registry_and_its_id_is_used(
    registry: Registry,
) -> None:
    for action in SUBJECTS:
        change(registry, action)

    ids = {subject["id"] for subject in SUBJECTS.values() if "id" in subject}
    assert registry.used_ids == ids
    assert ids == {*registry.contacts, *registry.agencies, *registry.consents}
    assert registry.budgets == {BudgetScope(ACME, "everybody", "reveals"): 3}
    assert {kind for _, kind, _ in registry.freezes} == {"campaigns", "export+reveal"}


def test_what_was_frozen_is_lifted(registry: Registry) -> None:
    change(registry, Action.FREEZE)
    subject = {"classes": "campaigns"}
    change_agreement(registry, request(Action.UNFREEZE, subject), subject)

    assert registry.freezes == {(ACME, "export+reveal", "owner")}


def test_a_service_leaves_with_all_that_descends_from_it(registry: Registry) -> None:
    change(registry, Action.AGENCY_ADD)
    change(registry, Action.SERVICE_REVOKE, id="s_apppapppappp")

    assert {row.name for row in registry.services.values()} == {"stud", "evex"}


def test_an_agency_leaves_with_people_services_and_what_they_asked_for(
    registry: Registry,
) -> None:
    change(registry, Action.AGENCY_ADD)
    asked = [request(Action.EXPORT, {}, by=name) for name in ("agne", "agne", "adaa")]
    asked[1].done = True
    registry.requests = {str(number): each for number, each in enumerate(asked)}

    assert registry.find_present("p_agneagneagne", now=NOON)
    assert registry.find_service("s_studstudstud", now=NOON)
    late = NOON + timedelta(days=5)
    assert registry.find_present("p_agneagneagne", now=late) is None
    assert registry.find_service("s_studstudstud", now=late) is None
    change(registry, Action.AGENCY_REVOKE, id=AGENCY)

    assert "p_agneagneagne" not in registry.people
    assert "s_studstudstud" not in registry.services
    assert "s_grangrangran" in registry.services
    assert [each.denied for each in asked] == [True, False, False]


def test_a_tenant_leaves_with_everything_and_others_stay(registry: Registry) -> None:
    for action in (Action.CONTACT_ADD, Action.AGENCY_ADD, Action.CONSENT_GIVE):
        change(registry, action)
    change(registry, Action.TENANT_REVOKE, id=ACME, tenant="")

    assert not registry.tenants
    assert not registry.contacts
    assert not registry.agencies
    assert not registry.consents
    assert [row.name for row in registry.people.values()] == ["evee"]
    assert [row.name for row in registry.services.values()] == ["evex"]


def test_a_row_of_another_tenant_is_not_removed(registry: Registry) -> None:
    change(registry, Action.PERSON_REVOKE, id="p_eveeeveeevee")

    assert "p_eveeeveeevee" in registry.people
