"""Ports that no other run of the tests takes, and no connection by chance.

The system gives connections the ports above; a port that was free there a moment ago
may be somebody's when a server comes to listen on it.
"""

import random
import socket
from contextlib import closing, suppress

_BELOW_THE_SYSTEMS = range(20_000, 32_768)
_HELD: list[socket.socket] = []  # what tells other runs, until this process ends


def find_port() -> int:
    """Find a port nobody listens on, and keep it from all other runs."""
    for port in random.SystemRandom().sample(_BELOW_THE_SYSTEMS, 1000):
        sign = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            sign.bind(f"\0listkeep-tests-{port}")  # a name without a file
            if _is_free(port):
                _HELD.append(sign)
                return port
        sign.close()
    raise AssertionError("no port is free")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
