"""Settings: the policy in words beside its text, and who changes it."""

import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.core.grants import Budget
from listkeep.looks.codes import word_of
from listkeep.looks.marking import gettext_noop
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import policies as p

_STATEMENT = re.compile(
    r'@id\("(?P<id>[^"]+)"\)\s*@says\("(?P<says>[^"]+)"\)\s*(?P<effect>permit|forbid)'
)
_MEASURES = {
    "look_ups": gettext_noop("Addresses looked up"),
    "reveals": gettext_noop("Addresses revealed"),
    "rows_added": gettext_noop("Rows added"),
    "rows_changed": gettext_noop("Rows suppressed"),
    "rows_exported": gettext_noop("Rows in copies, until a custodian has to agree"),
}
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
    """What somebody used of one budget, in a window that rolls."""

    what: str
    window: str
    used: int
    ceiling: int

    @property
    def nearly(self) -> int:
        """From where on there is little left."""
        return self.ceiling * 9 // 10


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the policy in force, and the ceilings it starts with."""
    message = p.ShowPolicy(session=visitor.session)
    found = ask(lambda: visitor.ways.keeper.show_policy(message))
    texts = [_read(*each) for each in found.value.texts.items()] if found.value else []
    mine = ask(
        lambda: visitor.ways.keeper.show_budgets(b.ShowBudgets(session=visitor.session))
    )
    context = {
        "visitor": visitor,
        "policy": found,
        "texts": texts,
        "budgets": mine,
        "gauges": [_gauge(row) for row in mine.value.rows] if mine.value else [],
        "ceilings": [
            (gettext("Look-ups a day"), Budget().look_ups),
            (gettext("Addresses revealed a day"), Budget().reveals),
            (gettext("Rows added a day"), Budget().rows_added),
        ],
    }
    return show(request, "settings", context)


def _gauge(row: b.BudgetRow) -> Gauge:
    spans = gettext("in a day"), gettext("in a day, half of it in an hour")
    month = ngettext("in {days} day", "in {days} days", row.days)
    return Gauge(
        what=gettext(_MEASURES.get(row.measure, row.measure)),
        window=spans[row.hourly] if row.days == 1 else month.format(days=row.days),
        used=row.used,
        ceiling=row.ceiling,
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
