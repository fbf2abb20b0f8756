"""Measure each core file by its own test file alone (`make coverage`).

A file that is only reached through others' tests is a file whose rules nobody
wrote down. So each one is measured on its own, branches counted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.house.sizes import ROOT
from tests.house.test_mirror import expected_test, mirrored_sources


def measure(source: Path, folder: Path) -> tuple[bool, str]:
    """Run one file's tests; say whether they reach all of it, and what is left."""
    tool = [sys.executable, "-m", "coverage"]
    data = f"--data-file={folder / 'coverage'}"
    tests = [*tool, "run", data, "-m", "pytest", "-q", str(expected_test(source))]
    report = [*tool, "report", data, f"--include={source}", "--fail-under=100"]
    for command in (tests, report):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return False, done.stdout + done.stderr
    return True, ""


def main() -> int:
    """Print what is not reached; say 1 if there is any."""
    failed = 0
    sources = [
        source for source in mirrored_sources("core") if expected_test(source).is_file()
    ]
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            complete, rest = measure(source, Path(folder))
            if not complete:
                failed += 1
                sys.stdout.write(f"{source.relative_to(ROOT).as_posix()}\n{rest}\n")
    whole = len(sources) - failed
    sys.stdout.write(f"{whole} of {len(sources)} core files reach 100 %\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
