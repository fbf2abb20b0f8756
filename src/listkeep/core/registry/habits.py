"""What a tenant's sends have used before, and what a new one brings.

Known is what stood in a send that began, unless somebody denied that send. Whatever
was new in it an owner had to see first, so what is known was once approved. A request
is held against what was known when its requester signed it: neither what came later
nor the passing of time changes what it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from listkeep.core.grants import Action, Decision

from .facts import RequestFacts
from .sending import SendKind, SendTerms, parse_send

FAR_MORE = 10
RECENT = timedelta(days=90)
UNSEEN = timedelta(days=1)
NIGHT_ENDS, NIGHT_BEGINS = 6, 22  # UTC, as the policy has it that comes with us


class Habit(StrEnum):
    """What a send can be the first to use."""

    FROM = "from"
    FROM_DOMAIN = "from domain"
    REPLY_TO = "reply-to"
    LINK = "link domain"
    TRACKING = "tracking domain"
    ROUTE = "route"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Campaign:
    """How large a campaign was, and from when on others are measured by it."""

    ended_at: datetime
    counts_at: datetime
    opened: int


@dataclass(slots=True)
class Habits:
    """What one tenant's sends used, each with the first that did, and how large."""

    first: dict[tuple[Habit, str], tuple[str, datetime]] = field(default_factory=dict)
    campaigns: list["Campaign"] = field(default_factory=list)

    def learn(self, request: RequestFacts, *, at: datetime) -> None:
        """Note what a send that begins uses."""
        for each in uses(request):
            self.first.setdefault(each, (request.id, at))

    def unlearn(self, request: str) -> None:
        """Forget what only a send brought that was denied."""
        for each in [use for use, (who, _) in self.first.items() if who == request]:
            del self.first[each]

    def finish(
        self, request: RequestFacts, *, opened: int, at: datetime, approved: bool
    ) -> None:
        """Note how large a campaign came to be, and whether an owner approved it.

        One that nobody but its requester signed counts a day later: or somebody would
        climb from ten rows to all in an hour, tenfold at a step.
        """
        if parse_send(request.terms).kind is SendKind.CAMPAIGN:
            counts_at = at if approved else at + UNSEEN
            self.campaigns.append(Campaign(at, counts_at, opened))

    def largest(self, *, before: datetime) -> int:
        """Say how many rows the largest campaign of the last 90 days opened."""
        since = before - RECENT
        return max(
            (
                each.opened
                for each in self.campaigns
                if since < each.ended_at and each.counts_at <= before
            ),
            default=0,
        )

    def is_known(self, habit: Habit, value: str, *, request: str, by: datetime) -> bool:
        """Tell whether another send used this by a moment."""
        who, at = self.first.get((habit, value), ("", by))
        return who not in ("", request) and at <= by


@dataclass(frozen=True, slots=True)
class News:
    """One thing no send of the tenant had before."""

    habit: Habit | None  # none: it is about the size
    value: str
    words: str


def uses(request: RequestFacts) -> Iterator[tuple[Habit, str]]:
    """List what a send uses, and whose passkeys asked for and approved it."""
    terms, send = request.terms, parse_send(request.terms)
    yield from _named(send)
    yield Habit.ROUTE, terms.recipient
    for signed in request.signed:
        if signed.decision != Decision.DENY:
            yield Habit.PASSKEY, signed.credential


def news_of(habits: Habits, request: RequestFacts, *, now: datetime) -> list[News]:
    """List what is new about a send, in the order of the terms; a draft's as of now.

    The passkey that counts is the requester's.
    """
    if request.terms.action is not Action.SEND:
        return []
    by, found = asked_at(request, now), []
    for habit, value in uses(_asked_only(request)):
        if not habits.is_known(habit, value, request=request.id, by=by):
            shown = "" if habit in (Habit.PASSKEY, Habit.ROUTE) else f": {value}"
            found.append(News(habit, value, f"{_WORDS[habit]}{shown}"))
    largest = habits.largest(before=by)
    if not largest:
        found.append(News(None, "", "no campaign of this tenant in 90 days before"))
    elif request.terms.cap > FAR_MORE * largest:
        words = f"more than {FAR_MORE} times the largest campaign, {largest:,} rows"
        found.append(News(None, "", words))
    return found


def looks_at_twice(
    habits: Habits, request: RequestFacts, *, now: datetime
) -> list[str]:
    """Say in words what is new about a send, and whether it was asked for at night."""
    found = [each.words for each in news_of(habits, request, now=now)]
    if request.terms.action is Action.SEND:
        moment = asked_at(request, now).astimezone(UTC)
        if not NIGHT_ENDS <= moment.hour < NIGHT_BEGINS:
            found.append(f"asked for at night ({moment:%H:%M} UTC)")
    return found


def asked_at(request: RequestFacts, now: datetime) -> datetime:
    """Say when the requester signed; of a draft, that it would be now."""
    asked = (s.at for s in request.signed if s.decision == Decision.REQUEST)
    return next(asked, now)


def _asked_only(request: RequestFacts) -> RequestFacts:
    asked = [s for s in request.signed if s.decision == Decision.REQUEST]
    return RequestFacts(id=request.id, terms=request.terms, signed=asked)


def _named(send: SendTerms) -> Iterator[tuple[Habit, str]]:
    yield Habit.FROM, send.sender
    yield Habit.FROM_DOMAIN, send.sender_domain
    if send.reply_to:
        yield Habit.REPLY_TO, send.reply_to
    for domain in send.links:
        yield Habit.LINK, domain
    for domain in send.tracking:
        yield Habit.TRACKING, domain


_WORDS = {
    Habit.FROM: "new sender",
    Habit.FROM_DOMAIN: "new domain of a sender",
    Habit.REPLY_TO: "new reply address",
    Habit.LINK: "new link domain",
    Habit.TRACKING: "new tracking domain",
    Habit.ROUTE: "a way out this tenant's mail never took",
    Habit.PASSKEY: "a passkey that never signed a send",
}
