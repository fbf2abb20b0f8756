"""The stage: a whole instance in one folder, and a clock that tests move."""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pyrage
from django.conf import settings
from django.db import connections

from listkeep.core.canonical import digest, encode, parse
from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Genesis
from listkeep.core.registry.facts import RequestFacts, Service
from listkeep.core.registry.passkeys import Kind
from listkeep.core.registry.state import Registry
from listkeep.drill.people import SoftwarePerson
from listkeep.keeper.gate.endpoint import open_gate
from listkeep.keeper.gate.people import genesis
from listkeep.keeper.gate.sign_in import sessions
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.ledger.models import Entry
from listkeep.keeper.project import start
from listkeep.keeper.project.database import database_settings
from listkeep.keeper.release import imports, restores
from listkeep.wire import messages as m
from tests.postgres import Cluster

NOON = datetime(2026, 1, 5, 12, 0, 0, 500_000, tzinfo=UTC)
KEEPER = "k_demo"
SEAL_ORIGIN = "http://seal.localhost:8471"
SEAL = "http://seal.localhost:8471"
ACME, OTHER = "t_acmeacmeacme", "t_otherotherot"
WAREHOUSE = "c_warehousewar"
# No test cuts the power, so the database need not wait for the disk.
QUICK = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"}
DIRECT = sessions.DIRECT
SERVICES = {  # name: id, kind, tenant
    "dock": ("s_dockdockdock", "dock", ""),
    "console": ("s_consoleconso", "console", ""),
    "app": ("s_appappappapp", "app", "acme"),
    "intake": ("s_intakeintake", "intake", "acme"),
}


@dataclass
class Instance:
    """One keeper, its people's passkeys, and what its ledger says."""

    home: Path
    now: datetime = NOON
    cluster: Cluster | None = None  # else SQLite
    people: dict[str, SoftwarePerson] = field(default_factory=dict)
    _sessions: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)

    # --- the instance ---

    def enter(self) -> None:
        """Make this instance the one that settings and database speak of."""
        self.leave()
        imports._reservations = imports.Reservations()
        restores._running = restores._Running()
        settings.KEEPER_TOML = self.home / "keeper.toml"
        settings.KEY_STORE = self.home / "keys"
        settings.SPOOL = self.home / "spool"
        known = database_settings(self.database, home=self.home)
        known["OPTIONS"] |= {} if self.cluster else QUICK
        connections.settings = connections.configure_settings({"default": known})
        with suppress(AttributeError):
            del connections["default"]

    def leave(self) -> None:
        connections.close_all()
        open_gate.cache_clear()

    @property
    def database(self) -> str:
        """What stands in keeper.toml."""
        if self.cluster is None:
            return "keeper.sqlite3"
        return self.cluster.url(database_name(self.home))

    def restart(self) -> Gate:
        """Stop the keeper and start it again, as another process would."""
        self.enter()
        start.check_instance()
        return self.gate

    def copy_to(self, home: Path) -> Self:
        """Copy the whole instance, people and sessions to another folder."""
        shutil.copytree(self.home, home)
        if self.cluster:
            source = database_name(self.home)
            self.cluster.make(database_name(home), template=source)
        names = {
            name: SoftwarePerson.load(home / "people", name) for name in self.people
        }
        return type(self)(home, self.now, self.cluster, names, dict(self._sessions))

    def found(self, profile: str = "demo", keeper: str = KEEPER) -> None:
        """Begin the instance: Cleo and Cyrus vouch for each other."""
        start.prepare()
        custodians = self.meet("cleo"), self.meet("cyrus")
        for person in custodians:
            person.kind = Kind.SOFTWARE if profile == "demo" else Kind.HARDWARE
        facts = self.genesis_facts(custodians, profile=profile, keeper=keeper)
        start.begin(facts, self.vouch(facts, custodians), now=self.now)

    def genesis_facts(
        self,
        custodians: tuple[SoftwarePerson, SoftwarePerson],
        *,
        profile: str = "demo",
        keeper: str = KEEPER,
    ) -> dict[str, str]:
        first, second = (person.subject(role="custodian") for person in custodians)
        if profile != "demo":  # there people have a second key
            for subject, person in zip((first, second), custodians, strict=True):
                further = self.further(person)
                further.kind = person.kind
                subject["keys"] += f" {further.keys}"
        return genesis.write_facts(
            keeper=keeper,
            profile=profile,
            seal_origin=SEAL_ORIGIN,
            custodians=(first, second),
            dock=service_subject("dock"),
            now=self.now,
        )

    @staticmethod
    def vouch(
        facts: dict[str, str], custodians: tuple[SoftwarePerson, SoftwarePerson]
    ) -> tuple[m.Assertion, m.Assertion]:
        first, second = (
            person.sign(
                Genesis(
                    keeper=facts["keeper"],
                    person=person.person,
                    credential=person.credential,
                    genesis=digest(facts),
                )
            )
            for person in custodians
        )
        return first, second

    # --- what is there ---

    @property
    def gate(self) -> Gate:
        return open_gate()

    @property
    def registry(self) -> Registry:
        with self.gate.view(self.now) as registry:
            return registry

    @property
    def warehouse(self) -> pyrage.x25519.Identity:
        """The identity of the enrolled recipient; its file is at the warehouse."""
        path = self.home / "warehouse.age"
        if not path.exists():
            path.write_text(str(pyrage.x25519.Identity.generate()))
        return pyrage.x25519.Identity.from_str(path.read_text())

    def service(self, name: str) -> Service:
        return self.registry.services[SERVICES[name][0]]

    def facts(self, view: m.RequestView) -> RequestFacts:
        return self.registry.requests[view.id]

    def entries(self) -> list[dict[str, str]]:
        return [
            parse(bytes(entry.body), max_bytes=65_536)
            for entry in Entry.objects.order_by("index")
        ]

    def events(self, last: int = 0) -> list[str]:
        """Name the newest entries, without the sign-ins a test does in passing."""
        names = [entry["event"] for entry in self.entries()]
        return [name for name in names if name != "session.started"][-last:]

    def newest(self, event: str) -> dict[str, str]:
        return [entry for entry in self.entries() if entry["event"] == event][-1]

    def clock(self) -> datetime:
        return self.now

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def meet(self, name: str) -> SoftwarePerson:
        """Find a person, or make one who is nobody here yet."""
        if name not in self.people:
            self.people[name] = SoftwarePerson.create(self.home / "people", name)
        return self.people[name]

    def further(self, person: SoftwarePerson) -> SoftwarePerson:
        """Give somebody another passkey; the first of these is called ``name-2``."""
        count = 2
        while f"{person.name}-{count}" in self.people:
            count += 1
        name = f"{person.name}-{count}"
        self.people[name] = SoftwarePerson.create(self.home / "people", name, of=person)
        return self.people[name]


def database_name(home: Path) -> str:
    """Name an instance's database after its folder, which no other has."""
    return f"lk_{hashlib.sha256(str(home).encode()).hexdigest()[:20]}"


def refusal(act: Callable[..., object], *args: object, **facts: object) -> str:
    """Do what is refused, and tell the public code of the refusal."""
    try:
        act(*args, **facts)
    except ListkeepError as error:
        return error.code.value
    return "it was not refused"


def tenant_subject(name: str, tenant: str, *owners: dict[str, str]) -> dict[str, str]:
    texts = [encode(owner).decode() for owner in owners]
    first, second = (*texts, "", "")[:2]
    return {"id": tenant, "name": name, "owner_1": first, "owner_2": second}


def service_key(name: str) -> str:
    return f"lkk_{SERVICES[name][0]}_{name:x>40}"


def service_subject(name: str) -> dict[str, str]:
    service, kind, _ = SERVICES[name]
    verifier = hashlib.sha256(service_key(name).encode()).hexdigest()
    return {"id": service, "name": name, "kind": kind, "verifier": verifier}


def carrier_id(service: str) -> str:
    return SERVICES[service][0] if service in SERVICES else service
