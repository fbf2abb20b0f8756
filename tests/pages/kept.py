"""A demo that was kept, and a newcomer's browser that followed its link."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, expect

from listkeep.cli.running.children import own_command, own_environment
from tests.pages.visitor import Window

LONGEST_SECONDS = 240  # of a busy machine; alone it takes half a minute


@dataclass
class Kept:
    """A demo that runs, and what it printed."""

    home: Path
    said: str

    def place(self, words: str) -> str:
        """Find the address on the line with these words."""
        line = next(line for line in self.said.splitlines() if words in line)
        return line.split()[-1]

    @property
    def link(self) -> str:
        return self.place("/demo#")

    @property
    def app(self) -> str:
        return self.place("people work at")


@contextmanager
def running(home: Path, *words: str) -> Iterator[Kept]:
    """Run a command that stays, until it has said all it says; then stop it."""
    log = home.with_name("said")
    with log.open("wb") as file:
        process = subprocess.Popen(
            own_command(*words),
            env=own_environment(home),
            stderr=file,
            cwd=home.parent,  # as a newcomer's folder, whose paths are short
        )
    try:
        ends_at = time.monotonic() + LONGEST_SECONDS
        while "keep real addresses out" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends_at, log.read_text()
            time.sleep(0.2)
        yield Kept(home, log.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert log.read_text().endswith("stopped\n")


class Newcomer(Window):
    """Somebody who followed the link, and can be each of the demo's people."""

    def __init__(self, kept: Kept, browser: Browser) -> None:
        super().__init__(kept.link.partition("/demo")[0], browser)
        self.page.goto(kept.link)
        self.page.get_by_role("heading", name="You can be any of").wait_for()

    def be(self, name: str) -> None:
        """Choose somebody where a browser would ask for a passkey."""
        self.press_passkey()
        self.choose(name)

    def choose(self, name: str) -> None:
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=re.compile(f"^{name}")).click()

    def work_as(self, name: str) -> None:
        self.page.get_by_role("link", name="Go to work").click()
        self.page.get_by_role("button", name="Sign in with a passkey").click()
        self.be(name)
        self.page.get_by_role("link", name="Go to my desk").click()
        expect(self.page.get_by_role("link", name="Desk")).to_be_visible()
        self.page.wait_for_load_state()  # until then the script has heard no key
