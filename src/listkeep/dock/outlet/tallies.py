"""How many messages of a send are of each kind, counted as their rows are written.

Rules of these counts:

- They change in the transaction that changes the rows, so that they are right whenever
  somebody reads them, also after a process died at any moment.
- A process adds what a whole transaction changed, once for each kind, to a part of its
  own: two that work at one send seldom wait for each other. Kinds are written in order,
  after the rows, so that nobody waits in a ring.
- Rows may be forgotten. What came of them stays counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db import connection

from .models import MailDelivery

PARTS: Final = 16
ANY_TIME: Final = 0
"""The minute under which messages are counted by state, code and provider."""
_CLAIMED: Final = str(MailDelivery.State.CLAIMED)
_DELIVERED: Final = str(MailDelivery.State.DELIVERED)
# RFC 3463: class, subject, detail. There are few; a mail server may invent millions.
_USUAL: Final = re.compile(r"[245]\.\d\.\d{1,2}|[a-z][a-z-]*|")


class Kind(NamedTuple):
    """Messages of one send that are told together."""

    list_id: str
    request: str
    minute: int
    state: str
    code: str
    provider: str


class TriggerKind(NamedTuple):
    """Messages of one standing send that one trigger set off, in one state."""

    list_id: str
    request: str
    trigger: str
    state: str


class Row(NamedTuple):
    """A message's row, as far as it is counted."""

    list_id: str
    request: str
    state: str
    code: str
    provider: str
    at: int  # seconds since 1970, UTC
    trigger: str = ""  # what set it off; empty, but for standing sends

    @property
    def set_off(self) -> TriggerKind:
        """As what it counts by its trigger."""
        return TriggerKind(self.list_id, self.request, self.trigger, self.state)


def kinds_of(row: Row) -> Iterator[Kind]:
    """Say as what a message counts. One under way has no time yet."""
    send = (row.list_id, row.request)
    code = told_code(row.state, row.code)
    yield Kind(*send, ANY_TIME, row.state, code, row.provider)
    if row.state != _CLAIMED:
        yield Kind(*send, row.at // 60, row.state, "", "")


def told_code(state: str, code: str) -> str:
    """Give the code under which a message counts: why it did not go through."""
    if state in (_CLAIMED, _DELIVERED):
        return ""
    return code if _USUAL.fullmatch(code) else f"{code[:1]}.0.0"


_ADD: Final = """
INSERT INTO mail_tally
    (list_id, request, minute, state, code, provider, part, messages, gone)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (list_id, request, minute, state, code, provider, part) DO UPDATE SET
    messages = mail_tally.messages + excluded.messages,
    gone = mail_tally.gone + excluded.gone
"""

_ADD_TRIGGER: Final = """
INSERT INTO mail_trigger_tally
    (list_id, request, trigger, state, part, messages, gone)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (list_id, request, trigger, state, part) DO UPDATE SET
    messages = mail_trigger_tally.messages + excluded.messages,
    gone = mail_trigger_tally.gone + excluded.gone
"""


@dataclass
class Tallies:
    """What one transaction changes; write it last, in the same transaction."""

    part: int = 0
    _messages: Counter[Kind] = field(default_factory=Counter)
    _gone: Counter[Kind] = field(default_factory=Counter)
    _set_off: Counter[TriggerKind] = field(default_factory=Counter)
    _set_off_gone: Counter[TriggerKind] = field(default_factory=Counter)

    def add(self, row: Row, messages: int = 1) -> None:
        """Count messages as they are now."""
        for kind in kinds_of(row):
            self._messages[kind] += messages
        if row.trigger:
            self._set_off[row.set_off] += messages

    def take(self, row: Row, messages: int = 1) -> None:
        """Count messages no more as what they were."""
        self.add(row, -messages)

    def forget(self, row: Row, messages: int = 1) -> None:
        """Go on counting messages whose rows go."""
        for kind in kinds_of(row):
            self._gone[kind] += messages
        if row.trigger:
            self._set_off_gone[row.set_off] += messages

    def move(self, kind: Kind, messages: int, gone: int = 0) -> None:
        """Count one kind anew, by as much as it was counted wrongly or elsewhere."""
        self._messages[kind] += messages
        self._gone[kind] += gone

    def move_trigger(self, kind: TriggerKind, messages: int) -> None:
        """Count what one trigger set off anew, by as much as it was counted wrongly."""
        self._set_off[kind] += messages

    def write(self) -> None:
        """Add it to what was counted before."""
        self._write(_ADD, self._messages, self._gone)
        self._write(_ADD_TRIGGER, self._set_off, self._set_off_gone)

    def _write(self, sql: str, messages: Counter[Any], gone: Counter[Any]) -> None:
        kinds = sorted(messages.keys() | gone.keys())
        rows = [
            (*kind, self.part, messages[kind], gone[kind])
            for kind in kinds
            if messages[kind] or gone[kind]
        ]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(sql, rows)


class Counted(NamedTuple):
    """How many messages of a send are in a state, by code and provider."""

    state: str
    code: str
    provider: str
    messages: int


class Moment(NamedTuple):
    """How many messages came into a state in a minute, and are in it still."""

    minute: int
    state: str
    messages: int


def read_counts(list_id: str, request: str) -> list[Counted]:
    """Read what came of a send's messages; it costs the same for few and for many."""
    return [
        Counted(*row)
        for row in _read(
            "SELECT state, code, provider, SUM(messages) FROM mail_tally"
            " WHERE list_id = %s AND request = %s AND minute = 0"
            " GROUP BY state, code, provider HAVING SUM(messages) > 0",
            [list_id, request],
        )
    ]


def read_moments(list_id: str, request: str) -> list[Moment]:
    """Read when something came of a send's messages, in the order of time."""
    return [
        Moment(*row)
        for row in _read(
            "SELECT minute, state, SUM(messages) FROM mail_tally"
            " WHERE list_id = %s AND request = %s AND minute > 0"
            " GROUP BY minute, state HAVING SUM(messages) > 0 ORDER BY minute, state",
            [list_id, request],
        )
    ]


class SetOff(NamedTuple):
    """How many messages one trigger set off that are in a state."""

    trigger: str
    state: str
    messages: int


def read_triggers(list_id: str, request: str) -> list[SetOff]:
    """Read what each trigger of a standing send set off; nothing, of a campaign."""
    return [
        SetOff(*row)
        for row in _read(
            "SELECT trigger, state, SUM(messages) FROM mail_trigger_tally"
            " WHERE list_id = %s AND request = %s"
            " GROUP BY trigger, state HAVING SUM(messages) > 0"
            " ORDER BY trigger, state",
            [list_id, request],
        )
    ]


def forget_rows(rows: Iterable[Row]) -> None:
    """Note that rows go, in the transaction that removes them; they stay counted."""
    tallies = Tallies()
    for row, messages in Counter(rows).items():
        tallies.forget(row, messages)
    tallies.write()


def _read(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        # PostgreSQL sums to a decimal number.
        return [(*row[:-1], int(row[-1])) for row in cursor.fetchall()]
