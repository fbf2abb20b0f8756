"""Tink's hybrid encryption (HPKE, X25519), one ciphertext a row, in SQLite.

The token beside it is HMAC-SHA-256, as in the reference: Tink itself finds nothing.
"""

import csv
import hashlib
import hmac
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tink import (  # type: ignore[import-not-found]
    hybrid,
    json_proto_keyset_format,
    new_keyset_handle,
    secret_key_access,
)

_INDEX_KEY = b"i" * 32
_LOOK_UPS = 200
_TEMPLATE = "DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM"


def main() -> None:
    """Do what the command line says, and print how many were done a second."""
    _way, action, folder, count = sys.argv[1:]
    done, seconds = _ACTIONS[action](Path(folder), int(count))
    sys.stdout.write(f"{done / seconds}\n")


def _import(folder: Path, count: int) -> tuple[int, float]:
    file = folder / "tink.sqlite3"
    file.unlink(missing_ok=True)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE entry (token BLOB, sealed BLOB)")
    database.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
    private = new_keyset_handle(getattr(hybrid.hybrid_key_templates, _TEMPLATE))
    key = json_proto_keyset_format.serialize(private, secret_key_access.TOKEN)
    (folder / "tink.key").write_text(key)
    encrypt = private.public_keyset_handle().primitive(hybrid.HybridEncrypt).encrypt
    started = time.perf_counter()
    rows = [
        (_token(row[0]), encrypt(",".join(row).encode(), b""))
        for row in _read(folder, count)
    ]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
    database.execute("COMMIT")
    return len(rows), time.perf_counter() - started


def _open(folder: Path, _count: int) -> tuple[int, float]:
    decrypt, database = _reader(folder)
    started = time.perf_counter()
    sealed = database.execute("SELECT sealed FROM entry")
    done = sum(bool(decrypt(row, b"").decode()) for (row,) in sealed)
    return done, time.perf_counter() - started


def _look_up(folder: Path, count: int) -> tuple[int, float]:
    decrypt, database = _reader(folder)
    step = max(1, count // _LOOK_UPS)
    wanted = [row[0] for row in _read(folder, count)][::step]
    started = time.perf_counter()
    for address in wanted:
        (row,) = database.execute(
            "SELECT sealed FROM entry WHERE token = ?", [_token(address)]
        ).fetchone()
        decrypt(row, b"")
    return len(wanted), time.perf_counter() - started


def _reader(folder: Path) -> tuple[Callable[[bytes, bytes], bytes], sqlite3.Connection]:
    key = (folder / "tink.key").read_text()
    private = json_proto_keyset_format.parse(key, secret_key_access.TOKEN)
    decrypt = private.primitive(hybrid.HybridDecrypt).decrypt
    return decrypt, sqlite3.connect(folder / "tink.sqlite3")


def _token(address: str) -> bytes:
    return hmac.digest(_INDEX_KEY, address.lower().encode(), hashlib.sha256)


def _read(folder: Path, count: int) -> Iterator[list[str]]:
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as text:
        for _, row in zip(range(count), csv.reader(text), strict=False):
            yield row


_ACTIONS = {"import": _import, "open": _open, "lookup": _look_up}

if __name__ == "__main__":
    hybrid.register()
    main()
