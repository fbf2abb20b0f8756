"""Lists, and files on their way into one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

import httpx

from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.wire.answers import (
    DockImport,
    DockList,
    DockListsPage,
    DockReject,
    DockRejectsPage,
)
from listkeep.wire.messages import Problem
from listkeep.wire.problems import error_of

from .calls import CHUNK_BYTES, Calls, part, read, translated


class ListCalls(Calls):
    """What may be said about lists and imports. Lists are named by id or name."""

    def show_lists(self) -> tuple[DockList, ...]:
        """Read the lists the caller may view."""
        return self.get("lists", DockListsPage).lists

    def show_list(self, name: str, *, max_age: int = 0, days: int = 0) -> DockList:
        """Read one list, with its entries by status, as of ``max_age`` seconds ago.

        ``days``: over how many days it is told how the list grew, to persons.
        """
        path = f"lists/{part(name)}"
        return self.get(path, DockList, max_age=max_age, days=days)

    def create_list(
        self, name: str, *, facets: Sequence[str], fields: Sequence[str] = ()
    ) -> DockList:
        """Open a list; facets are written as ``name:type``."""
        body = {"name": name, "facets": list(facets), "fields": list(fields)}
        return self.send("POST", "lists", body, DockList)

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
        return self.send("POST", f"lists/{part(list_name)}/imports", body, DockImport)

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
        path = f"imports/{part(import_id)}/file"
        headers = {
            "content-length": str(size_bytes),
            "content-type": "application/octet-stream",
        }
        try:
            with translated():
                response = self.http.put(
                    path,
                    content=_chunks(file, progress),
                    headers=headers,
                    timeout=httpx.Timeout(None, connect=5),
                )
        except UnavailableError as error:
            raise self._find_failure(import_id) or error from None
        return read(response, DockImport)

    def show_import(self, import_id: str) -> DockImport:
        """Ask how far an import has come."""
        return self.get(f"imports/{part(import_id)}", DockImport)

    def read_rejects(self, import_id: str) -> Iterator[DockReject]:
        """Read the lines that were turned away, as many as the dock has kept."""
        cursor: str | None = "0"
        while cursor is not None:
            page = self.get(
                f"imports/{part(import_id)}/rejects", DockRejectsPage, cursor=cursor
            )
            yield from page.rejects
            cursor = page.cursor

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
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        sent += len(chunk)
        progress(sent)
