"""What a building asks of the system for its own process, before it does anything.

No core dump: a crash must not write keys or addresses to a disk. Not to be looked into
by another process of the same user either, as the dock is under `listkeep up`. And
for the keeper no page of its memory in a swap file, where the system allows that.
Children do not inherit locked memory, so each process asks for itself.
"""

import ctypes
import resource
import struct
import sys
from pathlib import Path

# <sys/prctl.h>, <sys/mman.h>, <linux/capability.h>
_SET_DUMPABLE = 4
_EVERYTHING, _ON_FAULT = 1 | 2, 4  # what is there and what will be, once it is touched
_IPC_LOCK = 14
_CAPABILITIES_V3 = 0x20080522
# A dock started by root serves port 25, over files of whoever made the instance.
_KEPT = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 10  # chown, override, owner, low ports


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


def drop_capabilities() -> None:
    """Give up what root may besides files and low ports: look into others, for one.

    Nothing changes for other users, who have none. It is for good once the process may
    not gain privileges any more.
    """
    if sys.platform != "linux":
        return
    _, _, rest = Path("/proc/self/status").read_bytes().partition(b"CapPrm:")
    kept = int(rest.split()[0], 16) & _KEPT
    header = struct.pack("Ii", _CAPABILITIES_V3, 0)
    ctypes.CDLL(None).capset(header, struct.pack("IIIIII", kept, kept, 0, 0, 0, 0))


def _may_lock_all() -> bool:
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
        return True
    _, _, rest = Path("/proc/self/status").read_bytes().partition(b"CapEff:")
    return bool(int(rest.split()[0], 16) >> _IPC_LOCK & 1)
