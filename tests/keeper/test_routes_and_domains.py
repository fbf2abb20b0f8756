import pytest

from listkeep.core.registry.sending import domain_key
from listkeep.keeper.gate.decisions.requests import carry_out_due
from listkeep.keeper.gate.showing.rows import registry_rows
from tests.keeper.instance import ACME, OTHER, refusal
from tests.keeper.sending import (
    DOMAIN,
    ROUTE,
    add_domain,
    add_route,
    domain_subject,
    revoke_domain,
    revoke_route,
    route_subject,
)
from tests.keeper.world import World


def rows(world: World, name: str, kind: str) -> list[dict[str, str]]:
    person = world.registry.people[world.meet(name).person]
    return list(registry_rows(world.registry, person, kind))


def test_two_custodians_enrol_a_route_and_end_it(world: World) -> None:
    asked = world.ask("cleo", "route.add", route_subject())
    assert world.registry.routes == {}
    assert world.sign("cyrus", asked, "approve").state == "done"
    assert world.registry.routes[ROUTE].host == "relay.example.com"

    assert revoke_route(world).state == "done"
    assert world.registry.routes == {}


@pytest.mark.parametrize("name", ["ada", "ben", "sam", "eve"])
def test_nobody_else_enrols_a_route(world: World, name: str) -> None:
    code = refusal(world.draft, name, "route.add", route_subject())

    assert code == "not-permitted"


def test_a_route_is_no_matter_of_a_tenant(world: World) -> None:
    subject = route_subject()
    code = refusal(world.draft, "cleo", "route.add", subject, tenant="acme")

    assert code == "not-permitted"


def test_a_routes_name_and_id_are_taken_once(world: World) -> None:
    add_route(world)

    for changes in ({"id": "x_otherotherot"}, {"name": "other"}):
        subject = route_subject(**changes)
        assert refusal(world.draft, "cleo", "route.add", subject) == "already-exists"
    nobody = route_subject(id="x_otherotherot", name="other", tenant="t_nobodynobody")
    assert refusal(world.draft, "cleo", "route.add", nobody) == "not-found"
    gone = refusal(world.draft, "cleo", "route.revoke", {"id": "x_otherotherot"})
    assert gone == "not-found"


def test_people_see_the_routes_their_mail_may_take(world: World) -> None:
    add_route(world)
    add_route(world, id="x_ownownownown", name="own", tenant=ACME)
    add_route(world, id="x_evesevesevex", name="hers", tenant=OTHER)

    assert [row["name"] for row in rows(world, "ben", "route")] == ["relay", "own"]
    assert [row["name"] for row in rows(world, "eve", "route")] == ["relay", "hers"]
    assert len(rows(world, "cleo", "route")) == 3
    assert refusal(rows, world, "sam", "route") == "not-permitted"


def test_two_owners_add_a_domain_and_the_keeper_makes_its_keys(world: World) -> None:
    asked = world.ask("ada", "domain.add", domain_subject())
    assert not (world.home / "keys" / f"{domain_key(DOMAIN)}.key").exists()
    assert world.sign("amir", asked, "approve").state == "done"

    (row,) = rows(world, "ben", "domain")
    assert (row["name"], row["selector"]) == ("news.example", "lk1")
    assert row["rsa"].startswith("MIIBIjANBgkq")  # SubjectPublicKeyInfo, RSA 2048
    assert len(row["ed25519"]) == 44
    assert rows(world, "eve", "domain") == []


def test_a_domain_goes_with_its_keys(world: World) -> None:
    add_domain(world)
    names = {path.name for path in (world.home / "keys").glob("domain-*")}
    assert names == {f"domain-{DOMAIN}.key", f"domain-{DOMAIN}.private.key"}

    assert revoke_domain(world).state == "done"

    assert list((world.home / "keys").glob("domain-*")) == []
    assert rows(world, "ada", "domain") == []


@pytest.mark.parametrize("name", ["ben", "sam", "cleo"])
def test_nobody_but_owners_adds_a_domain(world: World, name: str) -> None:
    facts = {"tenant": "acme"} if name == "cleo" else {}
    code = refusal(world.draft, name, "domain.add", domain_subject(), **facts)

    assert code == "not-permitted"


def test_one_owner_alone_adds_a_domain_after_a_day(world: World) -> None:
    asked = world.ask("ada", "domain.add", domain_subject())
    world.wait(hours=23, minutes=59)
    assert world.show("ada", asked).state == "waiting"
    world.wait(minutes=1)

    assert world.show("ada", asked).state == "done"


@pytest.mark.parametrize("name", ["news.example", "example", "a.news.example"])
def test_a_domain_or_one_above_or_below_is_one_tenants(world: World, name: str) -> None:
    add_domain(world)
    subject = domain_subject(id="m_evesevesevex", name=name, selector="lk9")

    expected = "request-invalid" if name == "example" else "already-exists"
    assert refusal(world.draft, "eve", "domain.add", subject) == expected


def test_a_parent_domain_is_not_taken_from_below(world: World) -> None:
    add_domain(world, name="a.news.example")
    subject = domain_subject(id="m_evesevesevex")

    assert refusal(world.draft, "eve", "domain.add", subject) == "already-exists"
    free = {**subject, "name": "xa.news.example"}
    assert world.draft("eve", "domain.add", free).state == "draft"


def test_further_keys_of_a_domain_have_selectors_of_their_own(world: World) -> None:
    add_domain(world)
    again = domain_subject(id="m_otherotherot")
    for selector in ("lk1", "lk1-ed25519"):
        subject = {**again, "selector": selector}
        assert refusal(world.draft, "ada", "domain.add", subject) == "already-exists"
    add_domain(world, id="m_otherotherot", selector="lk2")

    assert len(world.registry.domains_of(ACME, "news.example")) == 2


def test_two_custodians_end_a_tenants_domain_and_make_none(world: World) -> None:
    add_domain(world)
    asked = world.ask("cleo", "domain.revoke", {"id": DOMAIN}, tenant="acme")
    assert world.sign("cyrus", asked, "approve").state == "done"
    assert world.registry.domains == {}


def test_nobody_ends_another_tenants_domain(world: World) -> None:
    add_domain(world)

    assert refusal(world.draft, "eve", "domain.revoke", {"id": DOMAIN}) == "not-found"


def test_the_domain_of_a_closed_tenant_goes_with_it(world: World) -> None:
    add_domain(world)
    asked = world.ask("ada", "tenant.close", {"id": ACME}, valid_seconds=30 * 86_400)
    world.sign("amir", asked, "approve")
    world.wait(days=7)
    carry_out_due(world.gate, now=world.now)

    assert world.registry.domains == {}
    assert list((world.home / "keys").glob("domain-*")) == []
