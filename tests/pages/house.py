"""An instance on free ports, and what its ledger says."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyrage

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import BUILDINGS, CONSOLE, SEAL, Supervisor
from listkeep.core.canonical import parse
from listkeep.drill.stage import Stage
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient
from tests.ports import find_port

ROWS = "email,plan\n" + "".join(
    f"person{number}@example.com,{plan}\n"
    for number, plan in enumerate(["pro"] * 60 + ["free"] * 60)
)


@dataclass
class House:
    """A running instance, seen from outside."""

    instance: Instance
    keeper: KeeperClient
    stage: Stage
    expiring: m.RequestView  # valid for a minute from the start
    supervisor: Supervisor

    @property
    def origin(self) -> str:
        return self.instance.seal.seal_origin

    @property
    def drop(self) -> str:
        return self.instance.drop.drop_origin

    @property
    def app(self) -> str:
        assert self.instance.app is not None
        return self.instance.app.app_origin

    def bring_in_others(self) -> None:
        """Have another tenant, of Eve and Eli, unless it is there."""
        if "eve" not in self.stage.people:
            founders, owners = ("cleo", "cyrus"), ("eve", "eli")
            self.stage.found_tenant("other", custodians=founders, owners=owners)
            self.stage.sign_in("eve")

    def ask_export(
        self, name: str = "ben", cap: int = 850, **facts: object
    ) -> m.RequestView:
        """Ask for a copy without any browser, and sign."""
        return self.stage.ask(
            name,
            "export",
            list="newsletter",
            cap=cap,
            recipient="warehouse",
            **{"selection": "all", "purpose": "autumn letter", **facts},
        )

    def state(self, request: str) -> str:
        message = m.ShowRequest(session=self._session("cleo"), request=request)
        return self.keeper.show_requests(message).requests[0].state

    def recorded(self, event: str) -> list[dict[str, str]]:
        """Read the entries of a kind, as a custodian may."""
        start, found = 0, []
        while True:
            page = self.keeper.read_ledger(
                m.ReadLedger(session=self._session("cleo"), start=start)
            )
            found += [parse(each.body, max_bytes=65_536) for each in page.entries]
            if not page.entries:
                return [entry for entry in found if entry["event"] == event]
            start += len(page.entries)

    def refusal(self, request: str) -> str:
        """Tell why the newest statement on a request was refused."""
        refused = self.recorded("statement.refused")
        return [entry["code"] for entry in refused if entry["request"] == request][-1]

    def sealed_rows(self, count: int) -> tuple[list[str], m.RowBatch]:
        """Take rows from the dock as somebody who may."""
        with self.instance.dock(self.stage.carried["ada"]) as dock:
            entries, _ = dock.read_tokens("newsletter", limit=count)
            tokens = [entry.token for entry in entries]
            return tokens, dock.read_sealed("newsletter", tokens)

    def _session(self, name: str) -> str:
        return self.stage.direct[name]


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Make an instance, start it, and bring in people and a list."""
    home = folder / "var"
    names = ("--port", "--seal-port", "--app-port")
    ports = [f"{name}={find_port()}" for name in names]
    made = subprocess.run(
        own_command("init", *ports),
        env=own_environment(home),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    instance = Instance.open()
    supervisor = Supervisor(instance, (*BUILDINGS, CONSOLE, SEAL))
    with supervisor, instance.keeper() as keeper:
        stage = Stage(
            people=instance.people,
            keeper=keeper,
            dock_service=instance.config.dock_service,
        )
        _bring_in(stage)
        _bring_rows(instance, stage, folder / "audience.csv")
        expiring = stage.ask(
            "ivan",
            "export",
            list="newsletter",
            selection="all",
            cap=7,
            recipient="warehouse",
            valid_seconds=60,
        )
        yield House(instance, keeper, stage, expiring, supervisor)


def _bring_in(stage: Stage) -> None:
    custodians, owners = ("cleo", "cyrus"), ("ada", "amir")
    for name in custodians:
        stage.enter(name)
    stage.sign_in(*custodians)
    stage.found_tenant("acme", custodians=custodians, owners=owners)
    stage.sign_in(*owners)
    for name in ("ben", "ivan"):
        stage.hire(name, role="marketer", by=owners)
    stage.sign_in("ben", "ivan")
    stage.hire("sam", role="support", by=custodians)
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    stage.add_recipient("warehouse", recipient, by=owners)


def _bring_rows(instance: Instance, stage: Stage, file: Path) -> None:
    file.write_text(ROWS)
    with instance.dock(stage.carried["ada"]) as dock, file.open("rb") as data:
        dock.create_list("newsletter", facets=["plan:text"])
        source = dock.begin_import("newsletter")
        done = dock.send_file(source.id, data, size_bytes=file.stat().st_size)
    assert done.state == "done", done
