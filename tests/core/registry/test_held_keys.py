from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.registry.held_keys import (
    HeldKey,
    first_key,
    index_key,
    list_key,
    with_newer,
    without,
)
from tests.core.registry.scribe import NOON

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


def test_an_older_key_goes_and_the_newest_stays() -> None:
    assert without(TWO, 0) == (HeldKey(1, LATER),)


@pytest.mark.parametrize("number", [-1, 1, 2])
def test_neither_the_newest_key_nor_one_that_is_not_there_is_destroyed(
    number: int,
) -> None:
    with pytest.raises(VerificationError, match="not there, or is the newest"):
        without(TWO, number)
