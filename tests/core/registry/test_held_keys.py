from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.held_keys import (
    HeldKey,
    first_key,
    index_key,
    index_numbers,
    list_key,
    with_newer,
    with_newest,
    without,
)
from tests.core.registry.scribe import ACME, NEWS, NOON, OTHER, Scribe, replay

LATER = NOON + timedelta(days=30)
TWO = (HeldKey(0, NOON), HeldKey(1, LATER))


def test_the_first_key_keeps_the_name_it_always_had() -> None:
    assert list_key("l_news") == "list-l_news"
    assert index_key("t_acme") == "index-t_acme"


def test_further_keys_are_named_by_their_number() -> None:
    assert list_key("l_news", 12) == "list-l_news.12"
    assert index_key("t_acme", 1) == "index-t_acme.1"


def test_keys_come_one_after_the_other() -> None:
    assert with_newer(first_key(NOON), 1, at=LATER) == TWO


@pytest.mark.parametrize("number", [-1, 0, 1, 3])
def test_a_number_that_is_not_the_next_is_no_honest_keepers(number: int) -> None:
    with pytest.raises(VerificationError, match="not the next"):
        with_newer(TWO, number, at=LATER)


def test_a_renewal_may_take_up_later_keys_with_those_between() -> None:
    assert with_newest(TWO, 2, at=LATER) == (*TWO, HeldKey(2, LATER))
    assert with_newest(TWO, 4, at=LATER) == (
        *TWO,
        *(HeldKey(number, LATER) for number in (2, 3, 4)),
    )


@pytest.mark.parametrize("number", [-1, 0, 1])
def test_a_number_that_was_used_before_is_no_honest_keepers(number: int) -> None:
    with pytest.raises(VerificationError, match="used before"):
        with_newest(TWO, number, at=LATER)


def test_an_older_key_goes_and_the_newest_stays() -> None:
    assert without(TWO, 0) == (HeldKey(1, LATER),)


@pytest.mark.parametrize("number", [-1, 1, 2])
def test_neither_the_newest_key_nor_one_that_is_not_there_is_destroyed(
    number: int,
) -> None:
    with pytest.raises(VerificationError, match="not there, or is the newest"):
        without(TWO, number)


# --- index keys of a tenant, as the ledger tells them ---


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
def test_an_index_key_with_another_number_than_the_next_is_no_honest_keepers(
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
