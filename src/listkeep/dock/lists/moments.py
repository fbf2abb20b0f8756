"""A list as it was at an earlier time: what would change, and the rows to bring back.

Going back never makes a status better: whoever unsubscribed, bounced or complained
since then stays so, also where the rest of the entry becomes what it was, and stays in
the list even if it came to it later. Nobody who was erased is here at all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.segments import Schema

from .history import ADDED_LATER, later_parameters
from .models import Change
from .segments import Parameter
from .statuses import ERASED, SUBSCRIBED

READ_ROWS = 4096
# An entry as it was, beside what it is: `p` stood at the time, `e` stands now.
_THEN = """
FROM past_entry AS p LEFT JOIN entry AS e ON e.list_id = p.list_id AND e.token = p.token
WHERE p.list_id = %s AND p.change <= %s AND p.replaced_by > %s
"""
_WORST = """
(SELECT max(q.status) FROM past_entry AS q
 WHERE q.list_id = p.list_id AND q.token = p.token AND q.replaced_by > p.change)
"""
_IS_SAME = "e.batch_id = p.batch_id AND e.position = p.position"
_COMPARE = f"""
SELECT p.facets, e.facets, p.status, e.status, {_WORST} AS worst,
    CASE WHEN {_IS_SAME} THEN 1 ELSE 0 END AS same, count(*)
{_THEN} GROUP BY p.facets, e.facets, p.status, e.status, worst, same
"""
_EARLIER = f"""
SELECT p.token, p.batch_id, p.position, p.sealed, p.facets, {_WORST}
{_THEN} AND p.token > %s
    AND (e.token IS NULL OR (e.status <> %s AND NOT ({_IS_SAME})))
ORDER BY p.token LIMIT %s
"""
_LATER = f"SELECT e.status, count(*) {ADDED_LATER} GROUP BY e.status"


class Moment(NamedTuple):
    """A place in a list's history: after one change, before the next."""

    at: int  # what was asked for, in seconds since 1970
    number: int  # the newest change by then; 0: none
    latest: int  # the newest change there is
    changes: int  # that would be taken back


class Earlier(NamedTuple):
    """An entry as it was, with the worst status it has had since."""

    token: bytes
    batch_id: bytes
    position: int
    sealed: bytes
    facets: str
    status: int


@dataclass(slots=True)
class Preview:
    """What going back would change."""

    moment: Moment
    come_back: int = 0
    change: int = 0
    go: int = 0
    stay_suppressed: int = 0
    facets: Counter[str] = field(default_factory=Counter)  # entries, by facet

    @property
    def rows(self) -> int:
        """How many entries would change in any way."""
        return self.come_back + self.change + self.go


def find_moment(list_id: str, at: datetime, *, before: int | None = None) -> Moment:
    """Find what a list's history was at a time, or just before one of its changes.

    Several changes may fall into one second: then the time alone means all of them.

    Raises:
        MalformedError: There is no such change, or it was not next at that time.
        RefusedError: What was replaced since then is not kept any more.
    """
    changes = Change.objects.filter(list_id=list_id).order_by("-number")
    seconds = int(at.timestamp())
    if before is None:
        number = _number(changes.filter(at__lte=seconds).first())
    else:
        number = _number_before(list_id, before, seconds)
    later = changes.filter(number__gt=number)
    if later.filter(is_kept=False).exists():
        raise RefusedError(
            "what the list was at that time is not kept any more",
            code=Code.EXPIRED,
            hint="`listkeep history LIST` shows how far back it goes",
        )
    return Moment(seconds, number, _number(changes.first()), later.count())


def time_before(list_id: str, number: int) -> datetime:
    """Find a time between a change of a list and the last one before it.

    Raises:
        RefusedError: The list has no such change.
    """
    changes = Change.objects.filter(list_id=list_id).order_by("-number")
    change = changes.filter(number=number).first()
    if change is None:
        raise RefusedError(
            "the list has no such change",
            code=Code.NOT_FOUND,
            hint="its page in the console shows its changes",
        )
    earlier = changes.filter(number__lt=number).first()
    # Of two in one second the number says which is meant; the time cannot.
    seconds = max(change.at - 1, earlier.at if earlier else 0)
    return datetime.fromtimestamp(seconds, UTC)


def preview(list_id: str, moment: Moment, *, schema: Schema) -> Preview:
    """Say what going back would change; nothing is changed by it."""
    found = Preview(moment)
    then = moment.number
    decode = schema.decoder()
    for row in _read(_COMPARE, [list_id, then, then]):
        was_facets, facets, was, status, worst, is_same, count = row
        worst = max(worst, status or 0)
        found.stay_suppressed += count if worst > was else 0
        if status is None:
            found.come_back += count
        elif not is_same:
            found.change += count
            pairs = zip(schema.names, decode(was_facets), decode(facets), strict=True)
            found.facets.update(
                {name: count for name, before, now in pairs if before != now}
            )
    for status, count in _read(_LATER, later_parameters(list_id, then)):
        if status == SUBSCRIBED:
            found.go += count
        elif status != ERASED:
            found.stay_suppressed += count
    return found


def read_earlier(list_id: str, moment: Moment) -> Iterator[list[Earlier]]:
    """Read the entries that would come back or change, page by page."""
    then, after = moment.number, b""
    while True:
        rows = _read(_EARLIER, [list_id, then, then, after, ERASED, READ_ROWS])
        page = [
            Earlier(bytes(token), bytes(batch), *rest) for token, batch, *rest in rows
        ]
        if page:
            yield page
        if len(page) < READ_ROWS:
            return
        after = page[-1].token


def _number_before(list_id: str, before: int, seconds: int) -> int:
    changes = Change.objects.filter(list_id=list_id).order_by("-number")
    change = changes.filter(number=before).first()
    earlier = changes.filter(number__lt=before).first()
    since = earlier.at if earlier else 0
    if change is None or not since <= seconds <= change.at:
        raise MalformedError(
            "the list has no such change, or it was not the next one at that time",
            hint="`listkeep history LIST` shows numbers and times",
        )
    return _number(earlier)


def _number(change: Change | None) -> int:
    return change.number if change else 0


def _read(sql: str, parameters: Sequence[Parameter]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
