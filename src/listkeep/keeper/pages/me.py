"""What I may still spend, where I am signed in, and which keys sign for me."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from listkeep.core.grants import RIGHTS, Right
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.circumstances import RECENT
from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.my_sessions import end_sessions, show_sessions

from .answers import SIGN_IN, go_on, read_body, show_time
from .signing import credentials_of
from .visits import COOKIE, Visit, signed_in

_DAY: Final = timedelta(days=1)
_HALF: Final = "a day, half of it in an hour"
_COPIES: Final = 1_000  # above, a custodian has to agree


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
            budgets=_budgets(registry, visit.person, visit.now),
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


def _budgets(registry: Registry, person: Person, now: datetime) -> list[dict[str, Any]]:
    if Right.REVEAL not in RIGHTS.get(person.role, ()):
        return []
    spent = (
        ("addresses revealed", Measure.REVEALS, _HALF),
        ("addresses looked up", Measure.LOOK_UPS, _HALF),
        ("rows added", Measure.ROWS_ADDED, "a day"),
        ("rows suppressed", Measure.ROWS_CHANGED, "a day"),
    )
    rows = [
        (what, window, measure, registry.ceiling(person.id, measure), _DAY)
        for what, measure, window in spent
    ]
    copies = "in 30 days, then a custodian agrees too"
    rows.append(
        ("rows in copies asked for", copies, Measure.ROWS_EXPORTED, _COPIES, RECENT)
    )
    return [
        {
            "what": what,
            "window": window,
            "used": used,
            "ceiling": ceiling,
            "said": (f"{used:,}", f"{ceiling:,}"),
            "low": ceiling // 2,
            "high": ceiling * 9 // 10,
        }
        for what, window, measure, ceiling, span in rows
        for used in [
            min(
                registry.charges.used(person.id, measure, now=now, window=span), ceiling
            )
        ]
    ]
