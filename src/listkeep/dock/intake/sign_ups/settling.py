"""Put who confirmed on the list: at the keeper first, then in the dock, once.

Several confirm at once and are merged together, because each merge looks the whole list
over. All that is done can be done again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.conf import settings

from listkeep.core.errors import Code, RefusedError, VerificationError
from listkeep.core.sealing import read_key_number
from listkeep.core.segments import Schema
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists import services as lists
from listkeep.dock.lists.bulk import Merged, Staging
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.statuses import SUBSCRIBED
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import suppressions as s

from .confirming import GOOD_FOR
from .ending import close_ticket, drop_sign_up
from .models import SignUp

log = structlog.get_logger("listkeep.dock.intake")

_AT_ONCE = 1000
_AUTHOR = Author("sign-up")
_STAYS_AWAY = frozenset({Code.NOT_PERMITTED, Code.EXPIRED, Code.NOT_FOUND})


def settle_sign_ups(
    *,
    keeper: Keeper,
    clock: Callable[[], datetime],
    keep_on: Callable[[], bool],
) -> int:
    """Settle who confirmed, list by list. Gives how many came onto a list.

    Raises:
        UnavailableError: The keeper or the database does not answer; they wait.
    """
    done = 0
    confirmed = SignUp.objects.filter(state=SignUp.State.CONFIRMED)
    for list_id in sorted(set(confirmed.values_list("list_id", flat=True))):
        if keep_on():
            done += _settle(list_id, keeper=keeper, now=clock())
    return done


def count_confirmed() -> int:
    """Count who confirmed and is not on the list yet."""
    return SignUp.objects.filter(state=SignUp.State.CONFIRMED).count()


def forget_old(*, keeper: Keeper, now: datetime) -> int:
    """Forget who did not confirm in time. Gives how many.

    Raises:
        UnavailableError: The keeper does not answer.
    """
    limit = int((now - GOOD_FOR).timestamp())
    old = SignUp.objects.filter(at__lte=limit).exclude(state=SignUp.State.CONFIRMED)
    rows = list(old[:_AT_ONCE])
    for sign_up in rows:
        drop_sign_up(sign_up, keeper=keeper)
    return len(rows)


def count_old(now: datetime) -> int:
    """Count who did not confirm in time."""
    limit = int((now - GOOD_FOR).timestamp())
    old = SignUp.objects.filter(at__lte=limit)
    return old.exclude(state=SignUp.State.CONFIRMED).count()


def _settle(list_id: str, *, keeper: Keeper, now: datetime) -> int:
    new: dict[bytes, SignUp] = {}
    done = 0
    confirmed = SignUp.objects.filter(list_id=list_id, state=SignUp.State.CONFIRMED)
    held = _held_keys(list_id, keeper)
    for sign_up in confirmed.order_by("-at")[:_AT_ONCE]:
        token = bytes(sign_up.token)
        entry = entries.find_entry(list_id, token)
        is_there = entry is not None and entry.status == SUBSCRIBED
        if token in new or is_there or not _opens(sign_up, held):
            drop_sign_up(sign_up, keeper=keeper)
        elif not _let_back(sign_up, keeper=keeper):
            continue
        elif entry is None:
            new[token] = sign_up
        else:
            done += _bring_back(sign_up, keeper=keeper, now=now)
    if new:
        _merge(list_id, list(new.values()), keeper=keeper, now=now)
    return done + len(new)


def _held_keys(list_id: str, keeper: Keeper) -> frozenset[int]:
    """Say which keys of the list there are: a sign-up may be older than a renewal."""
    for each in keeper.read_keys(k.ReadKeys()).lists:
        if each.list == list_id:
            return frozenset(key.number for key in each.keys)
    return frozenset()


def _opens(sign_up: SignUp, held: frozenset[int]) -> bool:
    try:
        return read_key_number(bytes(sign_up.sealed)) in held
    except VerificationError:
        return False


def _let_back(sign_up: SignUp, *, keeper: Keeper) -> bool:
    """Have the keeper lift what keeps the person away; say whether to go on now."""
    try:
        keeper.readmit(
            s.Readmit(
                ticket=sign_up.ticket,
                token=bytes(sign_up.token),
                proof=bytes(sign_up.proof),
            )
        )
    except VerificationError:  # somebody's hand was in the table
        log.warning("sign-ups.not-theirs", list=sign_up.list_id)
        drop_sign_up(sign_up, keeper=keeper)
        return False
    except RefusedError as error:
        if error.code is Code.BUDGET_SPENT:
            return False  # another day
        if error.code not in _STAYS_AWAY:
            raise
        drop_sign_up(sign_up, keeper=keeper)
        return False
    return True


def _bring_back(sign_up: SignUp, *, keeper: Keeper, now: datetime) -> int:
    """Call an entry subscribed again, with everything it has."""
    token = bytes(sign_up.token)
    is_back = lists.readmit(sign_up.list_id, token, author=_AUTHOR, now=now)
    if is_back:
        close_ticket(sign_up.ticket, added=0, updated=1, keeper=keeper)
    drop_sign_up(sign_up, keeper=keeper)
    return int(is_back)


def _merge(
    list_id: str, new: Sequence[SignUp], *, keeper: Keeper, now: datetime
) -> None:
    path = settings.LISTKEEP_HOME / "staging" / f"sign-ups-{list_id}.sqlite3"
    path.unlink(missing_ok=True)  # of a process that died: it is made anew

    def finish(merged: Merged, _suppressions: lists.Suppressions) -> None:
        # Within the merge's transaction: if the keeper is not told, nobody is added.
        for number, sign_up in enumerate(new):
            is_added = number < merged.added
            close_ticket(
                sign_up.ticket,
                added=int(is_added),
                updated=int(not is_added),
                keeper=keeper,
            )
        tickets = [sign_up.ticket for sign_up in new]
        SignUp.objects.filter(list_id=list_id, ticket__in=tickets).delete()

    staging = Staging(path)
    try:
        staging.add([_row(sign_up) for sign_up in new])
        lists.merge_staging(
            staging,
            list_id=list_id,
            schema=Schema.parse(new[0].schema.split()),
            author=_AUTHOR,
            now=now,
            before_commit=finish,
        )
    finally:
        staging.remove()
    log.info("sign-ups.added", list=list_id, rows=len(new))


def _row(sign_up: SignUp) -> tuple[bytes, bytes, int, bytes, str, int]:
    return (
        bytes(sign_up.token),
        bytes(sign_up.batch_id),
        sign_up.position,
        bytes(sign_up.sealed),
        sign_up.facets,
        SUBSCRIBED,
    )
