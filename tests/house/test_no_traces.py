"""The repository says nothing of the machines it was written on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sizes import ROOT

# What a machine adds by itself: environments, instances, caches, the history.
NOT_OURS = re.compile(
    r"(\.git|\.venv|\.bench|\.interop|var|build|dist|__pycache__|\.[a-z_]+_cache|\.hypothesis"
    r"|\.coverage.*|.*\.egg-info)"
)
# Spelt so that this file does not hold what it looks for.
CHECKOUT = ("", "work", "main")
HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"))
PATHS_OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home|Users|opt/pypi)/")
REGISTRIES = re.compile(
    "|".join((*map(r"\.".join, HOSTS), "index-url", r"find-links\s*=")),
    re.IGNORECASE,
)
NEIGHBOURS = re.compile(r"\.\./shared\b")
OF_THE_LOCK_COMMAND = "--no-emit-index-url"


def ours(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if NOT_OURS.fullmatch(path.name) or path.is_symlink():
            continue
        if path.is_dir():
            yield from ours(path)
        else:
            yield path


def traces(root: Path, pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in ours(root):
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line.replace(OF_THE_LOCK_COMMAND, "")):
                found.append(f"{path.relative_to(root).as_posix()}:{number}")
    return found


def outside_this_file(places: list[str]) -> list[str]:
    here = Path(__file__).relative_to(ROOT).as_posix()
    return [place for place in places if not place.startswith(here)]


@pytest.mark.parametrize(
    "pattern", [PATHS_OF_A_MACHINE, REGISTRIES], ids=["paths", "registries"]
)
def test_no_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    assert outside_this_file(traces(ROOT, pattern)) == []


def test_only_tests_know_what_lies_beside_the_repository() -> None:
    places = traces(ROOT, NEIGHBOURS)

    assert [place for place in places if not place.startswith("tests/")] == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (PATHS_OF_A_MACHINE, "HOME = Path('/home/ada/listkeep')"),
        (PATHS_OF_A_MACHINE, "-e file://" + "/".join(CHECKOUT)),
        (REGISTRIES, "--extra-index-url somewhere"),
        (REGISTRIES, "# from files." + ".".join(HOSTS[1])),
        (NEIGHBOURS, "vectors = '../shared/vectors'"),
    ],
)
def test_a_planted_trace_is_found(
    tmp_path: Path, pattern: re.Pattern[str], line: str
) -> None:
    room = tmp_path / "src" / "room"
    room.mkdir(parents=True)
    (room / "clean.py").write_text("PATH = '/etc/listkeep/root/home/'\n")
    (room / "dirty.py").write_text(f"\n{line}\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "dirty.py").write_text(line)

    assert traces(tmp_path, pattern) == ["src/room/dirty.py:2"]
