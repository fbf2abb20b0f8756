"""A real instance for tests: keeper and dock as processes, the cast signed in."""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from listkeep.cli.main import run
from listkeep.cli.running.children import own_command, own_environment
from tests.ports import find_port

# These become a Django project, or last as long as a building does.
IN_A_PROCESS = frozenset({"init", "migrate", "serve", "up", "demo", "job", "keys"})


@dataclass(frozen=True)
class Ran:
    """What one command said and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass
class Terminal:
    """Somebody at a terminal with an instance and a folder of files."""

    home: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, line: str, *, stdin: str = "") -> Ran:
        """Run one line: a command, perhaps with variables, ``< FILE`` or ``> FILE``."""
        words = shlex.split(line)
        extra: dict[str, str] = {}
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            extra[name] = value
        data, target = stdin.encode(), None
        if "<" in words:
            place = words.index("<")
            data = (self.folder / words[place + 1]).read_bytes()
            del words[place : place + 2]
        if ">" in words:
            place = words.index(">")
            target = self.folder / words[place + 1]
            del words[place : place + 2]
        assert words[0] == "listkeep", line
        environment = {**own_environment(self.home), **self.variables, **extra}
        here = words[1:2] and words[1] not in IN_A_PROCESS
        runner = self._run_here if here else self._run_there
        ran = runner(words[1:], data, environment)
        if target is not None:
            target.write_text(ran.stdout)
            return Ran(ran.status, "", ran.stderr)
        return ran

    def ok(self, line: str, *, stdin: str = "") -> Ran:
        """Run a line that has to work."""
        ran = self(line, stdin=stdin)
        assert ran.status == 0, f"{line}\n{ran.stderr}"
        return ran

    def _run_here(
        self, words: list[str], data: bytes, environment: Mapping[str, str]
    ) -> Ran:
        out, err = _Stream(), _Stream()
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with (
                mock.patch.dict(os.environ, environment, clear=True),
                mock.patch.object(sys, "stdin", _Stream(data)),
                redirect_stdout(out),
                redirect_stderr(err),
            ):
                status = run(words)
        finally:
            os.chdir(before)
        return Ran(status, out.text(), err.text())

    def _run_there(
        self, words: list[str], data: bytes, environment: Mapping[str, str]
    ) -> Ran:
        done = subprocess.run(
            own_command(*words),
            input=data,
            capture_output=True,
            env=dict(environment),
            cwd=self.folder,
            check=False,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


class _Stream(io.TextIOWrapper):
    """Text over bytes in memory, which is what a redirected stream is."""

    def __init__(self, data: bytes = b"") -> None:
        self._bytes = io.BytesIO(data)
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")

    def text(self) -> str:
        self.flush()
        return self._bytes.getvalue().decode()


def copy_instance(made: Path, home: Path) -> None:
    """Copy an instance nobody runs, on ports of its own: quicker than a new one."""
    shutil.copytree(made, home)
    home.chmod(0o700)
    dock, app = str(find_port()), str(find_port())
    for name in ("cli.toml", "dock.toml", "console.toml"):
        path = home / name
        path.write_text(path.read_text().replace("8480", dock))
    for name in ("keeper.toml", "console.toml"):
        path = home / name
        path.write_text(path.read_text().replace("8490", app))
    with (home / "keeper.toml").open("a") as file:
        file.write(f"seal_port = {find_port()}\n")


def set_cast(terminal: Terminal) -> None:
    """Enrol and sign in the cast: acme's Ada, Amir, Ben and Ivan, and Eve elsewhere."""
    for name in ("cleo", "cyrus"):
        terminal.ok(f"listkeep login --as {name}")
    granted(terminal, "tenant add acme --owner ada --owner amir", "cleo", "cyrus")
    granted(terminal, "tenant add other --owner eve", "cleo", "cyrus")
    for name, tenant in (("ada", "acme"), ("amir", "acme"), ("eve", "other")):
        words = terminal.ok(f"listkeep person words {name}").stdout.strip()
        confirm = f"person confirm {name} --tenant {tenant} --words '{words}'"
        granted(terminal, confirm, "cleo", "cyrus")
        terminal.ok(f"listkeep login --as {name}")
    for name in ("ben", "ivan"):
        granted(terminal, f"person add {name} --role marketer", "ada", "amir")
        terminal.ok(f"listkeep login --as {name}")


def granted(terminal: Terminal, command: str, asks: str, approves: str) -> str:
    """Ask for a change of authority and have it approved; return the request."""
    ran = terminal.ok(f"listkeep {command} --as {asks} --json")
    request = str(ran.json["id"])
    terminal.ok(f"listkeep approve {request} --yes --as {approves}")
    return request
