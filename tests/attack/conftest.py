"""One real instance for all attacks: keeper and dock as processes, real signatures."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from listkeep.drill.audience import SampleAudience
from listkeep.drill.scene import Scene
from listkeep.drill.stage import Stage
from listkeep.wire.dock import DockClient
from listkeep.wire.keeper import KeeperClient
from tests.ports import find_port

MARKER = "zq7mark"
ROWS = 4000
PLANTED = 60


@dataclass(frozen=True)
class Said:
    """What one command of ours printed, and how it ended."""

    status: int
    out: str
    err: str


@dataclass
class World:
    """A running instance with a tenant, people, a list, and everything it ever said."""

    home: Path
    instance: Instance
    supervisor: Supervisor
    stage: Stage
    keeper: KeeperClient
    audience: SampleAudience
    file: Path
    identity: pyrage.x25519.Identity
    app_key: str
    said: list[str] = field(default_factory=list)

    def run(self, *words: str, stdin: str = "") -> Said:
        """Run a command as a user would, and remember what it said."""
        done = subprocess.run(
            own_command(*words),
            env=own_environment(self.home),
            input=stdin.encode(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
        self.said.append(said.out + said.err)
        return said

    def dock(self, name: str) -> DockClient:
        """Speak to the dock as somebody."""
        return self.instance.dock(self.stage.carried[name])

    def scene(self) -> Scene:
        """Where a thief finds things."""
        return Scene(
            home=self.home,
            dock_url=self.instance.config.dock,
            keeper_socket=self.instance.socket,
            keeper=self.stage.keeper,
            list_name="newsletter",
            recipient="warehouse",
            planted=self.audience.planted_addresses,
            marker=MARKER,
        )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Unix sockets have short paths; pytest's own folders are long.
    home = tmp_path_factory.mktemp("lk")
    before = os.environ.get("LISTKEEP_HOME")
    os.environ["LISTKEEP_HOME"] = str(home / "var")
    try:
        yield from _world(home / "var", home / "audience.csv")
    finally:
        if before is None:
            del os.environ["LISTKEEP_HOME"]
        else:
            os.environ["LISTKEEP_HOME"] = before


def _world(home: Path, file: Path) -> Iterator[World]:
    made = subprocess.run(
        own_command("init", "--port", str(find_port())),
        env=own_environment(home),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    instance = Instance.open()
    audience = SampleAudience(ROWS, 7, marker=MARKER, planted=PLANTED)
    file.write_bytes(b"".join(audience))
    with Supervisor(instance) as supervisor, instance.keeper() as keeper:
        stage = Stage(
            people=instance.people,
            keeper=keeper,
            dock_service=instance.config.dock_service,
        )
        identity = pyrage.x25519.Identity.generate()
        app_key = _people(stage, identity)
        world = World(
            home, instance, supervisor, stage, keeper, audience, file, identity, app_key
        )
        for name in ("ada", "amir", "ben", "eve"):
            assert world.run("login", "--as", name).status == 0
        facets = ["country:text", "plan:text", "member_rating:int"]
        for name in ("newsletter", "other"):
            with world.dock("ada") as dock:
                dock.create_list(name, facets=facets)
        import_file(world, file)
        yield world


def _people(stage: Stage, identity: pyrage.x25519.Identity) -> str:
    custodians, owners = ("cleo", "cyrus"), ("ada", "amir")
    for name in custodians:
        stage.enter(name)
    stage.sign_in(*custodians)
    stage.found_tenant("acme", custodians=custodians, owners=owners)
    stage.found_tenant("other", custodians=custodians, owners=("eve", "emil"))
    stage.sign_in(*owners, "eve", "emil")
    for name in ("ben", "ivan"):
        stage.hire(name, role="marketer", by=owners)
    stage.sign_in("ben", "ivan")
    stage.add_recipient("warehouse", str(identity.to_public()), by=owners)
    return stage.add_service("shop", kind="app", by=owners)


def import_file(world: World, file: Path, *, into: str = "newsletter") -> None:
    """Import a file as Ben, within his daily budget."""
    with world.dock("ben") as dock, file.open("rb") as data:
        source = dock.begin_import(into)
        done = dock.send_file(source.id, data, size_bytes=file.stat().st_size)
    assert done.state == "done"
