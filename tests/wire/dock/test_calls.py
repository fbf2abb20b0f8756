import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.wire.dock import DockClient
from tests.wire.dock.spoken import CANARY, client, problem


def test_without_a_bearer_none_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        return httpx.Response(200, json={"version": "1", "keeper": True})

    dock = DockClient("http://dock.test", transport=httpx.MockTransport(answer))

    assert dock.health().profile is None


class Stranger(BaseHTTPRequestHandler):
    """Somebody who would answer as the dock does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"version": "1", "keeper": true}')

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """Where somebody answers with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "tls.pem"
    pem = serialization.Encoding.PEM
    form, open_ = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(pem, form, open_) + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_an_impostor_with_a_certificate_of_its_own_is_not_believed(
    impostor: str, scheme: str
) -> None:
    with (
        DockClient(impostor.replace("https", scheme), bearer="secret") as dock,
        pytest.raises(UnavailableError),
    ):
        dock.health()


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (400, MalformedError),
        (401, RefusedError),
        (403, RefusedError),
        (404, RefusedError),
        (405, MalformedError),
        (409, ConflictError),
        (413, MalformedError),
        (422, VerificationError),
        (500, ListkeepError),
        (503, UnavailableError),
    ],
)
def test_a_problem_becomes_the_error_it_was(
    status: int, family: type[ListkeepError]
) -> None:
    with pytest.raises(family) as caught:
        client(lambda _: problem(status)).count("news")

    assert type(caught.value) is family
    assert caught.value.code is Code.EXPIRED
    assert (caught.value.message, caught.value.hint) == ("a sentence", "a hint")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"code": "expired"}'])
def test_an_error_that_is_no_problem_document_is_still_an_error(content: bytes) -> None:
    with pytest.raises(UnavailableError) as caught:
        client(lambda _: httpx.Response(503, content=content)).count("news")

    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize("content", [b"", b"{}", CANARY.encode(), b'{"count": "x"}'])
def test_an_answer_that_is_not_understood_is_not_repeated(content: bytes) -> None:
    with pytest.raises(ListkeepError) as caught:
        client(lambda _: httpx.Response(200, content=content)).count("news")

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (httpx.ConnectError, "not running"),
        (httpx.ReadTimeout, "in time"),
        (httpx.ReadError, "broke off"),
        (httpx.RemoteProtocolError, "broke off"),
    ],
)
def test_a_dock_that_is_away_is_said_so(
    fault: type[httpx.HTTPError], message: str
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise fault(CANARY)

    with pytest.raises(UnavailableError, match=message) as caught:
        client(answer).count("news")

    assert caught.value.code is Code.DOCK_UNAVAILABLE
    assert caught.value.hint
    assert "canary" not in caught.value.message
