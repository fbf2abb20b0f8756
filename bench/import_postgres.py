"""Leg ``import-postgres``: a CSV file to committed, sealed rows in PostgreSQL.

The reference fills a table with a unique index by binary COPY, in one transaction
(``importing.py`` says the rest); of an address that comes twice it keeps the first,
because COPY would end there. Both use one server, started here, whose settings are its
own defaults. Before each round it writes down what earlier ones left.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench.harness import Result, alternate
from bench.importing import (
    FACETS,
    Costs,
    import_file,
    sealed_rows,
    sum_up_import,
    write_audience,
)
from bench.instance import running_instance
from bench.processors import Watch, note
from bench.server import running_server
from tests.postgres import Cluster

LEG = "import-postgres"


def run(*, rows: int, rounds: int) -> Result:
    """Measure, and say how much memory each process took at most."""
    costs = Costs()
    with (
        tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder,
        running_server() as server,
    ):
        file = Path(folder) / "audience.csv"
        write_audience(file, rows)
        rates = alternate(
            lambda: _import(server, file, rows, costs),
            lambda: _reference(server, file, costs),
            rounds=rounds,
        )
    return sum_up_import(LEG, rates, rows=rows, costs=costs)


def _import(server: Cluster, file: Path, rows: int, costs: Costs) -> float:
    with running_instance("--dock-database", server.make("dock")) as running:
        running.dock.create_list("audience", facets=FACETS)
        _settle(server)
        rate = import_file(running, file, rows, costs, server=server.pid)
    server.drop("dock")
    return rate


def _reference(server: Cluster, file: Path, costs: Costs) -> float:
    with psycopg.connect(server.make("reference"), autocommit=True) as connection:
        connection.execute("CREATE TABLE entry (token bytea, sealed bytea)")
        connection.execute("CREATE UNIQUE INDEX one_token ON entry (token)")
        connection.execute("CHECKPOINT")
        count, watch = 0, Watch({"server": server.pid})
        started = time.perf_counter()
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy("COPY entry FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(["bytea", "bytea"])
            for row in _distinct(sealed_rows(file)):
                copy.write_row(row)
                count += 1
        seconds = time.perf_counter() - started
        note(costs.reference, watch.stop())
    server.drop("reference")
    return count / seconds


def _distinct(rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    seen = set[bytes]()
    for row in rows:
        if row[0] not in seen:
            seen.add(row[0])
            yield row


def _settle(server: Cluster) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
