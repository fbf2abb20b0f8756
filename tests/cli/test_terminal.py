"""With a person at a terminal: questions are asked, progress is shown, on stderr."""

import os
import pty
import select
import subprocess
import time

from listkeep.cli.running.children import own_command, own_environment
from tests.cli.stage import Terminal, granted

PATIENCE_SECONDS = 30


class Session:
    """A command on a pseudo-terminal, its stdout apart."""

    def __init__(self, terminal: Terminal, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            own_command(*arguments),
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
            env={**own_environment(terminal.home), "TERM": "xterm"},
            cwd=terminal.folder,
        )
        os.close(theirs)
        self.seen = ""

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self._read()

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> tuple[int, str]:
        assert self._process.stdout is not None
        while self._read():
            pass
        out = self._process.stdout.read().decode()
        self._process.stdout.close()
        os.close(self._ours)
        return self._process.wait(PATIENCE_SECONDS), out

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], 0.2)
        if not ready:
            return self._process.poll() is None
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


def ask_for_export(terminal: Terminal, name: str) -> str:
    terminal.ok(f"listkeep list create {name} --as ben")
    terminal.ok("listkeep sample a.csv --rows 100")
    terminal.ok(f"listkeep import {name} a.csv --as ben")
    public = terminal.ok(f"listkeep recipient key {name}.key").stdout.strip()
    granted(terminal, f"recipient add {name} --key {public}", "ada", "amir")
    ran = terminal.ok(
        f"listkeep request export {name} --rows 7 --recipient {name} "
        "--purpose letter --sign --as ben --json"
    )
    return str(ran.json["id"])


def test_the_number_of_rows_is_typed(terminal: Terminal) -> None:
    request = ask_for_export(terminal, "typed")

    session = Session(terminal, "approve", request, "--as", "ada")
    session.wait_for("type the number of rows")
    session.type("8")
    status, _ = session.end()
    assert status == 2
    assert "nothing was signed" in session.seen

    session = Session(terminal, "approve", request, "--as", "ada")
    session.wait_for("at most 7 of: all")
    session.wait_for("type the number of rows")
    session.type("7")
    status, out = session.end()
    assert status == 0, session.seen
    assert out == ""
    assert f"request {request} is granted" in session.seen


def test_no_is_an_answer(terminal: Terminal) -> None:
    ran = terminal.ok("listkeep service add bell --kind app --as ada --json")

    session = Session(terminal, "approve", ran.json["id"], "--as", "amir")
    session.wait_for("approve this? type yes:")
    session.type("no")
    status, _ = session.end()

    assert status == 2
    assert "nothing was signed" in session.seen


def test_an_address_that_is_asked_for_is_not_shown(terminal: Terminal) -> None:
    terminal.ok("listkeep list create asked --as ben")

    session = Session(terminal, "lookup", "asked", "--as", "ben")
    session.wait_for("address (it is not shown):")
    session.type("anna@example.com")
    status, out = session.end()

    assert status == 0, session.seen
    assert out.startswith("token")
    assert "anna" not in session.seen + out


def test_an_import_shows_progress_and_keeps_it_off_stdout(terminal: Terminal) -> None:
    terminal.ok("listkeep list create shown --as ada")
    terminal.ok("listkeep sample a.csv --rows 3000")

    session = Session(terminal, "import", "shown", "a.csv", "--as", "ada")
    status, out = session.end()

    assert status == 0, session.seen
    assert "sending" in session.seen
    assert out.splitlines()[0].startswith("import")
    assert "\x1b" not in out
