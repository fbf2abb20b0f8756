"""Look all rows over, some at a time: each list once in a period, and samples anywhere.

Rules of the room:

- A pass goes over a list in the order of its tokens, from a place nobody knows before,
  a page at a time. Between two pages the keeper's bookmark stands in a row, so that a
  worker that dies goes on where the last page ended.
- Besides, each tick looks at a few rows at a random place of random lists: whoever
  watches the passes and puts things right before they come is met by these.
- Nothing is an alarm at first sight. A row that does not open is read and asked about
  again: it may have been sealed anew in between. What may be right in a moment, because
  the keeper learns of a change before or after this table shows it, is looked at again
  half an hour later.
- Pages are small, there is a pause after each and an end to each tick: others wait for
  the same keeper.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    VerificationError,
)
from listkeep.core.grants import parse_time
from listkeep.core.registry.incidents import IncidentKind
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire.base import decode, encode
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import scrubs as s

from .incidents import open_incident, sync
from .models import ScrubPass
from .rows import Page, count_misshapen, read_again, read_page

log = structlog.get_logger("listkeep.dock.watch")

PAGE_ROWS: Final = 1024
SAMPLE_ROWS: Final = 256
DOUBTED_FOR: Final = timedelta(minutes=30)
EVERY: Final = timedelta(minutes=1)
_LONGEST_TICK: Final = timedelta(seconds=5)
_LOOKS: Final = 3
_LEAST_PAGES, _PAGES_OF_A_PASS = 4, 3  # it begins, turns round and ends
_PAUSE_SECONDS = 0.02
_RANDOM = secrets.SystemRandom()
_OF_THIS_LIST = frozenset({Code.NOT_FOUND, Code.KEY_UNAVAILABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Scrubber:
    """What looking over takes; ``pause`` waits between two pages."""

    keeper: Keeper
    clock: Callable[[], datetime]
    keep_on: Callable[[], bool]
    period: timedelta
    pause: Callable[[float], None] = time.sleep
    page_rows: int = PAGE_ROWS
    looked_at: list[int] = field(default_factory=list)

    def tick(self) -> int:
        """Look at some rows. Gives how many.

        Raises:
            ListkeepError: The keeper is away; what was done stays done.
        """
        known = self.keeper.read_scrubs(s.ReadScrubs()).lists
        incidents = self.keeper.show_incidents(i.ShowIncidents()).incidents
        sync(incidents, now=self.clock())
        states = {each.list: each for each in known}
        ScrubPass.objects.exclude(list_id__in=list(states)).delete()
        for drawn in _draw(known):
            self._each(drawn, self._sample)
        until, pages = self.clock() + _LONGEST_TICK, self._pages(known)
        while pages and self.clock() < until and self.keep_on():
            list_id = self._next(states)
            if list_id is None:
                break
            if not self._each(list_id, self._advance):
                del states[list_id]
            self.pause(_PAUSE_SECONDS)
            pages -= 1
        return sum(self.looked_at)

    def _pages(self, known: Sequence[s.ScrubState]) -> int:
        """Say how many pages a minute make a pass of everything fit in half a period.

        Twice as many are taken: there may be more rows than the ledger knows.
        """
        rows = sum(max(0, each.entries) for each in known)
        pages = rows / self.page_rows + _PAGES_OF_A_PASS * len(known)
        return max(_LEAST_PAGES, round(2 * pages * (EVERY / (self.period / 2))))

    def _next(self, states: dict[str, s.ScrubState]) -> str | None:
        """Choose what goes on, or else what has waited longest and is due."""
        now = self.clock()
        passes = {row.list_id: row for row in ScrubPass.objects.all()}
        for list_id, row in sorted(passes.items()):
            since = row.doubted_at or datetime.min.replace(tzinfo=now.tzinfo)
            is_waiting = since <= now < since + DOUBTED_FOR  # never of a day to come
            if list_id in states and not is_waiting:
                return list_id
        waiting = [
            (parse_time(each.scrubbed_at or each.created_at), each.list)
            for each in states.values()
            if each.list not in passes
        ]
        due = [each for each in waiting if each[0] <= now - self.period / 2]
        return min(due)[1] if due else None

    def _each(self, list_id: str, act: Callable[[str], bool]) -> bool:
        """Do something about one list; one that cannot be opened holds up no other."""
        try:
            return act(list_id)
        except ListkeepError as error:
            if error.code not in _OF_THIS_LIST:
                raise
            log.warning("scrub.skipped", list=list_id, code=error.code.value)
        return False

    def _sample(self, list_id: str) -> bool:
        """Look at a few rows nobody could have known of."""
        page = self._read(list_id, after=secrets.token_bytes(16), limit=SAMPLE_ROWS)
        if page is not None and not page.rows:  # behind the last one: the first ones
            page = self._read(list_id, after=b"", limit=SAMPLE_ROWS)
        if page is not None and page.rows:
            bad = self._still_bad(page, self._ask(page).invalid)
            self._report(IncidentKind.ROWS_INVALID, list_id, bad)
        return True

    def _advance(self, list_id: str) -> bool:
        """Look at the next page of a list; say whether there is a further one."""
        row = ScrubPass.objects.filter(list_id=list_id).first()
        try:
            return self._turn_page(list_id, row)
        except ConflictError:  # another worker completed this pass
            pass
        except VerificationError:
            self._report(IncidentKind.SCRUB_EDITED, list_id, 1)
        ScrubPass.objects.filter(list_id=list_id).delete()
        return False

    def _turn_page(self, list_id: str, row: ScrubPass | None) -> bool:
        mark = _bookmark(row) if row is not None else self._begin(list_id)
        until = mark.start if mark.is_wrapped else None
        page = self._read(list_id, after=mark.after, until=until, limit=self.page_rows)
        if page is None:
            return False
        is_sure = row is not None and row.doubted_at is not None
        answer = self._ask(
            page,
            bookmark=mark,
            is_end=len(page.rows) < self.page_rows,
            is_sure=is_sure,
        )
        bad = self._still_bad(page, answer.invalid)
        self._report(IncidentKind.ROWS_INVALID, list_id, bad)
        if answer.invalid and not bad:
            return False  # sealed anew meanwhile: the same page again, next time
        if (answer.better or answer.doubts) and not is_sure:
            _keep(list_id, mark, doubted_at=self.clock())
            return False
        self._report(IncidentKind.STATUS_BETTER, list_id, len(answer.better))
        if answer.bookmark is None:
            self._end(list_id)
            return False
        _keep(list_id, answer.bookmark)
        return True

    def _begin(self, list_id: str) -> s.Bookmark:
        answer = self._ask(Page(list_id), begins=True)
        assert answer.bookmark is not None  # noqa: S101 - it was asked for
        return answer.bookmark

    def _end(self, list_id: str) -> None:
        """Note that a pass is in the ledger; look for rows that no pass can meet."""
        ScrubPass.objects.filter(list_id=list_id).delete()
        self._report(IncidentKind.ROWS_INVALID, list_id, count_misshapen(list_id))
        log.info("scrub.done", list=list_id)

    def _read(
        self, list_id: str, *, after: bytes, limit: int, until: bytes | None = None
    ) -> Page | None:
        """Read rows; of a list with text that is none, say so and nothing else."""
        page = read_page(list_id, after=after, until=until, limit=limit)
        if page is None:
            self._report(IncidentKind.ROWS_INVALID, list_id, 1)
        return page

    def _ask(self, page: Page, **facts: object) -> s.ScrubbedRows:
        self.looked_at.append(len(page.rows))
        message = s.ScrubRows(
            list=page.list_id,
            rows=page.batch(),
            subscribed=page.subscribed(),
            **facts,  # type: ignore[arg-type]
        )
        return self.keeper.scrub_rows(message)

    def _still_bad(self, page: Page, places: Sequence[int]) -> int:
        """Read rows again and ask again; count those that were bad all the time."""
        bad = {page.rows[place] for place in places}
        for _ in range(_LOOKS):
            if not bad:
                return 0
            again = read_again(page.list_id, [row.token for row in bad])
            if again is None:
                return len(bad)
            answer = self._ask(again)
            found = {again.rows[place] for place in answer.invalid}
            if found & bad:
                return len(found & bad)
            bad = found
        return 0

    def _report(self, kind: IncidentKind, list_id: str, found: int) -> None:
        if found:
            open_incident(
                kind,
                keeper=self.keeper,
                list_id=list_id,
                found=found,
                now=self.clock(),
            )
            log.warning("scrub.found", kind=kind.value, list=list_id, rows=found)


def count_passes(_now: datetime) -> int:
    """Count the passes that are under way."""
    return ScrubPass.objects.count()


def _draw(known: Sequence[s.ScrubState]) -> set[str]:
    """Choose lists to sample: one the larger the likelier, and any one.

    A small list would otherwise hardly ever be met beside large ones.
    """
    if not known:
        return set()
    names = [each.list for each in known]
    weights = [max(0, each.entries) + 1 for each in known]
    return {*_RANDOM.choices(names, weights), _RANDOM.choice(names)}


def _bookmark(row: ScrubPass) -> s.Bookmark:
    """Read a row's bookmark; whether it is the keeper's, the keeper says.

    Raises:
        VerificationError: It is not even one.
    """
    try:
        return decode(bytes(row.bookmark), s.Bookmark)
    except MalformedError as error:
        raise VerificationError("a bookmark was changed outside Listkeep") from error


def _keep(
    list_id: str, mark: s.Bookmark, *, doubted_at: datetime | None = None
) -> None:
    ScrubPass.objects.update_or_create(
        list_id=list_id,
        defaults={"bookmark": encode(mark), "doubted_at": doubted_at},
    )
