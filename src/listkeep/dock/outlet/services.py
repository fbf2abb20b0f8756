"""Answers that need the keeper: one exact address, a worse status."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.segments import WORSE
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists import services as lists
from listkeep.dock.lists.access import Visit, is_list_name, not_found
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.known import KnownTokens
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.statuses import STATUS_CODES
from listkeep.wire import messages as m


class Found(NamedTuple):
    """What there is under one exact address, and in which list."""

    record: m.ListRecord
    token: bytes
    entry: Entry | None


def look_up(caller: m.Caller, *, list_name: str, address: str, keeper: Keeper) -> Found:
    """Find the entry of one exact address; the keeper charges for the question.

    It finds the list and asks for the right in the same turn, so nobody has to be
    asked before.

    Raises:
        MalformedError: This is not an address.
        RefusedError: There is no such list for the caller, who may not look up or has
            no budget left.
    """
    found = _ask_for_token(caller, list_name, address, keeper)
    record, token = found.list, found.token
    if record is None:
        raise UnavailableError(
            "the keeper's answer was not understood",
            code=Code.KEEPER_UNAVAILABLE,
            hint="both sides must run the same version",
        )
    if found.older:
        tokens = (*found.older, token)
        known = KnownTokens(record.tenant, keeper).find(tokens)
        token = next((each for each in tokens if each in known), token)
    return Found(record, token, entries.find_entry(record.id, token))


def _ask_for_token(
    caller: m.Caller, list_name: str, address: str, keeper: Keeper
) -> m.FoundToken:
    if not is_list_name(list_name):
        raise not_found("list")
    try:
        return keeper.look_up(
            m.LookUp(caller=caller, list=list_name, address=address, with_list=True)
        )
    except RefusedError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        raise not_found("list") from error


def suppress(  # noqa: PLR0913 - one change is described by all of these
    visit: Visit,
    *,
    tokens: Sequence[bytes],
    reason: str,
    request: str | None,
    keeper: Keeper,
    now: datetime,
) -> tuple[int, int]:
    """Give entries a worse status, at the keeper first: its word is what counts.

    Gives how many tokens the keeper had not suppressed yet, and how many entries
    of the list changed. Repeating it is harmless.

    Raises:
        RefusedError: Not a worse status, or the caller may not change so many.
    """
    if reason not in WORSE:
        raise RefusedError(
            "a status can only be changed for the worse",
            hint=f"one of {', '.join(WORSE)}; only the person can come back",
        )
    answer = keeper.suppress(
        m.Suppress(
            list=visit.record.id,
            tokens=b"".join(tokens),
            reason=reason,
            caller=visit.caller,
            request=request,
        )
    )
    changed = lists.lower_status(
        visit.record.id,
        tokens,
        status=STATUS_CODES[reason],
        author=Author(visit.principal.id, request or ""),
        now=now,
    )
    return answer.changed, changed


def set_status(
    visit: Visit, *, token: bytes, status: str, keeper: Keeper, now: datetime
) -> Entry:
    """Give one entry a worse status.

    Raises:
        RefusedError: There is no such entry, the status is no worse, or the caller
            may not.
    """
    entry = entries.get_entry(visit.record.id, token)
    if STATUS_CODES.get(status, 0) < entry.status:
        raise RefusedError(
            "a status can only be changed for the worse",
            hint="the entry has a worse status already",
        )
    suppress(visit, tokens=[token], reason=status, request=None, keeper=keeper, now=now)
    entry.refresh_from_db()
    return entry
