"""``listkeep serve``: run one building in this process, until it is told to stop."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Annotated, Any

import typer

from listkeep.cli.copies.putting_back import finish
from listkeep.cli.home import PRIVATE_FILE, Instance
from listkeep.cli.running.hardening import harden
from listkeep.cli.running.locks import clear_socket, only_one, require_free_port
from listkeep.cli.running.users import become
from listkeep.cli.running.walls import build_wall
from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.wire.config import instance_home

app = typer.Typer(
    no_args_is_help=True,
    help="Run one building in the foreground, as a service manager wants it.",
)
_DOCK_THREADS = 8
_HERE = "127.0.0.1"
_LONGEST_STOP_SECONDS = 10
_SHARED_SOCKET = 0o660  # with the group of the dock's user, see users.py

Supervised = Annotated[
    bool, typer.Option(hidden=True, help="Stop when standard input is closed.")
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="serve")


@app.command("keeper", epilog="Example: listkeep serve keeper")
def serve_keeper(*, supervised: Supervised = False) -> None:
    """Run the keeper on its unix socket, which only its own user can open.

    Started by root, it becomes the user listkeep-keeper if there is one, and the dock's
    user can open the socket as well.

    The whole ledger is verified first; a doubtful one is not served. Logs are JSON
    on stderr.
    """
    home = Instance.open().home
    is_apart = become(home, "keeper")
    harden(lock_memory=True)
    with only_one(home, "keeper"):
        settings = _begin("listkeep.keeper.project.settings")
        from listkeep.keeper.project.start import check_instance  # noqa: PLC0415

        clear_socket(settings.SOCKET)
        check_instance()
        _run(
            make_keeper,
            supervised=supervised,
            uds=settings.SOCKET,
            uds_permissions=_SHARED_SOCKET if is_apart else PRIVATE_FILE,
            blocking_threads=settings.CONFIG.threads,
        )


@app.command("seal", epilog="Example: listkeep serve seal")
def serve_seal(*, supervised: Supervised = False) -> None:
    """Run the keeper's own pages, where people read and sign, on this machine only.

    They answer on the port of seal_origin in keeper.toml, to browsers that ask for
    that origin. A page that is not the one that was shipped is not served. Before an
    instance is founded they serve its two links, and go on by themselves afterwards.
    """
    home = Instance.open().home
    become(home, "seal")
    harden(lock_memory=True)
    with only_one(home, "seal"):
        settings = _begin("listkeep.keeper.project.pages")
        from listkeep.keeper.project.start import (  # noqa: PLC0415
            check_database,
            check_pages,
        )

        require_free_port(
            _HERE, settings.CONFIG.listens_on, advice="set `seal_port` in keeper.toml"
        )
        check_database()
        check_pages()
        _run(
            make_seal,
            supervised=supervised,
            address=_HERE,
            port=settings.CONFIG.listens_on,
            blocking_threads=settings.CONFIG.threads,
        )


@app.command("dock", epilog="Example: listkeep serve dock")
def serve_dock(*, supervised: Supervised = False) -> None:
    """Run the dock on its port, on this machine only unless dock.toml says otherwise.

    Imports and exports that a crash cut short are cleared away first. Logs are JSON
    on stderr.
    """
    home = Instance.open().home
    become(home, "dock")
    harden()
    with only_one(home, "dock"):
        config = _begin("listkeep.dock.project.settings").LISTKEEP_CONFIG
        from listkeep.dock.project.start import check_instance  # noqa: PLC0415

        require_free_port(config.bind, config.port)
        check_instance()
        _run(
            make_dock,
            supervised=supervised,
            walled="dock",
            address=config.bind,
            port=config.port,
            blocking_threads=_DOCK_THREADS,
        )


@app.command("proxy", epilog="Example: listkeep serve proxy")
def serve_proxy(*, supervised: Supervised = False) -> None:
    """Take mail in token space from your mail server, and deliver it to the address.

    It listens where the section outlet of dock.toml says, in as many processes as that
    asks for. Told to stop, it ends the messages it is in first. Logs are JSON on
    stderr.
    """
    home = Instance.open().home
    become(home, "proxy")
    harden()
    with only_one(home, "proxy"):
        _begin("listkeep.dock.project.settings")
        from listkeep.dock.outlet.config import parse_endpoint  # noqa: PLC0415
        from listkeep.dock.project.proxy import check_proxy  # noqa: PLC0415
        from listkeep.dock.project.proxy_processes import (  # noqa: PLC0415
            serve_proxy,
        )

        config = check_proxy()
        require_free_port(
            *parse_endpoint(config.listen),
            advice="set `listen` in the section outlet of dock.toml",
        )
        build_wall(home, "proxy")
        stopping = threading.Event()
        if supervised:
            threading.Thread(target=_stop_with_supervisor, daemon=True).start()
        _collect_rarely()
        serve_proxy(config, stopping=stopping)


@app.command("console", epilog="Example: listkeep serve console")
def serve_console(*, supervised: Supervised = False) -> None:
    """Run the console's pages, on this machine only unless console.toml says otherwise.

    They hold no key and see no address. Logs are JSON on stderr.
    """
    home = Instance.open().home
    become(home, "console")
    harden()
    with only_one(home, "console"):
        config = _begin("listkeep.console.project.settings").LISTKEEP_CONFIG
        from listkeep.console.project.start import check_instance  # noqa: PLC0415

        require_free_port(config.bind, config.port, advice="set `port` in console.toml")
        check_instance()
        _run(
            make_console,
            supervised=supervised,
            walled="console",
            address=config.bind,
            port=config.port,
            blocking_threads=_DOCK_THREADS,
        )


@app.command("worker", epilog="Example: listkeep serve worker")
def serve_worker(*, supervised: Supervised = False) -> None:
    """Tell people what happens, and do what the dock does in the background.

    Of several workers one works; when it dies, another takes over within a minute.
    What there is to do stands in `listkeep job ls`. Logs are JSON on stderr.
    """
    become(Instance.open().home, "worker")
    harden()
    _begin("listkeep.dock.project.settings")
    from listkeep.dock.project.worker import make_worker, work  # noqa: PLC0415

    finish(instance_home())
    build_wall(instance_home(), "worker")
    worker, stopping = make_worker(), threading.Event()

    def stop(_number: int, _frame: Any) -> None:
        worker.is_stopping = True
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if supervised:
        threading.Thread(target=_stop_with_supervisor, daemon=True).start()
    work(worker, pause=stopping.wait)


@app.command("sink", epilog="Example: listkeep serve sink")
def serve_sink(*, supervised: Supervised = False) -> None:
    """Run the mail server where the mail of a kept demo ends; only that has one.

    It listens on this machine only and keeps no message. Logs are JSON on stderr.
    """
    home = Instance.open().home
    become(home, "sink")
    harden()
    with only_one(home, "sink"):
        from listkeep.drill.provider_place import ProviderPlace  # noqa: PLC0415

        place = ProviderPlace.find(home)
        if place is None:
            raise UnavailableError(
                "this instance has no mail server of its own",
                hint="`listkeep demo --keep` makes one that has",
            )
        require_free_port(_HERE, place.port, advice="stop what listens there")
        from listkeep.drill.provider import Provider  # noqa: PLC0415

        build_wall(home, "sink")
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.set())
        if supervised:
            threading.Thread(target=_stop_with_supervisor, daemon=True).start()
        with Provider(place):
            stopping.wait()


def make_keeper() -> Callable[..., Any]:
    """Make the keeper's application in the process that serves it."""
    harden(lock_memory=True)
    _begin("listkeep.keeper.project.settings")
    _say_what_is_open()
    from listkeep.keeper.project.wsgi import application  # noqa: PLC0415

    _collect_rarely()
    return application


def make_seal() -> Callable[..., Any]:
    """Make the application of the keeper's pages in the process that serves them."""
    harden(lock_memory=True)
    _begin("listkeep.keeper.project.pages")
    _say_what_is_open()
    from listkeep.keeper.project.wsgi import application  # noqa: PLC0415

    return application


def make_dock() -> Callable[..., Any]:
    """Make the dock's application in the process that serves it."""
    harden()
    _begin("listkeep.dock.project.settings")
    from listkeep.dock.project.wsgi import application  # noqa: PLC0415

    _collect_rarely()
    return application


def make_console() -> Callable[..., Any]:
    """Make the console's application in the process that serves it."""
    harden()
    _begin("listkeep.console.project.settings")
    from listkeep.console.project.wsgi import application  # noqa: PLC0415

    return application


def _say_what_is_open() -> None:
    from listkeep.keeper.gate.showing.process import (  # noqa: PLC0415
        say_what_is_open,
    )

    say_what_is_open()


def _collect_rarely() -> None:
    """Look for reference cycles seventy times less often than Python does.

    A batch of rows is tens of thousands of tuples and no cycle; walking them again
    and again took more than a third of an import's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)


def _begin(settings_module: str) -> Any:
    """Make this process a Django project's; it cannot become another one's."""
    os.umask(0o077)  # databases, spools and sockets are nobody else's
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    django.setup()
    return settings


def _run(
    make: Callable[[], Callable[..., Any]],
    *,
    supervised: bool,
    walled: str = "",
    **options: Any,
) -> None:
    from django.db import connections  # noqa: PLC0415
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    from listkeep.cli.running.logs import LOGGING  # noqa: PLC0415

    connections.close_all()  # a worker is a fork, and SQLite must not be forked
    if walled:
        build_wall(instance_home(), walled)
    if supervised:
        threading.Thread(target=_stop_with_supervisor, daemon=True).start()
    server = Server(
        make.__name__,
        interface=Interfaces.WSGI,
        workers=1,
        websockets=False,
        log_dictconfig=LOGGING,
        log_level=LogLevels.warning,
        log_access=False,
        workers_kill_timeout=_LONGEST_STOP_SECONDS,
        **options,
    )
    try:
        # An own loader: the server's would put the working directory on the path.
        server.serve(target_loader=make, wrap_loader=False)
    except SystemExit as error:
        raise ListkeepError(
            "the serving process died", hint="its log says why; it can be started anew"
        ) from error


def _stop_with_supervisor() -> None:
    """Wait for the end of a pipe that lives as long as the supervisor."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
