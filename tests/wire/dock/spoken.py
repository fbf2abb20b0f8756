"""The dock's client over a wire that behaves and misbehaves; no dock needed."""

from collections.abc import Callable

import httpx

from listkeep.wire.dock import DockClient

CANARY = "canary@example.com"
COUNT = {"count": 3, "segment": "all"}


def client(answer: Callable[[httpx.Request], httpx.Response]) -> DockClient:
    return DockClient(
        "http://dock.test/",
        bearer="lks_session",
        transport=httpx.MockTransport(answer),
    )


def problem(status: int, code: str = "expired") -> httpx.Response:
    return httpx.Response(
        status, json={"code": code, "detail": "a sentence", "hint": "a hint"}
    )
