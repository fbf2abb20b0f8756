"""The table a careful program without a keeper would have: what ours is held against.

One process, one key, one unique index: HMAC-SHA-256 of the address beside AES-GCM of
the row. It holds what our list holds, every column of the file, as one CSV line.
"""

import csv
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Sealed(NamedTuple):
    """A row as the reference stores it: nonce and ciphertext together."""

    token: bytes
    sealed: bytes


def seal_file(file: Path, *, key: bytes, index_key: bytes) -> Iterator[Sealed]:
    """Read a sample audience and seal each row that has an address."""
    cipher = AESGCM(key)
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        width = len(next(rows))
        for row in rows:
            if len(row) != width or "@" not in row[0]:
                continue
            token = make_token(row[0], index_key)
            nonce = os.urandom(NONCE_BYTES)
            yield Sealed(token, nonce + cipher.encrypt(nonce, _line(row), None))


def seal_to_table(file: Path, path: Path, *, key: bytes) -> bytes:
    """Fill a table of a SQLite file of its own; gives the key of its index."""
    path.unlink(missing_ok=True)
    index_key = os.urandom(32)
    sealed = seal_file(file, key=key, index_key=index_key)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE entry (token BLOB, sealed BLOB)")
    database.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", sealed)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return index_key


def make_token(address: str, index_key: bytes) -> bytes:
    """Compute what an address is found by."""
    return hmac.digest(index_key, address.strip().lower().encode(), hashlib.sha256)


def find_rows(
    path: Path, addresses: Iterable[str], *, key: bytes, index_key: bytes
) -> Iterator[bytes]:
    """Find and open the rows of addresses, one after the other."""
    database, decrypt = sqlite3.connect(path), AESGCM(key).decrypt
    for address in addresses:
        (row,) = database.execute(
            "SELECT sealed FROM entry WHERE token = ?", [make_token(address, index_key)]
        ).fetchone()
        yield decrypt(row[:NONCE_BYTES], row[NONCE_BYTES:], None)
    database.close()


def read_table(path: Path) -> Iterator[bytes]:
    """Read the sealed rows, in the order of the table."""
    database = sqlite3.connect(path)
    for (sealed,) in database.execute("SELECT sealed FROM entry"):
        yield sealed
    database.close()


def open_rows(sealed: Iterator[bytes], key: bytes) -> Iterator[bytes]:
    """Open rows, one after the other; nothing but the tag is checked."""
    decrypt = AESGCM(key).decrypt
    for row in sealed:
        yield decrypt(row[:NONCE_BYTES], row[NONCE_BYTES:], None)


def _line(cells: list[str]) -> bytes:
    return ('"' + '","'.join(cells) + '"\r\n').encode()
