"""Run a proxy in several processes that share its port.

The parent has the lock of the instance and begins anew what dies. A child that loses
its parent ends: it waits for the end of a pipe the parent holds.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

import structlog
from django.db import connections

from listkeep.dock.outlet.config import OutletConfig

from .proxy import PATIENCE_SECONDS, run_proxy

log = structlog.get_logger("listkeep.dock")

_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.1


def serve_proxy(config: OutletConfig, *, stopping: threading.Event) -> None:
    """Serve until ``stopping`` is set, in as many processes as were asked for."""
    connections.close_all()  # a connection must not be forked
    if config.processes == 1:
        run_proxy(config, stop=stopping.is_set)
        return
    _Family(lambda: run_proxy(config, stop=lambda: False), config.processes).run(
        stopping
    )


class _Family:
    """Children that each do the same."""

    def __init__(self, work: Callable[[], None], count: int) -> None:
        self._work = work
        self._count = count
        self._children: dict[int, float] = {}
        self._life, self._held = os.pipe()

    def run(self, stopping: threading.Event) -> None:
        """Keep so many alive until told to stop; then wait for what they are in."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            while len(self._children) < self._count:
                self._begin()
            stopping.wait(_POLL_SECONDS)
            self._bury()
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS + 2
        while self._children and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            self._bury()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _begin(self) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = time.monotonic()
            return
        status = 1
        try:
            os.close(self._held)
            threading.Thread(target=self._follow, daemon=True).start()
            self._work()
            status = 0
        except BaseException:
            log.exception("proxy.died")
        finally:
            os._exit(status)

    def _follow(self) -> None:
        """End with the parent."""
        os.read(self._life, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _bury(self) -> None:
        while self._children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            began_at = self._children.pop(pid, 0.0)
            if time.monotonic() - began_at < _PAUSE_SECONDS:
                time.sleep(_PAUSE_SECONDS)  # what dies at once dies again
