"""A search that finds nothing proves nothing unless it would have found something."""

import base64
import gzip
import hashlib
import sqlite3
import zlib
from pathlib import Path

import pytest

from listkeep.drill.loot import Loot

MARKER = "zq7mark"
PLANTED = tuple(f"anna.{MARKER}{number}@example.com" for number in range(60))
ONE = PLANTED[5]


def found_in(data: bytes | str) -> set[str]:
    loot = Loot(PLANTED, MARKER)
    loot.take(data)
    return loot.found


@pytest.mark.parametrize(
    "disguise",
    [
        ONE.encode(),
        ONE.upper().encode(),
        ONE.replace("@", "%40").encode(),
        ONE.replace("@", " at ").encode(),
        b"x" * 10_000 + ONE.encode() + b"\x00" * 10_000,
        base64.b64encode(ONE.encode()),
        base64.b64encode(ONE.upper().encode()),
        base64.b64encode(b"z" + ONE.encode()),
        base64.urlsafe_b64encode(b"zz" + ONE.encode()),
        base64.b64encode(b"some,row,before," + ONE.encode() + b",and,after"),
        ONE.encode().hex().encode(),
        ONE.encode().hex().upper().encode(),
        gzip.compress(ONE.encode() * 10),
        b"junk" + zlib.compress(ONE.encode()),
        hashlib.md5(ONE.encode(), usedforsecurity=False).hexdigest().encode(),
        hashlib.sha1(ONE.encode(), usedforsecurity=False).hexdigest().upper().encode(),
        hashlib.sha256(ONE.encode()).hexdigest().encode(),
        b"before" + hashlib.sha256(ONE.encode()).digest() + b"after",
    ],
)
def test_a_planted_address_is_found_in_every_disguise(disguise: bytes) -> None:
    assert found_in(disguise) == {ONE}


def test_nothing_is_found_where_nothing_is() -> None:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(200))

    assert found_in(noise + b"anna@example.com, other.mark5@example.com") == set()


def test_an_address_is_not_mistaken_for_one_that_begins_like_it() -> None:
    assert found_in(PLANTED[50]) == {PLANTED[50]}


def test_all_of_a_naive_providers_list_is_found_in_its_database(
    tmp_path: Path,
) -> None:
    database = sqlite3.connect(tmp_path / "naive.sqlite3")
    database.execute("CREATE TABLE subscriber (email TEXT, name TEXT)")
    database.executemany(
        "INSERT INTO subscriber VALUES (?, 'Anna')", [(each,) for each in PLANTED]
    )
    database.commit()
    database.close()
    loot = Loot(PLANTED, MARKER)

    loot.take_folder(tmp_path)

    assert loot.found == set(PLANTED)


def test_folders_that_are_not_the_thiefs_are_left_alone(tmp_path: Path) -> None:
    for name in ("keys", "log"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(ONE)
    loot = Loot(PLANTED, MARKER)

    kept = loot.take_folder(tmp_path, without=("keys",))

    assert set(kept) == {"log/file"}
    assert loot.found == {ONE}
