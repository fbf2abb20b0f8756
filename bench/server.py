"""A PostgreSQL server for one leg, as durable as it comes out of the box."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Cluster, find_binaries

# Its own defaults, but for the door: it waits for the disk at every commit.
OPTIONS = {"listen_addresses": "", "max_connections": "40"}


@contextmanager
def running_server() -> Iterator[Cluster]:
    """Start a server from its binaries in a temporary folder, and stop it again."""
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("bench: PostgreSQL is not here: apt-get install postgresql")
    with tempfile.TemporaryDirectory(
        prefix="lk-pg-", ignore_cleanup_errors=True
    ) as folder:
        server = Cluster(Path(folder), binaries, OPTIONS)
        server.start()
        try:
            yield server
        finally:
            server.stop()
