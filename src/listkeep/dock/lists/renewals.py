"""Have the rows of lists sealed anew under newer keys, while everybody goes on.

The keeper decides: that a key is begun, and that an older one may go. Here is only the
walking. How far it has come stands in a row that is written together with what was
swapped, so it can be cut off anywhere; and the keeper looks at every row once more
before it destroys a key, so nothing depends on this having been right.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from listkeep.core.errors import (
    Code,
    ConflictError,
    RefusedError,
    UnavailableError,
)
from listkeep.core.grants import parse_time
from listkeep.wire.messages import keys as k

from . import bulk, shelves
from .history import lock_list
from .keeper import Keeper
from .models import Renewal

log = structlog.get_logger("listkeep.dock.lists")
_PAGES_AT_ONCE = 64  # then it is the turn of other work for a while
_REST = timedelta(hours=6)


class Renewing:
    """One run over all lists."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        clock: Callable[[], datetime],
        keep_on: Callable[[], bool],
        every: timedelta,
    ) -> None:
        """Prepare; ``every`` is how old a key gets."""
        self._keeper, self._clock, self._keep_on = keeper, clock, keep_on
        self._every = every

    def run(self) -> int:
        """Go on with what was begun and begin what is due; tell how many rows moved.

        Raises:
            ListkeepError: The keeper is away, or misses rows of a list. One list in
                trouble keeps no other waiting.
        """
        moved, trouble = 0, list[RefusedError]()
        for known in self._keeper.read_keys(k.ReadKeys(left=read_left())).lists:
            if not self._keep_on():
                break
            try:
                moved += self._renew(known)
            except RefusedError as error:
                log.warning("renewal.refused", list=known.list, code=error.code.value)
                trouble.append(error)
        if trouble:
            raise trouble[0]
        return moved

    def _renew(self, known: k.ListKeys) -> int:
        if len(known.keys) == 1:
            Renewal.objects.filter(list_id=known.list).delete()
            if self._clock() < parse_time(known.keys[0].since) + self._every:
                return 0
            known = self._keeper.renew_key(k.RenewKey(list=known.list))
        state = _take_up(known)
        moved = 0
        for _ in range(_PAGES_AT_ONCE):
            if state.shelf >= len(shelves.SHELVES) or not self._keep_on():
                break
            moved += self._move_page(state)
        if state.shelf >= len(shelves.SHELVES):
            self._end(state, known)
        return moved

    def _move_page(self, state: Renewal) -> int:
        """Have the next page of a shelf sealed anew, and remember where it ended."""
        shelf = shelves.SHELVES[state.shelf]
        after = (bytes(state.token), state.replaced_by)
        page = shelves.read_older(shelf, state.list_id, key=state.key, after=after)
        moved = 0
        with bulk.translated():
            if page:
                message = k.RenewRows(list=state.list_id, rows=shelves.batch_of(page))
                anew = self._keeper.renew_rows(message)
                with transaction.atomic():
                    lock_list(state.list_id)
                    moved = shelves.swap(shelf, state.list_id, page, anew)
                    _advance(state, page, moved)
            else:
                _advance(state, page, 0)
        return moved

    def _end(self, state: Renewal, known: k.ListKeys) -> None:
        """Have the older keys destroyed, once they are old enough."""
        now = self._clock()
        rests = state.rests_until is not None and now < state.rests_until
        if rests or now < parse_time(known.ready_at):
            return
        message = k.DestroyKeys(list=state.list_id)
        try:
            self._keeper.destroy_keys(message, self._all_rows(state.list_id))
        except ConflictError:
            # A row came in under an older key after its shelf was done.
            log.info("renewal.again", list=state.list_id)
            _begin(state)
            state.save()
            return
        except RefusedError:
            state.left = shelves.count_older(state.list_id, key=state.key)
            state.rests_until = now + _REST
            state.save()
            raise
        state.delete()
        log.info("renewal.done", list=state.list_id, key=state.key)

    def _all_rows(self, list_id: str) -> Iterator[k.HeldRows]:
        for shelf in shelves.SHELVES:
            for page in shelves.read_all(shelf, list_id):
                if not self._keep_on():
                    raise UnavailableError(
                        "the worker was told to stop", code=Code.DOCK_UNAVAILABLE
                    )
                is_past = shelf is shelves.PAST
                yield k.HeldRows(rows=shelves.batch_of(page), past=is_past)


def read_left() -> tuple[k.RowsLeft, ...]:
    """Read how many rows of each list wait for a newer key."""
    rows = Renewal.objects.order_by("list_id").values_list("list_id", "left")
    return tuple(k.RowsLeft(list=list_id, rows=left) for list_id, left in rows)


def count_left() -> int:
    """Count the rows that wait for a newer key, in lists whose renewal goes on."""
    return sum(Renewal.objects.values_list("left", flat=True))


def _take_up(known: k.ListKeys) -> Renewal:
    """Go on where the renewal under this key was, or begin it."""
    newest = known.keys[-1].number
    state = Renewal.objects.filter(list_id=known.list, key=newest).first()
    if state is None:
        state = Renewal(list_id=known.list, key=newest)
        _begin(state)
        state.save()
    return state


def _begin(state: Renewal) -> None:
    state.shelf, state.moved, state.rests_until = 0, 0, None
    state.token, state.replaced_by = shelves.START
    state.left = shelves.count_older(state.list_id, key=state.key)


def _advance(state: Renewal, page: list[shelves.Row], moved: int) -> None:
    """Remember what was done; at a shelf's end look at it once more, or go on."""
    state.moved += moved
    state.left = max(0, state.left - moved)
    if len(page) == shelves.PAGE_ROWS:
        state.token, state.replaced_by = page[-1].place
    else:
        state.shelf += not state.moved
        state.moved = 0
        state.token, state.replaced_by = shelves.START
    state.save()
