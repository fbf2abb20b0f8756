"""Any k of n shares are the key; k - 1 are nothing; what is wrong is named."""

import os
from dataclasses import replace
from functools import reduce
from itertools import combinations
from operator import xor

import pytest

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import MalformedError, VerificationError
from listkeep.keeper.keys import Share
from listkeep.keeper.keys.shares import join_shares, split_key

NAMES = ("ada", "ben", "cleo", "cyrus", "eve", "sam", "tara", "zoe")
KEY = bytes(range(32))


def split(needed: int, count: int, copy: str = "r_one") -> tuple[Share, ...]:
    return split_key(
        KEY, copy=copy, holders=NAMES[:count], needed=needed, random=os.urandom
    )


def digests(shares: tuple[Share, ...]) -> dict[str, str]:
    return {share.holder: share.digest() for share in shares}


@pytest.mark.parametrize(
    ("needed", "count"), [(k, n) for n in range(2, 9) for k in range(2, n + 1)]
)
def test_any_as_many_as_are_needed_have_the_key(needed: int, count: int) -> None:
    shares = split(needed, count)
    expected = digests(shares)

    for group in combinations(shares, needed):
        assert join_shares(group, expected=expected) == KEY
    assert join_shares(shares[::-1], expected=expected) == KEY
    for fewer in combinations(shares, needed - 1):
        with pytest.raises(MalformedError):
            join_shares(fewer, expected=expected)
        # Nor by any sum of what they have.
        pieces = [int.from_bytes(each) for share in fewer for each in share.pieces]
        for size in range(1, min(3, len(pieces)) + 1):
            for some in combinations(pieces[:12], size):
                assert reduce(xor, some) != int.from_bytes(KEY)


def test_too_few_shares_fit_every_key_alike() -> None:
    """Whatever the key was, the same k - 1 shares could have come of it."""
    drawn = [os.urandom(32) for _ in range(20)]
    for key in (KEY, bytes(32), os.urandom(32)):
        left = drawn[::-1]

        def draw(_size: int, left: list[bytes] = left) -> bytes:
            return left.pop()

        shares = split_key(key, copy="r_one", holders=NAMES[:3], needed=2, random=draw)
        assert shares[0].pieces == (drawn[0], drawn[1])


def test_one_holder_twice_is_one_holder() -> None:
    shares = split(2, 3)

    with pytest.raises(MalformedError, match="1 holders"):
        join_shares([shares[0], shares[0]], expected=digests(shares))


def test_a_share_that_was_changed_is_named() -> None:
    shares = split(2, 3)
    spoilt = bytes([shares[1].pieces[0][0] ^ 1]) + shares[1].pieces[0][1:]
    changed = replace(shares[1], pieces=(spoilt, *shares[1].pieces[1:]))

    with pytest.raises(VerificationError, match="the share of ben"):
        join_shares([shares[0], changed], expected=digests(shares))


def test_a_share_of_another_copy_is_named() -> None:
    shares, others = split(2, 3), split(2, 3, copy="r_two")

    with pytest.raises(VerificationError, match="the share of cleo"):
        join_shares([shares[0], others[2]], expected=digests(shares))


@pytest.mark.parametrize(("needed", "count"), [(3, 3), (2, 4), (3, 4)])
def test_a_forged_header_names_shares_of_two_keys(needed: int, count: int) -> None:
    shares = split(2, 3)
    other = split_key(
        KEY,
        copy="r_one",
        holders=NAMES[1 : count + 1],
        needed=needed,
        random=os.urandom,
    )
    mixed = [shares[0], other[2]]

    with pytest.raises(VerificationError, match="not shares of one key"):
        join_shares(mixed, expected=digests(tuple(mixed)))


def test_a_share_is_read_back_as_it_was_written() -> None:
    for share in split(3, 5):
        assert Share.parse(share.format() + b"\n") == share


@pytest.mark.parametrize(
    "change",
    [
        {"needed": "1"},
        {"needed": "9"},
        {"needed": "x"},
        {"holder": "nobody"},
        {"holders": "ada"},
        {"holders": "cleo ben ada"},
        {"holders": "ada ada ben"},
        {"holders": " ".join(f"h{n}" for n in range(40))},
        {"pieces": ""},
        {"pieces": "AAAA AAAA"},
        {"version": "2"},
        {"more": "yes"},
    ],
)
def test_what_is_no_share_is_refused(change: dict[str, str]) -> None:
    text = encode({**parse(split(2, 3)[0].format(), max_bytes=16_384), **change})

    with pytest.raises(MalformedError, match="no share"):
        Share.parse(text)


@pytest.mark.parametrize("text", [b"", b"x", b"{}", b"\xff" * 40, b"age-encryption"])
def test_bytes_that_are_no_share_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedError, match="no share"):
        Share.parse(text)
