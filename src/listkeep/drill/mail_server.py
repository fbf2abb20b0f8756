"""The part of the demo's application and its mail server: tokens, from file to queue.

The application has a file of token addresses and the text of a letter. It hands each
letter to a real Postfix, keeps a log, and gets its bounces into a mailbox, all as an
application does that never heard of addresses.
"""

import csv
import smtplib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string, policy
from pathlib import Path
from typing import NamedTuple

from listkeep.core.errors import UnavailableError

from .loot import Loot
from .postfix import Postfix, before_the_proxy, running_postfix
from .scene import Scene
from .sink import MailSink

_OWN_DOMAIN = "shop.example.com"
_NOBODY = 65534
_PATIENCE_SECONDS = 120
# The application's own mailbox, where its bounces go.
_MAILBOX = f"""
virtual_mailbox_domains = {_OWN_DOMAIN}
virtual_mailbox_base = {{home}}/mailbox
virtual_mailbox_maps = static:bounces
virtual_uid_maps = static:{_NOBODY}
virtual_gid_maps = static:{_NOBODY}
virtual_mailbox_limit = 0
"""


@dataclass(frozen=True)
class ProxyLogin:
    """Where a mail server finds the delivery proxy, and how it logs in there."""

    port: int
    service: str
    key: str
    token_domain: str


class Robbed(NamedTuple):
    """What came of a campaign, and what a thief of its mail server got."""

    sent: int
    bounced: int
    waited: int  # in its queue, when the thief came
    addresses: int
    megabytes: float


@contextmanager
def running_mail_server(port: int, login: ProxyLogin) -> Iterator[Postfix]:
    """Run a Postfix before the proxy, in a folder of its own that ends with it."""
    shipped = before_the_proxy(
        token_domain=login.token_domain,
        proxy=login.port,
        login=f"{login.service}:{login.key}",
    )
    with tempfile.TemporaryDirectory(prefix="listkeep-demo-mail-") as folder:
        home = Path(folder)
        mailbox = home / "mailbox"
        mailbox.mkdir()
        mailbox.chmod(0o777)
        with running_postfix(
            home,
            port,
            main=shipped.main + _MAILBOX.format(home=home),
            master=shipped.master,
            files=shipped.files,
        ) as postfix:
            yield postfix


def hand_over(
    letter: str, subscribers: Path, *, request: str, port: int, log: Path
) -> int:
    """Write to each subscriber of a file, as the application does; count them."""
    made = message_from_string(letter, policy=policy.SMTP)
    made["X-Listkeep-Send"] = request
    count = 0
    with (
        subscribers.open(newline="") as rows,
        log.open("a") as out,
        smtplib.SMTP("127.0.0.1", port, timeout=60) as server,
    ):
        for row in csv.DictReader(rows):
            to = row["email"]
            del made["To"]
            made["To"] = to
            server.sendmail(f"app@{_OWN_DOMAIN}", [to], made.as_bytes())
            out.write(f"handed over to={to}\n")
            count += 1
    return count


def rob_meanwhile(
    scene: Scene, postfix: Postfix, sink: MailSink, *, count: int
) -> Robbed:
    """Rob a mail server while letters wait in its queue, and after they have left.

    Raises:
        UnavailableError: Its ``count`` messages do not come to an end.
    """
    _wait_until_tried(postfix, count)
    waited = sink.full
    meanwhile = _steal(scene, postfix)
    sink.make_room()
    postfix.flush()
    try:
        postfix.wait_empty(seconds=_PATIENCE_SECONDS)
    except AssertionError as error:
        raise _stuck() from error
    after = _steal(scene, postfix)
    log = postfix.log
    return Robbed(
        sent=log.count("status=sent (250 2.0.0 delivered"),
        bounced=log.count("status=bounced"),
        waited=waited,
        addresses=len(meanwhile.found | after.found),
        megabytes=after.bytes / 1e6,
    )


def _steal(scene: Scene, postfix: Postfix) -> Loot:
    """Copy all the mail server keeps: queues, deferred mail, bounces and its log."""
    loot = scene.loot()
    loot.take_folder(postfix.home)
    return loot


def _wait_until_tried(postfix: Postfix, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _tried(postfix) < count:
        if time.monotonic() > deadline:
            raise _stuck()
        time.sleep(0.1)


def _stuck() -> UnavailableError:
    return UnavailableError("mail stays in the queue of the mail server")


def _tried(postfix: Postfix) -> int:
    """Count the messages to tokens that were tried: each has its line in the log."""
    return len(
        {
            line.partition(" to=<")[2].partition(">")[0]
            for line in postfix.log.splitlines()
            if " to=<" in line and f"@{_OWN_DOMAIN}" not in line
        }
    )
