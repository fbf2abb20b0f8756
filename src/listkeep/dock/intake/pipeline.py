"""Parse, encode and seal a file at the same time, in order and in bounded memory.

The calling thread parses and encodes; two others wait for the keeper, which works
in its own process. At most three batches are on their way: whoever is slower, the
disk, the keeper or the sender, makes the others wait, and nothing piles up.
"""

from collections import deque
from collections.abc import (
    Callable,
    Container,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, compress, repeat
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from listkeep.core.addresses import provider_bucket
from listkeep.core.errors import MalformedError
from listkeep.core.files import Audience, Batch
from listkeep.core.sealing import BATCH_ID_BYTES, MAX_BATCH_ROWS, TOKEN_BYTES
from listkeep.core.segments import FacetType, Schema
from listkeep.dock.lists.models import STATUS_CODES
from listkeep.dock.lists.tokens import split_tokens
from listkeep.wire import messages as m

IN_FLIGHT: Final = 3
SEALERS: Final = 2
_PARSED_AT_ONCE: Final = 1024
_PARTS_AT_ONCE: Final = MAX_BATCH_ROWS // _PARSED_AT_ONCE
_CACHED_ROWS: Final = 32_768
_CACHED_CHARACTERS: Final = 500
FACET_INVALID: Final = "facet-invalid"
PROVIDER_FACET: Final = "provider"
NOT_ACCEPTED: Final = "not-accepted"
Row = tuple[bytes, bytes, int, bytes, str, int]  # in the order of ``bulk.StagedRow``
FindKnown = Callable[[Sequence[bytes]], Container[bytes]]
_ENCODER: Final = msgspec.json.Encoder()


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


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch as it is stored: rows in the order of ``bulk.StagedRow``."""

    rows: list[Row]
    rejects: list[Reject]


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
            facets = self._facets(batch.fields)
        except MalformedError:
            facets, batch = self._encode_each(batch, rejects)
        return Encoded(
            batch.lines,
            [address.spelling for address in batch.addresses],
            self._fields(batch.fields),
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
                facets += self._facets([row])
            except MalformedError as error:
                facets.append(None)
                rejects.append(Reject(line, FACET_INVALID, error.message))
        good = [text is not None for text in facets]
        kept = Batch(
            lines=list(compress(batch.lines, good)),
            addresses=list(compress(batch.addresses, good)),
            statuses=list(compress(batch.statuses, good)),
            fields=list(compress(batch.fields, good)),
        )
        return [text for text in facets if text is not None], kept


def seal_audience(
    audience: Audience,
    *,
    encoding: Encoding,
    seal: Callable[[Encoded], m.SealedRows],
    find_known: FindKnown,
) -> Generator[Sealed]:
    """Yield the file's batches sealed, in the file's order.

    ``find_known`` says which tokens entries have already. It is asked only where the
    keeper answers with several for each row: an entry keeps the one it has.

    Whoever stops early must close this generator, which waits for what is on its
    way and drops it.

    Raises:
        MalformedError: The file is not a list after all, or the keeper's answer
            does not fit.
    """
    waiting: deque[tuple[Encoded, Future[m.SealedRows]]] = deque()
    pool = ThreadPoolExecutor(SEALERS, "seal")
    try:
        for encoded in _encoded(audience, encoding):
            if len(waiting) >= IN_FLIGHT:
                yield _collect(*waiting.popleft(), find_known)
            waiting.append((encoded, pool.submit(seal, encoded)))
        while waiting:
            yield _collect(*waiting.popleft(), find_known)
    finally:
        pool.shutdown(cancel_futures=True)


def _encoded(audience: Audience, encoding: Encoding) -> Iterator[Encoded]:
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


def _collect(
    encoded: Encoded, answer: Future[m.SealedRows], find_known: FindKnown
) -> Sealed:
    sealed = answer.result()
    rows = _rows_of(encoded, sealed)
    if not sealed.older and all(sealed.sealed):
        return Sealed(rows, encoded.rejects)
    if sealed.older:
        older = [_rows_of(encoded, each) for each in sealed.older]
        rows = _choose([*older, rows], find_known)
    accepted = [bool(row[3]) for row in rows]
    refused = [
        Reject(line, NOT_ACCEPTED, "the keeper does not accept this row")
        for line, is_good in zip(encoded.lines, accepted, strict=True)
        if not is_good
    ]
    return Sealed(list(compress(rows, accepted)), encoded.rejects + refused)


def _rows_of(encoded: Encoded, sealed: m.SealedRows | m.OlderRows) -> list[Row]:
    count = len(encoded.addresses)
    if (
        len(sealed.sealed) != count
        or len(sealed.tokens) != count * TOKEN_BYTES
        or len(sealed.batch_id) != BATCH_ID_BYTES
    ):
        raise MalformedError("the keeper's rows are not as many as were sent")
    return list(
        zip(
            split_tokens(sealed.tokens),
            repeat(sealed.batch_id, count),
            range(count),
            sealed.sealed,
            encoded.facets,
            encoded.statuses,
            strict=True,
        )
    )


def _choose(versions: Sequence[list[Row]], find_known: FindKnown) -> list[Row]:
    """Choose of each row one version, the oldest first: an entry keeps its token.

    Who is new gets the newest, unless the keeper seals the person under another.
    """
    known = find_known([row[0] for rows in versions for row in rows if row[3]])
    chosen = []
    for each in zip(*versions, strict=True):
        sealed = [row for row in each if row[3]] or [each[-1]]
        chosen.append(next((row for row in sealed if row[0] in known), sealed[-1]))
    return chosen


def _lacks_provider(field_names: Sequence[str], schema: Schema) -> bool:
    """Tell whether the list wants a provider that the file does not say."""
    facets = {facet.name: facet.type for facet in schema.facets}
    return (
        PROVIDER_FACET not in field_names
        and facets.get(PROVIDER_FACET) is FacetType.TEXT
    )


def _with_providers(batch: Batch) -> Batch:
    """Say of each row which mailbox provider it is at: a mail server paces by it."""
    fields = [
        (*row, provider_bucket(address.index_form))
        for row, address in zip(batch.fields, batch.addresses, strict=True)
    ]
    return replace(batch, fields=fields)


def _facet_encoder(
    field_names: Sequence[str], schema: Schema
) -> Callable[[list[tuple[str, ...]]], list[str]]:
    """Prepare to write the facets of many rows; combinations of cells come again."""
    names = [name for name in schema.names if name in field_names]
    texts = _Texts(schema.encoder(names))
    places = [field_names.index(name) for name in names]

    def encode(rows: list[tuple[str, ...]]) -> list[str]:
        cells: Iterable[tuple[str, ...]]
        if len(places) > 1:
            cells = map(itemgetter(*places), rows)
        else:
            cells = (tuple(row[place] for place in places) for row in rows)
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


def _picker(
    field_names: Sequence[str], sealed: Sequence[str]
) -> Callable[[list[tuple[str, ...]]], list[str]]:
    """Prepare to write the sealed fields of many rows as JSON arrays.

    A field the file does not have is empty. msgspec writes a line for each row in
    one call, and JSON never holds a bare line break.
    """
    blank = len(field_names)
    places = [field_names.index(n) if n in field_names else blank for n in sealed]
    needs_blank = blank in places

    def pick(rows: list[tuple[str, ...]]) -> list[str]:
        if not places:
            return ["[]"] * len(rows)
        if not rows:
            return []
        if needs_blank:
            rows = [(*row, "") for row in rows]
        chosen: list[tuple[str, ...]]
        if len(places) == 1:
            chosen = [(row[places[0]],) for row in rows]
        else:
            chosen = list(map(itemgetter(*places), rows))
        return _ENCODER.encode_lines(chosen).decode().removesuffix("\n").split("\n")

    return pick
