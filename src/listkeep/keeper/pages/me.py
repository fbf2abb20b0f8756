"""What I may still spend, where I am signed in, and which keys sign for me."""

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.showing.budgets import budgets_of
from listkeep.keeper.gate.sign_in.my_sessions import end_sessions, show_sessions
from listkeep.wire.messages.budgets import BudgetRow

from .answers import SIGN_IN, go_on, read_body, show_time
from .signing import credentials_of
from .visits import COOKIE, Visit, signed_in

_HALF: Final = "a day, half of it in an hour"
_WORDS: Final = {
    Measure.REVEALS: ("addresses revealed", _HALF),
    Measure.LOOK_UPS: ("addresses looked up", _HALF),
    Measure.ROWS_ADDED: ("rows added", "a day; an import counts as 100 at least"),
    Measure.ROWS_CHANGED: ("rows suppressed", "a day"),
    Measure.ROWS_SENT: ("rows of sends that began", "a day"),
    Measure.ROWS_EXPORTED: (
        "rows in copies asked for",
        "in 30 days, then a custodian agrees too",
    ),
}


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which session to end; empty: all."""

    session: str = ""


@signed_in
def me(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show budgets, sessions and keys of who is signed in."""
    with visit.gate.view(visit.now) as registry:
        return visit.page(
            request,
            "me.html",
            budgets=[
                _in_words(row)
                for row in budgets_of(registry, visit.person, now=visit.now)
            ],
            sessions=[
                {
                    "id": each.id,
                    "carrier": each.carrier,
                    "since": show_time(each.started_at),
                    "seen": show_time(each.seen_at),
                    "until": show_time(each.expires_at),
                    "is_this": visit.token[4:18] == each.id,
                }
                for each in show_sessions(registry, visit.person, now=visit.now)
            ],
            keys=[
                {
                    "id": key.id,
                    "kind": key.kind.value,
                    "used": registry.counters.get(key.id, 0),
                }
                for key in credentials_of(visit.person)
            ],
        )


@signed_in
def end(request: HttpRequest, visit: Visit) -> HttpResponse:
    """End one session of mine, or all."""
    if request.method != "POST":
        return HttpResponseRedirect("/me", status=303)
    name = read_body(request, Ended).session
    end_sessions(visit.gate, visit.person, name, now=visit.now)
    if name and name != visit.token[4:18]:
        return go_on("/me")
    response = go_on(SIGN_IN)
    response.delete_cookie(COOKIE, samesite="Strict")
    return response


def _in_words(row: BudgetRow) -> dict[str, Any]:
    what, window = _WORDS[Measure(row.measure)]
    if row.agency:
        window = f"a day, by all of {row.agency} together"
    return {
        "what": what,
        "window": window,
        "used": row.used,
        "ceiling": row.ceiling,
        "said": (f"{row.used:,}", f"{row.ceiling:,}"),
        "low": row.ceiling // 2,
        "high": row.ceiling * 9 // 10,
    }
