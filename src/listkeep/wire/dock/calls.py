"""How the dock is spoken to: JSON over HTTP, and its errors as they were there.

Answers are read leniently (a newer dock may say more), errors become what they
were on the other side: same family, same code, same hint.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.wire.messages import Problem
from listkeep.wire.problems import error_of

CHUNK_BYTES: Final = 256 * 1024
_FAMILIES: Final = {
    400: "malformed",
    401: "refused",
    403: "refused",
    404: "refused",
    405: "malformed",
    409: "conflict",
    413: "malformed",
    422: "verification",
    503: "unavailable",
}
_A = TypeVar("_A")


class Calls:
    """Connections to one dock, for a person (session) or a service (key)."""

    def __init__(
        self,
        base_url: str,
        *,
        bearer: str = "",
        session: str = "",
        timeout_seconds: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        ``session`` is what the console carries beside its own key.
        """
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        if session:
            headers["listkeep-session"] = session
        self.http = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/v1/",
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=5),
            transport=transport,
            trust_env=False,  # no proxy sees what is said to the dock
            # Preparing TLS takes longer than most calls; redirects are not followed.
            verify=not base_url.startswith("http://"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def get(self, path: str, kind: type[_A], **query: str | int) -> _A:
        """Read an answer."""
        with translated():
            response = self.http.get(path, params=query)
        return read(response, kind)

    def send(
        self,
        method: str,
        path: str,
        body: Any,
        kind: type[_A],
        *,
        timeout_seconds: float | None = 60,
    ) -> _A:
        """Send a JSON body and read the answer."""
        with translated():
            response = self.http.request(
                method,
                path,
                content=msgspec.json.encode(body),
                headers={"content-type": "application/json"},
                timeout=httpx.Timeout(timeout_seconds, connect=5),
            )
        return read(response, kind)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """Read an answer of any size, chunk by chunk."""
        with (
            translated(),
            self.http.stream("GET", path, params=dict(query)) as response,
        ):
            if response.status_code != httpx.codes.OK:
                response.read()
                raise _problem(response)
            yield response.iter_bytes(CHUNK_BYTES)


def part(text: str) -> str:
    """Write a name as one part of a path, whatever is in it."""
    return quote(text, safe="")


def read(response: httpx.Response, kind: type[_A]) -> _A:
    """Read an answer, or raise the error it is.

    Raises:
        ListkeepError: The dock's own error, or the answer is none we understand.
    """
    if not response.is_success:
        raise _problem(response)
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.MsgspecError:
        pass  # raised below: the text of a decoding error quotes the answer
    raise ListkeepError("the dock's answer is not one we understand")


def _problem(response: httpx.Response) -> ListkeepError:
    """Turn a problem document back into the error it was."""
    family = _FAMILIES.get(response.status_code, "internal")
    try:
        fields = msgspec.json.decode(response.content, type=dict[str, Any])
        problem = Problem(
            family=family,
            code=str(fields["code"]),
            message=str(fields["detail"]),
            hint=str(fields.get("hint", "")),
        )
    except (msgspec.MsgspecError, KeyError):
        problem = Problem(
            family=family, code=Code.INTERNAL, message="the dock did not say why"
        )
    return error_of(problem)


@contextmanager
def translated() -> Iterator[None]:
    """Turn transport errors into ours, without the texts they carry."""
    message, hint = "", ""
    try:
        yield
    except httpx.TimeoutException:
        message = "the dock did not answer in time"
        hint = "look at `listkeep status`, then try again"
    except httpx.ConnectError:
        message = "the dock is not running or not reachable"
        hint = "start it with `listkeep up`"
    except httpx.HTTPError:
        message = "the connection to the dock broke off"
        hint = "look at `listkeep status`, then try again"
    if message:
        raise UnavailableError(message, code=Code.DOCK_UNAVAILABLE, hint=hint)
