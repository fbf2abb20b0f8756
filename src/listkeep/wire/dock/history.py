"""What a list was before, and taking it back; one person who is erased."""

from collections.abc import Iterator

from listkeep.wire.answers import (
    DockChange,
    DockChangesPage,
    DockErased,
    DockPreview,
    DockRestore,
)

from .calls import Calls, part


class HistoryCalls(Calls):
    """What changed a list, and what becomes of it."""

    def read_history(self, list_name: str, *, limit: int = 0) -> Iterator[DockChange]:
        """Read a list's changes, newest first; all, or no more than ``limit``."""
        path = f"lists/{part(list_name)}/history"
        page, read = self.get(path, DockChangesPage), 0
        while True:
            for change in page.changes:
                yield change
                read += 1
                if read == limit:
                    return
            if page.cursor is None:
                return
            page = self.get(path, DockChangesPage, cursor=page.cursor)

    def preview_restore(
        self, list_name: str, moment: str, *, before: int = 0
    ) -> DockPreview:
        """Ask what would change if a list were taken back to a time.

        ``before`` is the change that follows, for where several fall into one second.
        """
        path = f"lists/{part(list_name)}/restore-preview"
        if not before:
            return self.get(path, DockPreview, to=moment)
        return self.get(path, DockPreview, to=moment, before=str(before))

    def begin_restore(
        self,
        list_name: str,
        moment: str,
        *,
        latest: int,
        request: str | None = None,
        before: int = 0,
    ) -> DockRestore:
        """Begin taking a list back, as it was previewed; then run it."""
        body: dict[str, str | int | None] = {
            "to": moment,
            "latest": latest,
            "request": request,
        }
        if before:
            body["before"] = before
        path = f"lists/{part(list_name)}/restores"
        return self.send("POST", path, body, DockRestore)

    def run_restore(self, restore_id: str) -> DockRestore:
        """Run a restore that was begun, to its end."""
        path = f"restores/{part(restore_id)}/run"
        return self.send("POST", path, {}, DockRestore, timeout_seconds=None)

    def show_restore(self, restore_id: str) -> DockRestore:
        """Ask how far a restore has come."""
        return self.get(f"restores/{part(restore_id)}", DockRestore)

    def erase(self, request: str, token: str) -> DockErased:
        """Erase whom a granted request names from every list of the tenant."""
        return self.send(
            "POST", "erasures", {"request": request, "token": token}, DockErased
        )
