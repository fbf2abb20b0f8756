"""Look at a file without importing it: what its columns are, and which rows are good.

Nothing is sealed, stored or charged, and nothing of a row is kept: counts, line
numbers, what kind of values a column has, and the file's digest. The keeper is not
asked either, so a check tells nobody whether an address is known.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from listkeep.core.errors import Code, ListkeepError
from listkeep.core.files import Audience, Format, open_audience, read_columns
from listkeep.core.segments import FacetRisk, Schema, verify_anonymity
from listkeep.dock.lists.access import Visit

from .encoding import Encoding, Reject
from .kinds import Kinds
from .receiving import Upload

REJECTS_SHOWN: Final = 20


@dataclass(slots=True)
class Checked:
    """What a file turned out to be; ``error`` says why it cannot be imported so."""

    columns: tuple[str, ...] = ()
    meaning: list[tuple[str, str]] = field(default_factory=list)  # column, our field
    kinds: dict[str, str] = field(default_factory=dict)  # of columns, in words
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    rejects: list[Reject] = field(default_factory=list)  # the first few
    sha256: str = ""
    size_bytes: int = 0
    error: ListkeepError | None = None


def check_file(
    visit: Visit, *, upload: Upload, file_format: Format, mapping: Mapping[str, str]
) -> Checked:
    """Read a file to its end and say what an import would make of it.

    Raises:
        MalformedError: The upload broke off.
    """
    checked = Checked(size_bytes=upload.size_bytes)
    chunks = upload.chunks()
    beginning = next(chunks, b"")
    try:
        checked.columns = read_columns(_whole_lines(beginning), format=file_format)
        audience = open_audience(
            chain([beginning], chunks), format=file_format, mapping=mapping
        )
        checked.meaning = _meaning(audience)
        checked.kinds[audience.address_column] = "addresses"
        _count(checked, audience, schema=visit.schema)
    except ListkeepError as error:
        checked.error = error
        if error.code is Code.FILE_INCOMPLETE:
            raise
    for _ in chunks:  # to the end: a digest of half a file is no digest
        continue
    checked.sha256 = upload.sha256
    return checked


def _whole_lines(beginning: bytes) -> Iterator[bytes]:
    yield beginning[: beginning.rfind(b"\n") + 1] or beginning


def _meaning(audience: Audience) -> list[tuple[str, str]]:
    known = {audience.address_column: "address"}
    known |= dict.fromkeys(audience.status_columns, "status")
    return [*known.items(), *audience.named_columns]


def _count(checked: Checked, audience: Audience, *, schema: Schema) -> None:
    encoding = Encoding(audience.field_names, schema=schema, sealed=())
    risk = FacetRisk(schema)
    columns = [column for column, _ in audience.named_columns]
    kinds = Kinds(len(columns))
    for batch in audience.batches():
        kinds.add(batch.columns)
        encoded = encoding.encode(batch)
        checked.rows += len(encoded.addresses)
        checked.rejected.update(reject.reason for reject in encoded.rejects)
        room = REJECTS_SHOWN - len(checked.rejects)
        checked.rejects += sorted(encoded.rejects)[:room]
        if schema.facets:
            risk.add_many(encoded.facets)
        checked.kinds |= zip(columns, kinds.words, strict=True)
    if schema.facets:
        verify_anonymity(risk.report())
