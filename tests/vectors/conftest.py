"""Where public test vectors are, and how many of them were run."""

from collections.abc import Callable
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors"
RAN: pytest.StashKey[dict[str, int]] = pytest.StashKey()

Find = Callable[[str], Path]
Record = Callable[[str, int], None]


@pytest.fixture
def find_vectors() -> Find:
    """Return a folder of vectors, or skip the test with one line that names it."""

    def find(name: str) -> Path:
        folder = SHARED / name
        if not folder.is_dir():
            pytest.skip(f"no vectors at shared/vectors/{name} beside the repository")
        return folder

    return find


@pytest.fixture
def record_ran(
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> Record:
    """Note how many vectors a test ran; none at all is a failure."""

    def record(name: str, count: int) -> None:
        assert count > 0, f"{name}: the folder holds no vectors"
        record_property("vectors", count)
        request.config.stash.setdefault(RAN, {})[name] = count

    return record


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was run in one line, whatever the verbosity."""
    ran = config.stash.get(RAN, {})
    if ran:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(ran.items()))
        terminalreporter.write_line(f"vectors run: {counts}")
