"""``listkeep import --dry-run``: what an import would make of a file, without one.

The file is read on this machine and goes nowhere. Nothing of a row is shown: names of
columns, counts and reasons.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from listkeep.cli.output import note, plural, show, write_json, write_table
from listkeep.core.errors import MalformedError, RefusedError
from listkeep.core.files import Audience, Format, open_audience
from listkeep.core.segments import FacetRisk, Schema, verify_anonymity

FACET_INVALID = "facet-invalid"
_CHUNK_BYTES = 256 * 1024


@dataclass(slots=True)
class Look:
    """What a file turned out to be."""

    kind: str = ""
    columns: list[dict[str, str]] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    refused: RefusedError | None = None  # its facets point at people


def look_over(
    source: BinaryIO, *, schema: Schema, file_format: str, mapping: Mapping[str, str]
) -> Look:
    """Read a file to its end and say what an import into a list would make of it.

    Raises:
        MalformedError: It is not a list of addresses.
    """
    audience = open_audience(
        _chunks(source), format=cast("Format", file_format), mapping=mapping
    )
    look = Look(kind=audience.kind, columns=list(_meanings(audience, schema)))
    _count(look, audience, schema)
    return look


def show_look(look: Look, *, as_json: bool) -> None:
    """Show what a file turned out to be.

    Raises:
        RefusedError: Its facets nearly point at people: it would not be imported.
    """
    facts: dict[str, Any] = {
        "kind": look.kind,
        "rows": look.statuses.total(),
        "statuses": dict(look.statuses),
        "rejected": look.rejected.total(),
        "reasons": dict(look.rejected),
    }
    if as_json:
        write_json({**facts, "columns": look.columns})
    else:
        for name in ("statuses", "reasons"):
            facts[name] = [f"{word} {count:,}" for word, count in facts[name].items()]
        write_table(look.columns, ("column", "becomes", "kind"))
        show(facts, as_json=False)
    note(f"nothing was imported: {plural(facts['rows'], 'row')} would be")
    if look.refused:
        raise look.refused


def _meanings(audience: Audience, schema: Schema) -> Iterator[dict[str, str]]:
    taken = {audience.address_column: "address"}
    taken |= dict.fromkeys(audience.status_columns, "status")
    for column, meaning in taken.items():
        yield {"column": column, "becomes": meaning, "kind": meaning}
    for column, name in audience.named_columns:
        kind = "facet" if name in schema.names else "sealed"
        yield {"column": column, "becomes": name, "kind": kind}


def _count(look: Look, audience: Audience, schema: Schema) -> None:
    names = [name for name in schema.names if name in audience.field_names]
    places = [audience.field_names.index(name) for name in names]
    encode, risk = schema.encoder(names), FacetRisk(schema)
    for batch in audience.batches():
        look.rejected.update(row.reason.value for row in batch.rejected)
        for status, values in zip(batch.statuses, batch.fields, strict=True):
            try:
                facets = encode([values[place] for place in places])
            except MalformedError:
                look.rejected[FACET_INVALID] += 1
                continue
            look.statuses[status] += 1
            if schema.facets:
                risk.add_many([facets])
    try:
        verify_anonymity(risk.report())
    except RefusedError as error:
        look.refused = error


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk
