"""Write pages of tokens as JSON, JSON Lines or CSV, several 100,000 a second.

A page is assembled from text that is ready: facets repeat, or they would identify
people, so what a row of facets looks like outside is worked out once and kept.

A server may end a response that failed halfway as if it were whole. A reader that
has to know asks for a last line that counts the rows before it.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from listkeep.core.errors import ListkeepError
from listkeep.core.files import disarm_formula
from listkeep.core.segments import Schema
from listkeep.dock.lists.bulk import Found
from listkeep.dock.lists.statuses import STATUSES
from listkeep.dock.lists.tokens import format_tokens

log = structlog.get_logger("listkeep.dock.outlet")

MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
_KEPT = 16_384


class _Tails(dict[tuple[int, str], str]):
    """What follows the token of a row, by status and facets."""

    def __init__(self, write: Callable[[int, str], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: tuple[int, str]) -> str:
        if len(self) >= _KEPT:
            self.clear()
        tail = self[key] = self._write(*key)
        return tail


def write_jsonl(
    pages: Iterable[list[Found]], schema: Schema, *, mark_end: bool = False
) -> Iterator[bytes]:
    """Write one JSON object a line: token, status, facets by name."""
    decode, names = schema.decoder(), schema.names

    def write(status: int, facets: str) -> str:
        named = dict(zip(names, decode(facets), strict=True))
        rest = {"status": STATUSES[status], "facets": named}
        text = json.dumps(rest, ensure_ascii=False, separators=(",", ":"))
        return f'",{text[1:]}\n'

    end = '{"end":true,"entries":%d}\n' if mark_end else ""
    yield from _write(pages, _Tails(write), start='{"token":"', end=end)


def write_csv(
    pages: Iterable[list[Found]], schema: Schema, *, mark_end: bool = False
) -> Iterator[bytes]:
    """Write a header and one line a row: token, status, one column for each facet."""
    decode = schema.decoder()

    def write(status: int, facets: str) -> str:
        return "," + _csv_line([STATUSES[status], *map(_cell, decode(facets))])

    yield _csv_line(["token", "status", *schema.names]).encode()
    end = "end,%d\n" if mark_end else ""
    yield from _write(pages, _Tails(write), start="", end=end)


def _write(
    pages: Iterable[list[Found]], tails: _Tails, *, start: str, end: str
) -> Iterator[bytes]:
    count = 0
    for page in pages:
        tokens, statuses, facets = zip(*page, strict=True)
        ends = map(tails.__getitem__, zip(statuses, facets, strict=True))
        texts = format_tokens(tokens)
        lines = [f"{start}{token}{end}" for token, end in zip(texts, ends, strict=True)]
        count += len(lines)
        yield "".join(lines).encode()
    if end:
        yield (end % count).encode()


def _csv_line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: str | int | bool | None) -> str:  # noqa: FBT001 - a value, no flag
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return disarm_formula(value) if isinstance(value, str) else str(value)


def guarded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Break a stream off without telling the server's log what it held.

    Raises:
        ListkeepError: Something went wrong after the first byte.
    """
    broken = False
    try:
        yield from chunks
    except Exception:
        log.exception("stream.broken")
        broken = True
    if broken:  # outside, so that no chained exception carries a text along
        raise ListkeepError("the stream broke off")
