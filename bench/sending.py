"""A send that has begun on a running instance, with a proxy, a sink and its letters.

The list has one domain, whose mail server is the sink on this machine: how many name
servers answer how fast is not what is measured.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

from bench.instance import CUSTODIANS, OWNERS, Running, running_instance
from bench.mail_message import HTML, TEXT
from listkeep.cli.running.locks import find_free_port
from listkeep.cli.running.supervisor import PROXY, Supervisor, greets
from listkeep.core.canonical import encode
from listkeep.core.mail import (
    AliasKey,
    Template,
    format_send_address,
    make_alias,
    parse_template,
)
from listkeep.core.mail.aliases import SendAddress
from listkeep.core.sealing import parse_token
from listkeep.wire.identifiers import new_id
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import sends as d

LIST = "audience"
DOMAIN = "example.org"
SENDER = "News <news@example.com>"
SUBJECT = "Hi [[first_name:sealed|you]]"
SESSIONS = 50


@dataclass(frozen=True)
class Sending:
    """What a leg of sending needs."""

    running: Running
    supervisor: Supervisor | int  # of the proxy, or its process
    sink: int  # its port
    port: int  # the proxy's
    login: Path  # name and key of the mail server
    source: bytes  # of the template, as a mail program saves it
    route: str

    @property
    def template(self) -> Template:
        """What the source says."""
        return parse_template(self.source)

    @property
    def proxy(self) -> int:
        """The proxy's process."""
        known = self.supervisor
        return known if isinstance(known, int) else known.pid(PROXY)


def python(*words: str) -> subprocess.Popen[str]:
    """Start a module of the bench; its first line is its port."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True
    )


@contextmanager
def serving(*words: str) -> Iterator[tuple[int, int]]:
    """Run a module of the bench for a while; gives its port and process id."""
    with python(*words) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


@contextmanager
def sending_instance(  # noqa: PLR0913 - each leg, and each test, needs some of it
    rows: int,
    *,
    signs: bool,
    sink: int,
    local: str = "u",
    source: bytes = b"",
    outlet: str = "",
    init: tuple[str, ...] = (),
) -> Iterator[Sending]:
    """Make an instance with a list, a route and a sending domain, and start a proxy.

    All mail goes to the port ``sink``; local parts begin with ``local``. ``source`` is
    another template than the usual, ``outlet`` has more lines of that section, ``init``
    goes to ``listkeep init``.
    """
    with (
        running_instance(*init) as running,
        serving("bench.mailing.names", DOMAIN) as (resolver, _),
    ):
        fill_list(running, rows, local)
        port, key = (
            find_free_port(),
            running.stage.add_service("relay", kind="mta", by=CUSTODIANS),
        )
        login = running.home / "bench-login"
        login.write_text(f"{key[4:18]} {key}")
        with (running.home / "dock.toml").open("a") as settings:
            settings.write(
                f'[outlet]\nlisten = "127.0.0.1:{port}"\nprivate_targets = true\n'
                f'resolver = "127.0.0.1:{resolver}"\n{outlet}'
            )
        add_authority(running, sink)
        with _proxy(running, signs=signs) as proxy:
            yield Sending(
                running=running,
                supervisor=proxy,
                sink=sink,
                port=port,
                login=login,
                source=source or template(),
                route="world",
            )


@contextmanager
def _proxy(running: Running, *, signs: bool) -> Iterator[Supervisor | int]:
    if signs:
        with Supervisor(running.instance, (PROXY,)) as supervisor:
            yield supervisor
        return
    with python("bench.mailing.unsigned") as process:
        try:
            while not greets(running.instance.drop.proxy):
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def fill_list(running: Running, rows: int, local: str) -> None:
    """Import so many addresses of one domain, signed for by an owner."""
    file = running.home / "bench-list.csv"
    with file.open("w") as out:
        out.write("email,first_name\n")
        out.writelines(f"{local}{n}@{DOMAIN},Reader\n" for n in range(rows))
    dock = running.dock
    dock.create_list(LIST, facets=[], fields=["first_name"])
    request = running.stage.sign_for_import("ada", LIST, file=file, rows=rows)
    source = dock.begin_import(LIST, request=request)
    with file.open("rb") as data:
        dock.send_file(source.id, data, size_bytes=file.stat().st_size)


def add_authority(running: Running, sink: int) -> None:
    """Enrol a way out and a sending domain."""
    route = {
        "id": new_id("x"),
        "name": "world",
        "kind": "mx",
        "host": "",
        "port": str(sink),
        "tls": "mx",
        "tenant": "",
        "sources": "",
        "mail_domain": "bounce.example.com",
        "token_domain": "token.example.com",
    }
    running.stage.agree(*CUSTODIANS, "route.add", subject=encode(route).decode())
    domain = {
        "id": new_id("m"),
        "name": "example.com",
        "selector": "lk1",
        "algorithms": "rsa",
    }
    running.stage.agree(*OWNERS, "domain.add", subject=encode(domain).decode())


def template() -> bytes:
    """Write the template as a mail program saves it."""
    made = EmailMessage()
    made["From"], made["Subject"] = SENDER, SUBJECT
    made.set_content(TEXT)
    made.add_alternative(HTML, subtype="html")
    return bytes(made)


def ask_for_send(sending: Sending, rows: int, **facts: str) -> str:
    """Have two owners sign a send; ``facts`` are other fields of its subject."""
    running, read = sending.running, sending.template
    subject = {
        "kind": "campaign",
        "templates": read.digest,
        "from": SENDER,
        "reply_to": read.reply_to.address if read.reply_to else "",
        "title": read.subject_text,
        "links": " ".join(read.link_domains),
        "tracking": " ".join(read.tracking_domains),
        "fields": "first_name",
        "pace": "0",
        **facts,
    }
    view = running.stage.agree(
        *OWNERS,
        "send",
        list=LIST,
        selection="all",
        cap=rows,
        recipient=sending.route,
        subject=encode(subject).decode(),
    )
    return view.id


def begin_send(sending: Sending, rows: int) -> d.Send:
    """Have two owners sign a send, hand the template over, and begin."""
    request = ask_for_send(sending, rows)
    sending.running.dock.put_template(request, sending.source)
    return started_send(sending, request)


def started_send(sending: Sending, request: str) -> d.Send:
    """Begin a send if need be, and read it as the dock does, with its aliases' key."""
    running = sending.running
    with dock_client(running) as keeper:
        session = running.stage.carried["ada"]
        return keeper.start_send(d.StartSend(session=session, request=request))


def dock_client(running: Running) -> KeeperClient:
    """Speak to the keeper as the dock does."""
    key = (running.home / "dock.key").read_text().strip()
    return KeeperClient(running.instance.socket, service_key=key)


def write_letters(sending: Sending, send: d.Send, file: Path) -> int:
    """Write what the mail server hands over: one message to each alias."""
    count = 0
    with file.open("w") as out:
        for to in recipients(sending, send):
            out.write(json.dumps([to, letter(to)]) + "\n")
            count += 1
    return count


def recipients(sending: Sending, send: d.Send) -> Iterator[str]:
    """Name everybody in the list as the mail server does, by the send's aliases."""
    key = AliasKey(send.tag, send.alias_key)
    with sending.running.dock.stream_tokens(LIST, file_format="csv") as chunks:
        lines = _lines(chunks)
        next(lines)
        for token in (line.partition(",")[0] for line in lines):
            yield format_send_address(
                SendAddress(make_alias(key, parse_token(token)), 0),
                token_domain=send.token_domain,
            )


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in whole)
    if rest:
        yield rest.decode()


def letter(to: str, *, encoding: str | None = None) -> str:
    """Write one message, as an application does: slots filled in, 4 KB.

    ``encoding`` is how its parts are transferred; of itself it may break names apart.
    """
    alias = to.partition("@")[0]
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, to, SUBJECT
    texts = [
        text.replace("[[points:number]]", "1,200").replace("[[alias]]", alias)
        for text in (TEXT, HTML)
    ]
    made.set_content(texts[0], cte=encoding)
    made.add_alternative(texts[1], subtype="html", cte=encoding)
    return made.as_bytes(policy=policy.SMTP).decode()


def hand_over(port: int, file: Path, login: Path | None = None) -> tuple[int, float]:
    """Hand letters over; gives how many were taken, and the seconds it took."""
    words = [str(port), str(SESSIONS), str(file), *([str(login)] if login else [])]
    with python("bench.mailing.source", *words) as process:
        taken, seconds = process.communicate()[0].split()
    return int(taken), float(seconds)


def cpu_seconds(pid: int) -> float:
    """Read how long a process and its children were on a CPU."""
    total = 0
    for each in [pid, *_children(pid)]:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed]
