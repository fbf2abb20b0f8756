"""Where a theft takes place, and the bare hands every thief has."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from listkeep.core.errors import ListkeepError
from listkeep.core.sealing import parse_token
from listkeep.wire import messages as m

from .loot import Loot


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where the theft takes place, and what is planted there."""

    home: Path
    dock_url: str
    keeper_socket: Path
    keeper: str
    list_name: str
    recipient: str
    planted: tuple[str, ...]
    marker: str

    def loot(self) -> Loot:
        """Begin with empty hands."""
        return Loot(self.planted, self.marker)


def attempt(loot: Loot, what: Callable[[], Any]) -> None:
    """Ask the keeper for something, and keep whatever comes back."""
    try:
        answer = what()
    except ListkeepError as error:
        loot.tried(f"keeper refused: {error.code}")
        loot.take(f"{error.message} {error.hint}")
        return
    loot.tried(f"keeper answered: {type(answer).__name__}")
    parts: Iterable[bytes] = (
        answer if isinstance(answer, list) else [msgspec.msgpack.encode(answer)]
    )
    for part in parts:
        loot.take(part)


def browse(scene: Scene, bearer: str) -> httpx.Client:
    """Open a plain HTTP client with somebody's bearer secret."""
    return httpx.Client(
        base_url=f"{scene.dock_url}/v1/",
        headers={"authorization": f"Bearer {bearer}"},
        timeout=60,
    )


def call(
    loot: Loot, http: httpx.Client, method: str, path: str, **body: object
) -> Any | None:
    """Make one call, keep everything that comes back, and decode it if it went well."""
    answer = http.request(method, path, json=body or None)
    loot.take(str(answer.headers))
    loot.take(answer.content)
    loot.tried(f"{method} /v1/{path.split('?', maxsplit=1)[0]}: {answer.status_code}")
    if answer.is_error:
        return None
    kind = answer.headers.get("content-type", "")
    return answer.json() if "json" in kind and "jsonl" not in kind else {}


def batch_of(rows: list[dict[str, Any]]) -> m.RowBatch:
    """Turn the dock's JSON rows into what the keeper takes."""
    return m.RowBatch(
        tokens=b"".join(parse_token(row["token"]) for row in rows),
        batch_ids=b"".join(base64.b64decode(row["batch_id"]) for row in rows),
        positions=[row["position"] for row in rows],
        sealed=[base64.b64decode(row["sealed"]) for row in rows],
        facets=[row["facets"] for row in rows],
    )
