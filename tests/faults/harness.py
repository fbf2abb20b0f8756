"""Kill a real process at random moments of an operation, and look what is left.

An operation is a file in ``operations``: it prepares one run, says what is started and
what may be killed, and judges what is there afterwards. The harness measures one run
that is left alone, then kills others at moments drawn from that time. The seed is
printed, and ``LISTKEEP_SEED`` repeats it.

A house stands on SQLite, or has both databases in a PostgreSQL of the tests' own: then
the server is one more that may be killed.
"""

import os
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

import pyrage

from listkeep.cli.copies.databases import find_databases
from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from tests.cli.stage import Terminal, copy_instance, granted, set_cast
from tests.postgres import Cluster

KILLS = int(os.environ.get("LISTKEEP_KILLS", "1"))
LONGEST_SECONDS = 120
BUILDINGS = ("keeper", "dock")
ENGINES = ("sqlite", "postgresql")
COMMAND = "command"  # that was started
SERVER = "server"  # of PostgreSQL


@dataclass
class House:
    """An instance that is killed and started again and again."""

    terminal: Terminal
    identity: pyrage.x25519.Identity
    cluster: Cluster | None = None  # else SQLite
    supervisor: Supervisor | None = None
    victim: str = ""  # the last one
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    @property
    def home(self) -> Path:
        return self.terminal.home

    def start(self) -> None:
        """Start keeper and dock, and sign everybody in who works here."""
        with mock.patch.dict("os.environ", {"LISTKEEP_HOME": str(self.home)}):
            supervisor = Supervisor(Instance.open(), BUILDINGS)
        supervisor.__enter__()
        self.supervisor = supervisor

    def stop(self) -> None:
        if self.supervisor is not None:
            self.supervisor.stop()
            self.supervisor = None

    def kill(self, victim: str, command: subprocess.Popen[bytes]) -> None:
        """End somebody with all their processes, as a power cut does."""
        self.victim = victim
        if victim == SERVER:
            assert self.cluster
            self.cluster.restart()
            return
        assert self.supervisor
        group = command.pid if victim == COMMAND else self.supervisor.pid(victim)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def come_back(self, *names: str) -> None:
        """Start again and sign in; who only lost the server goes on as it is."""
        if self.victim != SERVER:
            self.stop()
            self.start()
        self.sign_in(*names)

    def copy_to(self, home: Path) -> None:
        """Copy an instance that does not run, with databases of its own."""
        copy_home(self.home, home, self.cluster)

    def sign_in(self, *names: str) -> None:
        for name in names:
            self.terminal.ok(f"listkeep login --as {name}")

    def count(self, name: str = "news") -> int:
        return int(self.terminal.ok(f"listkeep count {name} --as ben").stdout)

    def entries(self, event: str) -> list[dict[str, str]]:
        ran = self.terminal.ok(f"listkeep ledger show --event {event} --as cleo --json")
        found: list[dict[str, str]] = ran.json
        return found

    def write_people(self, name: str, count: int, *, rare: int = 0) -> Path:
        """Write a file of people nobody else has, the first of them rare."""
        path = self.terminal.folder / name
        rows = (
            f"w{next(self.numbers)}@example.com,{'rare' if n < rare else 'pro'}"
            for n in range(count)
        )
        path.write_text("\n".join(("email,plan", *rows, "")))
        return path

    def spawn(self, *words: str, **facts: Any) -> subprocess.Popen[bytes]:
        """Start a command of ours and let it run."""
        return subprocess.Popen(
            own_command(*words),
            env=own_environment(facts.get("home", self.home)),
            cwd=self.terminal.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


class Operation(Protocol):
    """One thing that is done, and may be cut short anywhere."""

    def prepare(self, house: House) -> None:
        """Bring everything into place for one more run."""

    def start(self, house: House) -> subprocess.Popen[bytes]:
        """Begin, in a process of its own."""

    def victims(self) -> tuple[str, ...]:
        """Name what may be killed: buildings, or the command; the server always may."""

    def judge(self, house: House, *, was_killed: bool) -> None:
        """Start again and see that everything is as before, or as after."""


def copy_home(source: Path, home: Path, cluster: Cluster | None) -> None:
    """Copy a folder that nobody works in; on PostgreSQL the databases as well."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(source, home)
    home.chmod(0o700)
    if cluster:
        _move_databases(source, home, cluster, template=True)


def new_place(source: Path, home: Path, cluster: Cluster | None) -> None:
    """Prepare where an instance can be put back: a folder, or settings and a server."""
    shutil.rmtree(home, ignore_errors=True)
    if cluster:
        home.mkdir(mode=0o700)
        for path in source.glob("*.toml"):
            shutil.copy(path, home)
        _move_databases(source, home, cluster, template=False)


def _move_databases(
    source: Path, home: Path, cluster: Cluster, *, template: bool
) -> None:
    for building in BUILDINGS:
        before = database_name(source, building)
        name = database_name(home, building)
        cluster.drop(name)
        url = cluster.make(name, **({"template": before} if template else {}))
        path = home / f"{building}.toml"
        path.write_text(path.read_text().replace(cluster.url(before), url))


def database_name(home: Path, building: str) -> str:
    """Name a building's database after the house and the folder."""
    return f"{building}_{home.parent.name}_{home.name}"


def read_database(home: Path, building: str, sql: str) -> list[tuple[Any, ...]]:
    """Read rows as they lie in a building's database, whatever its engine."""
    with find_databases(home)[building].snapshot() as snapshot:
        return [tuple(row) for row in snapshot.read(sql)]


def rehearse(house: House, operation: Operation) -> float:
    """Run it once to its end; tell how long that took."""
    operation.prepare(house)
    house.victim = ""
    begun = time.monotonic()
    assert operation.start(house).wait(LONGEST_SECONDS) == 0
    took = time.monotonic() - begun
    operation.judge(house, was_killed=False)
    return took


def kill_at_random(
    house: House, operation: Operation, *, kills: int, say: Callable[[str], None]
) -> None:
    """Kill it again and again, each time at another moment."""
    seed = int(os.environ.get("LISTKEEP_SEED") or secrets.randbits(32))
    say(f"LISTKEEP_SEED={seed}")
    chance = random.Random(seed)
    took = rehearse(house, operation)
    victims = (*operation.victims(), *((SERVER,) if house.cluster else ()))
    cut_short = 0
    for number in range(kills):
        operation.prepare(house)
        victim, moment = chance.choice(victims), chance.uniform(0, took)
        say(f"{number}: {victim} after {moment:.3f} of {took:.3f} s")
        process = operation.start(house)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        house.kill(victim, process)
        cut_short += process.wait(LONGEST_SECONDS) != 0
        operation.judge(house, was_killed=True)
    say(f"{cut_short} of {kills} did not come to their end")


@contextmanager
def furnished(
    folder: Path | None = None, *, init: str = "", cluster: Cluster | None = None
) -> Iterator[House]:
    """Give a house with a list, a recipient and people who are signed in.

    ``init`` is what else is said to `listkeep init`; with a ``cluster`` both databases
    are in it.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="lk-"))
    folder.mkdir(exist_ok=True)
    home = folder / "var"
    if cluster:
        keeper, dock = (cluster.make(database_name(home, name)) for name in BUILDINGS)
        init = f"--database {keeper} --dock-database {dock}"
    made = Terminal(folder / "made", folder)
    made.ok(f"listkeep init {init}")
    copy_instance(made.home, home)
    terminal = Terminal(home, folder)
    house = House(terminal, pyrage.x25519.Identity.generate(), cluster)
    try:
        house.start()
        set_cast(terminal)
        key = str(house.identity.to_public())
        granted(terminal, f"recipient add warehouse --key {key}", "ada", "amir")
        terminal.ok("listkeep list create news --facet plan:text --as ada")
        house.write_people("first.csv", 2000, rare=10)
        terminal.ok("listkeep import news first.csv --as ben")
        yield house
    finally:
        house.stop()
        shutil.rmtree(folder, ignore_errors=True)
