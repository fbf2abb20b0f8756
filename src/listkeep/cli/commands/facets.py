"""``listkeep facets``: which values the readable fields have."""

from collections.abc import Iterator
from typing import Any

import msgspec
import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, show_rows, write_json
from listkeep.cli.sessions import As, load_session
from listkeep.wire.answers import DockHistogram

from .lists import ListName, Segment


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep facets news --json")(facets)


def facets(
    list_name: ListName,
    *,
    segment: Segment = "all",
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Count the values of each facet; those of fewer than five entries are one row."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        found = dock.count_facets(list_name, segment)
    if as_json:
        write_json(msgspec.to_builtins(found))
    else:
        rows = [row for histogram in found for row in _rows(histogram)]
        show_rows(rows, ("facet", "value", "entries"), as_json=False)


def _rows(histogram: DockHistogram) -> Iterator[dict[str, Any]]:
    for bar in histogram.values:
        value = "(missing)" if bar.value is None else bar.value
        yield {"facet": histogram.facet, "value": value, "entries": bar.entries}
    if histogram.other:
        yield {
            "facet": histogram.facet,
            "value": "(other)",
            "entries": histogram.other,
        }
