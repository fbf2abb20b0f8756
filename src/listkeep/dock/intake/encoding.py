"""Turn the rows of one file into what the keeper seals for one list.

Nothing here knows Django, the keeper or a disk: large files are read in a process
that has none of them (`aside`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress
from typing import Final, NamedTuple

import msgspec

from listkeep.core.addresses import index_form, provider_bucket
from listkeep.core.errors import MalformedError
from listkeep.core.files import Audience, Batch
from listkeep.core.segments import FacetType, Schema
from listkeep.dock.lists.statuses import STATUS_CODES
from listkeep.wire import messages as m
from listkeep.wire.base import MAX_ROWS, encode

_PARSED_AT_ONCE: Final = 1024
_PARTS_AT_ONCE: Final = MAX_ROWS // _PARSED_AT_ONCE
_CACHED_ROWS: Final = 32_768
_CACHED_CHARACTERS: Final = 500
FACET_INVALID: Final = "facet-invalid"
PROVIDER_FACET: Final = "provider"
_ENCODER: Final = msgspec.json.Encoder()
_Write = Callable[[Sequence[Sequence[str]], int], list[str]]  # of columns so long


class Reject(NamedTuple):
    """A line that was turned away, and why in a word and in a sentence."""

    line: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, repr=False)
class Encoded:
    """A batch as the keeper wants it. It holds addresses, so it has no ``repr``."""

    lines: Sequence[int]
    addresses: list[str]
    fields: list[str]
    facets: list[str]
    statuses: list[int]
    rejects: list[Reject]


class Packed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The same batch with its message to the keeper written, which is empty for none.

    It crosses to another process, and holds addresses too.
    """

    lines: list[int]
    facets: list[str]
    statuses: bytes  # one each
    rejects: list[Reject]
    message: bytes  # a ``SealRows``

    def __repr__(self) -> str:
        """Say nothing."""
        return "Packed(...)"


class Encoding:
    """How the columns of one file become facets and sealed fields of one list."""

    def __init__(
        self, field_names: Sequence[str], *, schema: Schema, sealed: Sequence[str]
    ) -> None:
        """Prepare for a file with these fields and a list with these sealed ones."""
        self._finds_provider = _lacks_provider(field_names, schema)
        if self._finds_provider:
            field_names = (*field_names, PROVIDER_FACET)
        self._facets = _facet_encoder(field_names, schema)
        self._fields = _picker(field_names, sealed)

    def encode(self, batch: Batch) -> Encoded:
        """Encode a batch; a row with a facet nobody may have is turned away."""
        if self._finds_provider:
            batch = _with_providers(batch)
        rejects = [
            Reject(line, reason.value, reason.text) for line, reason in batch.rejected
        ]
        try:
            facets = self._facets(batch.columns, len(batch))
        except MalformedError:
            facets, batch = self._encode_each(batch, rejects)
        return Encoded(
            batch.lines,
            batch.addresses,
            self._fields(batch.columns, len(batch)),
            facets,
            list(map(STATUS_CODES.__getitem__, batch.statuses)),
            rejects,
        )

    def _encode_each(
        self, batch: Batch, rejects: list[Reject]
    ) -> tuple[list[str], Batch]:
        """Find the rows whose facets do not fit, and go on without them."""
        facets: list[str | None] = []
        for line, row in zip(batch.lines, batch.fields, strict=True):
            try:
                facets += self._facets([[cell] for cell in row], 1)
            except MalformedError as error:
                facets.append(None)
                rejects.append(Reject(line, FACET_INVALID, error.message))
        good = [text is not None for text in facets]
        kept = Batch(
            lines=list(compress(batch.lines, good)),
            addresses=list(compress(batch.addresses, good)),
            statuses=list(compress(batch.statuses, good)),
            columns=[list(compress(column, good)) for column in batch.columns],
        )
        return [text for text in facets if text is not None], kept


def read_encoded(audience: Audience, encoding: Encoding) -> Iterator[Encoded]:
    """Parse and encode in small pieces, and send them in large ones.

    A piece fits into the processor's cache: parsed at once, 4096 rows are so many
    strings that touching them again costs a third more.
    """
    parts: list[Encoded] = []
    for batch in audience.batches(_PARSED_AT_ONCE):
        parts.append(encoding.encode(batch))
        if len(parts) == _PARTS_AT_ONCE:
            yield _join(parts)
            parts = []
    if parts:
        yield _join(parts)


def pack(encoded: Encoded, *, ticket: str) -> Packed:
    """Write the message by which the keeper is asked to seal a batch."""
    rows = m.SealRows(
        ticket=ticket,
        addresses=encoded.addresses,
        fields=encoded.fields,
        facets=encoded.facets,
    )
    return Packed(
        lines=list(encoded.lines),
        facets=encoded.facets,
        statuses=bytes(encoded.statuses),
        rejects=encoded.rejects,
        message=encode(rows) if encoded.addresses else b"",
    )


def _join(parts: list[Encoded]) -> Encoded:
    return Encoded(
        *(
            list(chain.from_iterable(getattr(part, name) for part in parts))
            for name in (
                "lines",
                "addresses",
                "fields",
                "facets",
                "statuses",
                "rejects",
            )
        )
    )


def _lacks_provider(field_names: Sequence[str], schema: Schema) -> bool:
    """Tell whether the list wants a provider that the file does not say."""
    facets = {facet.name: facet.type for facet in schema.facets}
    return (
        PROVIDER_FACET not in field_names
        and facets.get(PROVIDER_FACET) is FacetType.TEXT
    )


def _with_providers(batch: Batch) -> Batch:
    """Say of each row which mailbox provider it is at: a mail server paces by it."""
    providers = list(map(_provider_of, batch.addresses))
    return replace(batch, columns=[*batch.columns, providers])


def _provider_of(address: str) -> str:
    is_plain = address.isascii()  # then what is compared is its lower case
    return provider_bucket(address.lower() if is_plain else index_form(address))


def _facet_encoder(field_names: Sequence[str], schema: Schema) -> _Write:
    """Prepare to write the facets of many rows; combinations of cells come again."""
    names = [name for name in schema.names if name in field_names]
    texts = _Texts(schema.encoder(names))
    places = [field_names.index(name) for name in names]

    def encode(columns: Sequence[Sequence[str]], count: int) -> list[str]:
        if not places:
            return [texts[()]] * count
        cells = zip(*(columns[place] for place in places), strict=True)
        return list(map(texts.__getitem__, cells))

    return encode


class _Texts(dict[tuple[str, ...], str]):
    """What each combination of facets is written as; bounded, and then anew."""

    def __init__(self, encode: Callable[[Sequence[str]], str]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, cells: tuple[str, ...]) -> str:
        text = self._encode(cells)
        if sum(map(len, cells)) <= _CACHED_CHARACTERS:
            if len(self) >= _CACHED_ROWS:
                self.clear()
            self[cells] = text
        return text


def _picker(field_names: Sequence[str], sealed: Sequence[str]) -> _Write:
    """Prepare to write the sealed fields of many rows as JSON arrays.

    A field the file does not have is empty. msgspec writes a line for each row in
    one call, and JSON never holds a bare line break.
    """
    places = {n: field_names.index(n) for n in sealed if n in field_names}

    def pick(columns: Sequence[Sequence[str]], count: int) -> list[str]:
        if not sealed or not count:
            return ["[]"] * count
        blank = [""] * count
        chosen = [columns[places[n]] if n in places else blank for n in sealed]
        lines = _ENCODER.encode_lines(list(zip(*chosen, strict=True)))
        return lines.decode().removesuffix("\n").split("\n")

    return pick
