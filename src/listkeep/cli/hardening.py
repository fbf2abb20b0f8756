"""What a building asks of the system for its own process, before it does anything.

No core dump: a crash must not write keys or addresses to a disk. Not to be looked into
by another process of the same user either, as the dock is under `listkeep up`. And
for the keeper no page of its memory in a swap file, where the system allows that.
Children do not inherit locked memory, so each process asks for itself.
"""

import ctypes
import resource
import sys
from pathlib import Path

# <sys/prctl.h>, <sys/mman.h>, <linux/capability.h>
_SET_DUMPABLE = 4
_EVERYTHING, _ON_FAULT = 1 | 2, 4  # what is there and what will be, once it is touched
_IPC_LOCK = 14


def harden(*, lock_memory: bool = False) -> None:
    """Forbid core dumps of this process, and lock its memory if that is allowed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    system = ctypes.CDLL(None)
    # Where dumps go into a pipe, the limit counts for nothing; this does.
    system.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    # With a limit that is reached later, memory would end instead of being swapped.
    if lock_memory and _may_lock_all():
        system.mlockall(_EVERYTHING | _ON_FAULT)


def _may_lock_all() -> bool:
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
        return True
    _, _, rest = Path("/proc/self/status").read_bytes().partition(b"CapEff:")
    return bool(int(rest.split()[0], 16) >> _IPC_LOCK & 1)
