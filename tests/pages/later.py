"""Serve an instance's pages some hours from now: the same server, another clock.

Run as a program: ``python -m tests.pages.later PORT HOURS`` in its environment.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from listkeep.cli.commands import serve

PORT, HOURS = map(int, sys.argv[1:])


def make_later() -> Callable[..., Any]:
    """Make the pages' application; they take the time from the endpoint."""
    serve._begin("listkeep.keeper.project.pages")
    from listkeep.keeper.gate import endpoint  # noqa: PLC0415

    endpoint.current_time = lambda: datetime.now(UTC) + timedelta(hours=HOURS)
    return serve.make_seal()


if __name__ == "__main__":
    serve._begin("listkeep.keeper.project.pages")
    serve._run(
        make_later,
        supervised=False,
        address="127.0.0.1",
        port=PORT,
        blocking_threads=4,
    )
