"""What somebody who approves should look at twice, from the registry alone.

Nothing here decides. It is what a careful colleague would mention.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from listkeep.core.grants import Action, Decision, Terms
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.habits import Habits, looks_at_twice
from listkeep.core.registry.state import Registry

_NEW: Final = timedelta(days=7)
_FAR_MORE: Final = 10
_NIGHT_ENDS, _NIGHT_BEGINS = 5, 21  # UTC


def unusual(
    registry: Registry, request: RequestFacts, requester: str, *, now: datetime
) -> list[str]:
    """List what is out of the ordinary about a request for rows."""
    terms = request.terms
    if terms.action is Action.SEND:
        habits = registry.habits.get(terms.tenant, Habits())
        return looks_at_twice(habits, request, now=now)
    if terms.action not in (Action.EXPORT, Action.REVEAL):
        return []
    others = [each for each in registry.requests.values() if each.id != request.id]
    return [
        *(_about_copies(terms, others, requester) if terms.recipient else ()),
        *_about_newcomers(registry, terms, requester, now),
        *_about_time(terms, others, requester),
    ]


def _about_copies(
    terms: Terms, others: Iterable[RequestFacts], requester: str
) -> Iterable[str]:
    done = [each for each in others if each.done and each.terms.action is Action.EXPORT]
    mine = [each.terms.cap for each in done if _asked_by(each, requester)]
    if terms.action is not Action.EXPORT:
        return
    if not any(each.terms.recipient == terms.recipient for each in done):
        yield "the first copy for this recipient"
    if not mine:
        yield "the first copy this person asks for"
    elif terms.cap >= _FAR_MORE * max(mine):
        yield f"more than {_FAR_MORE} times any copy of this person before"
    if terms.selection == "all":
        yield "the whole list, not a segment of it"


def _about_newcomers(
    registry: Registry, terms: Terms, requester: str, now: datetime
) -> Iterable[str]:
    for action, name, words in (
        (Action.RECIPIENT_ADD, terms.recipient, "the recipient was enrolled"),
        (Action.PERSON_ADD, requester, "this person was enrolled"),
    ):
        for each in registry.requests.values():
            if each.terms.action is not action or not each.done or not name:
                continue
            age = now - each.signed[-1].at
            if each.terms.subject_fields().get("id") == name and age < _NEW:
                yield f"{words} {_ago(age)}"


def _about_time(
    terms: Terms, others: Iterable[RequestFacts], requester: str
) -> Iterable[str]:
    hour = terms.not_before.hour
    if not _NIGHT_ENDS <= hour < _NIGHT_BEGINS:
        yield f"asked for at night ({terms.not_before:%H:%M} UTC)"
    day = timedelta(days=1)
    same_day = sum(
        _asked_by(each, requester) and terms.not_before - each.terms.not_before < day
        for each in others
        if each.terms.action is terms.action
    )
    if same_day >= 2:
        yield f"{same_day + 1} of this kind by this person within a day"


def _asked_by(request: RequestFacts, person: str) -> bool:
    first = request.signed[0] if request.signed else None
    is_request = first is not None and first.decision == Decision.REQUEST
    return is_request and first is not None and first.person == person


def _ago(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if age.days > 1:
        return f"{age.days} days ago"
    return f"{hours} hours ago" if hours > 1 else "just now"
