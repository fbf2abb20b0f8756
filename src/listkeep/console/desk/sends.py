"""Sends: how far each is, what came of it, and what is unusual about it.

What was signed for is told in the keeper's words; what came of messages is the dock's
word, in counts. Neither names anybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from listkeep.console.web.answers import give_csv, show
from listkeep.console.web.doors import Visitor, personal
from listkeep.console.web.ways import Panel, Ways, ask
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action, Terms
from listkeep.core.registry.sending import SendKind, SendTerms, parse_send
from listkeep.looks.marking import gettext_noop
from listkeep.looks.titles import headline
from listkeep.wire import messages as m
from listkeep.wire.dock.sends import (
    DockCameBack,
    DockHour,
    DockOutcomes,
    DockPoint,
    DockProgress,
    DockProvider,
    DockReason,
    DockSeries,
    DockTrigger,
)

from .again import ask_again
from .series import send_series
from .tables import write_csv
from .wording import Line, line_of

_SHOWN: Final = 100
_GOING: Final = 20  # that are counted for a line
_MEANING: Final = {
    "suppressed": gettext_noop(
        "left the list, bounced or complained; the keeper opens no such row"
    ),
    "frozen": gettext_noop("releases are frozen"),
    "over-pace": gettext_noop("faster than was signed for; it goes on by itself"),
    "cap-exceeded": gettext_noop("more rows than were signed for"),
    "expired": gettext_noop("the window that was signed for is over"),
    "budget-spent": gettext_noop("the budget of whoever asked is spent"),
    "template-missing": gettext_noop("its template was not handed over"),
    "keeper-unavailable": gettext_noop(
        "the keeper did not answer; it goes on by itself"
    ),
}
_OUTCOMES: Final = {
    "hard-bounce": gettext_noop("the mailbox is not there"),
    "soft-bounce": gettext_noop("not now; it may be there tomorrow"),
    "blocked": gettext_noop("the provider refused us, not the mailbox"),
    "complaint": gettext_noop("somebody called it spam"),
    "unsubscribe": gettext_noop("somebody left the list"),
    "auto-reply": gettext_noop("out of office and the like"),
    "reply": gettext_noop("somebody answered"),
    "unknown": gettext_noop("what came back says nothing we know"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A send: what was signed for, and how far it is."""

    line: Line
    terms: Terms
    said: SendTerms
    list_name: str
    began: str  # by the keeper's clock; empty: not yet
    opened: int  # rows, by the keeper's count
    is_counted: bool  # whether the dock was asked what came of them
    progress: DockProgress

    @property
    def title(self) -> str:
        """Its subject line, where it has one."""
        return headline(self.said.title) or gettext("Send")

    @property
    def is_standing(self) -> bool:
        """Whether it goes on by itself, as an application sets it off."""
        return self.said.kind is SendKind.STANDING

    @property
    def has_begun(self) -> bool:
        """Whether somebody let it begin, here or by an application."""
        return bool(self.progress.state or self.began)

    @property
    def left(self) -> int:
        """How many rows of the cap no message was made for yet."""
        found = self.progress
        used = found.delivered + found.under_way + found.deferred + found.failed
        return max(self.terms.cap - used, 0)

    @property
    def waiting(self) -> int:
        """How many messages are under way, or are tried again."""
        return self.progress.under_way + self.progress.deferred

    @property
    def state(self) -> str:
        """How it is: by the dock, once it has begun there."""
        is_open = self.line.state in ("granted", "done")
        return self.progress.state if is_open and self.progress.state else self.begun

    @property
    def begun(self) -> str:
        """How it is by the keeper, and whether an application hands messages over."""
        if self.line.state == "granted" and (self.began or self.progress.first_at):
            return "running"
        return self.line.state

    @property
    def parts(self) -> list[dict[str, object]]:
        """Lay it side by side, in hundredths of the cap, for a picture."""
        found, start = [], 0.0
        for name, rows in (
            ("delivered", self.progress.delivered),
            ("waiting", self.waiting),
            ("failed", self.progress.failed),
        ):
            width = 100 * rows / (self.terms.cap or 1)
            if rows:
                part = {"name": name, "rows": rows}
                found.append({**part, "start": f"{start:.2f}", "width": f"{width:.2f}"})
            start += width
        return found


@personal("GET")
def show_all(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Show the sends one may know of, newest first."""
    ways = visitor.ways
    as_csv = request.GET.get("as") == "csv"
    message = m.ShowRequest(
        session=ways.session,
        action=Action.SEND.value,
        newest=None if as_csv else _SHOWN,
    )
    found = ways.keeper.show_requests(message)
    chosen = found.requests[::-1]
    progress: Panel[dict[str, DockProgress]] = Panel({})
    if not visitor.is_operator:
        progress = ask(lambda: _progress_of(ways, chosen))
    known = progress.value or {}
    sends = [_sent(view, known.get(view.id)) for view in chosen]
    if as_csv:
        if progress.error:  # a file of noughts would say that nothing went out
            raise progress.error
        return give_csv("sends", _as_csv(sends))
    context = {
        "visitor": visitor,
        "sends": sends,
        "hidden": found.older,
        "progress": progress,
    }
    return show(request, "sends", context)


@personal("GET")
def show_one(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show one send."""
    view = _find(visitor.ways, name)
    terms = Terms.parse(view.terms)
    found: Panel[DockOutcomes] = Panel()
    if not visitor.is_operator:
        found = ask(lambda: visitor.ways.dock.show_outcomes(terms.list, view.id))
    told = found.value
    sent = _sent(view, told.progress if told else None)
    if table := request.GET.get("as"):
        if told is None:
            raise found.error or _no_table()
        return give_csv(f"{view.id}-{table}", _table_csv(sent, told, table))
    context = {
        **_over_time(told.series if told else DockSeries()),
        "visitor": visitor,
        "view": view,
        "sent": sent,
        "again": ask_again(terms, sent.said),
        "outcomes": found,
        "why": _MEANING.get(told.progress.code, "") if told else "",
        "reasons": [(each, _meaning(each)) for each in told.reasons] if told else [],
        "returned": _rows(told.returned) if told else [],
        "triggers": _triggers(sent, told.triggers) if told else [],
        "held": sum(one.things for one in told.returned if one.state == "held")
        if told
        else 0,
        "hours": told.hours[-48:] if told else (),
        "most": max((one.delivered for one in told.hours), default=0) if told else 0,
        "changed": view.facts.get("changed", "").splitlines(),
        "new": view.facts.get("new", "").splitlines(),
    }
    return show(request, "send", context)


def _over_time(found: DockSeries) -> dict[str, object]:
    minutes = found.step_seconds // 60
    title = ngettext(
        "Messages by the minute", "Messages by %(minutes)d minutes", minutes
    )
    return {"series": send_series(found), "series_title": title % {"minutes": minutes}}


@personal("GET")
def by_provider(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Show what came of a send at each provider: as a part of its page, or alone."""
    view = _find(visitor.ways, name)
    terms = Terms.parse(view.terms)
    found = ask(lambda: visitor.ways.dock.count_providers(terms.list, view.id))
    if request.GET.get("as") == "csv":
        if found.error:
            raise found.error
        return give_csv(f"{view.id}-providers", _providers_csv(found.value or ()))
    context = {
        "visitor": visitor,
        "view": view,
        "sent": _sent(view, None),
        "providers": found,
    }
    is_part = request.headers.get("HX-Request") == "true"
    return show(request, "_providers" if is_part else "providers", context)


def _find(ways: Ways, name: str) -> m.RequestView:
    message = m.ShowRequest(session=ways.session, request=name[:40])
    view = ways.keeper.show_requests(message).requests[0]
    if Terms.parse(view.terms).action is not Action.SEND:
        raise RefusedError(gettext_noop("there is no such send"), code=Code.NOT_FOUND)
    return view


def _progress_of(ways: Ways, views: Iterable[m.RequestView]) -> dict[str, DockProgress]:
    """Ask how far sends are that go on, the newest of them.

    Of one that has ended the keeper says how many rows were opened; its messages are
    counted on its own page.
    """
    going = [view for view in views if view.state == "granted"][:_GOING]
    lists: dict[str, list[str]] = {}
    for view in going:
        lists.setdefault(Terms.parse(view.terms).list, []).append(view.id)
    found = [
        each
        for name, requests in lists.items()
        for each in ways.dock.show_progress(name, requests)
    ]
    return {each.request: each for each in found}


def _sent(view: m.RequestView, progress: DockProgress | None) -> Sent:
    terms = Terms.parse(view.terms)
    return Sent(
        line=line_of(view),
        terms=terms,
        said=parse_send(terms),
        list_name=view.facts.get("list", terms.list),
        began=view.facts.get("began", ""),
        opened=int(view.facts.get("counted", "0")),
        is_counted=progress is not None,
        progress=progress or DockProgress(request=view.id),
    )


def _meaning(reason: DockReason) -> str:
    if reason.code in _MEANING:
        return gettext(_MEANING[reason.code])
    kind = reason.code[:4]
    if reason.code.startswith(("5.1.", "5.2.1")):
        return gettext("the mailbox is not there")
    if kind == "4.7.":
        return gettext("the provider refuses us for now")
    if kind == "5.7.":
        return gettext("refused by policy")
    return gettext("tried again") if reason.state == "deferred" else ""


def _triggers(sent: Sent, told: Iterable[DockTrigger]) -> list[DockTrigger]:
    """Put what each trigger set off under each other, also what set off nothing yet."""
    known = {each.trigger: each for each in told}
    signed = [known.pop(name, DockTrigger(trigger=name)) for name in sent.said.triggers]
    return [*signed, *known.values()]


def _rows(returned: Iterable[DockCameBack]) -> list[dict[str, object]]:
    """Put the states of each outcome into one row."""
    rows: dict[str, dict[str, object]] = {}
    for one in returned:
        empty = {"settled": 0, "held": 0, "others": 0, "outcome": one.outcome}
        row = rows.setdefault(one.outcome, empty)
        column = one.state if one.state in ("settled", "held") else "others"
        row[column] = int(str(row[column])) + one.things
    return [{**row, "meaning": _outcome(name)} for name, row in rows.items()]


def _outcome(name: str) -> str:
    return gettext(_OUTCOMES[name]) if name in _OUTCOMES else ""


def _as_csv(sends: list[Sent]) -> str:
    names = (
        *("id", "list", "kind", "triggers", "state", "cap", "opened"),
        *("delivered", "waiting", "failed", "left"),
        *("pace", "title", "from", "purpose", "who", "expires"),
    )
    rows = (
        (
            *(one.line.id, one.list_name, one.said.kind),
            *(" ".join(one.said.triggers), one.state, one.terms.cap, one.opened),
            *_counts(one),
            *(one.said.pace, one.said.title, one.said.sender),
            *(one.terms.purpose, one.line.who, one.line.expires),
        )
        for one in sends
    )
    return write_csv(names, rows)


def _counts(sent: Sent) -> tuple[int | None, ...]:
    """List what came of messages; nothing where they were not counted."""
    if not sent.is_counted:
        return (None,) * 4
    return sent.progress.delivered, sent.waiting, sent.progress.failed, sent.left


def _table_csv(sent: Sent, told: DockOutcomes, table: str) -> str:
    kinds: dict[str, tuple[Sequence[msgspec.Struct], type]] = {
        "reasons": (told.reasons, DockReason),
        "hours": (told.hours, DockHour),
        "returned": (told.returned, DockCameBack),
        "series": (told.series.points, DockPoint),
        "triggers": (_triggers(sent, told.triggers), DockTrigger),
    }
    if table not in kinds:
        raise _no_table()
    rows, kind = kinds[table]
    names = kind.__struct_fields__  # type: ignore[attr-defined]
    return write_csv(names, ([getattr(row, n) for n in names] for row in rows))


def _providers_csv(rows: Iterable[DockProvider]) -> str:
    names = DockProvider.__struct_fields__
    return write_csv(names, ([getattr(row, n) for n in names] for row in rows))


def _no_table() -> RefusedError:
    return RefusedError(gettext_noop("there is no such table"), code=Code.NOT_FOUND)
