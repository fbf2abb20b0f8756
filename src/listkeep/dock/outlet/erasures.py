"""Erase one person from every list of a tenant, as an owner signed for it.

The keeper is asked while nothing is committed yet: either both know of it, or the dock
died in between, and then the same request is run again.
"""

from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import transaction

from listkeep.core.grants import Action
from listkeep.dock.lists.access import enter
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.erasing import Erased, erase_token
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m
from listkeep.wire.messages import erasures as e

from .forgetting import forget_mail
from .requests import get_terms

log = structlog.get_logger("listkeep.dock.outlet")


class Erasure(NamedTuple):
    """What was removed, in counts."""

    lists: int
    past: int
    kept: bool  # a mark stays that keeps the person away


def erase(
    caller: m.Caller, *, request: str, token: bytes, keeper: Keeper, now: datetime
) -> Erasure:
    """Erase whom a granted request names from every list of the caller's tenant.

    Raises:
        RefusedError: Not granted, or the token is somebody else's.
        MalformedError: The request is for something else.
        UnavailableError: The disk is full, or the database locked for too long.
    """
    terms = get_terms(caller, request=request, action=Action.ENTRY_ERASE, keeper=keeper)
    author = Author(enter(keeper, caller, right="touch").id, request)
    keep = terms.subject_fields()["keep"] == "yes"
    records = keeper.show_lists(m.ShowLists(caller=caller)).lists
    with translated(), transaction.atomic():
        found = {
            record.id: erase_token(
                record.id,
                token,
                facets=len(record.facets),
                keep=keep,
                author=author,
                now=now,
            )
            for record in records
        }
        for record in records:
            forget_mail(record.id, token)
        there = {name: each for name, each in found.items() if each.was_there}
        keeper.erase_entry(_message(caller, request, token, there))
    past = sum(each.past for each in there.values())
    log.info("entry.erased", request=request, lists=len(there), past=past)
    return Erasure(len(there), past, keep)


def _message(
    caller: m.Caller, request: str, token: bytes, there: dict[str, Erased]
) -> e.EraseEntry:
    lists = (
        e.ErasedFrom(list=name, removed=each.removed) for name, each in there.items()
    )
    return e.EraseEntry(
        session=caller.session, request=request, token=token, lists=tuple(lists)
    )
