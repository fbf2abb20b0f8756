"""A running instance with a tenant and people, made for one measurement."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from listkeep.cli.home import Instance
from listkeep.cli.running.children import run_own
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import Supervisor
from listkeep.drill.stage import Stage
from listkeep.wire.dock import DockClient

CUSTODIANS = ("cleo", "cyrus")
OWNERS = ("ada", "amir")


@dataclass(frozen=True)
class Running:
    """What a leg needs of the instance."""

    home: Path
    instance: Instance
    supervisor: Supervisor
    stage: Stage
    dock: DockClient  # speaks for ada


@contextmanager
def running_instance(*options: str) -> Iterator[Running]:
    """Make an instance in a temporary folder, start it, and take it down again.

    ``options`` go to ``listkeep init``.
    """
    with tempfile.TemporaryDirectory(prefix="listkeep-bench-") as folder:
        home = Path(folder)
        run_own(
            "init",
            *("--profile", "demo", "--port", str(find_free_port()), *options),
            *(word for name in CUSTODIANS for word in ("--custodian", name)),
            home=home,
        )
        os.environ["LISTKEEP_HOME"] = str(home)
        instance = Instance.open()
        with Supervisor(instance) as supervisor, instance.keeper() as keeper:
            stage = Stage(
                people=instance.people,
                keeper=keeper,
                dock_service=instance.config.dock_service,
            )
            for name in CUSTODIANS:
                stage.enter(name)
            stage.sign_in(*CUSTODIANS)
            stage.found_tenant("acme", custodians=CUSTODIANS, owners=OWNERS)
            stage.sign_in(*OWNERS)
            with instance.dock(stage.carried["ada"]) as dock:
                yield Running(home, instance, supervisor, stage, dock)


def peak_megabytes(pid: int) -> float:
    """Read the most memory a building's process, or its worker, ever had resident."""
    return max(
        int(line.split()[1]) / 1024
        for each in _family(pid)
        for line in Path(f"/proc/{each}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def forget_peak(pid: int) -> None:
    """Begin anew to watch what a building has resident at most (see proc(5))."""
    for each in _family(pid):
        Path(f"/proc/{each}/clear_refs").write_text("5")


def _family(pid: int) -> list[str]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [str(pid), *children]
