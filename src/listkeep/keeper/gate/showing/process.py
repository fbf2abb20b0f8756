"""How this process is protected, as the system says it: not as we asked for it."""

import ctypes
import logging
import resource
import sys
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import ListkeepError
from listkeep.keeper.gate.endpoint import open_roots
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import processes as p

from .keys import count_overdue

_GET_DUMPABLE = 3
log = logging.getLogger("listkeep.keeper")


def show_process(gate: Gate, *, now: datetime) -> p.ProcessFacts:
    """Read limits, locked memory, whether the root answers and keys are renewed."""
    with gate.view(now) as registry:
        overdue = count_overdue(gate, registry, now=now)
    roots = open_roots()
    try:
        roots.health()
        answers = True
    except ListkeepError:
        answers = False
    return p.ProcessFacts(
        core_dumps=_dumps_core(),
        memory_locked=_is_locked(),
        root=roots.kinds()[0],
        root_answers=answers,
        renewals_overdue=overdue,
    )


def say_what_is_open() -> None:
    """Write into the log what the system does not protect."""
    if _dumps_core():
        log.warning("a crash of this process could write keys to a disk")
    if not _is_locked():
        log.warning("this process's memory is not locked: keys may reach the swap")


def _dumps_core() -> bool:
    if sys.platform != "linux":
        return resource.getrlimit(resource.RLIMIT_CORE)[0] != 0
    return bool(ctypes.CDLL(None).prctl(_GET_DUMPABLE, 0, 0, 0, 0))


def _is_locked() -> bool:
    try:
        status = Path("/proc/self/status").read_bytes()
    except OSError:  # another system
        return False
    _, _, rest = status.partition(b"VmLck:")
    return bool(rest) and int(rest.split()[0]) > 0
