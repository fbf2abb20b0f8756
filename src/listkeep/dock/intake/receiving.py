"""Receive one file: bytes in, sealed rows in a staging file, counts on the way."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

from django.conf import settings

from listkeep.core.errors import Code, MalformedError
from listkeep.core.files import Audience, Format, open_audience
from listkeep.dock.lists.access import Visit
from listkeep.dock.lists.bulk import Staging
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.known import KnownTokens
from listkeep.wire import messages as m

from .aside import read_aside
from .encoding import Encoding, Packed, Reject, pack, read_encoded
from .frames import Plan
from .models import Import, RejectedLine
from .pipeline import Sealed, seal_batches

MAX_REJECTS_KEPT: Final = 10_000
_CHUNK_BYTES: Final = 256 * 1024
_PROGRESS_SECONDS: Final = 1.0
# Of a smaller file all is read before another process has begun.
_ASIDE_BYTES: Final = 4 * 1024 * 1024
_BEGINNING_BYTES: Final = 1024 * 1024

Clock = Callable[[], datetime]


class Upload:
    """A body of a stated size: hashed and counted as it is read, never held.

    A sender that hangs up is told from a file that ends by the stated size alone,
    so there is no upload without one.
    """

    def __init__(self, read: Callable[[int], bytes], *, size_bytes: int) -> None:
        """Take the function that reads at most so many bytes of the body."""
        self._read = read
        self._digest = hashlib.sha256()
        self.size_bytes = size_bytes
        self.received_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of what was read so far, in hexadecimal."""
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces.

        Raises:
            MalformedError: It broke off.
        """
        while self.received_bytes < self.size_bytes:
            chunk = self._read_chunk()
            if not chunk:
                raise MalformedError(
                    "the upload broke off before its end",
                    code=Code.FILE_INCOMPLETE,
                    hint="send the whole file again; nothing was changed",
                )
            self.received_bytes += len(chunk)
            self._digest.update(chunk)
            yield chunk

    def drain(self, max_bytes: int) -> None:
        """Read on without looking, so that the sender gets to hear the answer."""
        while 0 < self.size_bytes - self.received_bytes <= max_bytes:
            chunk = self._read_chunk()
            self.received_bytes += len(chunk)
            if not chunk:
                return

    def _read_chunk(self) -> bytes:
        try:
            return self._read(min(_CHUNK_BYTES, self.size_bytes - self.received_bytes))
        except OSError:  # the server's way of saying that the sender hung up
            return b""


class Twice:
    """Chunks of a stream, of which the first may be read again from the beginning."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        """Take the stream."""
        self._chunks = chunks
        self._first: list[bytes] = []
        self.is_short = True  # what was read so far is worth keeping

    def __iter__(self) -> Iterator[bytes]:
        """Yield the stream, and keep what is read of it while that is little."""
        size = 0
        for chunk in self._chunks:
            size += len(chunk)
            self.is_short = size <= _BEGINNING_BYTES
            if self.is_short:
                self._first.append(chunk)
            else:
                self._first.clear()
            yield chunk

    def from_the_first(self) -> Iterator[bytes]:
        """Yield the stream from its beginning; only while it ``is_short``."""
        return chain(self._first, self._chunks)


class Receiver:
    """One import while its file is being read."""

    def __init__(
        self, source: Import, *, visit: Visit, keeper: Keeper, clock: Clock
    ) -> None:
        """Take the import, and whom and what it needs."""
        self._source = source
        self._visit = visit
        self._keeper = keeper
        self._clock = clock
        self._saved_at = time.monotonic()
        self._kept = 0

    def receive(self, upload: Upload, staging: Staging) -> None:
        """Read the whole file into a staging file.

        Raises:
            MalformedError: This is not a list, no row was good, it broke off, or it
                is not the file that was signed for.
            RefusedError: The keeper seals no more, or the facets identify people.
            UnavailableError: The keeper or the disk does not answer.
        """
        source = self._source
        packed = self._read(upload)
        batches = seal_batches(
            packed,
            seal=self._seal,
            find_known=KnownTokens(self._visit.record.tenant, self._keeper).find,
        )
        with closing(packed), closing(batches):
            for batch in batches:
                self._take(batch, staging, upload)
        source.received_bytes = upload.received_bytes
        source.sha256 = upload.sha256
        self._verify()

    def _read(self, upload: Upload) -> Generator[Packed]:
        """Read the header here, and a large file's rows in another process."""
        source = self._source
        chunks = Twice(upload.chunks())
        audience = open_audience(
            chunks, format=_format(source.format), mapping=source.mapping
        )
        fields = self._extend_fields(audience)
        schema = self._visit.schema
        if upload.size_bytes < _ASIDE_BYTES or not chunks.is_short:
            encoding = Encoding(audience.field_names, schema=schema, sealed=fields)
            for encoded in read_encoded(audience, encoding):
                yield pack(encoded, ticket=source.ticket)
            return
        plan = Plan(
            format=_format(source.format),
            mapping=source.mapping,
            facets=schema.format(),
            fields=fields,
            ticket=source.ticket,
        )
        with closing(read_aside(chunks.from_the_first(), plan)) as packed:
            yield from packed

    def _extend_fields(self, audience: Audience) -> tuple[str, ...]:
        """Make sure that the list has a sealed field for each column of the file."""
        record = self._visit.record
        known = {*record.fields, *self._visit.schema.names}
        new = tuple(name for name in audience.field_names if name not in known)
        if not new:
            return record.fields
        return self._keeper.extend_list(
            m.ExtendList(caller=self._visit.caller, list=record.id, fields=new)
        ).fields

    def _seal(self, batch: Packed) -> m.SealedRows:
        if not batch.message:  # every row of the batch was turned away
            return m.SealedRows(batch_id=bytes(12), tokens=b"", sealed=[])
        return self._keeper.seal_packed(batch.message)

    def _take(self, batch: Sealed, staging: Staging, upload: Upload) -> None:
        staging.add_columns(batch.columns)
        self._source.rows += len(batch.columns.tokens)
        self._source.rejected += len(batch.rejects)
        self._keep(batch.rejects)
        if time.monotonic() - self._saved_at >= _PROGRESS_SECONDS:
            self._source.received_bytes = upload.received_bytes
            self._save_progress()

    def _keep(self, rejects: list[Reject]) -> None:
        room = MAX_REJECTS_KEPT - self._kept
        kept = sorted(rejects)[:room]
        self._kept += len(kept)
        RejectedLine.objects.bulk_create(
            RejectedLine(source=self._source, **reject._asdict()) for reject in kept
        )

    def _save_progress(self) -> None:
        self._source.changed_at = self._clock()
        self._source.save(
            update_fields=["received_bytes", "rows", "rejected", "changed_at"]
        )
        self._saved_at = time.monotonic()

    def _verify(self) -> None:
        source = self._source
        if not source.rows:
            raise MalformedError(
                "no row of the file is good",
                code=Code.FILE_NO_VALID_ROW,
                hint="the rejected lines say what is wrong with each",
            )
        if source.expected_sha256 not in ("", source.sha256):
            raise MalformedError(
                "this is not the file that was signed for or checked",
                code=Code.FILE_MISMATCH,
                hint="import the very file, or have this one signed or checked",
            )


def staging_path(import_id: str) -> Path:
    """Tell where an import collects its sealed rows."""
    folder: Path = settings.LISTKEEP_HOME / "staging"
    return folder / f"{import_id}.sqlite3"


def _format(text: str) -> Format:
    match text:
        case "auto" | "csv" | "tsv" | "jsonl":
            return text
    raise MalformedError(
        "there is no such file format", hint="formats are auto, csv, tsv and jsonl"
    )
