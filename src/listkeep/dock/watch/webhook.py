"""Post a letter to a webhook, signed as Standard Webhooks 1.0 says.

https://github.com/standard-webhooks/standard-webhooks, `webhook-id`,
`webhook-timestamp` and `webhook-signature` with one `v1` HMAC-SHA-256.
"""

import base64
import hmac
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

import httpx

from .letters import Letter
from .outcomes import Outcome, SendError
from .targets import resolve_target

_TIMEOUT_SECONDS = 5.0
_DEADLINE_SECONDS = 15.0
_SECRET = "whsec_"  # noqa: S105 - how a secret begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhooks:
    """How webhooks are called: with limits, without detours."""

    allow_private: bool = False
    context: ssl.SSLContext | None = None
    deadline_seconds: float = _DEADLINE_SECONDS

    def send(
        self, letter: Letter, *, destination: str, secret: str, timestamp: int
    ) -> None:
        """Post one letter; any answer but a success is a failure.

        Raises:
            SendError: It was not taken, or nobody knows.
        """
        url = httpx.URL(destination)
        if url.scheme != "https" and not self.allow_private:
            raise SendError(Outcome.PRIVATE_TARGET)
        port = url.port or (443 if url.scheme == "https" else 80)
        checked = resolve_target(url.host, port, allow_private=self.allow_private)
        headers = {
            "host": url.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": "listkeep",
            **sign(letter, secret=secret, timestamp=timestamp),
        }
        status = self._post(url, checked, headers, letter.json)
        if 300 <= status < 400:
            raise SendError(Outcome.REDIRECTED)
        if not 200 <= status < 300:
            raise SendError(Outcome.REFUSED)

    def _post(
        self, url: httpx.URL, checked: str, headers: Mapping[str, str], body: bytes
    ) -> int:
        """Connect to the checked address; the certificate is still the name's."""
        watch = _Deadline(self.deadline_seconds)
        verify = self.context or ssl.create_default_context()
        try:
            with (
                watch.running(),
                httpx.Client(
                    timeout=_TIMEOUT_SECONDS,
                    trust_env=False,  # no proxy of the environment, no .netrc
                    follow_redirects=False,
                    verify=verify,
                ) as client,
                client.stream(
                    "POST",
                    url.copy_with(host=checked),
                    headers=headers,
                    content=body,
                    extensions={"sni_hostname": url.host, "trace": watch.trace},
                ) as response,
            ):
                return response.status_code  # whatever else it says is not read
        except httpx.TimeoutException:
            raise SendError(Outcome.TIMED_OUT) from None
        except (httpx.HTTPError, OSError, ssl.SSLError):
            late = Outcome.TIMED_OUT if watch.is_over else Outcome.UNREACHABLE
            raise SendError(late) from None


def sign(letter: Letter, *, secret: str, timestamp: int) -> dict[str, str]:
    """Make the three headers by which a receiver knows us, the time and the body."""
    key = base64.b64decode(secret.removeprefix(_SECRET))
    signed = f"{letter.id}.{timestamp}.".encode() + letter.json
    mac = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": letter.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{mac}",
    }


class _Deadline:
    """End a conversation that drips on: each byte alone would be in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._lock = Lock()
        self.is_over = False

    @contextmanager
    def running(self) -> Iterator[None]:
        timer = Timer(self._seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn which socket it is: the plain one, then the one TLS is spoken on."""
        if event in (
            "connection.connect_tcp.complete",
            "connection.start_tls.complete",
        ):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
