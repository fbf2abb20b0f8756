"""The table a careful program without a keeper would have: what ours is held against.

One process, one key, one unique index: HMAC-SHA-256 of the address beside AES-GCM of
the row. It holds what our list holds, every column of the file, as one CSV line.
"""

import csv
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Sealed(NamedTuple):
    """A row as the reference stores it: nonce and ciphertext together."""

    token: bytes
    sealed: bytes


def seal_file(file: Path, key: bytes) -> Iterator[Sealed]:
    """Read a sample audience and seal each row that has an address."""
    index_key, cipher = os.urandom(32), AESGCM(key)
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        width = len(next(rows))
        for row in rows:
            if len(row) != width or "@" not in row[0]:
                continue
            token = hmac.digest(
                index_key, row[0].strip().lower().encode(), hashlib.sha256
            )
            nonce = os.urandom(NONCE_BYTES)
            yield Sealed(token, nonce + cipher.encrypt(nonce, _line(row), None))


def seal_to_table(file: Path, path: Path, *, key: bytes) -> None:
    """Fill a table of a SQLite file of its own with a sample audience."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE entry (token BLOB, sealed BLOB)")
    database.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
    database.execute("BEGIN IMMEDIATE")
    database.executemany(
        "INSERT OR REPLACE INTO entry VALUES (?, ?)", seal_file(file, key)
    )
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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
