"""``listkeep up``: all buildings under one small supervisor."""

import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType

import typer

from listkeep.cli.demonstration.showing import show_demo
from listkeep.cli.home import Instance
from listkeep.cli.origins import APP_PORT, DOCK_PORT, SEAL_PORT
from listkeep.cli.output import note
from listkeep.cli.running.children import run_shown
from listkeep.cli.running.locks import is_listening_on, only_one
from listkeep.cli.running.supervisor import (
    BUILDINGS,
    CONSOLE,
    PROXY,
    SEAL,
    SINK,
    WORKER,
    Supervisor,
    is_founded,
)
from listkeep.core.errors import ConflictError
from listkeep.drill.provider_place import ProviderPlace
from listkeep.wire.config import instance_home

from .init import AppPort, Port, SealPort
from .staging import is_bare
from .status import wall

_TICK_SECONDS = 0.25


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep up")(up)


def up(
    port: Port = DOCK_PORT,
    seal_port: SealPort = SEAL_PORT,
    app_port: AppPort = APP_PORT,
) -> None:
    """Start keeper, dock, pages, console and worker; run them until Ctrl-C or SIGTERM.

    The delivery proxy runs as well where dock.toml has a section outlet.

    Where there is no instance yet, this makes one (the ports are for that alone) and
    prints two links: two people open them in their browsers and found it.

    For one machine and one user. A service manager runs `listkeep serve keeper`,
    `listkeep serve seal`, `listkeep serve dock`, `listkeep serve proxy`,
    `listkeep serve console` and `listkeep serve worker` itself.
    """
    ports = {"--port": port, "--seal-port": seal_port, "--app-port": app_port}
    run_until_stopped(_open_or_begin(ports))


def run_until_stopped(
    instance: Instance, *, begin: Callable[[Instance], None] | None = None
) -> None:
    """Run all buildings of an instance; ``begin`` is called once they answer."""
    stopping = _Stop()
    with only_one(instance.home, "supervisor"):
        try:
            with Supervisor(instance, (SEAL,)) as pages:
                _await_founding(instance, pages)
                with Supervisor(instance, _buildings(instance)) as buildings:
                    if begin:
                        begin(instance)
                    _tell(instance)
                    while not stopping.asked:
                        time.sleep(_TICK_SECONDS)
                        _tend(pages, buildings)
        except KeyboardInterrupt:
            pass  # Ctrl-C is the way to stop
        note("stopped")


def _open_or_begin(ports: Mapping[str, int]) -> Instance:
    """Open the instance; where there is nothing at all, make one to be founded.

    Raises:
        ConflictError: A new one would have a port somebody listens on.
    """
    home = instance_home()
    if is_bare(home):
        note("there is nothing here yet: this makes a new instance")
        for option, port in ports.items():
            _require_free(option, port)
        given = [f"{option}={port}" for option, port in ports.items()]
        if status := run_shown("init", "--links", *given, home=home):
            raise typer.Exit(status)
    return Instance.open()


def _require_free(option: str, port: int) -> None:
    """Refuse a port before it is written down: people's passkeys are bound to one."""
    if is_listening_on(f"http://127.0.0.1:{port}"):
        raise ConflictError(
            f"somebody listens on port {port} of this machine already",
            hint=f"stop it first, or choose another port with {option}",
        )


def _buildings(instance: Instance) -> tuple[str, ...]:
    """Name what runs here; instances of older versions have no console yet.

    A delivery proxy runs where dock.toml has one, a mail server in a kept demo.
    """
    console = (CONSOLE,) if instance.app is not None else ()
    proxy = (PROXY,) if instance.drop.proxy else ()
    sink = (SINK,) if ProviderPlace.find(instance.home) else ()
    return (*BUILDINGS, *console, *proxy, *sink, WORKER)


def _await_founding(instance: Instance, pages: Supervisor) -> None:
    """Serve the two links of `init --links` until both custodians have signed."""
    if is_founded(instance.seal):
        return
    note("nobody has founded this instance yet: both custodians open their links")
    note(f"the pages for that are at {instance.seal.seal_origin}")
    while not is_founded(instance.seal):
        time.sleep(_TICK_SECONDS)
        _tend(pages)
    note("the instance is founded")


def _tend(*supervisors: Supervisor) -> None:
    for supervisor in supervisors:
        for name in supervisor.tend():
            note(f"the {name} had died and was started again")


def _tell(instance: Instance) -> None:
    note(f"the keeper is at {instance.socket}")
    url = instance.config.dock
    note(f"the dock is at {url}, its API is described at {url}/v1/docs")
    if instance.app is not None:
        note(f"people work at {instance.app.app_origin}")
    note(f"people sign at {instance.seal.seal_origin}")
    note(f"they look up, import and export at {instance.drop.drop_origin}")
    if instance.drop.proxy:
        host, port = instance.drop.proxy
        note(f"the delivery proxy takes mail at {host}, port {port}")
    if place := ProviderPlace.find(instance.home):
        note(f"mail of this demo ends at 127.0.0.1, port {place.port}, and is not kept")
    note("the worker tells contacts; `listkeep job ls` shows what it does")
    note(wall(instance))
    note(f"logs are in {instance.home / 'log'}; Ctrl-C stops all")
    show_demo(instance)


class _Stop:
    """Turn SIGTERM into a wish, so that the children are stopped in order."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            return
        self.asked = True
        raise KeyboardInterrupt
