"""Suppressions never shrink: after a database was put back, know what others know.

``listkeep restore-backup`` writes down whom the databases it replaced knew as
suppressed. The dock takes that up at its next start, tells the keeper, and learns from
the keeper in turn. The file goes when all is done; each step can be done again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from listkeep.core.errors import RefusedError, VerificationError
from listkeep.core.sealing import TOKEN_BYTES
from listkeep.wire.messages import suppressions as s

from . import bulk
from .erasing import erase_token
from .history import Author, lock_list
from .keeper import Keeper
from .models import Entry, PastEntry
from .services import lower_status
from .statuses import ERASED, STATUS_CODES, STATUSES, SUBSCRIBED

KNOWN = "suppressed.known"
_AT_ONCE = 4096
_FEW = 500
_AUTHOR = Author("reconciled")
_DONE = "done\n"  # where the file could not be removed; an empty one is still to do
log = structlog.get_logger("listkeep.dock")


def reconcile(home: Path, *, keeper: Keeper, now: datetime) -> int:
    """Bring both sides together if something was put back; tell how many rows sank.

    Raises:
        ListkeepError: The keeper does not answer; the next start goes on.
    """
    path = home / KNOWN
    # Empty is not done: a database that was gone knew of nobody, and the keeper does.
    if not path.exists() or path.read_text(encoding="ascii") == _DONE:
        return 0
    for (list_id, reason), tokens in _known(path).items():
        _tell(keeper, list_id, reason, tokens)
    lists = sorted(set(Entry.objects.values_list("list_id", flat=True).distinct()))
    for list_id in lists:
        for status in range(SUBSCRIBED + 1, len(STATUSES)):
            _tell(keeper, list_id, STATUSES[status], _own(list_id, status))
    changed, is_done = 0, True
    for list_id in lists:
        try:
            changed += _learn(keeper, list_id, now=now)
        except VerificationError as error:
            # What the keeper knows of this one list was tampered with: others go on,
            # and who is suppressed there is asked for again.
            log.warning("start.not-reconciled", list=list_id, code=error.code)
            is_done = False
    if is_done:
        _forget(path)
    log.warning("start.reconciled", rows=changed)
    return changed


def _forget(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:  # the folder is the keeper's, the file is ours
        path.write_text(_DONE, encoding="ascii")


def _known(path: Path) -> dict[tuple[str, str], list[bytes]]:
    found = defaultdict[tuple[str, str], list[bytes]](list)
    for line in path.read_text(encoding="ascii").splitlines():
        list_id, token, reason = line.split(" ")
        found[list_id, reason].append(bytes.fromhex(token))
    return found


def _own(list_id: str, status: int) -> list[bytes]:
    rows = Entry.objects.filter(list_id=list_id, status=status)
    return [bytes(token) for token in rows.values_list("token", flat=True)]


def _tell(keeper: Keeper, list_id: str, reason: str, tokens: list[bytes]) -> None:
    for at in range(0, len(tokens), _AT_ONCE):
        some = b"".join(tokens[at : at + _AT_ONCE])
        try:
            keeper.keep_suppressions(
                s.KeepSuppressions(list=list_id, reason=reason, tokens=some)
            )
        except RefusedError as error:
            # Of a list nobody knows any more, or new without a recovered ledger.
            log.warning("start.not-reconciled", list=list_id, code=error.code)
            return


def _learn(keeper: Keeper, list_id: str, *, now: datetime) -> int:
    changed = 0
    for reason, tokens in _pages(keeper, list_id):
        status = STATUS_CODES[reason]
        if status == ERASED:
            changed += _erase(list_id, tokens, now=now)
        else:
            changed += lower_status(
                list_id, tokens, status=status, author=_AUTHOR, now=now
            )
    return changed


def _pages(keeper: Keeper, list_id: str) -> Iterator[tuple[str, list[bytes]]]:
    after, is_last = b"", False
    while not is_last:
        try:
            page = keeper.read_suppressions(
                s.ReadSuppressions(list=list_id, after=after)
            )
        except RefusedError as error:  # there is no such list any more
            log.warning("start.not-reconciled", list=list_id, code=error.code)
            return
        by_reason = defaultdict[str, list[bytes]](list)
        for number, reason in enumerate(page.reasons):
            after = page.tokens[number * TOKEN_BYTES : (number + 1) * TOKEN_BYTES]
            by_reason[reason].append(after)
        yield from by_reason.items()
        is_last = page.is_last


def _erase(list_id: str, tokens: list[bytes], *, now: datetime) -> int:
    """Erase anew who is back, with what the rows were before; tell how many.

    A mark stays, as the first time, or the next import would bring them in.
    """
    changed = 0
    with bulk.translated(), transaction.atomic():
        lock_list(list_id)
        for at in range(0, len(tokens), _FEW):
            some = {"list_id": list_id, "token__in": tokens[at : at + _FEW]}
            rows = Entry.objects.filter(**some).exclude(status=ERASED)
            facets = {bytes(t): text for t, text in rows.values_list("token", "facets")}
            for token, text in sorted(facets.items()):
                erase_token(
                    list_id,
                    token,
                    facets=_count_facets(text),
                    keep=True,
                    author=_AUTHOR,
                    now=now,
                )
            PastEntry.objects.filter(**some).delete()
            changed += len(facets)
    return changed


def _count_facets(text: str) -> int:
    try:
        return len(json.loads(text))
    except (ValueError, TypeError):  # edited: the row was none that counts
        return 0
