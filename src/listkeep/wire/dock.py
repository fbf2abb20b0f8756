"""The dock's client: its HTTP API for the command line and for drills.

Answers are read leniently (a newer dock may say more), errors become what they
were on the other side: same family, same code, same hint.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from listkeep.core.errors import Code, ListkeepError, UnavailableError
from listkeep.core.sealing import parse_token

from .answers import (
    DockCount,
    DockEntry,
    DockExport,
    DockFound,
    DockHealth,
    DockHistogram,
    DockHistogramsPage,
    DockImport,
    DockList,
    DockListsPage,
    DockNotices,
    DockReject,
    DockRejectsPage,
    DockSealedRowsPage,
    DockSuppressed,
    DockTokensPage,
    read_whole,
)
from .messages import Problem, RowBatch
from .problems import error_of

_CHUNK_BYTES: Final = 256 * 1024
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


class DockClient:
    """Speak to one dock as a person (session) or a service (key).

    Every method raises the dock's own error, or ``UnavailableError`` when it does
    not answer. Lists are named by id or name.
    """

    def __init__(
        self,
        base_url: str,
        *,
        bearer: str = "",
        timeout_seconds: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet."""
        self._http = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/v1/",
            headers={"authorization": f"Bearer {bearer}"} if bearer else {},
            timeout=httpx.Timeout(timeout_seconds, connect=5),
            transport=transport,
            trust_env=False,  # no proxy sees what is said to the dock
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
        self._http.close()

    def health(self) -> DockHealth:
        """Ask whether the dock is there."""
        return self._get("health", DockHealth)

    # --- lists and imports ---

    def show_lists(self) -> tuple[DockList, ...]:
        """Read the lists the caller may view."""
        return self._get("lists", DockListsPage).lists

    def show_list(self, name: str) -> DockList:
        """Read one list, with its entries by status."""
        return self._get(f"lists/{_part(name)}", DockList)

    def create_list(
        self, name: str, *, facets: Sequence[str], fields: Sequence[str] = ()
    ) -> DockList:
        """Open a list; facets are written as ``name:type``."""
        body = {"name": name, "facets": list(facets), "fields": list(fields)}
        return self._send("POST", "lists", body, DockList)

    def begin_import(
        self,
        list_name: str,
        *,
        file_format: str = "auto",
        mapping: Mapping[str, str] | None = None,
        request: str | None = None,
    ) -> DockImport:
        """Begin an import; then send the file."""
        body = {
            "format": file_format,
            "mapping": dict(mapping or {}),
            "request": request,
        }
        return self._send("POST", f"lists/{_part(list_name)}/imports", body, DockImport)

    def send_file(
        self,
        import_id: str,
        file: BinaryIO,
        *,
        size_bytes: int,
        progress: Callable[[int], None] = lambda _bytes: None,
    ) -> DockImport:
        """Send the file of an import; returns when it is in the list, or raises.

        ``progress`` is told the bytes sent so far. The dock may refuse a file long
        before its end; the reason is then read from the import itself.
        """
        path = f"imports/{_part(import_id)}/file"
        headers = {
            "content-length": str(size_bytes),
            "content-type": "application/octet-stream",
        }
        try:
            with _translated():
                response = self._http.put(
                    path,
                    content=_chunks(file, progress),
                    headers=headers,
                    timeout=httpx.Timeout(None, connect=5),
                )
        except UnavailableError as error:
            raise self._find_failure(import_id) or error from None
        return _read(response, DockImport)

    def show_import(self, import_id: str) -> DockImport:
        """Ask how far an import has come."""
        return self._get(f"imports/{_part(import_id)}", DockImport)

    def read_rejects(self, import_id: str) -> Iterator[DockReject]:
        """Read the lines that were turned away, as many as the dock has kept."""
        cursor: str | None = "0"
        while cursor is not None:
            page = self._get(
                f"imports/{_part(import_id)}/rejects", DockRejectsPage, cursor=cursor
            )
            yield from page.rejects
            cursor = page.cursor

    # --- what everybody works with ---

    def count(self, list_name: str, segment: str = "all") -> DockCount:
        """Count the entries a segment selects."""
        return self._get(f"lists/{_part(list_name)}/count", DockCount, segment=segment)

    def count_facets(
        self, list_name: str, segment: str = "all"
    ) -> tuple[DockHistogram, ...]:
        """Count the values of each facet in a segment."""
        path = f"lists/{_part(list_name)}/facets"
        return self._get(path, DockHistogramsPage, segment=segment).facets

    def read_tokens(
        self,
        list_name: str,
        segment: str = "all",
        *,
        cursor: str = "",
        limit: int = 1000,
    ) -> tuple[tuple[DockEntry, ...], str | None]:
        """Read a page of entries, and the cursor of the next one if there is one."""
        page = self._get(
            f"lists/{_part(list_name)}/tokens",
            DockTokensPage,
            segment=segment,
            cursor=cursor,
            limit=str(limit),
        )
        return page.entries, page.cursor

    @contextmanager
    def stream_tokens(
        self, list_name: str, segment: str = "all", *, file_format: str = "jsonl"
    ) -> Iterator[Iterator[bytes]]:
        """Stream all entries of a segment as JSON Lines or CSV.

        Reading to the end raises ``UnavailableError`` if rows are missing there.
        """
        query = {"segment": segment, "stream": file_format, "mark_end": "true"}
        with self._stream(f"lists/{_part(list_name)}/tokens", query) as chunks:
            yield read_whole(chunks, header_lines=int(file_format == "csv"))

    def look_up(self, list_name: str, address: str) -> DockFound:
        """Find the entry of one exact address; this is counted and recorded."""
        path = f"lists/{_part(list_name)}/look-up"
        return self._send("POST", path, {"address": address}, DockFound)

    def show_entry(self, list_name: str, token: str) -> DockEntry:
        """Read one entry by its token."""
        return self._get(f"lists/{_part(list_name)}/entries/{_part(token)}", DockEntry)

    def set_status(self, list_name: str, token: str, status: str) -> DockEntry:
        """Give one entry a worse status."""
        path = f"lists/{_part(list_name)}/entries/{_part(token)}"
        return self._send("PATCH", path, {"status": status}, DockEntry)

    def suppress(
        self,
        list_name: str,
        tokens: Iterable[str],
        *,
        reason: str,
        request: str | None = None,
    ) -> DockSuppressed:
        """Make entries unsendable and unexportable; at most 4096 at once."""
        body = {"tokens": list(tokens), "reason": reason, "request": request}
        path = f"lists/{_part(list_name)}/suppress"
        return self._send("POST", path, body, DockSuppressed)

    # --- releases ---

    def read_sealed(self, list_name: str, tokens: Iterable[str]) -> RowBatch:
        """Fetch the sealed rows of a reveal, for ``KeeperClient.run_reveal``."""
        path = f"lists/{_part(list_name)}/sealed"
        rows = self._send(
            "POST", path, {"tokens": list(tokens)}, DockSealedRowsPage
        ).rows
        return RowBatch(
            tokens=b"".join(parse_token(row.token) for row in rows),
            batch_ids=b"".join(b64decode(row.batch_id) for row in rows),
            positions=[row.position for row in rows],
            sealed=[b64decode(row.sealed) for row in rows],
            facets=[row.facets for row in rows],
        )

    def run_export(self, request: str, *, file_format: str = "csv") -> DockExport:
        """Run a granted export to its end."""
        body = {"request": request, "format": file_format}
        return self._send("POST", "exports", body, DockExport, timeout_seconds=None)

    def show_export(self, export_id: str) -> DockExport:
        """Ask how far an export has come."""
        return self._get(f"exports/{_part(export_id)}", DockExport)

    @contextmanager
    def fetch_export(self, export_id: str) -> Iterator[Iterator[bytes]]:
        """Stream the age file of an export, which only its recipient can open."""
        with self._stream(f"exports/{_part(export_id)}/file", {}) as chunks:
            yield chunks

    # --- inside ---

    def read_notices(self, start: int) -> DockNotices:
        """Read what contacts are told, from a ledger entry on."""
        return self._get("notices", DockNotices, start=str(start))

    def _get(self, path: str, kind: type[_A], **query: str) -> _A:
        with _translated():
            response = self._http.get(path, params=query)
        return _read(response, kind)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        kind: type[_A],
        *,
        timeout_seconds: float | None = 60,
    ) -> _A:
        with _translated():
            response = self._http.request(
                method,
                path,
                content=msgspec.json.encode(body),
                headers={"content-type": "application/json"},
                timeout=httpx.Timeout(timeout_seconds, connect=5),
            )
        return _read(response, kind)

    @contextmanager
    def _stream(self, path: str, query: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        with (
            _translated(),
            self._http.stream("GET", path, params=dict(query)) as response,
        ):
            if response.status_code != httpx.codes.OK:
                response.read()
                raise _problem(response)
            yield response.iter_bytes(_CHUNK_BYTES)

    def _find_failure(self, import_id: str) -> ListkeepError | None:
        """Read why the dock stopped listening, if it says so."""
        try:
            found = self.show_import(import_id)
        except ListkeepError:
            return None
        if found.state != "failed":
            return None
        return error_of(
            Problem(
                family=found.family,
                code=found.code,
                message=found.message,
                hint=found.hint,
            )
        )


def _chunks(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
    sent = 0
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
        sent += len(chunk)
        progress(sent)


def _part(text: str) -> str:
    """Write a name as one part of a path, whatever is in it."""
    return quote(text, safe="")


def _read(response: httpx.Response, kind: type[_A]) -> _A:
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
def _translated() -> Iterator[None]:
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
