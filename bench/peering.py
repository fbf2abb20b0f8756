"""Legs ``peers-import``, ``peers-open``, ``peers-lookup``: others beside us, in turn.

Others (``bench/peers``) get the same columns of the same file. What a row costs them
does not depend on how many there are, so the slow ones get fewer. Ours and the
reference are those of ``import-sqlite`` and ``open``; a look-up of theirs is a question
to the database in the same process, one after the other; ours goes over HTTP and into
the ledger, and asks again and again for the 25 addresses of an hour's budget.
"""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bench.filled import FACETS, LIST, Filled, filled_instance, import_file
from bench.harness import Result, alternate, sum_up
from bench.lookup import EACH, pick_addresses
from bench.opening import export, prepare_exports
from bench.reference import find_rows, open_rows, read_table, seal_to_table
from bench.results import ROOT
from bench.server import running_server
from listkeep.core.addresses import parse_many
from tests.postgres import find_binaries

ENVIRONMENTS = ROOT / ".bench"


Pair = tuple[Callable[[], float], Callable[[], float]]
LOOK_UPS = 200


class Way(NamedTuple):
    """One way of others: where it runs, and how many rows it gets at most."""

    name: str
    way: str
    program: str
    environment: str  # empty: our own
    most_rows: int = 20_000


WAYS = (
    Way("plain Django, not encrypted", "plain", "django_fields", ""),
    Way("pgcrypto, s2k-mode 0", "pgcrypto", "pgcrypto", ""),
    Way("pgcrypto, its default s2k", "pgcrypto-s2k", "pgcrypto", "", 2_000),
    Way(
        "django-searchable-encrypted-fields",
        "searchable",
        "django_fields",
        "searchable",
    ),
    Way("django-fernet-encrypted-fields", "fernet", "django_fields", "fernet"),
    Way("Tink, HPKE per row", "tink", "tink_hpke", "fernet"),
)
# Without an index over what is encrypted, finding one address means opening all.
FINDS_NOTHING = frozenset({"fernet"})


class Leg(NamedTuple):
    """One of the three."""

    action: str

    def run(self, *, rows: int, rounds: int) -> Result:
        """Measure ours, the reference and each way that is installed."""
        with ExitStack() as held:
            filled = held.enter_context(filled_instance(rows))
            folder = filled.running.home / "bench-peers"
            folder.mkdir()
            held.enter_context(_server(folder))
            ways = _installed(self.action)
            _write_rows(filled.file, folder / "rows.csv")
            for way in ways:  # what there is to open, and caches that are warm
                _do(way, "import", folder, rows)
            rates = alternate(
                *_OURS[self.action](filled),
                rounds=rounds,
                peers={
                    way.name: partial(_do, way, self.action, folder, rows)
                    for way in ways
                },
            )
        return sum_up(
            f"peers-{self.action}", rates, rows=rows, unit=_UNITS[self.action]
        )


def _installed(action: str) -> list[Way]:
    return [
        way
        for way in WAYS
        if (not way.environment or (ENVIRONMENTS / way.environment).exists())
        and not (action == "lookup" and way.way in FINDS_NOTHING)
        and not (way.program == "pgcrypto" and find_binaries() is None)
    ]


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    """Run a PostgreSQL where there is one."""
    if find_binaries() is None:
        yield
        return
    with running_server() as server:
        (folder / "postgres.url").write_text(server.make("peers"))
        yield


def _write_rows(file: Path, target: Path) -> None:
    """Write the good rows of a file, without a header and each address once."""
    seen = set[str]()
    with (
        file.open(encoding="utf-8", newline="") as text,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        rows = csv.reader(text)
        width, writer = len(next(rows)), csv.writer(out)
        for row in rows:
            [address] = parse_many([row[0]])
            if len(row) == width and address and address.index_form not in seen:
                seen.add(address.index_form)
                writer.writerow([address.spelling, *row[1:]])


def _do(way: Way, action: str, folder: Path, rows: int) -> float:
    python = ENVIRONMENTS / way.environment / "bin" / "python"
    done = subprocess.run(  # noqa: S603 - our own command
        [
            str(python) if way.environment else sys.executable,
            str(ROOT / "bench" / "peers" / f"{way.program}.py"),
            *(way.way, action, str(folder), str(min(rows, way.most_rows))),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _importing(filled: Filled) -> Pair:
    table = filled.running.home / "bench-reference.sqlite3"
    names, running = count(), filled.running

    def ours() -> float:
        name = f"peers{next(names)}"
        running.dock.create_list(name, facets=FACETS)
        started = time.perf_counter()
        import_file(running, filled.file, filled.audience.rows, name=name)
        return filled.audience.rows / (time.perf_counter() - started)

    def reference() -> float:
        started = time.perf_counter()
        seal_to_table(filled.file, table, key=os.urandom(32))
        return filled.audience.rows / (time.perf_counter() - started)

    return ours, reference


def _opening(filled: Filled) -> Pair:
    prepare_exports(filled)
    table, key = filled.running.home / "bench-reference.sqlite3", os.urandom(32)
    seal_to_table(filled.file, table, key=key)

    def reference() -> float:
        started = time.perf_counter()
        done = sum(bool(row) for row in open_rows(read_table(table), key))
        return done / (time.perf_counter() - started)

    return partial(export, filled), reference


def _looking_up(filled: Filled) -> Pair:
    table, key = filled.running.home / "bench-reference.sqlite3", os.urandom(32)
    index_key = seal_to_table(filled.file, table, key=key)
    addresses = pick_addresses(filled, EACH)
    wanted = [addresses[at % len(addresses)] for at in range(LOOK_UPS)]

    def ours() -> float:
        started = time.perf_counter()
        for address in wanted:
            filled.running.dock.look_up(LIST, address)
        return len(wanted) / (time.perf_counter() - started)

    def reference() -> float:
        started = time.perf_counter()
        found = find_rows(table, wanted, key=key, index_key=index_key)
        return sum(map(bool, found)) / (time.perf_counter() - started)

    return ours, reference


_OURS = {"import": _importing, "open": _opening, "lookup": _looking_up}
_UNITS = {"import": "rows/s", "open": "rows/s", "lookup": "look-ups/s"}
