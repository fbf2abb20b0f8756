"""The keeper's HTTP edge, as somebody on the socket meets it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from listkeep.keeper.gate import endpoint
from listkeep.wire import messages as m
from listkeep.wire.base import FRAME_BYTES, MEDIA_TYPE, decode, encode

from .instance import service_key

_M = TypeVar("_M", bound=msgspec.Struct)
PLANTED = "canary.of.the.edge@example.com"
ASSERTION = m.Assertion(
    statement=b"{}", authenticator_data=b"", client_data=b"", signature=b""
)
UNKNOWN_KEY = "lkk_s_nobodynobody_xxxxxxxx"


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes

    @property
    def problem(self) -> m.Problem:
        return decode(self.content, m.Problem)

    @property
    def code(self) -> str:
        return "" if self.status == 200 else self.problem.code

    def read(self, kind: type[_M]) -> _M:
        assert self.status == 200, self.problem
        return decode(self.content, kind)


def post(
    path: str,
    message: msgspec.Struct | bytes,
    *,
    service: str = "",
    bearer: str = "",
    method: str = "POST",
    kind: str = MEDIA_TYPE,
) -> Answer:
    """Call one path, as an enrolled service or with whatever bearer."""
    body = message if isinstance(message, bytes) else encode(message)
    key = bearer or (service_key(service) if service else "")
    stream: dict[str, Any] = {"wsgi.input": BytesIO(body)}  # ends as a socket does
    response: Any = Client(raise_request_exception=False).generic(
        method,
        f"/v1/{path}",
        body,
        content_type=kind,
        headers={"authorization": f"Bearer {key}"} if key else {},
        **stream,
    )
    parts: Iterator[bytes] = iter(response)
    return Answer(response.status_code, b"".join(parts))


def set_clock(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], datetime]) -> None:
    """Have the whole edge read this clock.

    What ``current_time`` reads is replaced, and not the function: modules take it by
    name, and one that is first imported meanwhile would keep this test's for good.
    """
    monkeypatch.setattr(
        endpoint, "datetime", SimpleNamespace(now=lambda _zone: clock())
    )


def frames(*messages: msgspec.Struct) -> bytes:
    """Frame messages as an export's stream, with the mark that ends it."""
    bodies = [encode(message) for message in messages]
    framed = (len(body).to_bytes(FRAME_BYTES, "big") + body for body in bodies)
    return b"".join(framed) + bytes(FRAME_BYTES)


def routes() -> set[str]:
    """Walk all URLs there are."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif path:  # the last one takes what no other does
                yield path.removeprefix("v1/")

    return set(walk(get_resolver().url_patterns, ""))
