"""Run the buildings as children: start, wait until they answer, restart, stop.

Used by ``listkeep up``, by the demo and by tests. A child that dies is started
again, each time a little later. A supervisor that dies takes its children along:
they read a pipe that ends with it.
"""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from listkeep.cli.home import PRIVATE_FILE, PRIVATE_FOLDER, App, Instance, Seal
from listkeep.core.errors import Code, ConflictError, ListkeepError, UnavailableError
from listkeep.drill.provider_place import ProviderPlace

from .children import error_of, own_command, own_environment
from .locks import is_listening, is_listening_on

BUILDINGS = ("keeper", "dock")  # the dock's start asks the keeper
SEAL = "seal"  # the keeper's pages
PROXY = "proxy"  # of the dock, where dock.toml says so
CONSOLE = "console"
WORKER = "worker"  # of the dock; it answers nobody
SINK = "sink"  # where a demo's mail ends
_POLL_SECONDS = 0.05
_GREETING_SECONDS = 5
_STOP_SECONDS = 15
_LONGEST_WAIT_SECONDS = 30.0
_FIRST_WAIT_SECONDS = 0.5
_STEADY_SECONDS = 60


@dataclass(slots=True)
class Child:
    """One building's process, and the log it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int
    started_at: float

    @property
    def exit_status(self) -> int | None:
        """How it ended, if it did."""
        return self.process.poll()

    def last_words(self) -> str:
        """Read what it wrote since it was started."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")


class Supervisor:
    """Processes of one instance: keeper and dock, and what else is asked for."""

    def __init__(
        self, instance: Instance, buildings: tuple[str, ...] = BUILDINGS
    ) -> None:
        """Prepare; nothing is started yet."""
        self.instance = instance
        self._buildings = buildings
        self.restarts = 0
        self._children: dict[str, Child] = {}
        self._waits = dict.fromkeys(buildings, _FIRST_WAIT_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, *, timeout_seconds: float = 60) -> None:
        """Start all and wait until those that answer do; on failure none stays.

        Raises:
            ListkeepError: What a building said when it refused to start.
            UnavailableError: One did not answer in time.
        """
        try:
            for name in self._buildings:
                if name == WORKER:
                    self._children[name] = self._spawn(name)
                    continue
                self._require_silence(name)
                self._children[name] = self._spawn(name)
                self.wait_ready(name, timeout_seconds=timeout_seconds)
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, name: str, *, timeout_seconds: float) -> None:
        """Wait until a building answers.

        Raises:
            ListkeepError: It ended instead; its own words.
            UnavailableError: It did not answer in time.
        """
        child = self._children[name]
        deadline = time.monotonic() + timeout_seconds
        while True:
            status = child.exit_status
            if status is not None:
                raise error_of(status, child.last_words())
            if is_healthy(self.instance, name):
                return
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"the {name} did not answer in time",
                    hint=f"log/{name}.log says what it does",
                )
            time.sleep(_POLL_SECONDS)

    def tend(self) -> list[str]:
        """Restart what has died and is due; return the names."""
        restarted = []
        for name, child in list(self._children.items()):
            if child.exit_status is None:
                continue
            if time.monotonic() - child.started_at > _STEADY_SECONDS:
                self._waits[name] = _FIRST_WAIT_SECONDS
            _end_group(child.process.pid)  # a worker may have outlived its parent
            if time.monotonic() < child.started_at + self._waits[name]:
                continue
            self._waits[name] = min(2 * self._waits[name], _LONGEST_WAIT_SECONDS)
            self._forget(child)
            self._children[name] = self._spawn(name)
            self.restarts += 1
            restarted.append(name)
        return restarted

    def pid(self, name: str) -> int:
        """Tell the process id of a building."""
        return self._children[name].process.pid

    def stop(self) -> None:
        """Stop all, the keeper last: the others still have to tell it things."""
        for name in reversed(self._buildings):
            child = self._children.pop(name, None)
            if child is None:
                continue
            if child.exit_status is None:
                child.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(_STOP_SECONDS)
            _end_group(child.process.pid)
            child.process.wait()
            self._forget(child)

    def _require_silence(self, name: str) -> None:
        """Refuse to start where somebody answers: it would pass for our child.

        Raises:
            ConflictError: Another process serves there.
        """
        try:
            is_taken = is_healthy(self.instance, name)
        except UnavailableError:
            raise
        except ListkeepError:  # an answer, and none of ours
            is_taken = True
        if is_taken:
            raise ConflictError(
                f"somebody answers already where the {name} would",
                hint="another instance may have its port: stop that one first",
            )

    def _spawn(self, name: str) -> Child:
        folder = self.instance.home / "log"
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        log = folder / f"{name}.log"
        with _open_log(log) as file:
            process = subprocess.Popen(  # noqa: S603 - our own command
                own_command("serve", name, "--supervised"),
                env=own_environment(self.instance.home),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,  # Ctrl-C is for the supervisor
            )
            return Child(name, process, log, file.tell(), time.monotonic())

    @staticmethod
    def _forget(child: Child) -> None:
        if child.process.stdin is not None:
            child.process.stdin.close()


def is_healthy(instance: Instance, name: str) -> bool:
    """Tell whether a building answers."""
    try:
        if name == "keeper":
            if not is_listening(instance.socket):
                return False
            with instance.keeper() as keeper:
                keeper.health()
        elif name in (SEAL, PROXY, CONSOLE, SINK):
            return _opens(instance, name)
        else:
            return _is_dock_healthy(instance)
    except UnavailableError as error:
        if error.code not in (Code.KEEPER_UNAVAILABLE, Code.DOCK_UNAVAILABLE):
            raise
        return False
    return True


def _opens(instance: Instance, name: str) -> bool:
    if name == PROXY:
        return greets(instance.drop.proxy)
    if name == SINK:
        place = ProviderPlace.find(instance.home)
        return place is not None and greets(("127.0.0.1", place.port))
    if name == CONSOLE:
        return instance.app is not None and _welcomes(instance.app)
    return _answers(instance.seal)


def _is_dock_healthy(instance: Instance) -> bool:
    if not is_listening_on(instance.config.dock):
        return False
    with instance.dock() as dock:
        dock.health()
    return True


def greets(proxy: tuple[str, int] | None) -> bool:
    """Tell whether a mail server would be welcome."""
    if proxy is None:
        return False
    try:
        with socket.create_connection(proxy, _GREETING_SECONDS) as probe:
            greeting = probe.recv(512)
            probe.sendall(b"QUIT\r\n")
            return greeting.startswith(b"220 ")
    except OSError:
        return False


def is_founded(seal: Seal) -> bool:
    """Tell whether the pages say that the instance has begun."""
    return _status(seal) == HTTPStatus.NO_CONTENT


def awaits_founding(seal: Seal) -> bool:
    """Tell whether the pages are there, and wait for two people to found it."""
    return _status(seal) == HTTPStatus.ACCEPTED


def _welcomes(app: App) -> bool:
    """Tell whether the console's door opens, to whoever is not signed in."""
    return _ask(app.app_origin, app.port, "/sign-in") == HTTPStatus.OK


def _answers(seal: Seal) -> bool:
    return _status(seal) in (HTTPStatus.NO_CONTENT, HTTPStatus.ACCEPTED)


def _status(seal: Seal) -> int:
    return _ask(seal.seal_origin, seal.port, "/alive")


def _ask(origin: str, port: int, path: str) -> int:
    """Ask pages under their own name, on this machine; 0 if nobody answers."""
    place = f"http://127.0.0.1:{port}"
    if not is_listening_on(place):
        return 0
    import httpx  # noqa: PLC0415 - it costs more time than most commands take

    host = urlsplit(origin).netloc
    here = httpx.HTTPTransport(verify=False)  # no TLS, and no proxy
    try:
        with httpx.Client(transport=here, timeout=5) as client:
            return client.get(f"{place}{path}", headers={"host": host}).status_code
    except httpx.HTTPError:
        return 0


def _open_log(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, PRIVATE_FILE)
    file = os.fdopen(descriptor, "ab")
    file.seek(0, os.SEEK_END)
    return file


def _end_group(group: int) -> None:
    """End what is left of a child and its own children."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
