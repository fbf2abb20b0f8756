"""Give up files for good: Linux's Landlock, by its three system calls.

What is given up is closed to this process and all it starts. Nothing that happens in
them later can take it back, not even as root. Why no library: ADR 0070.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

# <linux/landlock.h>; the numbers of the calls are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS = 38  # <sys/prctl.h>
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_REMOVE_TO_MAKE_SYM = sum(1 << bit for bit in range(4, 13))
_MAKE_DEVICES = 1 << 6 | 1 << 11
_REFER = 1 << 13
_SIGNALS = 1 << 1
_SINCE = {_REFER: 2, _TRUNCATE: 3}
_SCOPES_SINCE = 6
_FILE_RIGHTS = _WRITE_FILE | _READ_FILE | _TRUNCATE


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """Ask which version of Landlock this kernel has; 0: none."""
    if sys.platform != "linux":
        return 0
    found: int = _system().syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return max(found, 0)


def give_up(paths: Iterable[Path], *, keep: Iterable[Path] = ()) -> bool:
    """Give up these files and folders, for this thread and all it starts from now on.

    ``keep`` names what stays in folders that this user cannot list.

    Everything else stays as it was, but for new names in the folders on the way to
    them, raw disks, and signals to processes that existed before. Call it before there
    is a second thread. Says whether the system took it.
    """
    spoken = version()
    if not spoken:
        return False
    rights = _FILE_RIGHTS | _REMOVE_TO_MAKE_SYM | _REFER
    for right, since in _SINCE.items():
        if spoken < since:
            rights &= ~right
    ruleset = _Ruleset(rights, 0, _SIGNALS if spoken >= _SCOPES_SINCE else 0)
    size = ctypes.sizeof(ruleset) if spoken >= _SCOPES_SINCE else 8
    system = _system()
    made = system.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if made < 0:
        return False
    with closing(os.fdopen(made, "rb")):
        given_up = {Path(os.path.realpath(path)) for path in paths}
        for path in (*_all_but(given_up), *keep):
            with suppress(OSError):  # gone meanwhile: nothing to allow
                _allow(made, path, rights)
        if system.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return not system.syscall(_RESTRICT_SELF, made, 0)


def _all_but(given_up: set[Path]) -> Iterable[Path]:
    """Name the largest folders and files without any of these in them."""
    on_the_way = {parent for path in given_up for parent in path.parents}
    folders = [Path("/"), Path("/dev")]
    on_the_way.update(folders)
    for folder in on_the_way:
        with suppress(OSError):
            for child in folder.iterdir():
                if child not in on_the_way and child not in given_up:
                    yield child


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Allow all below a folder, or one file; never a raw disk."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISBLK(kind) or stat.S_ISLNK(kind):
            return
        allowed = rights if stat.S_ISDIR(kind) else rights & _FILE_RIGHTS
        rule = _PathBeneath(allowed & ~_MAKE_DEVICES, descriptor)
        if _system().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), "a rule was not taken")
    finally:
        os.close(descriptor)


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
