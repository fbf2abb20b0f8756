"""Sign in by a browser: the keeper's page asks for the passkey, this program waits.

A listener on 127.0.0.1 takes the browser back (RFC 8252, 7.3). It answers one request
for each sign-in, the one with the state that was made here; whatever else knocks is
turned away and changes nothing. What arrives is a code that only this program can
redeem, because it alone knows the verifier (RFC 7636).
"""

import hmac
import os
import sys
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.wire import messages as m
from listkeep.wire.flows import BegunFlow, begin_flow, cli_client

from .home import Instance
from .output import hint, note

if TYPE_CHECKING:
    from listkeep.wire.keeper import KeeperClient

LONGEST_WAIT_SECONDS = 300
_LOOPBACK = "127.0.0.1"
_LONGEST_LINE = 8192
_LOOK_SECONDS = 0.2
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}


@dataclass(slots=True)
class _Landing:
    """The sign-ins that are under way: one is waited for, the others come after it."""

    flows: list[BegunFlow]
    seal_origin: str
    redeem: Callable[[m.RedeemCode], m.Session]
    sessions: list[m.Session] = field(default_factory=list)
    error: ListkeepError | None = None
    is_over: Event = field(default_factory=Event)  # and the browser has its answer
    lock: Lock = field(default_factory=Lock)

    @property
    def waits(self) -> bool:
        return self.error is None and len(self.sessions) < len(self.flows)

    def arrive(self, query: str) -> str | None:
        """Take the browser that comes back; say where it goes, or that it may stay.

        Gives ``None`` to whoever does not bring the state of the waiting sign-in.
        """
        flow = self.flows[len(self.sessions)] if self.waits else None
        fields = parse_qs(query, max_num_fields=10)
        state, code = (fields.get(name, [""])[0] for name in ("state", "code"))
        if flow is None or not hmac.compare_digest(state.encode(), flow.state.encode()):
            return None
        message = m.RedeemCode(
            code=code[:100], verifier=flow.verifier, client=flow.client
        )
        try:
            self.sessions.append(self.redeem(message))
        except ListkeepError as error:
            self.error = error
        if not self.waits:
            return ""
        return self.flows[len(self.sessions)].authorize_url(self.seal_origin)


def sign_in(
    instance: Instance,
    services: Sequence[str],
    *,
    show_link: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[m.Session]:
    """Have a person sign in on the keeper's page, for the keeper and these services.

    The browser goes through one page for each session: a passkey signs each of them.

    Raises:
        UnavailableError: Nobody came back in time.
        ListkeepError: Whatever the keeper says to the code.
    """
    with instance.keeper() as keeper, _Listener((_LOOPBACK, 0), _Handler) as server:
        landing = _prepare(instance, services, keeper, server)
        _Handler.bind(server, landing)
        show_link(landing.flows[0].authorize_url(landing.seal_origin))
        ends_at = clock() + LONGEST_WAIT_SECONDS
        while not landing.is_over.is_set():
            if clock() >= ends_at:
                raise _nobody_came()
            server.handle_request()
    if landing.error is not None:
        raise landing.error
    return landing.sessions


def open_link(link: str) -> None:
    """Open a link in the person's browser, and print it for when that fails."""
    print_link(link)
    if sys.platform.startswith("linux") and not _has_screen():
        return  # a browser in this very terminal would be in the way
    try:
        webbrowser.open(link)
    except webbrowser.Error:
        hint("no browser could be opened: open the link yourself, on this computer")


def print_link(link: str) -> None:
    """Print a link to open in a browser of this computer."""
    note("sign in with your passkey on the keeper's page:")
    note(f"  {link}")


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _prepare(
    instance: Instance,
    services: Sequence[str],
    keeper: "KeeperClient",
    server: HTTPServer,
) -> _Landing:
    redirect = f"http://{_LOOPBACK}:{server.server_port}/"
    clients = [cli_client(), *map(cli_client, services)]
    return _Landing(
        flows=[begin_flow(client, redirect=redirect) for client in clients],
        seal_origin=instance.seal.seal_origin,
        redeem=keeper.redeem_code,
    )


def _nobody_came() -> UnavailableError:
    return UnavailableError(
        "nobody came back from the keeper's page in time",
        code=Code.NOT_SIGNED_IN,
        hint="run it again; the link works in a browser on this very computer only",
    )


class _Listener(ThreadingHTTPServer):
    """Listen on a port of this machine. Browsers open connections and say nothing."""

    timeout = _LOOK_SECONDS
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the network for this machine's name, which may take."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _LOOPBACK, self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    """Answer the browser, once for each sign-in, and nobody else."""

    timeout = 5  # of one request: whoever connects and says nothing is in the way
    landing: _Landing

    @classmethod
    def bind(cls, server: HTTPServer, landing: _Landing) -> None:
        """Have this server's requests arrive at one landing."""
        handler: Any = type("Handler", (cls,), {"landing": landing})
        server.RequestHandlerClass = handler

    def do_GET(self) -> None:
        """Take the browser back, or turn away whoever this is."""
        place = urlsplit(self.path)
        host = f"{_LOOPBACK}:{self.server.server_port}"  # type: ignore[attr-defined]
        here = self.headers.get("Host") == host and place.path == "/"
        going = None
        if here and len(self.path) <= _LONGEST_LINE:
            with self.landing.lock:
                going = self.landing.arrive(place.query)
        if going is None:
            self._say(404, "There is nothing here.")
        elif going:
            self._say(303, "Go on.", location=going)
        elif self.landing.error is not None:
            self._say(200, "That did not work: look at the terminal.")
        else:
            self._say(200, "Signed. The terminal says the rest: close this page.")
        if not self.landing.waits:
            self.landing.is_over.set()

    def log_message(self, *_args: Any) -> None:
        """Say nothing: a request's line holds a code."""

    def _say(self, status: int, words: str, *, location: str = "") -> None:
        body = f"<!doctype html><title>Listkeep</title><p>{escape(words)}".encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
