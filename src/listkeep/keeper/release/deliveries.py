"""Finished exports on their way out: delivered whole, or not to the end.

The file is ciphertext for one recipient. It goes once it was read to its end, or when
its request expires. A freeze stops also a copy that is on its way.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from listkeep.core.errors import RefusedError
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.requests import require_current_facts
from listkeep.keeper.gate.decisions.standing import require_not_frozen
from listkeep.keeper.gate.refusals import Attempt, record_refusal
from listkeep.keeper.gate.turns import Gate

_LOOK_SECONDS = 1.0
_CHUNK = 524_288
_LONGEST_RUN = timedelta(days=1)


class Clock(Protocol):
    """Tells the time now."""

    def __call__(self) -> datetime:
        """Read the clock."""
        ...


def sweep(gate: Gate, spool: Path, *, now: datetime) -> None:
    """Remove finished files whose request has expired undelivered."""
    with gate.view(now) as registry:
        for path in spool.glob("*.age"):
            request = registry.requests.get(path.stem)
            if request is None or now >= request.terms.expires:
                path.unlink(missing_ok=True)
    for path in spool.glob("*.part"):  # of a run that was killed
        if path.stat().st_mtime < (now - _LONGEST_RUN).timestamp():
            path.unlink(missing_ok=True)


def deliver(path: Path, is_open: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
    """Read a finished file out, and forget it once it was read to the end.

    Where ``is_open`` says no the file ends early; its announced length shows that.
    """
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if not is_open():
                return
            yield chunk
    path.unlink(missing_ok=True)


def watch_delivery(gate: Gate, path: Path, *, clock: Clock) -> Callable[[], bool]:
    """Make what ``deliver`` asks: a freeze stops also a copy that is on its way."""
    checked = time.monotonic()

    def is_open() -> bool:
        nonlocal checked
        if time.monotonic() - checked < _LOOK_SECONDS:
            return True
        checked = time.monotonic()
        with gate.view(clock()) as registry:
            request = registry.requests[path.stem]
            try:
                require_deliverable(registry, request)
            except RefusedError as error:
                attempt = Attempt(
                    "export", request.signed[0].person, request.id, request.terms.list
                )
                refused = error
            else:
                return True
        record_refusal(gate, attempt, refused, now=clock())
        return False

    return is_open


def require_deliverable(registry: Registry, request: RequestFacts) -> None:
    """Require that a finished copy may still leave.

    Raises:
        RefusedError: A freeze stands, or the recipient or tenant has gone.
    """
    require_not_frozen(registry, request.terms.tenant)
    require_current_facts(registry, request.terms)
