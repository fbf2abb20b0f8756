from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.held_keys import GoneKey
from tests.core.registry.life import state
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe, meet, replay


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def ask_shred(scribe: Scribe, list_id: str = NEWS, tenant: str = ACME) -> RequestFacts:
    request = scribe.ask("ada", "list.shred", {"id": list_id}, tenant=tenant)
    scribe.sign("amir", request, "approve")
    return request


def shred(scribe: Scribe, request: RequestFacts) -> None:
    fields = {"request": request.id, "tenant": ACME, "list": NEWS}
    scribe.write(Event.LIST_SHREDDED, fields)


def ask_close(scribe: Scribe, tenant: str = ACME) -> RequestFacts:
    request = scribe.ask(
        "ada",
        "tenant.close",
        {"id": tenant},
        tenant=ACME,
        expires=scribe.now + timedelta(days=30),
    )
    scribe.sign("amir", request, "approve")
    return request


def test_a_list_that_is_shredded_leaves_its_name_and_no_key(scribe: Scribe) -> None:
    registry = scribe.registry
    export = scribe.ask_export()
    ben = meet("ben").person
    fields = {"ticket": "i_1", "list": NEWS, "principal": ben, "request": ""}
    scribe.write(Event.IMPORT_STARTED, {**fields, "max_rows": "50"})

    shred(scribe, ask_shred(scribe))

    assert NEWS not in registry.lists
    assert registry.find_list(NEWS) == registry.shredded[NEWS]
    assert registry.destroyed_keys == {f"list-{NEWS}": GoneKey(scribe.now, None)}
    assert registry.requests[export.id].denied
    assert registry.tickets == {}


def test_a_copy_of_the_keys_that_is_kept_longer_is_told(scribe: Scribe) -> None:
    later = scribe.now + timedelta(days=30)
    scribe.registry.key_copies = {"one": later, "two": scribe.now}

    shred(scribe, ask_shred(scribe))

    assert scribe.registry.destroyed_keys[f"list-{NEWS}"] == GoneKey(scribe.now, later)


def test_nothing_is_shredded_without_a_grant(scribe: Scribe) -> None:
    request = scribe.ask("ada", "list.shred", {"id": NEWS}, tenant=ACME)

    with pytest.raises(VerificationError, match="without a grant"):
        shred(scribe, request)


def test_a_list_is_shredded_once_and_by_its_own_tenant(scribe: Scribe) -> None:
    shred(scribe, ask_shred(scribe))
    again = ask_shred(scribe)
    with pytest.raises(VerificationError, match="not there"):
        shred(scribe, again)


def test_a_tenant_is_closed_with_all_it_has(scribe: Scribe) -> None:
    registry, request = scribe.registry, ask_close(scribe)
    scribe.wait(days=7)

    scribe.carry_out(Event.TENANT_CLOSED, request)

    assert set(registry.tenants) == {OTHER}
    assert meet("ada").person not in registry.people
    assert set(registry.destroyed_keys) == {f"list-{NEWS}", f"index-{ACME}"}


def test_a_tenant_is_not_closed_before_its_time_nor_another_one(
    scribe: Scribe,
) -> None:
    request, theirs = ask_close(scribe), ask_close(scribe, OTHER)
    scribe.wait(days=6)
    with pytest.raises(VerificationError, match="without a grant"):
        scribe.carry_out(Event.TENANT_CLOSED, request)

    scribe.wait(days=1)
    with pytest.raises(VerificationError, match="not there"):
        scribe.carry_out(Event.TENANT_CLOSED, theirs)


def test_it_is_the_same_when_it_is_read_again(scribe: Scribe) -> None:
    request = ask_close(scribe)
    scribe.wait(days=7)
    scribe.carry_out(Event.TENANT_CLOSED, request)

    assert state(replay(scribe.bodies, scribe.registry.pinned)) == state(
        scribe.registry
    )
