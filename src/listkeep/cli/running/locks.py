"""One process of a kind per instance, and sockets that nobody listens on."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from listkeep.cli.copies.putting_back import finish
from listkeep.cli.home import PRIVATE_FILE
from listkeep.core.errors import ConflictError, MalformedError

# sockaddr_un holds 108 bytes on Linux, the last of them a zero.
_LONGEST_SOCKET_PATH = 107


@contextmanager
def only_one(home: Path, what: str) -> Iterator[None]:
    """Hold the instance's lock for one kind of process while the block runs.

    The system lets go of it when the process ends, however it ends. An instance that
    was being put back when that was killed is put back wholly first.

    Raises:
        ConflictError: Another process holds it.
    """
    descriptor = os.open(home / f"{what}.lock", os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"the {what} of this instance is running already",
                hint="look at `listkeep status`; stop it first",
            ) from error
        finish(home)
        yield
    finally:
        os.close(descriptor)


def clear_socket(path: Path) -> None:
    """Remove a socket file that was left behind; never one somebody listens on.

    Raises:
        ConflictError: Somebody listens on it, or it is something else.
        MalformedError: The path is too long for a socket.
    """
    require_socket_path(path)
    if not path.exists():
        return
    if not path.is_socket():
        raise ConflictError(
            "something else lies where the keeper's socket belongs",
            hint="move it away, or set `socket` in keeper.toml and cli.toml",
        )
    if not is_listening(path):
        path.unlink()
        return
    raise ConflictError(
        "somebody listens on the keeper's socket already",
        hint="look at `listkeep status`; stop it first",
    )


def is_listening(path: Path) -> bool:
    """Tell whether somebody listens on a unix socket."""
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


def is_listening_on(url: str) -> bool:
    """Tell whether somebody listens where a URL points, without saying anything."""
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        with closing(socket.create_connection((place.hostname, port), timeout=5)):
            return True
    except OSError:
        return False


def require_socket_path(path: Path) -> None:
    """Refuse a path no socket can have.

    Raises:
        MalformedError: It is too long.
    """
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise MalformedError(
            f"the path of the keeper's socket is longer than "
            f"{_LONGEST_SOCKET_PATH} bytes",
            hint="choose a LISTKEEP_HOME with a shorter path",
        )


def require_free_port(
    address: str,
    port: int,
    *,
    advice: str = "choose another with `port` in dock.toml and `dock` in cli.toml, "
    "or with `listkeep init --port`",
) -> None:
    """Refuse a port that somebody listens on.

    Raises:
        ConflictError: It is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConflictError(
                f"port {port} cannot be listened on",
                hint=advice,
            ) from error


def find_free_port(address: str = "127.0.0.1") -> int:
    """Find a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    return port
