"""A tenant's index keys: numbered, added by two owners, and all of them kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts, Ticket
from listkeep.core.registry.held_keys import index_numbers
from listkeep.core.registry.tickets import LONGEST_IMPORT, running_imports
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe, replay


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def ask(scribe: Scribe, tenant: str = ACME) -> RequestFacts:
    request = scribe.ask("ada", "index-key.renew", {"id": ACME}, tenant=tenant)
    scribe.sign("amir", request, "approve")
    return request


def renew(scribe: Scribe, request: RequestFacts, number: int = 1) -> None:
    fields = {"request": request.id, "tenant": ACME, "key": str(number)}
    scribe.write(Event.INDEX_KEY_RENEWED, fields)


def held(scribe: Scribe, list_id: str = NEWS) -> tuple[int, ...]:
    return index_numbers(scribe.registry.lists[list_id].index_keys)


def test_a_tenant_begins_with_key_0(scribe: Scribe) -> None:
    assert held(scribe) == (0,)
    assert scribe.registry.index_keys[ACME][0].number == 0


def test_every_list_of_the_tenant_knows_the_next_key_and_keeps_the_older(
    scribe: Scribe,
) -> None:
    renew(scribe, ask(scribe))
    assert held(scribe) == (0, 1)
    assert scribe.registry.lists[NEWS].index_keys == scribe.registry.index_keys[ACME]
    assert OTHER not in scribe.registry.index_keys or (
        index_numbers(scribe.registry.index_keys[OTHER]) == (0,)
    )


@pytest.mark.parametrize("number", [0, 2])
def test_a_number_that_is_not_the_next_is_no_honest_keepers(
    scribe: Scribe, number: int
) -> None:
    request = ask(scribe)
    with pytest.raises(VerificationError):
        renew(scribe, request, number)


def test_nobody_renews_without_a_grant(scribe: Scribe) -> None:
    request = scribe.ask("ada", "index-key.renew", {"id": ACME}, tenant=ACME)
    with pytest.raises(VerificationError):
        renew(scribe, request)


def test_a_ledger_says_the_same_when_it_is_read_again(scribe: Scribe) -> None:
    renew(scribe, ask(scribe))

    again = replay(scribe.bodies, scribe.registry.pinned)
    assert again.index_keys == scribe.registry.index_keys
    assert again.lists == scribe.registry.lists


def test_an_import_runs_for_half_a_day_at_most_and_a_restore_is_none(
    scribe: Scribe,
) -> None:
    registry, now = scribe.registry, scribe.now
    ticket = Ticket(
        id="i_1", list_id=NEWS, principal="", request="", max_rows=1, started_at=now
    )
    registry.tickets = {"i_1": ticket}

    def running(tenant: str, after: timedelta) -> int:
        return len(running_imports(registry, tenant=tenant, now=now + after))

    assert running(ACME, LONGEST_IMPORT - timedelta(seconds=1)) == 1
    assert running(ACME, LONGEST_IMPORT) == running(OTHER, timedelta()) == 0
    registry.tickets = {"i_1": replace(ticket, moment="2026-01-05T12:00:00Z")}
    assert running(ACME, timedelta()) == 0
