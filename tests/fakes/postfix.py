"""A Postfix of its own: private configuration, queue and log, and nothing else's."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy" / "postfix"
_PROGRAMS = Path("/usr/lib/postfix/sbin")
_MAIN = """
compatibility_level = 3.6
config_directory = {home}/etc
queue_directory = {home}/spool
data_directory = {home}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
syslog_name = private
myhostname = mta.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
default_database_type = texthash
alias_maps =
alias_database =
local_recipient_maps =
in_flow_delay = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
bounce_queue_lifetime = 1h
notify_classes =
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = static:all
default_process_limit = 100
{more}
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
{more}
"""


def why_not() -> str:
    """Say why no Postfix can be run here; nothing if it can."""
    if not (_PROGRAMS / "master").exists():
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix begins as root"
    return ""


@dataclass(frozen=True)
class Postfix:
    """One that runs."""

    home: Path
    port: int

    @property
    def log(self) -> str:
        path = self.home / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def flush(self) -> None:
        """Try all that waits, now."""
        self._run("postqueue", "-f")

    def waiting(self) -> list[str]:
        """Name the messages in its queue, each with the queue it is in."""
        return [
            f"{name}/{path.name}"
            for name in ("incoming", "active", "deferred", "maildrop")
            for path in (self.home / "spool" / name).rglob("*")
            if path.is_file()
        ]

    def wait_empty(self, *, seconds: float = 240) -> None:
        """Wait until nothing waits any more."""
        deadline = time.monotonic() + seconds
        while self.waiting():
            if time.monotonic() > deadline:
                raise AssertionError(self._describe_waiting())
            time.sleep(0.1)

    def _describe_waiting(self) -> str:
        """Say what waits, and all that the log has about it."""
        waiting = self.waiting()
        ids = [name.rpartition("/")[2] for name in waiting]
        lines = [
            line
            for line in self.log.splitlines()
            if any(each in line for each in ids) or "warning" in line
        ]
        return "\n".join([f"{len(waiting)} messages wait", *waiting, *lines[-60:]])

    def _run(self, *words: str) -> None:
        subprocess.run(
            [f"/usr/sbin/{words[0]}", "-c", str(self.home / "etc"), *words[1:]],
            check=True,
            capture_output=True,
        )


@contextmanager
def running_postfix(
    home: Path,
    port: int,
    *,
    main: str = "",
    master: str = "",
    files: Mapping[str, str] | None = None,
) -> Iterator[Postfix]:
    """Run a Postfix in a folder of its own; ``main`` and ``master`` are appended."""
    for name in ("etc", "spool", "data"):
        (home / name).mkdir(parents=True)
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)  # its users pass through
    shutil.chown(home / "data", "postfix", "postfix")
    (home / "etc/main.cf").write_text(_MAIN.format(home=home, more=main))
    (home / "etc/master.cf").write_text(_MASTER.format(port=port, more=master))
    for name, text in (files or {}).items():
        (home / "etc" / name).write_text(text)
        (home / "etc" / name).chmod(0o600)
    postfix = Postfix(home, port)
    postfix._run("postfix", "start")
    try:
        yield postfix
    finally:
        postfix._run("postfix", "abort")


@dataclass(frozen=True)
class Shipped:
    """The configuration that is shipped, filled in."""

    main: str
    master: str
    files: dict[str, str]


def before_the_proxy(*, token_domain: str, proxy: int, login: str) -> Shipped:
    """Give the shipped configuration, for a proxy on this machine."""

    def filled(name: str) -> str:
        text = (DEPLOY / name).read_text()
        return (
            text.replace("token.example.com", token_domain)
            .replace("[127.0.0.1]:2525", f"[127.0.0.1]:{proxy}")
            .replace("SERVICE-ID:SERVICE-KEY", login)
        )

    names = ("listkeep_transport", "listkeep_sasl")
    return Shipped(
        filled("main.cf"), filled("master.cf"), {name: filled(name) for name in names}
    )
