"""Our own commands as child processes: how they are called, how they complain.

Nothing from a list is ever an argument or in the environment of a child: both can
be read by others on the machine.
"""

import os
import subprocess
import sys
from pathlib import Path

from listkeep.core.errors import FAMILIES, ListkeepError

_HINT = "listkeep: hint: "
_WORDS = "listkeep: "


def own_command(*arguments: str) -> list[str]:
    """Spell a command of ours; ``-P`` keeps the working directory off its path."""
    return [sys.executable, "-P", "-m", "listkeep.cli", *arguments]


def own_environment(home: Path) -> dict[str, str]:
    """Give a child the instance it works on, and no Django project of ours."""
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    return {**inherited, "LISTKEEP_HOME": str(home)}


def run_own(*arguments: str, home: Path) -> None:
    """Run a command of ours to its end.

    Raises:
        ListkeepError: It failed; its own words, family and hint.
    """
    done = subprocess.run(  # noqa: S603 - our own command
        own_command(*arguments),
        env=own_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise error_of(done.returncode, done.stderr)


def run_shown(*arguments: str, home: Path) -> int:
    """Run a command of ours that speaks for itself; give its exit status."""
    return subprocess.run(  # noqa: S603 - our own command
        own_command(*arguments),
        env=own_environment(home),
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def error_of(exit_status: int, words: str) -> ListkeepError:
    """Turn what a child of ours said at its end back into an error."""
    lines = [line for line in words.splitlines() if line.startswith(_WORDS)]
    advice = lines.pop() if lines and lines[-1].startswith(_HINT) else ""
    message = lines[-1].removeprefix(_WORDS) if lines else "a part of Listkeep died"
    family = next(
        (f for f in FAMILIES.values() if f.exit_status == exit_status), ListkeepError
    )
    return family(message, hint=advice.removeprefix(_HINT))
