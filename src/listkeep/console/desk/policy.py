"""Settings: the policy in words beside its text, and who changes it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.core.grants import Budget
from listkeep.looks.codes import word_of
from listkeep.looks.marking import gettext_noop
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import policies as p

from .series import spark
from .tables import write_csv

_DAY = timedelta(days=1)
_STATEMENT = re.compile(
    r'@id\("(?P<id>[^"]+)"\)\s*@says\("(?P<says>[^"]+)"\)\s*(?P<effect>permit|forbid)'
)
_MEASURES = {
    "look_ups": gettext_noop("Addresses looked up"),
    "reveals": gettext_noop("Addresses revealed"),
    "rows_added": gettext_noop("Rows added"),
    "rows_changed": gettext_noop("Rows suppressed"),
    "rows_sent": gettext_noop("Rows of sends that began"),
    "rows_exported": gettext_noop("Rows in copies, until a custodian has to agree"),
}
_NOTES = {"rows_added": gettext_noop("an import counts as 100 at least")}
_TITLES = {
    "floor": gettext_noop("What everybody's policy begins with"),
    "bounds": gettext_noop("What no policy can give away"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """One policy text, and its statements in words."""

    name: str
    title: str
    statements: tuple[tuple[str, str, str], ...]  # id, sentence, permit or forbid
    text: str


@dataclass(frozen=True, slots=True)
class Gauge:
    """What was used of one budget, in a window that rolls."""

    what: str
    window: str
    used: int
    ceiling: int
    by_day: tuple[int, ...]  # of 24 hours, the newest last; empty: not known
    agency: str  # whose people spend it together; empty: it is one's own

    @property
    def line(self) -> str:
        """What was used over time, as one thin line."""
        return spark(self.by_day) if any(self.by_day) else ""

    @property
    def nearly(self) -> int:
        """From where on there is little left."""
        return self.ceiling * 9 // 10


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the policy in force, and what is left of one's own budgets."""
    message = p.ShowPolicy(session=visitor.session)
    found = ask(lambda: visitor.ways.keeper.show_policy(message))
    texts = [_read(*each) for each in found.value.texts.items()] if found.value else []
    mine = ask(
        lambda: visitor.ways.keeper.show_budgets(b.ShowBudgets(session=visitor.session))
    )
    gauges = [_gauge(row) for row in mine.value.rows] if mine.value else []
    days = _by_day(gauges, now=datetime.now(UTC))
    if request.GET.get("as") == "budgets":
        if mine.error:  # an empty file would say that nothing was used
            raise mine.error
        return give_csv("budgets", _as_csv(gauges, days))
    context = {
        "visitor": visitor,
        "policy": found,
        "texts": texts,
        "budgets": mine,
        "gauges": gauges,
        "days": [(until, used) for until, used in days if any(used)],
        "ceilings": [
            (gettext("Look-ups a day"), Budget().look_ups),
            (gettext("Addresses revealed a day"), Budget().reveals),
            (gettext("Rows added a day"), Budget().rows_added),
            (gettext("Rows of sends a day"), Budget().rows_sent),
        ],
    }
    return show(request, "settings", context)


def _gauge(row: b.BudgetRow) -> Gauge:
    spans = gettext("in a day"), gettext("in a day, half of it in an hour")
    month = ngettext("in {days} day", "in {days} days", row.days)
    window = spans[row.hourly] if row.days == 1 else month.format(days=row.days)
    if row.agency:
        together = gettext("in a day, by all of {agency} together")
        window = together.format(agency=row.agency)
    if note := _NOTES.get(row.measure):
        window = f"{window}; {gettext(note)}"
    return Gauge(
        what=gettext(_MEASURES.get(row.measure, row.measure)),
        window=window,
        used=row.used,
        ceiling=row.ceiling,
        by_day=row.by_day,
        agency=row.agency,
    )


def _by_day(gauges: list[Gauge], *, now: datetime) -> list[tuple[str, list[int]]]:
    """Put days under each other, the newest first, by the time they end at."""
    most = max((len(gauge.by_day) for gauge in gauges), default=0)
    return [
        (
            f"{now - ago * _DAY:%Y-%m-%dT%H:%M:%SZ}",
            [gauge.by_day[-1 - ago] if gauge.by_day else 0 for gauge in gauges],
        )
        for ago in range(most)
    ]


def _as_csv(gauges: list[Gauge], days: list[tuple[str, list[int]]]) -> str:
    names = ("what", "window", "used", "ceiling", *(until for until, _ in days))
    return write_csv(
        names,
        (
            (
                one.what,
                one.window,
                one.used,
                one.ceiling,
                *(used[n] for _, used in days),
            )
            for n, one in enumerate(gauges)
        ),
    )


def _read(name: str, text: str) -> Text:
    found = _STATEMENT.finditer(text)
    statements = tuple((one["id"], one["says"], one["effect"]) for one in found)
    title = _title(name)
    return Text(name, title, statements, text)


def _title(name: str) -> str:
    if name in _TITLES:
        return gettext(_TITLES[name])
    return gettext("Stricter, set by the {name}").format(name=word_of(name))
