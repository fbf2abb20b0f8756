"""One contract for every key provider, each with a real thing behind it.

Not provable for AWS KMS, and so not claimed: that a root is gone once it was retired.
KMS deletes a key after a week or more, and only its own word says that it did; moto's
word says nothing about AWS. The tests of retirement leave it out.
"""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pkcs11
import pytest

from listkeep.core.errors import Code, UnavailableError
from listkeep.keeper.keys.pkcs11_root import Pkcs11Root
from listkeep.keeper.keys.provider import KEY_BYTES, Root, WrongKeyError
from tests.keeper.providers import PIN, Stand, stand

PROVIDERS = ("file", "pkcs11", "aws-kms")
KEY = bytes(range(KEY_BYTES))


@pytest.fixture(params=PROVIDERS)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stand]:
    with stand(str(request.param), tmp_path / "stand", monkeypatch) as found:
        yield found


@pytest.fixture
def root(place: Stand) -> Root:
    root = place.root()
    root.make()
    return root


def test_a_key_comes_back_as_it_was(place: Stand, root: Root) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")

    assert KEY not in wrapped
    assert root.unwrap(wrapped, key_id="list-l_one") == KEY
    assert place.root().unwrap(wrapped, key_id="list-l_one") == KEY
    root.health()


def test_the_same_key_is_never_wrapped_to_the_same_bytes(root: Root) -> None:
    assert root.wrap(KEY, key_id="a") != root.wrap(KEY, key_id="a")


def test_a_root_is_made_once(place: Stand, root: Root) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")

    place.root().make()

    assert place.root().unwrap(wrapped, key_id="list-l_one") == KEY


def test_a_key_under_another_name_does_not_unwrap(root: Root) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")

    with pytest.raises(WrongKeyError):
        root.unwrap(wrapped, key_id="list-l_two")


def test_a_key_of_another_root_does_not_unwrap(place: Stand, root: Root) -> None:
    other = place.root("second")
    other.make()
    wrapped = other.wrap(KEY, key_id="list-l_one")

    with pytest.raises(WrongKeyError):
        root.unwrap(wrapped, key_id="list-l_one")
    # Two roots of one token or account do not answer for each other.
    assert other.unwrap(wrapped, key_id="list-l_one") == KEY


def test_changed_bytes_do_not_unwrap(root: Root) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")
    middle = len(wrapped) // 2
    spoilt = [
        *(b"", b"x", wrapped[:-1], wrapped + b"x"),
        bytes([wrapped[0] ^ 1]) + wrapped[1:],
        wrapped[:middle] + bytes([wrapped[middle] ^ 128]) + wrapped[middle + 1 :],
        wrapped[:-1] + bytes([wrapped[-1] ^ 1]),
    ]

    for bytes_ in spoilt:
        with pytest.raises(WrongKeyError):
            root.unwrap(bytes_, key_id="list-l_one")
    assert root.unwrap(wrapped, key_id="list-l_one") == KEY


def test_a_provider_that_is_away_says_so_and_comes_back_by_itself(
    place: Stand, root: Root
) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")

    place.take_away()
    try:
        for act in (
            root.health,
            lambda: root.wrap(KEY, key_id="list-l_one"),
            lambda: root.unwrap(wrapped, key_id="list-l_one"),
        ):
            with pytest.raises(UnavailableError) as failure:
                act()
            assert failure.value.code is Code.KEY_UNAVAILABLE
            assert failure.value.hint
            assert not isinstance(failure.value, WrongKeyError)
    finally:
        place.bring_back()
    if place.name == "aws-kms":  # moto forgets nothing between two of its servers
        assert place.root().unwrap(wrapped, key_id="list-l_one") == KEY

    assert root.unwrap(wrapped, key_id="list-l_one") == KEY
    root.health()


def test_many_threads_share_one_provider(root: Root) -> None:
    def work(number: int) -> None:
        key = bytes([number]) * KEY_BYTES
        for turn in range(10):
            name = f"list-l_{number}.{turn}"
            assert root.unwrap(root.wrap(key, key_id=name), key_id=name) == key

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result()


def test_two_roots_of_one_provider_are_used_side_by_side(
    place: Stand, root: Root
) -> None:
    """As in a rotation: each opens what is its own, whoever else is at work."""
    second = place.root("second")
    second.make()

    def work(mine: Root) -> None:
        for _ in range(10):
            assert mine.unwrap(mine.wrap(KEY, key_id="a"), key_id="a") == KEY

    with ThreadPoolExecutor(4) as pool:
        roots = (root, second, root, second)
        for done in [pool.submit(work, each) for each in roots]:
            done.result()
    with pytest.raises(WrongKeyError):
        second.unwrap(root.wrap(KEY, key_id="a"), key_id="a")


def _unwrap_elsewhere(root: Root, wrapped: bytes) -> None:
    os._exit(0 if root.unwrap(wrapped, key_id="list-l_one") == KEY else 1)


def test_a_provider_survives_a_fork(root: Root) -> None:
    """The process that serves is a child of the one that verified the ledger."""
    wrapped = root.wrap(KEY, key_id="list-l_one")
    child = multiprocessing.get_context("fork").Process(
        target=_unwrap_elsewhere, args=(root, wrapped)
    )
    child.start()
    child.join(30)

    assert child.exitcode == 0
    assert root.unwrap(wrapped, key_id="list-l_one") == KEY


def test_a_root_that_was_retired_opens_nothing(place: Stand, root: Root) -> None:
    if place.name == "aws-kms":
        assert "AWS KMS" in root.retire()  # it is not ours to destroy: see above
        return
    wrapped = root.wrap(KEY, key_id="list-l_one")

    assert root.retire() == ""

    for late in (root, place.root()):
        with pytest.raises(UnavailableError):
            late.unwrap(wrapped, key_id="list-l_one")
    place.root().make()
    with pytest.raises(WrongKeyError):
        place.root().unwrap(wrapped, key_id="list-l_one")
    root.retire()
    root.retire()  # as after a crash in between


def test_no_error_repeats_a_key_or_a_pin(place: Stand, root: Root) -> None:
    wrapped = root.wrap(KEY, key_id="list-l_one")
    with pytest.raises(WrongKeyError) as failure:
        root.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), key_id="list-l_one")
    said = f"{failure.value} {failure.value.hint}"
    for secret in (PIN, KEY.hex(), wrapped.hex()[:16], "testing", "list-l_one"):
        assert secret not in said


# --- a token only ---


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    with stand("pkcs11", tmp_path / "stand", monkeypatch) as found:
        found.root().make()
        yield found


def test_nobody_gets_the_root_out_of_the_token(token: Stand) -> None:
    root = token.root()
    root.health()
    assert isinstance(root, Pkcs11Root)

    for name in (pkcs11.Attribute.SENSITIVE, pkcs11.Attribute.NEVER_EXTRACTABLE):
        assert root._key[name] is True
    assert root._key[pkcs11.Attribute.EXTRACTABLE] is False
    with pytest.raises(pkcs11.AttributeSensitive):
        root._key[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_pin_that_others_can_read_is_not_used(token: Stand, mode: int) -> None:
    Path(token.section()["pin_file"]).chmod(mode)

    with pytest.raises(UnavailableError, match="open to others"):
        token.root().health()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "another"),
        ("label", "another"),
        ("module", "/usr/lib/none.so"),
        ("pin", "000000"),
    ],
)
def test_a_token_that_is_not_the_one_is_said_not_to_answer(
    token: Stand, key: str, value: str
) -> None:
    section = token.section()
    pin_file = Path(section["pin_file"])
    if key == "pin":
        pin_file.write_text(value)
    facts = {
        "module": section["module"],
        "token": section["token"],
        "label": section["key"],
    }
    root = Pkcs11Root(
        **{**facts, **({key: value} if key in facts else {})}, pin_file=pin_file
    )

    with pytest.raises(UnavailableError) as failure:
        root.health()
    assert not isinstance(failure.value, WrongKeyError)
