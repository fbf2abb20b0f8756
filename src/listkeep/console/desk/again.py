"""Sends that end, and the way to ask for another one like them.

A standing send that ends stops mail that people rely on, and nothing fails loudly: so
it is told a week before, or once most of its messages are spent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.utils.translation import gettext

from listkeep.core.grants import Action, Terms, format_time
from listkeep.core.registry.sending import SendKind, SendTerms, parse_send
from listkeep.looks.titles import headline
from listkeep.wire import messages as m

SOON: Final = timedelta(days=7)
_NEARLY: Final = 9  # tenths of the cap


@dataclass(frozen=True, slots=True)
class Ending:
    """A standing send that ends soon, in time or in messages."""

    id: str
    title: str
    list_name: str
    until: str
    left: int  # messages of the cap
    is_late: bool  # by its time; otherwise by its messages
    again: str


def find_ending(views: Iterable[m.RequestView], *, now: datetime) -> list[Ending]:
    """List standing sends that go on and end soon, the first to end first."""
    found = []
    for view in views:
        terms = Terms.parse(view.terms)
        if view.state != "granted" or terms.action is not Action.SEND:
            continue
        said, counted = parse_send(terms), int(view.facts.get("counted") or "0")
        is_late = terms.expires - now < SOON
        is_spent = counted * 10 >= terms.cap * _NEARLY
        is_over = bool(view.facts.get("ended")) or terms.expires <= now
        if said.kind is SendKind.STANDING and (is_late or is_spent) and not is_over:
            ending = Ending(
                id=view.id,
                title=headline(said.title) or gettext("Send"),
                list_name=view.facts.get("list", ""),
                until=format_time(terms.expires),
                left=max(terms.cap - counted, 0),
                is_late=is_late,
                again=ask_again(terms, said),
            )
            found.append(ending)
    return sorted(found, key=lambda each: each.until)


def ask_again(terms: Terms, said: SendTerms) -> str:
    """Write the address of the form with all that another one would have in common.

    It asks for nothing by itself: what is signed is what the keeper writes of the form.
    """
    is_standing = said.kind is SendKind.STANDING
    given = [
        ("segment", "" if terms.selection == "all" else terms.selection),
        *(("template", digest) for digest in said.templates),
        ("triggers", " ".join(said.triggers)),
        ("route", terms.recipient),
        ("cap", str(terms.cap) if is_standing else ""),
        ("pace", str(said.pace or "")),
        ("purpose", terms.purpose),
    ]
    form = "standing" if is_standing else "send"
    query = urlencode([(name, text) for name, text in given if text])
    return f"/lists/{terms.list}/{form}?{query}"
