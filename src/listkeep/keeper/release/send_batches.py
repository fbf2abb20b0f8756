"""Rows on their way through one call: each is opened, held against the terms, answered.

Nothing is counted here: whoever opens rows has made room for them, and counts them
before they are told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from listkeep.core.errors import Code, ListkeepError, VerificationError
from listkeep.core.opening import OpenedRows, SealedRows
from listkeep.core.sealing import SealedRow
from listkeep.wire.messages import sends as d

from .send_calls import SendCall
from .watches import Sight

REFUSED = {code: d.SendRow(code=code.value) for code in Code}
"""The answers for rows that do not open."""


@dataclass
class Batch:
    """The rows of one call, by their places in it."""

    call: SendCall
    sight: Sight
    rows: SealedRows
    keys: list[bytes]
    marks: list[bytes]  # of those that are over
    answers: list[d.SendRow | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = [None] * len(self.keys)

    @property
    def tag(self) -> str:
        """The send, as the table of opened rows has it."""
        return self.sight.facts.tag

    def refuse(self, place: int, code: Code) -> None:
        """Answer for one row that it does not open."""
        self.answers[place] = REFUSED[code]

    def told(self) -> list[d.SendRow]:
        """Give all answers. One that is missing would shift others to other people."""
        rows = [row for row in self.answers if row is not None]
        if len(rows) != len(self.answers):
            raise ListkeepError("a row has no answer")
        return rows

    @property
    def open_places(self) -> list[int]:
        """The places that have no answer yet."""
        return [place for place, row in enumerate(self.answers) if row is None]

    def refuse_all(self, places: Sequence[int], code: Code) -> None:
        """Answer the same for several places."""
        for place in places:
            self.refuse(place, code)

    def has_open(self, places: Sequence[int]) -> bool:
        """Tell whether a row was opened, for whichever place of it."""
        answer = self.answers[places[0]]
        return answer is not None and not answer.code


def open_places(batch: Batch, places: Sequence[int]) -> None:
    """Open rows, all at once if each of them opens, else one after the other.

    Raises:
        UnavailableError: A key cannot be had.
    """
    if not places:
        return
    part = SealedRows._make(
        [column[place] for place in places] for column in batch.rows
    )
    try:
        opened = batch.sight.opener.open_many(part)
    except VerificationError:
        for place in places:
            _open_alone(batch, place)
        return
    _answer(batch, places, opened)


def _open_alone(batch: Batch, place: int) -> None:
    row = next(map(SealedRow, *([column[place]] for column in batch.rows)))
    try:
        opened = batch.sight.opener.open(row)
    except VerificationError as error:
        batch.refuse(place, error.code)
        return
    _answer(
        batch,
        [place],
        OpenedRows([opened.address.encode()], [opened.fields.encode()]),
    )


def _answer(batch: Batch, places: Sequence[int], opened: OpenedRows) -> None:
    """Tell of rows that opened what was signed for, and of others why not."""
    sight = batch.sight
    addresses = [address.decode() for address in opened.addresses]
    known = set(_known_otherwise(sight, addresses))
    for at, place in enumerate(places):
        try:
            is_meant = sight.selection.has(batch.rows.facets[place])
            values = sight.selection.values(opened.fields[at])
        except ListkeepError:  # what was sealed is not what this list holds
            is_meant, values = False, {}
        if not is_meant:
            batch.refuse(place, Code.ROW_INVALID)
        elif at in known:
            batch.refuse(place, Code.SUPPRESSED)
        else:
            batch.answers[place] = d.SendRow(address=addresses[at], values=values)


def _known_otherwise(sight: Sight, addresses: Sequence[str]) -> Iterator[int]:
    """Find who is suppressed under a token of another index key than the row's own."""
    if not sight.opener.has_versions:
        return
    columns = sight.opener.versions(addresses)
    known = sight.blocked.among(token for column in columns for token in column)
    for at, versions in enumerate(zip(*columns, strict=True)):
        if not known.keys().isdisjoint(versions):
            yield at
