"""pgcrypto in PostgreSQL: the server encrypts, so it is told the key with each query.

``pgcrypto-s2k`` stretches the key for every row, as ``pgp_sym_encrypt`` does by itself;
``pgcrypto`` is told not to (s2k-mode 0). The token is its ``hmac``.
"""

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

_KEY, _INDEX_KEY = "a key of the bench", "an index key of the bench"
_LOOK_UPS = 200
_OPTIONS = {
    "pgcrypto": "cipher-algo=aes256, s2k-mode=0",
    "pgcrypto-s2k": "cipher-algo=aes256",
}
_SEAL = (
    "INSERT INTO {way} SELECT hmac(lower(address), %s, 'sha256'),"
    " pgp_sym_encrypt(line, %s, %s) FROM plain ON CONFLICT DO NOTHING"
)
_OPEN = "SELECT pgp_sym_decrypt(sealed, %s) FROM {way}"
_FIND = _OPEN + " WHERE token = hmac(lower(%s), %s, 'sha256')"


def main() -> None:
    """Do what the command line says, and print how many were done a second."""
    way, action, folder, count = sys.argv[1:]
    url = (Path(folder) / "postgres.url").read_text()
    rows = list(_read(Path(folder), int(count)))
    name = way.replace("-", "_")
    with psycopg.connect(url, autocommit=True) as connection:
        if action == "import":
            done, seconds = _import(connection, name, _OPTIONS[way], rows)
        elif action == "open":
            done, seconds = _open(connection, name)
        else:
            done, seconds = _look_up(connection, name, rows)
    sys.stdout.write(f"{done / seconds}\n")


def _import(
    connection: psycopg.Connection, name: str, options: str, rows: list[list[str]]
) -> tuple[int, float]:
    for statement in (
        "CREATE EXTENSION IF NOT EXISTS pgcrypto",
        f"DROP TABLE IF EXISTS {name}",
        f"CREATE TABLE {name} (token bytea, sealed bytea)",
        f"CREATE UNIQUE INDEX {name}_token ON {name} (token)",
    ):
        connection.execute(statement.encode())
    started = time.perf_counter()
    with connection.transaction():
        connection.execute(
            "CREATE TEMP TABLE plain (address text, line text) ON COMMIT DROP"
        )
        with connection.cursor().copy("COPY plain FROM STDIN") as copy:
            for row in rows:
                copy.write_row((row[0], ",".join(row)))
        seal = _SEAL.format(way=name).encode()
        connection.execute(seal, [_INDEX_KEY, _KEY, options])
    return len(rows), time.perf_counter() - started


def _open(connection: psycopg.Connection, name: str) -> tuple[int, float]:
    started = time.perf_counter()
    found = connection.execute(_OPEN.format(way=name).encode(), [_KEY])
    return sum(bool(text) for (text,) in found), time.perf_counter() - started


def _look_up(
    connection: psycopg.Connection, name: str, rows: list[list[str]]
) -> tuple[int, float]:
    wanted = [row[0] for row in rows][:: max(1, len(rows) // _LOOK_UPS)]
    find = _FIND.format(way=name).encode()
    started = time.perf_counter()
    for address in wanted:
        connection.execute(find, [_KEY, address, _INDEX_KEY]).fetchone()
    return len(wanted), time.perf_counter() - started


def _read(folder: Path, count: int) -> Iterator[list[str]]:
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as text:
        for _, row in zip(range(count), csv.reader(text), strict=False):
            yield row


if __name__ == "__main__":
    main()
