"""Tell a webhook what came back, in order, each batch until it was taken.

A batch is up to a hundred rows in the order of their numbers, without what is held.
It is tried with the same id and bytes until it was taken, by which a receiver knows
the double; the next one waits. Where the webhook is, the keeper says each time, and
only for one of the tenant whose list it is: who changes a row here gets no list told
elsewhere.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from listkeep.core.errors import Code, ListkeepError
from listkeep.core.grants import format_time
from listkeep.core.sealing import format_token
from listkeep.dock.lists.access import not_found
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.watch.letters import Letter
from listkeep.dock.watch.outcomes import Outcome, SendError
from listkeep.dock.watch.services import RETRIES
from listkeep.wire.messages import notices as n

from .models import Feed, Returned, ReturnedCount
from .reading import read_after, time_of

log = structlog.get_logger("listkeep.dock.outlet")

BATCH: Final = 100
BATCHES_AT_ONCE: Final = 50
GIVEN_UP_AFTER: Final = timedelta(days=3)
_NOT_TOLD: Final = frozenset({Returned.State.HELD, Returned.State.DROPPED})
_KEEPER_AWAY_FOR: Final = timedelta(minutes=1)


class Post(Protocol):
    """How a webhook is called; see ``dock/watch/webhook.py``."""

    def send(
        self, letter: Letter, *, destination: str, secret: str, timestamp: int
    ) -> None:
        """Post one letter, or raise ``SendError``."""


def set_feed(list_id: str, *, contact: str, keeper: Keeper, now: datetime) -> Feed:
    """Have a webhook told from now on what comes back to a list.

    One that was told before, or failed, goes on where it was.

    Raises:
        RefusedError: It is no webhook of the tenant whose list this is.
    """
    keeper.open_contact(n.OpenContact(contact=contact, list=list_id))
    last = ReturnedCount.objects.filter(list_id=list_id).first()
    feed, _ = Feed.objects.get_or_create(
        list_id=list_id,
        defaults={
            "contact": contact,
            "told": last.last if last else 0,
            "next_at": now,
            "changed_at": now,
        },
    )
    feed.contact, feed.state = contact, Feed.State.TELLING
    feed.attempts, feed.outcome = 0, ""
    feed.next_at = feed.changed_at = now
    feed.save()
    return feed


def get_feed(list_id: str) -> Feed:
    """Get the webhook of a list.

    Raises:
        RefusedError: It has none.
    """
    feed = Feed.objects.filter(list_id=list_id).first()
    if feed is None:
        raise not_found("webhook")
    return feed


def remove_feed(list_id: str) -> Feed:
    """Tell nobody any more; give who was.

    Raises:
        RefusedError: It has none.
    """
    feed = get_feed(list_id)
    Feed.objects.filter(list_id=list_id).delete()
    return feed


def tell_feeds(
    *,
    keeper: Keeper,
    post: Post,
    clock: Callable[[], datetime],
    keep_on: Callable[[], bool],
) -> int:
    """Tell every webhook that is due what is new. Gives how many batches were taken."""
    taken = 0
    due = Feed.objects.filter(state=Feed.State.TELLING, next_at__lte=clock())
    for list_id in list(due.values_list("list_id", flat=True)):
        for _ in range(BATCHES_AT_ONCE):
            if not keep_on() or not _tell_one(list_id, keeper, post, clock):
                break
            taken += 1
    return taken


def count_untold(now: datetime) -> int:
    """Count webhooks that are behind."""
    feeds = Feed.objects.filter(state=Feed.State.TELLING, next_at__lte=now)
    return sum(
        bool(read_after(feed.list_id, after=feed.told, limit=1)) for feed in feeds
    )


def _tell_one(
    list_id: str, keeper: Keeper, post: Post, clock: Callable[[], datetime]
) -> bool:
    """Tell one batch; say whether there may be more to tell now."""
    feed = Feed.objects.filter(list_id=list_id, state=Feed.State.TELLING).first()
    rows = _next_batch(feed) if feed else []
    if feed is None or not rows:
        return False
    told = [row for row in rows if row.state not in _NOT_TOLD]
    outcome = Outcome.DELIVERED
    if told:
        outcome = _try(feed, told, keeper, post, now=clock())
    _record(feed, outcome, now=clock())
    return outcome is Outcome.DELIVERED


def _next_batch(feed: Feed) -> list[Returned]:
    """Give the batch that was begun, or begin the next."""
    rows = read_after(feed.list_id, after=feed.told, limit=BATCH)
    if feed.begun > feed.told:
        return [row for row in rows if row.number <= feed.begun]
    if rows:
        feed.begun = rows[-1].number
        feed.save(update_fields=["begun"])
    return rows


def _try(
    feed: Feed, rows: Sequence[Returned], keeper: Keeper, post: Post, *, now: datetime
) -> Outcome:
    try:
        opened = keeper.open_contact(
            n.OpenContact(contact=feed.contact, list=feed.list_id)
        )
        post.send(
            write_letter(feed, rows),
            destination=opened.destination,
            secret=opened.secret,
            timestamp=int(now.timestamp()),
        )
    except SendError as error:
        return error.outcome
    except ListkeepError as error:
        known = {
            Code.NOT_FOUND: Outcome.NOT_TOLD,
            Code.BUDGET_SPENT: Outcome.BUDGET_SPENT,
        }
        return known.get(error.code, Outcome.KEEPER_AWAY)
    except Exception:
        log.exception("feed.broken", list=feed.list_id)
        return Outcome.BROKEN
    return Outcome.DELIVERED


def write_letter(feed: Feed, rows: Sequence[Returned]) -> Letter:
    """Write one batch as it is posted; the same batch is written the same."""
    about = f"{feed.contact}\x00{feed.list_id}\x00{feed.told}\x00{feed.begun}"
    body = {
        "type": "listkeep.returned",
        "timestamp": format_time(time_of(rows[-1])),
        "data": {
            "list": feed.list_id,
            "cursor": feed.begun,
            "returned": [_describe(row) for row in rows],
        },
    }
    return Letter(
        id=f"b_{hashlib.sha256(about.encode()).hexdigest()[:24]}",
        subject="",
        text="",
        json=json.dumps(body, separators=(",", ":")).encode(),
    )


def _describe(row: Returned) -> dict[str, object]:
    return {
        "number": row.number,
        "request": row.request,
        "token": format_token(bytes(row.token)),
        "outcome": row.outcome,
        "code": row.code,
        "how": row.how,
        "at": format_time(time_of(row)),
    }


def _record(feed: Feed, outcome: Outcome, *, now: datetime) -> None:
    """Write down how a try ended; nothing is left out, so the next one is the same."""
    feed.outcome = outcome
    if outcome is Outcome.DELIVERED:
        feed.told, feed.attempts = feed.begun, 0
        feed.next_at = feed.changed_at = now
    else:
        if not feed.attempts:
            feed.changed_at = now  # when it began to fail
        feed.attempts += 1
        is_away = outcome is Outcome.KEEPER_AWAY
        step = RETRIES[min(feed.attempts, len(RETRIES)) - 1]
        feed.next_at = now + (_KEEPER_AWAY_FOR if is_away else step)
        is_over = now >= feed.changed_at + GIVEN_UP_AFTER and not is_away
        if outcome is Outcome.NOT_TOLD or is_over:
            feed.state = Feed.State.FAILED
    Feed.objects.filter(list_id=feed.list_id, contact=feed.contact).update(
        told=feed.told,
        state=feed.state,
        attempts=feed.attempts,
        outcome=feed.outcome,
        next_at=feed.next_at,
        changed_at=feed.changed_at,
    )
    log.info(
        "feed.tried",
        list=feed.list_id,
        contact=feed.contact,
        outcome=outcome.value,
        attempts=feed.attempts,
    )
