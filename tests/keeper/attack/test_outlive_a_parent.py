"""A service of a thief's, made by one that is revoked now, tries to live on."""

import hashlib

import pytest

from listkeep.keeper.gate.sign_in import callers, sessions
from listkeep.keeper.release import imports
from listkeep.wire import messages as m
from tests.keeper.agreements import AGENCY, add_agency
from tests.keeper.instance import SERVICES, refusal, service_key
from tests.keeper.world import World

APP = SERVICES["app"][0]


def key_of(name: str) -> str:
    return f"lkk_s_{name * 3}_{name:x>40}"


def add(world: World, name: str, parent: str, kind: str = "intake") -> m.RequestView:
    subject = {
        "id": f"s_{name * 3}",
        "name": name,
        "kind": kind,
        "verifier": hashlib.sha256(key_of(name).encode()).hexdigest(),
        "parent": parent,
    }
    return world.sign("amir", world.ask("ada", "service.add", subject), "approve")


def resolve(world: World, name: str) -> str:
    found = callers.resolve_service(world.registry, key_of(name), now=world.now)
    return found.name


def test_a_revoked_service_takes_its_whole_lineage_along(world: World) -> None:
    add(world, "sons", APP)
    add(world, "gran", "s_sonssonssons")
    add(world, "else", "")
    assert [resolve(world, name) for name in ("sons", "gran")] == ["sons", "gran"]

    world.ask("cleo", "service.revoke", {"id": APP}, tenant="acme")

    for _ in range(2):
        for name in ("sons", "gran"):
            assert refusal(resolve, world, name) == "not-signed-in"
        assert resolve(world, "else") == "else"
        world.restart()


def test_a_service_in_the_middle_leaves_its_parent_alone(world: World) -> None:
    add(world, "sons", APP)
    add(world, "gran", "s_sonssonssons")
    world.ask("ada", "service.revoke", {"id": "s_sonssonssons"})

    assert refusal(resolve, world, "gran") == "not-signed-in"
    assert APP in world.registry.services


def test_an_open_import_of_a_descendant_ends_with_its_ancestor(world: World) -> None:
    rows = world.list_with_rows(1)
    add(world, "sons", APP)
    message = m.StartImport(
        caller=m.Caller(service_key=key_of("sons")), list=rows.list_id
    )
    ticket = imports.start_import(
        world.gate, message, carrier=world.service("dock"), now=world.now
    ).ticket
    assert world.seal(ticket, ["one@example.com"]).sealed

    world.ask("ada", "service.revoke", {"id": APP})

    assert refusal(world.seal, ticket, ["two@example.com"]) == "not-permitted"


@pytest.mark.parametrize(
    "parent",
    ["s_nobodynobody", SERVICES["dock"][0], AGENCY, "t_acmeacmeacme", "app"],
)
def test_a_service_descends_from_nothing_of_another_company(
    world: World, parent: str
) -> None:
    code = refusal(add, world, "sons", parent)
    assert code in ("not-found", "request-invalid")


def test_a_key_of_an_agency_ends_with_it_without_a_sweep(world: World) -> None:
    add_agency(world, days=1)
    add(world, "sons", AGENCY)
    add(world, "gran", "s_sonssonssons")
    assert resolve(world, "gran") == "gran"

    world.wait(hours=24)

    for name in ("sons", "gran"):
        assert refusal(resolve, world, name) == "not-signed-in"


def test_a_key_of_an_agency_that_was_shown_out_is_dead(world: World) -> None:
    add_agency(world)
    add(world, "sons", AGENCY)
    world.ask("ada", "agency.revoke", {"id": AGENCY})

    assert refusal(resolve, world, "sons") == "not-signed-in"
    assert "s_sonssonssons" not in world.registry.services


def test_sessions_carried_by_a_revoked_service_end_at_once(world: World) -> None:
    held, dock = world.session("ben", "dock"), SERVICES["dock"][0]
    direct = world.session("ben")
    view = world.ask("cleo", "service.revoke", {"id": dock})
    world.sign("cyrus", view, "approve")

    code = refusal(sessions.end_session, world.gate, held, now=world.now)
    assert code == "not-signed-in"
    assert refusal(
        sessions.resolve_session,
        world.gate,
        world.registry,
        held,
        service=dock,
        now=world.now,
    ) == ("not-signed-in")
    sessions.end_session(world.gate, direct, now=world.now)


def test_a_key_is_spelt_for_its_own_service(world: World) -> None:
    stolen = service_key("app").replace("s_appappappapp", "s_sonssonssons")
    add(world, "sons", APP)

    assert refusal(callers.resolve_service, world.registry, stolen, now=world.now) == (
        "not-signed-in"
    )
