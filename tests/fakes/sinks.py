"""A mail host and a webhook's receiver, small and real, on this machine."""

import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "hooks.acme.example"


@dataclass
class Mailbox:
    """A mail host that keeps what it takes, and can be in a bad mood."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: Callable[[str], bool] = lambda _line: False
    tls: ssl.SSLContext | None = None
    secured: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


class _Smtp(socketserver.StreamRequestHandler):
    """The few lines of RFC 5321 a client needs; STARTTLS (RFC 3207) and AUTH PLAIN."""

    def handle(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        secured = False
        self._say("220 sink")
        while line := self.rfile.readline().decode("ascii", "replace").strip():
            verb = line[:4].upper()
            if box.refuses(line):
                self._say("550 5.7.1 not here")
            elif verb == "EHLO":
                self._say("250-sink", "250-STARTTLS" if box.tls else "250-8BITMIME")
                self._say("250 AUTH PLAIN")
            elif verb == "STAR" and box.tls:
                self._say("220 go")
                try:
                    self.request = box.tls.wrap_socket(self.request, server_side=True)
                except ssl.SSLError:  # the client does not trust us
                    return
                self.setup()
                secured = True
            elif verb == "AUTH":
                box.logins.append(line)
                self._say("235 welcome")
            elif verb == "DATA":
                self._take(box, secured=secured)
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                if verb == "RCPT":
                    box.recipients.append(line[8:].strip("<> "))
                self._say("250 ok")

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _take(self, box: Mailbox, *, secured: bool) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        box.messages.append(b"".join(lines))
        box.secured.append(secured)
        self._say("250 taken")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
        self.wfile.flush()


@contextmanager
def mail_host(box: Mailbox) -> Iterator[Mailbox]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp)
    server.daemon_threads = True
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    server.box = box  # type: ignore[attr-defined]
    box.port = server.server_address[1]
    with _serving(server):
        yield box


@dataclass
class Hook:
    """A receiver that keeps what it is sent, and answers as it is told."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    drips: bool = False  # answers one byte at a time, each in time, for ever
    gone: Event = field(default_factory=Event)


class _Http(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook: Hook = self.server.hook  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        hook.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
        if hook.drips:
            self._drip(hook)
            return
        self.send_response(hook.status)
        for name, value in hook.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_GET(self) -> None:
        """Keep what a client that follows a redirect would ask."""
        self.headers["content-length"] = "0"
        self.do_POST()

    def _drip(self, hook: Hook) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nx-long: ")
            while not hook.gone.wait(0.02):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:
            return

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiver(
    hook: Hook, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Hook]:
    server = HTTPServer(("127.0.0.1", 0), _Http)
    server.hook = hook  # type: ignore[attr-defined]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    hook.url = f"{scheme}://{host}:{server.server_address[1]}/hook"
    with _serving(server):
        yield hook
        hook.gone.set()


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_contexts(
    folder: Path, host: str = NAME
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A receiver's certificate for one name, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    authority = x509.BasicConstraints(ca=True, path_length=None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(authority, critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "receiver.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
