"""What happens is told outside: a real instance, a real mail host, a real webhook."""

import hmac
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from unittest import mock

import pytest

from listkeep.cli.home import Instance
from listkeep.cli.running.supervisor import BUILDINGS, WORKER, Supervisor
from tests.cli.stage import Terminal, copy_instance, set_cast
from tests.fakes.sinks import Hook, Mailbox, mail_host, make_contexts, receiver

# When a socket is gone between two looks, httpcore leaves closing it to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
CANARY = "canary.desk@acme.example"
_PATIENCE_SECONDS = 30


@dataclass
class Town:
    """A running instance, and those outside who are told."""

    terminal: Terminal
    box: Mailbox
    hook: Hook

    def add_contact(self, name: str, destination: str, kind: str) -> None:
        asked = self.terminal.ok(
            f"listkeep contact add {name} --kind {kind} --as ada --json",
            stdin=f"{destination}\n",
        )
        self.terminal.ok(f"listkeep approve {asked.json['id']} --yes --as amir")

    def mails(self) -> list[EmailMessage]:
        taken = self.box.messages
        parsed = [message_from_bytes(each, policy=default) for each in taken]
        return [each for each in parsed if isinstance(each, EmailMessage)]

    def subjects(self) -> list[str]:
        return [str(mail["subject"]) for mail in self.mails()]


@pytest.fixture
def town(bare: Terminal, made: Path) -> Iterator[Town]:
    copy_instance(made, bare.home)
    tls, _ = make_contexts(bare.folder, "hooks.localhost")
    with (
        mail_host(Mailbox()) as box,
        receiver(Hook(), tls=tls, host="hooks.localhost") as hook,
    ):
        with (bare.home / "dock.toml").open("a") as config:
            config.write(
                f'smtp_host = "127.0.0.1"\nsmtp_port = {box.port}\nsmtp_tls = "none"\n'
                'mail_from = "listkeep@operator.example"\n'
                "webhook_private_targets = true\n"
            )
        variables = {
            "LISTKEEP_HOME": str(bare.home),
            "SSL_CERT_FILE": str(bare.folder / "receiver.pem"),
        }
        with (
            mock.patch.dict(os.environ, variables),
            Supervisor(Instance.open(), (*BUILDINGS, WORKER)),
        ):
            set_cast(bare)
            town = Town(bare, box, hook)
            town.add_contact("desk", CANARY, "mail")
            town.add_contact("pager", f"{hook.url}?canary", "webhook")
            yield town


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_a_freeze_is_told_by_mail_and_webhook_and_leaves_no_address_behind(
    town: Town,
) -> None:
    terminal = town.terminal
    terminal.ok("listkeep freeze --as ada")

    alarm = "[Listkeep] ALARM acme: ada froze campaigns, exports and reveals"
    wait_until(lambda: alarm in town.subjects())
    wait_until(lambda: any(b"releases.frozen" in body for _, body in town.hook.heard))

    assert set(town.box.recipients) == {CANARY}
    inbox = Instance.open().seal.seal_origin
    told = next(mail for mail in town.mails() if mail["subject"] == alarm)
    assert f"{inbox}/." in told.get_content()
    assert CANARY not in str(told.get_content())
    headers, body = next(h for h in town.hook.heard if b"releases.frozen" in h[1])
    secret = terminal.ok("listkeep notice secret pager --as amir").stdout.strip()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    mac = b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"

    def deliveries() -> dict[str, str]:
        rows = terminal.ok("listkeep notice ls --as ada --json").json
        return {each["contact"]: each["state"] for each in rows[-1]["deliveries"]}

    wait_until(lambda: deliveries() == {"desk": "sent", "pager": "sent"})
    jobs = {job["name"]: job for job in terminal.ok("listkeep job ls --json").json}
    assert {job["outcome"] for job in jobs.values()} == {"ok"}
    assert jobs["deliver"]["backlog"] == 0
    holding = [
        path.name
        for path in terminal.home.rglob("*")
        if path.is_file() and b"canary" in path.read_bytes()
    ]
    assert holding == []


def test_others_see_only_what_is_theirs_and_jobs_run_on_demand(town: Town) -> None:
    terminal = town.terminal

    mine = terminal.ok("listkeep notice ls --as eve --json").json
    assert {row["tenant"] for row in mine} == {"other"}
    assert terminal("listkeep notice secret pager --as eve").status == 4
    everything = terminal.ok("listkeep notice ls --as cleo --json").json
    assert {row["tenant"] for row in everything} >= {"", "acme"}
    show = "listkeep notice ls --as cleo"
    wait_until(lambda: "desk sent" in terminal.ok(show).stdout)
    assert "is due: the worker" in terminal.ok("listkeep job run old-exports").stderr
    assert terminal("listkeep job run make-coffee").status == 4
    assert "follow-ledger" in terminal.ok("listkeep job ls").stdout


def test_without_a_worker_jobs_say_so_and_run_here(bare: Terminal, made: Path) -> None:
    copy_instance(made, bare.home)

    told = bare.ok("listkeep job ls")
    assert "no job has run yet" in told.stderr
    assert "old-exports is done" in bare.ok("listkeep job run old-exports").stderr
    failed = bare("listkeep job run follow-ledger")
    assert failed.status == 6
    assert "keeper-unavailable" in failed.stderr
