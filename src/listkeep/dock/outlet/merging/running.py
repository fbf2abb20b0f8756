"""Advance runs of the mail merge, a slice of time at once.

A page is settled before the next is read: the cursor moves when each of its messages
has an outcome. A page of which nothing went out is tried again after a while, since it
says more about the way than about the people; a single message that was deferred rests
by itself, longer each time, until the send ends. Such messages have up to half of each
page: a send of days is not through before a mailbox that was busy takes its mail.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from listkeep.core.errors import Code, ListkeepError, RefusedError, UnavailableError
from listkeep.core.mail import Reply
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire.messages import sends as d

from . import queries
from .models import MailMerge
from .path import Item, Path

log = structlog.get_logger("listkeep.dock.outlet")

PAGE: Final = 256
SLICE_SECONDS: Final = 5.0
"""How long one run goes on before others of the worker have their turn."""
MOST_STALLS: Final = 5
_LONGEST_PAUSE: Final = 300
_FROZEN_PAUSE: Final = 15
_HOUR: Final = 3600
_OURS: Final = "listkeep: "


@dataclass
class Merger:
    """What advances runs: the path, the keeper, clocks, and whether to go on."""

    path: Path
    keeper: Keeper
    clock: Callable[[], datetime]
    keep_on: Callable[[], bool]
    elapsed: Callable[[], float]  # seconds, of a clock that never jumps

    def tick(self) -> int:
        """Advance every run that is due; gives how many messages were handed over."""
        now = self._now()
        due = MailMerge.objects.filter(state=MailMerge.State.RUNNING, next_at__lte=now)
        return sum(self._advance(run) for run in due.order_by("next_at"))

    def _advance(self, run: MailMerge) -> int:
        try:
            send = self.path.find_send(run.request)
            if send is None or send.state == "ended":
                self._end(run, code="" if self._is_over(run) else Code.EXPIRED)
                return 0
            if send.state == "frozen":
                self._wait(run, _FROZEN_PAUSE, code=Code.FROZEN)
                return 0
            return self._work(run, send)
        except UnavailableError as error:
            self._stall(run, code=error.code)
            return 0

    def _work(self, run: MailMerge, send: d.Send) -> int:
        """Hand pages over until the slice is over or the run has to wait."""
        slots = self.path.read_slots(send)
        limit = _most_at_once(send.pace)
        done, until, more = 0, self.elapsed() + SLICE_SECONDS, True
        while self.elapsed() < until and self.keep_on() and self._is_running(run):
            share = limit if run.is_through else limit // 2
            again = (
                queries.read_deferred(run, slots=slots, limit=share, now=self._now())
                if more
                else []
            )
            more = len(again) == share  # else the others are looked for a slice later
            first = self._read_first(run, send, slots, limit=limit - len(again))
            if not first and not again:
                self._finish_or_rest(run)
                return done
            items = [*first, *again]
            done += len(items)
            replies = self.path.deliver(send, items)
            if not self._settle(run, first, replies):
                return done
            if send.pace:
                self._wait(run, -(-len(items) * _HOUR // send.pace), code="")
                return done
        return done

    def _read_first(
        self, run: MailMerge, send: d.Send, slots: Collection[str], *, limit: int
    ) -> list[Item]:
        """Read whose turn it is for the first time; nobody, once all had theirs."""
        if run.is_through:
            return []
        items = queries.read_page(
            run, selection=send.selection, slots=slots, limit=limit
        )
        run.is_through = not items
        return items

    def _settle(
        self, run: MailMerge, first: Sequence[Item], replies: Sequence[Reply]
    ) -> bool:
        """Note how far a page brought the run; say whether the next may follow.

        ``first`` came first in it; whoever was tried once more is noted elsewhere.
        """
        codes = Counter(
            reply.text.removeprefix(_OURS) for reply in replies if _is_ours(reply)
        )
        if beyond := codes[Code.CAP_EXCEEDED]:
            # Nobody else will have it under this request: left are those who fitted in
            # and were told to wait.
            run.is_through = True
            if queries.count_waiting(run) <= beyond:
                self._end(run, code=Code.CAP_EXCEEDED)
                return False
        page = replies[: len(first)] or replies
        if all(400 <= reply.code < 500 for reply in page):
            is_stuck = all(map(_is_ours, page)) or run.stalls < MOST_STALLS
            if is_stuck or not first:
                self._stall(run, code=min(codes, default=""))
                return False
        if first:
            run.cursor = first[-1].token
        run.stalls, run.code = 0, ""
        return self._save(run)

    def _finish_or_rest(self, run: MailMerge) -> None:
        if queries.is_waiting(run):
            self._wait(run, queries.DELAYS[0] // 2, code=run.code)
        else:
            self._end(run, code="")

    def _stall(self, run: MailMerge, *, code: str) -> None:
        run.stalls = min(run.stalls + 1, 30)
        self._wait(run, min(2**run.stalls, _LONGEST_PAUSE), code=code)

    def _wait(self, run: MailMerge, seconds: int, *, code: str) -> None:
        run.next_at, run.code = self._now() + max(seconds, 1), code[:40]
        self._save(run)

    def _is_over(self, run: MailMerge) -> bool:
        return run.is_through and not queries.is_waiting(run)

    def _end(self, run: MailMerge, *, code: str) -> None:
        """End a run, and tell the keeper what came of it; it may know already."""
        counts = queries.count_states(run)
        delivered = counts.pop("delivered")
        try:
            self.keeper.finish_send(
                d.FinishSend(
                    request=run.request,
                    delivered=delivered,
                    failed=sum(counts.values()),
                )
            )
        except UnavailableError:
            raise
        except RefusedError as error:
            log.info("merge.ended_before", request=run.request, code=error.code)
        except ListkeepError as error:
            log.warning("merge.not_told", request=run.request, code=error.code)
        run.state = MailMerge.State.STOPPED if code else MailMerge.State.DONE
        run.code = code
        self._save(run)
        log.info("merge.ended", request=run.request, delivered=delivered, code=code)

    def _is_running(self, run: MailMerge) -> bool:
        """Look whether somebody paused the run meanwhile."""
        return MailMerge.objects.filter(
            list_id=run.list_id, request=run.request, state=MailMerge.State.RUNNING
        ).exists()

    def _save(self, run: MailMerge) -> bool:
        """Keep how far a run is, unless it was paused meanwhile; then only that.

        Raises:
            UnavailableError: The database does not answer.
        """
        known = MailMerge.objects.filter(list_id=run.list_id, request=run.request)
        where = {
            "cursor": run.cursor,
            "is_through": run.is_through,
            "stalls": run.stalls,
            "changed_at": self.clock(),
        }
        if known.filter(state=MailMerge.State.RUNNING).update(
            **where, state=run.state, code=run.code, next_at=run.next_at
        ):
            return True
        known.update(**where)
        return False

    def _now(self) -> int:
        return int(self.clock().timestamp())


def _most_at_once(pace: int) -> int:
    """Say how many go out together: a minute's, and two where an hour has two.

    So one of them may be somebody who was told to wait, however long the send is.
    """
    return min(PAGE, max(min(pace, 2), pace // 60)) if pace else PAGE


def _is_ours(reply: Reply) -> bool:
    return reply.text.startswith(_OURS)
