"""A stage for the delivery proxy: a mail server before it, another one behind it."""

import asyncio
import base64
import smtplib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from listkeep.core.addresses import PROVIDER_BUCKETS, provider_bucket
from listkeep.core.mail import (
    AliasKey,
    Draft,
    Reply,
    Template,
    format_send_address,
    make_alias,
    make_template,
)
from listkeep.core.mail.aliases import SendAddress
from listkeep.core.sealing import format_token
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.delivery.incoming import Parcel
from listkeep.dock.outlet.models import MailDelivery, StoredTemplate
from listkeep.dock.project.proxy import Proxy, open_proxy
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.letters import HTML, SENDER, SUBJECT, TEXT, eml
from tests.fakes.grants import NOON
from tests.fakes.keeper import FakeKeeper
from tests.fakes.mail_sink import MailSink
from tests.fakes.name_server import NameServer

FACTS = ("templates", "sender", "title", "links", "tracking", "fields")
DOMAINS = ("example.org", "example.net")
ADDRESSES = ("anna.muster@example.org", "bert@example.net", "carl@example.org")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Post:
    """A proxy that runs, and what is around it."""

    ada: Api
    keeper: FakeKeeper
    list_id: str
    request: str
    template: Template
    service: m.Caller
    sink: MailSink
    names: NameServer
    port: int
    loop: asyncio.AbstractEventLoop
    proxy: Proxy
    addresses: Sequence[str]
    clients: list[smtplib.SMTP] = field(default_factory=list)

    @property
    def send(self) -> d.Send:
        return self.keeper.sends[self.request]

    def keeper_list(self, name: str) -> str:
        """Open another list of the same tenant."""
        return self.ada.open_list(name, fields=["first_name"])

    def change(self, **facts: Any) -> None:
        """Change what the keeper says of the send, and have the proxy hear of it."""
        self.keeper.sends[self.request] = replace(self.send, **facts)
        self.hear()

    def hear(self) -> None:
        self.proxy.book.refresh(older_than=0)

    def run(self, work: Any, *, timeout: float = 30) -> Any:
        """Do something in the proxy's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def token(self, address: str) -> bytes:
        return self.keeper.token_of("acme", address)

    def alias(self, address: str, request: str = "") -> str:
        send = self.keeper.sends[request or self.request]
        return make_alias(AliasKey(send.tag, send.alias_key), self.token(address))

    def recipient(self, address: str, request: str = "") -> str:
        bucket = PROVIDER_BUCKETS.index(provider_bucket(address))
        return format_send_address(
            SendAddress(self.alias(address, request), bucket),
            token_domain=self.send.token_domain,
        )

    def token_address(self, address: str) -> str:
        return f"{format_token(self.token(address))}@{self.send.token_domain}"

    def message(self, to: str, *, points: str = "7", alias: str = "") -> EmailMessage:
        """Write what the application hands to its mail server."""
        values = {
            "[[points:number]]": points,
            "[[alias]]": alias or to.partition("@")[0],
        }
        texts = [TEXT, HTML]
        for slot, value in values.items():
            texts = [text.replace(slot, value) for text in texts]
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = SENDER, to, SUBJECT
        made.set_content(texts[0])
        made.add_alternative(texts[1], subtype="html")
        return made

    def client(self, *, login: bool = True) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self.port, "mta.example", timeout=30)
        self.clients.append(client)
        client.ehlo()
        if login:
            code, _ = self.log_in(client)
            assert code == 235
        return client

    def log_in(self, client: smtplib.SMTP, key: str = "", name: str = "") -> Any:
        login = f"\0{name or '_mta'}\0{key or self.service.service_key}"
        given = base64.b64encode(login.encode()).decode()
        return client.docmd("AUTH", f"PLAIN {given}")

    def hand_over(
        self,
        to: str,
        message: EmailMessage | bytes | None = None,
        *,
        client: smtplib.SMTP | None = None,
    ) -> str:
        """Hand one message over; give the reply to whatever was refused, or to all."""
        client = client or self.client()
        content = self.message(to) if message is None else message
        data = (
            content
            if isinstance(content, bytes)
            else content.as_bytes(policy=policy.SMTP)
        )
        for command in ("MAIL FROM:<app@mail.example>", f"RCPT TO:<{to}>"):
            code, text = client.docmd(command)
            if code != 250:
                client.docmd("RSET")
                return f"{code} {text.decode()}"
        code, text = client.data(data)
        return f"{code} {text.decode()}"

    def deliver(self, address: str, **values: str) -> Reply:
        """Deliver as the mail merge does, without SMTP before it."""
        parcel = self.parcel(address, **values)
        reply: Reply = self.run(self.proxy.deliverer.deliver(parcel))
        return reply

    def parcel(self, address: str, **values: str) -> Parcel:
        return Parcel(self.send, self.template, self.token(address), values)

    def states(self) -> list[str]:
        return sorted(MailDelivery.objects.values_list("state", flat=True))


@dataclass
class Stage:
    """What a post is made of; tests change it before they open it."""

    ada: Api
    keeper: FakeKeeper
    home: Path
    addresses: Sequence[str] = ADDRESSES
    cap: int = 1000
    facts: dict[str, Any] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=dict)
    outlet: dict[str, Any] = field(default_factory=dict)
    sink: MailSink = field(default_factory=MailSink)
    names: NameServer = field(default_factory=NameServer)
    is_outside: bool = False
    logs_in_as: str = ""  # a file with name and password
    logs_in_at: str = "relay.example.net"
    tlsa: str = ""
    hides_tlsa: bool = False

    @contextmanager
    def open(self) -> Iterator[Post]:
        list_id = self.ada.open_list(fields=["first_name"])
        lines = "".join(
            f"{address},pro,DE,{address.partition('@')[0].partition('.')[0].title()}\n"
            for address in self.addresses
        )
        answer = self.ada.send(
            list_id,
            f"E-mail,Plan,Country,Name\n{lines}".encode(),
            mapping={"address": "E-mail", "first_name": "Name"},
        )
        assert answer.status == 200, answer.content
        with _running() as loop:
            yield from self._open(list_id, loop)

    def _open(self, list_id: str, loop: asyncio.AbstractEventLoop) -> Iterator[Post]:
        def run(work: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(30)

        run(self.names.start())
        run(self.sink.start())
        for domain in DOMAINS:
            self.names.set(domain, "MX", f"10 mx.{domain}.")
            self.names.set(f"mx.{domain}", "A", "127.0.0.1")
            tlsa = f"_{self.sink.port}._tcp.mx.{domain}"
            if self.tlsa:
                self.names.set(tlsa, "TLSA", self.tlsa)
            if self.hides_tlsa:
                self.names.silent.add(tlsa)
        template = make_template(Draft(HTML, TEXT, SENDER, SUBJECT))
        request = self._grant(list_id, template)
        service = self.keeper.add_service("mta", "")
        port = free_port()
        config = OutletConfig(
            listen=f"127.0.0.1:{port}",
            hostname="proxy.example",
            resolver=f"127.0.0.1:{self.names.port}",
            logins=self._logins(),
            **{"private_targets": True, **self.outlet},
        )
        if self.is_outside:
            # The port is the same; how it is served is how others would see it.
            config = replace(config, listen=f"192.0.2.1:{port}")
        context = open_proxy(config)
        proxy: Proxy = run(context.__aenter__())
        run(proxy.port.listen("127.0.0.1", port))
        post = Post(
            self.ada, self.keeper, list_id, request, template, service,
            self.sink, self.names, port, loop, proxy, self.addresses,
        )  # fmt: skip
        try:
            yield post
        finally:
            for client in post.clients:
                client.close()
            run(proxy.port.close(patience_seconds=5))
            run(context.__aexit__(None, None, None))
            run(self.sink.stop())
            run(self.names.stop())

    def _logins(self) -> dict[str, str]:
        place = f"{self.logs_in_at}:{self.sink.port}"
        return {place: self.logs_in_as} if self.logs_in_as else {}

    def _grant(self, list_id: str, template: Template) -> str:
        route = replace(
            self.keeper.route,
            **{
                "kind": "mx",
                "host": "",
                "tls": "mx",
                "port": self.sink.port,
                **self.route,
            },
        )
        facts = {
            "templates": (template.digest,),
            "fields": ("first_name",),
            "sender": SENDER,
            "title": SUBJECT,
            "links": template.link_domains,
            "tracking": template.tracking_domains,
            "route": route,
            "signing": (),
            **self.facts,
        }
        request = self.keeper.grant_send(list_id, cap=self.cap, **facts)
        self.keeper.started.add(request)
        StoredTemplate.objects.create(
            list_id=list_id,
            digest=template.digest,
            eml=eml(),
            principal="ada",
            stored_at=NOON,
        )
        return request


@contextmanager
def _running() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.01)
