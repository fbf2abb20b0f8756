"""What needs a signature: sealed rows for a reveal, and copies."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from listkeep.core.sealing import parse_token
from listkeep.wire.answers import DockExport, DockSealedRowsPage
from listkeep.wire.messages import RowBatch

from .calls import Calls, part


class ReleaseCalls(Calls):
    """What a person fetches under a grant."""

    def read_sealed(self, list_name: str, tokens: Iterable[str]) -> RowBatch:
        """Fetch the sealed rows of a reveal, for ``KeeperClient.run_reveal``."""
        path = f"lists/{part(list_name)}/sealed"
        rows = self.send(
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
        return self.send("POST", "exports", body, DockExport, timeout_seconds=None)

    def show_export(self, export_id: str) -> DockExport:
        """Ask how far an export has come."""
        return self.get(f"exports/{part(export_id)}", DockExport)

    @contextmanager
    def fetch_export(self, export_id: str) -> Iterator[Iterator[bytes]]:
        """Stream the age file of an export, which only its recipient can open."""
        with self.stream(f"exports/{part(export_id)}/file", {}) as chunks:
            yield chunks
