"""A tiny HTTP server on a unix socket that says what a test tells it to."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread

from listkeep.wire.base import Message, encode


@dataclass
class Heard:
    """One request as it came over the socket."""

    path: str
    headers: dict[str, str]
    body: bytes
    whole: bool  # its last chunk arrived


class Conversation(BaseHTTPRequestHandler):
    """One connection; ``say`` is the test's part of it."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        self.server.listener.say(self)

    def hear(self) -> Heard:
        """Read the request's body to its end."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if "content-length" in headers:
            body, whole = self.rfile.read(int(headers["content-length"])), True
        else:
            body, whole = self._hear_chunks()
        heard = Heard(self.path, headers, body, whole)
        self.server.listener.heard.append(heard)
        self.server.listener.heard_all.set()
        return heard

    def answer(self, body: bytes, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _hear_chunks(self) -> tuple[bytes, bool]:
        body = b""
        while size := int(self.rfile.readline() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body, self.rfile.readline() == b"\r\n"


@dataclass
class Listener:
    """What is said, and what was heard."""

    socket: Path
    say: Callable[[Conversation], None]
    heard: list[Heard] = field(default_factory=list)
    heard_all: Event = field(default_factory=Event)  # of one request
    over: Event = field(default_factory=Event)  # set when the test ends


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Each connection in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # a unix socket refuses whom it has no place for

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        super().__init__(str(listener.socket), Conversation)

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side hung up; that is what the test wanted."""


@contextmanager
def listen(socket: Path, say: Callable[[Conversation], None]) -> Iterator[Listener]:
    """Listen until the test ends."""
    listener = Listener(socket, say)
    with Server(listener) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener
        finally:
            listener.over.set()
            server.shutdown()
            thread.join()
    socket.unlink()


Say = Callable[[Conversation], None]


# --- parts to play ---------------------------------------------------------------


def say(body: bytes | Message, *, status: int = 200) -> Say:
    data = body if isinstance(body, bytes) else encode(body)

    def part(conversation: Conversation) -> None:
        conversation.hear()
        conversation.answer(data, status=status)

    return part


def say_nothing(talk: Conversation) -> None:
    talk.server.listener.over.wait()


def hang_up(talk: Conversation) -> None:
    talk.hear()
    talk.hang_up()


def answer_half(talk: Conversation) -> None:
    talk.hear()
    talk.send_response(200)
    talk.send_header("content-length", "1000")
    talk.end_headers()
    talk.wfile.write(b"half")
    talk.hang_up()


def answer_noise(talk: Conversation) -> None:
    talk.hear()
    talk.wfile.write(b"SSH-2.0-OpenSSH\r\n")
    talk.hang_up()


def answer_in_chunks(*chunks: bytes, ends: bool = True) -> Say:
    def part(talk: Conversation) -> None:
        talk.hear()
        talk.send_response(200)
        talk.send_header("transfer-encoding", "chunked")
        talk.end_headers()
        for chunk in (*chunks, b"") if ends else chunks:
            talk.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if not ends:
            talk.hang_up()

    return part
