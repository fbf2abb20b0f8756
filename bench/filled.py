"""An instance with one list in it, of as many rows as a leg wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.instance import Running, running_instance
from listkeep.drill.audience import SampleAudience

LIST = "audience"
FACETS = ["country:text", "language:text", "plan:text", "member_rating:int"]


@dataclass(frozen=True)
class Filled:
    """A running instance, and what is in its list."""

    running: Running
    audience: SampleAudience
    file: Path
    entries: int
    list_id: str


@contextmanager
def filled_instance(rows: int, *options: str) -> Iterator[Filled]:
    """Make an instance and import a sample audience into it, as its owner would.

    ``options`` go to ``listkeep init``.
    """
    with running_instance(*options) as running:
        audience = SampleAudience(rows, seed=1)
        file = running.home / "bench-audience.csv"
        with file.open("wb") as out:
            out.writelines(audience)
        found = running.dock.create_list(LIST, facets=FACETS)
        import_file(running, file, rows)
        entries = running.dock.count(LIST).count
        yield Filled(running, audience, file, entries, found.id)


def import_file(running: Running, file: Path, rows: int, *, name: str = LIST) -> None:
    """Bring a file into a list, signed for by its owner."""
    request = running.stage.sign_for_import("ada", name, file=file, rows=rows)
    source = running.dock.begin_import(name, request=request)
    with file.open("rb") as data:
        running.dock.send_file(source.id, data, size_bytes=file.stat().st_size)
