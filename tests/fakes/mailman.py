"""A Mailman of its own: configuration, database, queues and logs in one folder."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from listkeep.cli.running.locks import is_listening_on
from tests.ports import find_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "mailman"
PROGRAMS = ROOT / ".interop" / "mailman" / "bin"
_PATIENCE_SECONDS = 90
_LOGIN = ("restadmin", "restpass")
# What stands beside the shipped lines: where all of it is, and no more processes than
# this needs. It looks for work more often than every two minutes.
_MORE = """
[mailman]
site_owner: postmaster@lists.example.com
layout: here
[paths.here]
var_dir: {home}/var
[webservice]
port: {rest}
workers: 1
configuration: {home}/gunicorn.cfg
[runner.bounces]
sleep_time: 1s
[runner.archive]
start: no
[runner.digest]
start: no
[runner.command]
start: no
[runner.task]
start: no
[runner.retry]
start: no
"""


def why_no_mailman() -> str:
    """Say why no Mailman can be run here; nothing if it can, or in CI if it must."""
    if os.environ.get("CI") or (PROGRAMS / "mailman").exists():
        return ""
    return "Mailman is not installed: `make mailman` does it"


@dataclass(frozen=True)
class Mailman:
    """One that runs."""

    home: Path
    rest: httpx.Client
    lmtp: int

    def wait_ready(self) -> None:
        """Wait until it takes mail and answers its administrator; it takes its time."""
        place = f"http://127.0.0.1:{self.lmtp}"
        wait_until(lambda: is_listening_on(place) and _answers(self.rest))

    def run(self, *words: str) -> str:
        """Run one of its commands; gives what it printed."""
        done = subprocess.run(
            [
                *(str(PROGRAMS / "mailman"), "--run-as-root"),
                *("-C", str(self.home / "mailman.cfg"), *words),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.home,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def create(self, name: str, settings: bytes) -> None:
        """Make a list without a footer and with settings, as an administrator does."""
        local, _, domain = name.partition("@")
        self._ask("POST", "domains", {"mail_host": domain})
        self._ask("POST", "lists", {"fqdn_listname": name})
        self._ask(
            "PATCH", f"lists/{local}.{domain}/config", msgspec.json.decode(settings)
        )
        folder = self.home / "var" / "templates" / "lists" / f"{local}.{domain}" / "en"
        folder.mkdir(parents=True)
        (folder / "list:member:regular:footer.txt").touch()

    def members(self, name: str) -> set[str]:
        """Read who is on a list."""
        roster = self._ask("GET", f"lists/{name}/roster/member").json()
        return {entry["email"] for entry in roster.get("entries", [])}

    def remove(self, name: str, member: str) -> None:
        """Take somebody off a list."""
        self._ask("DELETE", f"lists/{name}/member/{member}")

    def log(self, name: str) -> str:
        """Read one of its logs."""
        path = self.home / "var" / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _ask(
        self, method: str, path: str, given: Mapping[str, object] | None = None
    ) -> httpx.Response:
        answer = self.rest.request(method, path, json=given)
        assert answer.is_success, answer.text
        return answer

    def waiting(self) -> int:
        """Count the messages in its queues."""
        return sum(1 for _ in (self.home / "var" / "queue").rglob("*.pck"))


def write_configuration(home: Path, *, smtp: int, lmtp: int, rest: int) -> None:
    """Write the shipped configuration, filled in."""
    home.mkdir()
    (home / "postfix-maps.cfg").write_text((DEPLOY / "postfix-maps.cfg").read_text())
    (home / "gunicorn.cfg").write_text("[gunicorn]\ncontrol_socket_disable = true\n")
    shipped = (
        (DEPLOY / "mailman.cfg")
        .read_text()
        .replace("smtp_port: 25", f"smtp_port: {smtp}")
        .replace("lmtp_port: 8024", f"lmtp_port: {lmtp}")
        .replace("/etc/mailman3", str(home))
    )
    (home / "mailman.cfg").write_text(shipped + _MORE.format(home=home, rest=rest))


@contextmanager
def running_mailman(home: Path, *, smtp: int) -> Iterator[Mailman]:
    """Run a Mailman in a folder of its own, whose mail server has the port ``smtp``.

    It may still be starting: see ``wait_ready``.
    """
    lmtp, rest = find_port(), find_port()
    write_configuration(home, smtp=smtp, lmtp=lmtp, rest=rest)
    client = httpx.Client(
        base_url=f"http://localhost:{rest}/3.1/", auth=_LOGIN, timeout=30
    )
    with (home / "said").open("wb") as said, client:
        mailman = Mailman(home, client, lmtp)
        master = subprocess.Popen(
            [str(PROGRAMS / "master"), "-C", str(home / "mailman.cfg")],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield mailman
        finally:
            # Runners take their time to end, and the session is Mailman's alone.
            os.killpg(master.pid, signal.SIGKILL)
            master.wait()


def wait_until(
    is_so: Callable[[], bool], *, seconds: float = _PATIENCE_SECONDS
) -> None:
    """Wait until something is so, looking a few times a second."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("system/versions").is_success
    except httpx.TransportError:
        return False
