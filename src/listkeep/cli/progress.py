"""A progress bar for people; nothing of it is data."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)


class TerminalBar:
    """One line on stderr that disappears when the work is done."""

    def __init__(self, text: str, *, total: int | None, is_bytes: bool) -> None:
        """Prepare a bar towards a total, or a pulse where none is known."""
        self._progress = Progress(
            TextColumn("listkeep: {task.description}", markup=False),
            BarColumn(),
            DownloadColumn() if is_bytes else MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(text, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def move(self, done: int, *, text: str = "") -> None:
        """Say how far it has come, and what is going on."""
        self._progress.update(self._task, completed=done)
        if text:
            self._progress.update(self._task, description=text)
