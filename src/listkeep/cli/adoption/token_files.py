"""Turn a stream of tokens into a file that other software imports, row by row.

The dock sends JSON Lines; what comes out is never held: one page of rows at a time.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from listkeep.cli.home import PRIVATE_FILE
from listkeep.core.errors import Code, ConflictError
from listkeep.core.files.tools import Subscriber, Tool, write_subscribers
from listkeep.core.mail.token_addresses import find_bucket, format_token_ending
from listkeep.core.segments import Status
from listkeep.wire.answers import DockEntry

PROVIDER_FACET = "provider"
_DECODER = msgspec.json.Decoder(DockEntry)


class TokenFile:
    """One import file while it is written, and how many rows it got."""

    def __init__(
        self,
        tool: Tool,
        *,
        token_domain: str,
        facets: tuple[str, ...],
        limit: int | None,
    ) -> None:
        """Prepare for the facets of a list.

        Raises:
            MalformedError: The token domain is no domain.
        """
        format_token_ending(0, token_domain=token_domain)
        self._tool = tool
        self._domain = token_domain
        self._facets = facets
        self._left = limit
        self._endings: dict[object, str] = {}
        self.written = 0
        self.left_out = 0

    def chunks(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the file's bytes for a stream of JSON Lines."""
        pages = (self._page(lines) for lines in whole_lines(stream))
        yield from write_subscribers(self._tool, self._facets, self._until(pages))

    def _until(self, pages: Iterable[list[Subscriber]]) -> Iterator[list[Subscriber]]:
        for page in pages:
            taken = page if self._left is None else page[: self._left]
            self.written += len(taken)
            yield taken
            if self._left is not None:
                self._left -= len(taken)
                if not self._left:
                    return

    def _page(self, lines: list[bytes]) -> list[Subscriber]:
        entries = [_DECODER.decode(line) for line in lines]
        if not self._tool.takes_all:
            wanted = [each for each in entries if each.status == Status.SUBSCRIBED]
            self.left_out += len(entries) - len(wanted)
            entries = wanted
        return [
            Subscriber(
                each.token + self._ending(each.facets.get(PROVIDER_FACET)),
                each.status,
                tuple(each.facets.values()),
            )
            for each in entries
        ]

    def _ending(self, provider: object) -> str:
        bucket = find_bucket(provider)
        if bucket not in self._endings:
            self._endings[bucket] = format_token_ending(
                bucket, token_domain=self._domain
            )
        return self._endings[bucket]


def whole_lines(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut a stream into lines, as many at once as came."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


@contextmanager
def open_output(path: Path) -> Iterator[BinaryIO]:
    """Write a file only its owner can read; it has its name once it is whole.

    Raises:
        ConflictError: There is such a file already.
    """
    if path.exists():
        raise ConflictError(
            "there is such a file already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name for --output",
        )
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
