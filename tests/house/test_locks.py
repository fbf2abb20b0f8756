import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.house.sizes import ROOT

LOCKS = ("build", "runtime", "postgres", "providers", "dev", "mailman")


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def wanted(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    match name:
        case "runtime":
            lines = project["project"]["dependencies"]
        case "postgres":
            lines = project["project"]["optional-dependencies"]["postgres"]
        case "providers":
            extras = project["project"]["optional-dependencies"]
            lines = [*extras["pkcs11"], *extras["aws"]]
        case _:
            source = ROOT / "requirements" / f"{name}.in"
            lines = [
                line.partition("#")[0]
                for line in source.read_text(encoding="utf-8").splitlines()
                if line[:1].isalpha()
            ]
    return [Requirement(line.strip()) for line in lines]


def lock_files() -> list[Path]:
    return sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_answers_everything_that_is_asked_of_it(name: str) -> None:
    versions = locked(name)

    unanswered = [
        str(requirement)
        for requirement in wanted(name)
        if versions.get(requirement.name.lower().replace("_", "-"), "")
        not in requirement.specifier
    ]

    assert wanted(name)
    assert unanswered == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_a_hash(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")

    entries = re.findall(r"^\S+==\S+ \\\n(.*)$", text, flags=re.MULTILINE)

    assert len(entries) == len(locked(name))
    assert all(entry.startswith("    --hash=sha256:") for entry in entries)


@pytest.mark.parametrize("name", ["postgres", "providers", "dev"])
def test_locks_that_are_installed_together_agree(name: str) -> None:
    runtime = locked("runtime") | locked("build")

    differing = {
        package
        for package, version in locked(name).items()
        if runtime.get(package, version) != version
    }

    assert differing == set()


@pytest.mark.parametrize("path", lock_files(), ids=lambda path: path.name)
def test_a_lock_names_no_address_and_no_path(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.findall(r".*(?:://|file:/|(?<!\S)/).*", text) == []
