"""Plant a violation of each import contract in a copy of the tree; see it caught."""

import configparser
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.sizes import ROOT

CONFIG = ".importlinter"
ALLOWED_IN_CORE = {
    *("cedarpy", "cryptography", "email_validator"),
    *("fido2", "idna", "lark"),
}


@dataclass(frozen=True)
class Plant:
    """Imports to add to the tree, and what the linter must say of them."""

    contract: str
    imports: dict[str, str]  # file below listkeep/ -> module it now imports
    found: str  # in the linter's report

    @classmethod
    def edge(cls, contract: str, file: str, imported: str) -> "Plant":
        importer = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        # A library is one thing to the linter, whatever part of it is imported.
        target = imported if "listkeep" in imported else imported.partition(".")[0]
        return cls(contract, {file: imported}, f"listkeep.{importer} -> {target}")

    @property
    def name(self) -> str:
        return f"{self.contract}: {next(iter(self.imports))} {self.found}"


PLANTS = [
    Plant.edge("floors", "core/errors.py", "listkeep.wire"),
    Plant.edge("floors", "wire/__init__.py", "listkeep.keeper"),
    Plant.edge("floors", "wire/__init__.py", "listkeep.looks"),
    Plant.edge("floors", "looks/__init__.py", "listkeep.dock"),
    Plant.edge("floors", "dock/__init__.py", "listkeep.keeper"),
    Plant.edge("floors", "keeper/__init__.py", "listkeep.dock"),
    Plant.edge("floors", "drill/__init__.py", "listkeep.dock"),
    Plant.edge("floors", "keeper/__init__.py", "listkeep.cli"),
    Plant("floors", {"utils.py": "json"}, "- listkeep.utils"),
    Plant.edge("cli-rooms", "cli/copies/manifest.py", "listkeep.cli.commands"),
    Plant("cli-rooms", {"cli/helpers.py": "json"}, "- listkeep.cli.helpers"),
    Plant.edge("keeper-rooms", "keeper/ledger/__init__.py", "listkeep.keeper.gate"),
    Plant.edge("keeper-rooms", "keeper/gate/__init__.py", "listkeep.keeper.release"),
    Plant("keeper-rooms", {"keeper/common.py": "json"}, "- listkeep.keeper.common"),
    Plant.edge(
        "gate-rooms", "keeper/gate/sign_in/__init__.py", "listkeep.keeper.gate.api"
    ),
    Plant.edge("dock-rooms", "dock/lists/__init__.py", "listkeep.dock.intake"),
    Plant.edge("console-rooms", "console/web/__init__.py", "listkeep.console.desk"),
    Plant("console-rooms", {"console/map.py": "json"}, "- listkeep.console.map"),
    Plant.edge("floors", "console/__init__.py", "listkeep.dock"),
    Plant.edge(
        "console-opens-nothing", "console/desk/__init__.py", "listkeep.core.sealing"
    ),
    Plant.edge("dock-rooms", "dock/intake/__init__.py", "listkeep.dock.outlet"),
    Plant("dock-rooms", {"dock/helpers.py": "json"}, "- listkeep.dock.helpers"),
    Plant(
        "inside-rooms",
        {
            "keeper/gate/services.py": "json",
            "keeper/gate/models.py": "listkeep.keeper.gate.services",
        },
        "listkeep.keeper.gate.models -> listkeep.keeper.gate.services",
    ),
    Plant(
        "inside-rooms",
        {
            "dock/lists/jobs.py": "json",
            "dock/lists/services.py": "listkeep.dock.lists.jobs",
        },
        "listkeep.dock.lists.services -> listkeep.dock.lists.jobs",
    ),
    Plant.edge("core-rooms", "core/errors.py", "listkeep.core.canonical"),
    Plant.edge("core-rooms", "core/canonical.py", "listkeep.core.addresses"),
    Plant.edge("core-rooms", "core/sealing.py", "listkeep.core.ledger"),
    Plant.edge("core-rooms", "core/mail/slots.py", "listkeep.core.files"),
    Plant("core-rooms", {"core/base.py": "json"}, "- listkeep.core.base"),
    Plant.edge("core-pure", "core/errors.py", "django.conf"),
    Plant.edge("core-pure", "core/errors.py", "logging"),
    Plant.edge("core-pure", "core/errors.py", "random"),
    Plant.edge("core-pure", "core/errors.py", "secrets"),
    Plant.edge("core-pure", "core/errors.py", "socket"),
    Plant.edge("core-pure", "core/errors.py", "sqlite3"),
    Plant.edge("core-pure", "core/errors.py", "subprocess"),
    Plant.edge("core-pure", "core/errors.py", "time"),
    Plant.edge("core-pure", "core/errors.py", "urllib.request"),
    Plant.edge("core-dependencies", "core/canonical.py", "msgspec"),
    Plant.edge("core-cryptography", "core/canonical.py", "cryptography"),
    Plant.edge("core-addresses", "core/sealing.py", "idna"),
    Plant.edge("core-lark", "core/addresses.py", "lark"),
    Plant.edge("core-lark", "core/mail/slots.py", "lark"),
    Plant.edge("core-cedar", "core/registry/state.py", "cedarpy"),
    Plant.edge("core-passkeys", "core/grants/terms.py", "fido2"),
    Plant.edge("keeper-small", "keeper/gate/__init__.py", "csv"),
    Plant.edge("keeper-small", "keeper/keys/store.py", "boto3"),
    Plant(
        "keeper-small",
        {"keeper/gate/__init__.py": "listkeep.core.mail.mime"},
        "listkeep.core.mail.mime -> email",
    ),
    Plant(
        "keeper-small",
        {
            "keeper/gate/__init__.py": "listkeep.wire.courier",
            "wire/courier.py": "httpx",
        },
        "listkeep.wire.courier -> httpx",
    ),
    Plant.edge("no-django", "core/errors.py", "django.utils.timezone"),
    Plant.edge("no-django", "wire/__init__.py", "django.http"),
    Plant.edge("no-django", "drill/__init__.py", "ninja"),
    Plant(
        "no-django",
        {
            "cli/commands/status.py": "listkeep.keeper.gate.curious",
            "keeper/gate/curious.py": "django",
        },
        "listkeep.keeper.gate.curious -> django",
    ),
    Plant(
        "private-doors",
        {
            "keeper/gate/views.py": "json",
            "keeper/gate/services.py": "listkeep.keeper.gate.views",
        },
        "listkeep.keeper.gate.services -> listkeep.keeper.gate.views",
    ),
    Plant(
        "private-doors",
        {
            "dock/outlet/forms.py": "json",
            "dock/outlet/jobs.py": "listkeep.dock.outlet.forms",
        },
        "listkeep.dock.outlet.jobs -> listkeep.dock.outlet.forms",
    ),
    Plant.edge("keys", "keeper/project/__init__.py", "listkeep.keeper.keys"),
    Plant.edge("keys", "cli/commands/init.py", "listkeep.keeper.keys"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy the house, without its caches, to where a violation does no harm."""
    shutil.copytree(
        ROOT / "src" / "listkeep",
        tmp_path / "src" / "listkeep",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in (CONFIG, "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def plant(tree: Path, file: str, imported: str) -> None:
    path = tree / "src" / "listkeep" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as source:
        source.write(f"\nimport {imported}\n")


def run(tree: Path, *command: str) -> tuple[int, str]:
    """Run a tool on the copy; return its status and what it said, on one line."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)


def lint(tree: Path, *contracts: str) -> tuple[int, str]:
    chosen = [f"--contract={contract}" for contract in contracts]
    return run(tree, "lint-imports", "--no-cache", "--no-logo", *chosen)


def contracts() -> dict[str, str]:
    """Return the name of each contract by its id."""
    config = configparser.ConfigParser()
    config.read(ROOT / CONFIG, encoding="utf-8")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): config[section]["name"]
        for section in config.sections()
        if section.startswith(prefix)
    }


def test_the_house_as_it_stands_keeps_every_contract(tree: Path) -> None:
    status, said = lint(tree)

    assert status == 0, said
    assert f"{len(contracts())} kept, 0 broken" in said


def test_every_contract_has_a_violation_to_catch() -> None:
    assert {planted.contract for planted in PLANTS} == set(contracts())


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name)
def test_a_violation_is_caught_by_its_contract(tree: Path, planted: Plant) -> None:
    for file, imported in planted.imports.items():
        plant(tree, file, imported)

    status, said = lint(tree, planted.contract)

    assert status == 1, said
    assert f"{contracts()[planted.contract]} BROKEN" in said
    assert planted.found in said


def test_the_entry_points_may_reach_the_buildings(tree: Path) -> None:
    for command in ("serve", "init", "migrate"):
        plant(tree, f"cli/commands/{command}.py", "listkeep.keeper.gate.wired")
    plant(tree, "keeper/gate/wired.py", "django")

    status, said = lint(tree, "no-django")

    assert status == 0, said


def test_each_installed_library_is_in_or_out_of_the_core_by_name() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / CONFIG, encoding="utf-8")
    section = "importlinter:contract:"
    ruled = ALLOWED_IN_CORE | {
        module
        for contract in ("core-dependencies", "core-pure")
        for module in config[section + contract]["forbidden_modules"].split()
    }

    locks = [
        (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        for name in ("postgres", "providers")
    ]
    pattern = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
    locked = {name for lock in locks for name in pattern.findall(lock)}
    modules = {
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if module.isidentifier()
        and locked & {owner.lower().replace("_", "-") for owner in owners}
    }

    assert modules
    assert sorted(modules - ruled) == []


BANNED = {
    "import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)\n": "datetime.now",
    "import datetime\n\nTODAY = datetime.date.today()\n": "date.today",
    "import os\n\nNOISE = os.urandom(8)\n": "os.urandom",
    "import os\n\nHOME = os.environ\n": "os.environ",
    "import os\n\nHOME = os.getenv('HOME')\n": "os.getenv",
    "import secrets\n\nNOISE = secrets.token_bytes(8)\n": "secrets",
    "import uuid\n\nNAME = uuid.uuid4()\n": "uuid.uuid4",
}


@pytest.mark.parametrize("text", BANNED, ids=BANNED.values())
def test_clock_chance_and_settings_are_banned_in_the_core_only(
    tree: Path, text: str
) -> None:
    for room in ("core", "wire"):
        (tree / "src" / "listkeep" / room / "planted.py").write_text(text)

    ruff = ("ruff", "check", "--no-cache", "--select=TID251")
    status, said = run(tree, *ruff, "src/listkeep/core/planted.py")
    assert status == 1, said
    assert f"{BANNED[text]}` is banned" in said
    assert "as an argument" in said

    status, said = run(tree, *ruff, "src/listkeep/wire/planted.py")
    assert status == 0, said
