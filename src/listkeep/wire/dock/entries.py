"""What everybody works with: counts, tokens, facets, statuses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from listkeep.wire.answers import (
    DockCount,
    DockEntry,
    DockFound,
    DockHistogram,
    DockHistogramsPage,
    DockSample,
    DockSuppressed,
    DockTokensPage,
    read_whole,
)

from .calls import Calls, part


class EntryCalls(Calls):
    """What may be asked and changed without seeing an address."""

    def count(
        self, list_name: str, segment: str = "all", *, max_age: int = 0
    ) -> DockCount:
        """Count the entries a segment selects.

        With ``max_age`` the answer may miss single changes of so many seconds, and is
        quick however large the list is.
        """
        path = f"lists/{part(list_name)}/count"
        return self.get(path, DockCount, segment=segment, max_age=max_age)

    def count_facets(
        self, list_name: str, segment: str = "all", *, max_age: int = 0
    ) -> tuple[DockHistogram, ...]:
        """Count the values of each facet in a segment; ``max_age`` as in ``count``."""
        path = f"lists/{part(list_name)}/facets"
        found = self.get(path, DockHistogramsPage, segment=segment, max_age=max_age)
        return found.facets

    def read_sample(self, list_name: str, segment: str = "all") -> DockSample:
        """Read a few entries of a segment, always the same, without their tokens."""
        path = f"lists/{part(list_name)}/sample"
        return self.get(path, DockSample, segment=segment)

    def read_tokens(
        self,
        list_name: str,
        segment: str = "all",
        *,
        cursor: str = "",
        limit: int = 1000,
    ) -> tuple[tuple[DockEntry, ...], str | None]:
        """Read a page of entries, and the cursor of the next one if there is one."""
        page = self.get(
            f"lists/{part(list_name)}/tokens",
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
        with self.stream(f"lists/{part(list_name)}/tokens", query) as chunks:
            yield read_whole(chunks, header_lines=int(file_format == "csv"))

    def look_up(self, list_name: str, address: str) -> DockFound:
        """Find the entry of one exact address; this is counted and recorded."""
        path = f"lists/{part(list_name)}/look-up"
        return self.send("POST", path, {"address": address}, DockFound)

    def show_entry(self, list_name: str, token: str) -> DockEntry:
        """Read one entry by its token."""
        return self.get(f"lists/{part(list_name)}/entries/{part(token)}", DockEntry)

    def set_status(self, list_name: str, token: str, status: str) -> DockEntry:
        """Give one entry a worse status."""
        path = f"lists/{part(list_name)}/entries/{part(token)}"
        return self.send("PATCH", path, {"status": status}, DockEntry)

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
        path = f"lists/{part(list_name)}/suppress"
        return self.send("POST", path, body, DockSuppressed)
