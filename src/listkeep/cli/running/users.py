"""Users of their own for the buildings, when root starts them and there are such users.

The keeper and its pages run as one user, everything else as another. Each building
hands its own files over before it becomes that user, also those that root made before;
then it is root no more. Where there are no such users nothing changes: see ``walls``.
"""

import os
import pwd
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from listkeep.core.errors import Code, RefusedError, UnavailableError

from .walls import files_of_dock, files_of_keeper

KEEPER_USER, DOCK_USER = "LISTKEEP_KEEPER_USER", "LISTKEEP_DOCK_USER"
_USUAL = {KEEPER_USER: "listkeep-keeper", DOCK_USER: "listkeep-dock"}
_OF_KEEPER = frozenset({"keeper", "seal"})
_PASSABLE, _READABLE = 0o711, 0o644
_MADE_BEFORE = ("dock.lock", "proxy.lock", "console.lock", "sink.lock")


@dataclass(frozen=True, slots=True)
class User:
    """Whom a process becomes."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Users:
    """The two."""

    keeper: User
    dock: User


def find_users() -> Users | None:
    """Find both users; none if this is not root, or if neither is there.

    Raises:
        RefusedError: One is there without the other, both are one, or one is root.
    """
    if os.geteuid() != 0:
        return None
    keeper, dock = _find(KEEPER_USER), _find(DOCK_USER)
    if keeper is None and dock is None:
        return None
    if keeper is None or dock is None or keeper.uid == dock.uid:
        raise RefusedError(
            "keeper and dock need a user each, or none",
            hint=f"`useradd --system {_USUAL[KEEPER_USER]}` and the same for "
            f"{_USUAL[DOCK_USER]}; or set {KEEPER_USER} and {DOCK_USER}",
        )
    if 0 in (keeper.uid, dock.uid):
        raise RefusedError("neither keeper nor dock is to be root")
    return Users(keeper, dock)


def become(home: Path, building: str) -> bool:
    """Hand this building's files over and become its user; says whether there is one.

    Raises:
        RefusedError: The users are not as they should be.
        UnavailableError: The user could not read the program or reach the instance.
    """
    users = find_users()
    if users is None:
        return False
    is_keeper = building in _OF_KEEPER
    user = _give_all(home, users, is_keeper=is_keeper)
    _require_reach(home, user)
    if is_keeper:  # its memory stays out of the swap without root as well
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        with suppress(ValueError, OSError):  # in a container root may not
            resource.setrlimit(resource.RLIMIT_MEMLOCK, unlimited)
    os.setgroups([])
    # The keeper's socket is of the dock's group, which may connect; no file else is
    # anything to a group.
    os.setgid(users.dock.gid)
    os.setuid(user.uid)
    return True


def _give_all(home: Path, users: Users, *, is_keeper: bool) -> User:
    """Hand over what is this side's; what lies elsewhere is not ours to give."""
    user = users.keeper if is_keeper else users.dock
    _open_ways(home, users)
    for path in _files(home, is_keeper=is_keeper):
        if path.resolve().is_relative_to(home.resolve()):
            _hand_over(path, user)
    return user


def _find(variable: str) -> User | None:
    name = os.environ.get(variable, _USUAL[variable])
    if name.isdecimal():
        return User(int(name), int(name))
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(found.pw_uid, found.pw_gid)


def _open_ways(home: Path, users: Users) -> None:
    """Let both pass through the folder; only the keeper makes new files in it."""
    os.chown(home, users.keeper.uid, users.dock.gid)
    home.chmod(_PASSABLE)
    (home / "cli.toml").chmod(_READABLE)  # it holds what clients trust, and no secret
    if (home / "demo").exists():
        (home / "demo").chmod(_PASSABLE)


def _files(home: Path, *, is_keeper: bool) -> Iterator[Path]:
    if is_keeper:
        yield from files_of_keeper(home)
        names = ("keeper.lock", "seal.lock", "keeper.sock", "demo/browser.json")
        yield from (home / name for name in names)
        return
    for name in _MADE_BEFORE:  # the dock makes no file in that folder
        (home / name).touch(mode=0o600)
    yield from files_of_dock(home)
    yield from (home / name for name in _MADE_BEFORE)
    for name in ("console.toml", "console.key", "suppressed.known"):
        yield home / name
    yield home / "demo" / "provider.json"


def _hand_over(path: Path, user: User) -> None:
    """Give a file or folder to a user: no link, and nothing that has another name.

    Raises:
        RefusedError: A file has another name, somewhere.
    """
    if not path.exists() or path.is_symlink():
        return
    _give(path.name, user, folder=os.open(path.parent, os.O_RDONLY), closes=True)
    if path.is_dir():
        for _, folders, names, folder in os.fwalk(path, follow_symlinks=False):
            for name in (*folders, *names):
                _give(name, user, folder=folder)


def _give(name: str, user: User, *, folder: int, closes: bool = False) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if found.st_uid == user.uid:
            return
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
            raise RefusedError(
                "a file of the instance has another name elsewhere",
                hint="copy it in its place; root hands nothing over that it may not",
            )
        os.chown(name, user.uid, user.gid, dir_fd=folder, follow_symlinks=False)
    finally:
        if closes:
            os.close(folder)


def _require_reach(home: Path, user: User) -> None:
    """Try as that user whether program and instance can be reached.

    Raises:
        UnavailableError: They cannot.
    """
    needed = (Path(sys.executable), Path(__file__), home / "cli.toml")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            status = 0 if all(os.access(path, os.R_OK) for path in needed) else 1
        finally:
            os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise UnavailableError(
            "a building's own user cannot read the program or reach the instance",
            code=Code.CONFIG_INVALID,
            hint="install Listkeep and keep the instance where every user can pass, "
            f"not below /root; or set {KEEPER_USER} and {DOCK_USER} to others",
        )
