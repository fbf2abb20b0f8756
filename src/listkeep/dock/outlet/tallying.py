"""Hold what is told of sends against the register's rows, and put it right.

Counts are written with their rows and stay right by themselves. This is for what nobody
foresees: a table put back alone, or a hand in the database.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection, transaction

from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.told_sends import read_all_sends
from listkeep.dock.watch.sweeps import Sweep, Work

from .models import MailTally
from .tallies import ANY_TIME, Kind, Tallies, TriggerKind, told_code

log = structlog.get_logger("listkeep.dock.outlet")

MOST_MINUTES: Final = 4000
"""Rows of single minutes a send may have; beyond, older ones become hours."""
_HOUR: Final = 60  # minutes
_REST: Final = timedelta(days=1)
# One statement, and so one moment: a row is never counted without its tally.
_COMPARE: Final = """
SELECT 1, 0, state, code, provider, COUNT(*) FROM mail_delivery
    WHERE list_id = %s AND request = %s GROUP BY state, code, provider
UNION ALL
SELECT 1, at / 60, state, '', '', COUNT(*) FROM mail_delivery
    WHERE list_id = %s AND request = %s AND state <> 'claimed'
    GROUP BY at / 60, state
UNION ALL
SELECT -1, minute, state, code, provider, SUM(messages - gone)
    FROM mail_tally WHERE list_id = %s AND request = %s
    GROUP BY minute, state, code, provider
"""
_COMPARE_TRIGGERS: Final = """
SELECT 1, trigger, state, COUNT(*) FROM mail_delivery
    WHERE list_id = %s AND request = %s AND trigger <> '' GROUP BY trigger, state
UNION ALL
SELECT -1, trigger, state, SUM(messages - gone) FROM mail_trigger_tally
    WHERE list_id = %s AND request = %s GROUP BY trigger, state
"""
_FOLD: Final = """
DELETE FROM mail_tally WHERE list_id = %s AND request = %s
    AND minute > 0 AND minute < %s AND minute %% 60 <> 0
RETURNING minute, state, part, messages, gone
"""


def find_differences(list_id: str, request: str) -> dict[Kind, int]:
    """Tell by how much each kind of a send was counted too low; nothing, if right.

    Costs a look at each message of the send.
    """
    send = (list_id, request)
    with translated(), connection.cursor() as cursor:
        cursor.execute(_COMPARE, [*send, *send, *send])
        rows = cursor.fetchall()
    found = Counter[Kind]()
    for sign, minute, state, code, provider, messages in rows:
        told = told_code(state, code)
        found[Kind(list_id, request, minute, state, told, provider)] += sign * int(
            messages
        )
    # Older minutes become hours: they are wrong if their hour is.
    hours = Counter[Kind]()
    for kind, low in found.items():
        hours[_hour_of(kind)] += low
    return {kind: low for kind, low in found.items() if low and hours[_hour_of(kind)]}


def find_trigger_differences(list_id: str, request: str) -> dict[TriggerKind, int]:
    """Tell by how much each trigger of a send was counted too low; nothing, if right.

    Costs a look at each message of the send.
    """
    send = (list_id, request)
    with translated(), connection.cursor() as cursor:
        cursor.execute(_COMPARE_TRIGGERS, [*send, *send])
        rows = cursor.fetchall()
    found = Counter[TriggerKind]()
    for sign, trigger, state, messages in rows:
        found[TriggerKind(*send, trigger, state)] += sign * int(messages)
    return {kind: low for kind, low in found.items() if low}


def _hour_of(kind: Kind) -> Kind:
    return kind._replace(minute=kind.minute // _HOUR * _HOUR)


def mend_tallies(list_id: str, request: str) -> int:
    """Count what was counted wrongly of a send anew; tell how many kinds that was.

    Raises:
        UnavailableError: The database does not answer.
    """
    send = (list_id, request)
    if not find_differences(*send) and not find_trigger_differences(*send):
        return 0
    with translated(), transaction.atomic():
        _stop_writers()
        differences = find_differences(*send)
        set_off = find_trigger_differences(*send)
        tallies = Tallies()
        for kind, low in differences.items():
            tallies.move(kind, low)
        for trigger, low in set_off.items():
            tallies.move_trigger(trigger, low)
        tallies.write()
    if mended := len(differences) + len(set_off):
        log.warning("tally.mended", request=request, kinds=mended)
    return mended


def fold_minutes(list_id: str, request: str, *, now: datetime) -> int:
    """Make hours of a send's older minutes, if it has too many; tell how many."""
    old = int((now - _REST).timestamp()) // 60 // _HOUR * _HOUR
    times = MailTally.objects.filter(
        list_id=list_id, request=request, minute__gt=ANY_TIME
    )
    if times.count() <= MOST_MINUTES:
        return 0
    with translated(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_FOLD, [list_id, request, old])
            rows = cursor.fetchall()
        hours: dict[int, Tallies] = {}
        for minute, state, part, messages, gone in rows:
            kind = _hour_of(Kind(list_id, request, minute, state, "", ""))
            hours.setdefault(part, Tallies(part)).move(kind, messages, gone)
        for part in sorted(hours):
            hours[part].write()
    return len(rows)


def look_over(
    keeper: Keeper, *, now: datetime, keep_on: Callable[[], bool] = lambda: True
) -> int:
    """Look over all sends there are; tell how many things were put right or folded.

    Raises:
        ListkeepError: The keeper or the database does not answer.
    """
    done = 0
    for list_id, request in _sends(keeper):
        if not keep_on():
            break
        done += mend_tallies(list_id, request)
        done += fold_minutes(list_id, request, now=now)
    return done


def _sends(keeper: Keeper) -> Iterable[tuple[str, str]]:
    """Name the sends that are told of, and those that the keeper tells of."""
    known = {(send.list, send.request) for send in read_all_sends(keeper)}
    with translated():
        told = MailTally.objects.filter(minute=ANY_TIME)
        return sorted(known.union(told.values_list("list_id", "request").distinct()))


def _stop_writers() -> None:
    """Have nobody else write rows; on SQLite nobody does anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE mail_delivery IN SHARE ROW EXCLUSIVE MODE")


def _run(work: Work) -> int:
    return look_over(work.keeper, now=work.clock(), keep_on=work.keep_on)


def _backlog(_now: datetime) -> int:
    return 0  # whether something is wrong shows when it looks


SWEEPS = (
    Sweep(
        name="count-deliveries",
        what="hold the counts of sends against what came of each message",
        every=timedelta(days=1),
        run=_run,
        backlog=_backlog,
    ),
)
