"""Settings: the policy in words beside its text, and who changes it."""

import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from listkeep.console.web.answers import show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import ask
from listkeep.core.grants import Budget
from listkeep.looks.codes import word_of
from listkeep.looks.marking import gettext_noop
from listkeep.wire.messages import policies as p

_STATEMENT = re.compile(
    r'@id\("(?P<id>[^"]+)"\)\s*@says\("(?P<says>[^"]+)"\)\s*(?P<effect>permit|forbid)'
)
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


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the policy in force, and the ceilings it starts with."""
    message = p.ShowPolicy(session=visitor.session)
    found = ask(lambda: visitor.ways.keeper.show_policy(message))
    texts = [_read(*each) for each in found.value.texts.items()] if found.value else []
    ceilings = [
        (gettext("Look-ups a day"), Budget().look_ups),
        (gettext("Addresses revealed a day"), Budget().reveals),
        (gettext("Rows added a day"), Budget().rows_added),
    ]
    context = {
        "visitor": visitor,
        "policy": found,
        "texts": texts,
        "ceilings": ceilings,
    }
    return show(request, "settings", context)


def _read(name: str, text: str) -> Text:
    found = _STATEMENT.finditer(text)
    statements = tuple((one["id"], one["says"], one["effect"]) for one in found)
    title = _title(name)
    return Text(name, title, statements, text)


def _title(name: str) -> str:
    if name in _TITLES:
        return gettext(_TITLES[name])
    return gettext("Stricter, set by the {name}").format(name=word_of(name))
