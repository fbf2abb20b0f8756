"""Tell a story in the terminal: chapters, commands as a user would type them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from listkeep.cli.output import clean, write
from listkeep.cli.running.children import own_command, own_environment
from listkeep.core.errors import ListkeepError


class Narrator:
    """Says what happens, and runs the commands it shows."""

    def __init__(self, home: Path, folder: Path, *, is_quiet: bool) -> None:
        """Take the instance, and the folder whose path is left out of the telling."""
        self._home = home
        self._folder = folder
        self._is_quiet = is_quiet
        self._chapter = 0

    def say(self, text: str) -> None:
        """Begin a chapter."""
        if not self._is_quiet:
            self._chapter += 1
            write(f"\n{self._chapter:>2}  {text}")
            sys.stdout.flush()

    def command(self, text: str) -> None:
        """Show a command."""
        if not self._is_quiet:
            write(f"    $ {text.replace(str(self._folder) + '/', '')}")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something below a command."""
        if not self._is_quiet:
            write(f"      {clean(text)}")
            sys.stdout.flush()

    def read_json(self, *words: str, stdin: str = "") -> Any:
        """Run a command and read the JSON it prints."""
        return json.loads(self.run(*words, stdin=stdin, is_shown=False))

    def run(self, *words: str, stdin: str = "", is_shown: bool = True) -> str:
        """Run a command as a user would; returns what it printed."""
        shown = " ".join(f"'{word}'" if " " in word else word for word in words)
        self.command(f"listkeep {shown}")
        done = subprocess.run(  # noqa: S603 - our own command
            own_command(*words),
            env=own_environment(self._home),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if is_shown or done.returncode:
            for line in (done.stderr + done.stdout).splitlines():
                self.note(line.removeprefix("listkeep: "))
        if done.returncode:
            raise ListkeepError(
                f"`listkeep {words[0]}` failed", hint=done.stderr.strip()[-300:]
            )
        return done.stdout
