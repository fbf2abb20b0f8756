"""Read what must not be seen by others: neither on the screen nor as an argument."""

import getpass
import sys

from .output import WrongUsage, is_interactive


def read_unseen(what: str) -> str:
    """Read one line from standard input, or ask for it without showing it."""
    if is_interactive():
        text = getpass.getpass(f"listkeep: {what} (it is not shown): ", sys.stderr)
    else:
        text = sys.stdin.readline()
    if not text.strip():
        raise WrongUsage(
            f"no {what} was given", hint="give one on standard input, on one line"
        )
    return text.strip()
