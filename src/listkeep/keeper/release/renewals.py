"""Replace a list's key: begin a new one, seal rows anew, destroy the old one.

The dock does the walking, and is not believed. An older key goes only after the keeper
opened, in one pass, as many different entries under the newest key as the ledger says
the list has, and met none that would be lost. Nothing the dock claims, and nothing it
overlooks, destroys a row: what it does not show is missing in the count. And an older
key stays for a day at least, so whatever was under way when the new one began, an
import, an export or a restore, still finds it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.held_keys import LEAST_AGE
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import SealedRow, read_key_number
from listkeep.keeper.gate.custody.suppressions import read_erased
from listkeep.keeper.gate.decisions.key_changes import begin_key
from listkeep.keeper.gate.decisions.requests import carry_out_due
from listkeep.keeper.gate.showing.keys import state_of_keys
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k

from .opening import Opener, rows_of
from .resealing import find_erased, reseal_rows


def read_keys(
    gate: Gate,
    message: k.ReadKeys,
    *,
    carrier: Service,  # noqa: ARG001 - any dock may know
    now: datetime,
) -> k.HeldKeys:
    """Say which keys every list holds, and which lists nobody can open any more.

    The dock asks every minute, so what only had to wait is carried out here as well.
    """
    carry_out_due(gate, now=now)
    if message.left is not None:
        gate.rows_left = {each.list: each.rows for each in message.left}
    with gate.view(now) as registry:
        return k.HeldKeys(
            lists=tuple(map(state_of_keys, registry.lists.values())),
            gone=tuple(registry.shredded),
        )


def renew_key(
    gate: Gate, message: k.RenewKey, *, carrier: Service, now: datetime
) -> k.ListKeys:
    """Begin a list's next key, unless its last renewal is not over yet.

    Raises:
        RefusedError: There is no such list, or its key is younger than a day.
    """
    with gate.turn(now) as turn:
        found = _get(turn.registry, message.list)
        if len(found.keys) > 1:
            return state_of_keys(found)
        if now < found.keys[-1].since + LEAST_AGE:
            raise RefusedError(
                "the key of this list is younger than a day",
                hint="ask for it with `listkeep keys renew LIST`",
            )
        begin_key(turn, found, principal=carrier.id, request="")
    with gate.view(now) as registry:
        return state_of_keys(registry.lists[found.id])


def renew_rows(
    gate: Gate,
    message: k.RenewRows,
    *,
    carrier: Service,  # noqa: ARG001 - any dock may have its rows sealed anew
    now: datetime,
) -> m.SealedRows:
    """Seal rows anew under the newest key while a renewal goes on.

    A row that does not open, or of somebody who was erased, has an empty seal.

    Raises:
        RefusedError: There is no such list, or it holds one key only.
        MalformedError: Columns of different lengths, or too many rows.
    """
    with gate.view(now) as registry:
        found = _get(registry, message.list)
        erased_at = dict(registry.erased.get(found.tenant, {}))
    if len(found.keys) == 1:
        raise RefusedError("this list has no older key")

    def find_gone(rows: Sequence[SealedRow]) -> frozenset[bytes]:
        gone = read_erased(found, [row.token for row in rows])
        return gone | find_erased(gate.store, rows, erased_at)

    return reseal_rows(gate.store, found, message.rows, find_gone=find_gone)


def destroy_keys(
    gate: Gate,
    message: k.DestroyKeys,
    held: Iterable[k.HeldRows],
    *,
    clock: Callable[[], datetime],
) -> k.ListKeys:
    """Destroy a list's older keys, once all its rows were seen under the newest.

    Raises:
        RefusedError: There is no such list, or there are fewer rows than there
            should be.
        ConflictError: It is too early, a row is still under an older key, or a key
            came or went meanwhile.
        MalformedError: The rows do not come in the order of their tokens.
    """
    now = clock()
    with gate.view(now) as registry:
        found = _get(registry, message.list)
        expected = registry.entries.get(found.id, 0)
    if len(found.keys) == 1:
        return state_of_keys(found)
    if now < found.keys[-1].since + LEAST_AGE:
        raise ConflictError("older keys stay for a day", code=Code.BUSY)
    seen = _count(gate.store, found, held)
    with gate.turn(clock()) as turn:
        if _get(turn.registry, found.id).keys != found.keys:
            raise ConflictError("the keys changed meanwhile", code=Code.BUSY)
        expected = min(expected, turn.registry.entries.get(found.id, 0))
        if seen < expected:
            raise RefusedError(
                f"{expected - seen:,} rows of this list were not seen under its "
                "newest key",
                code=Code.COUNT_DIFFERS,
                hint="its older keys stay until they are; import or restore what is "
                "missing",
            )
        for key in found.keys[:-1]:
            fields = {"key": str(key.number), "rows": str(seen)}
            turn.append(Event.KEY_DESTROYED, fields, list_id=found.id)
    with gate.view(clock()) as registry:
        return state_of_keys(registry.lists[found.id])


def _count(store: KeyStore, found: ListFacts, held: Iterable[k.HeldRows]) -> int:
    """Count the different entries that open under the newest key.

    A mark that an erased person left counts as well, and has nothing to open. What
    does not open at all is not counted, and nothing is lost with it.
    """
    opener, before, seen = Opener(store, found), b"", 0
    for frame in held:
        rows = list(rows_of(frame.rows))
        marks = read_erased(found, [row.token for row in rows if not row.sealed])
        for row in rows:
            if not frame.past:
                if row.token <= before:
                    raise MalformedError("rows come in the order of their tokens")
                before = row.token
            if not row.sealed and row.token in marks:
                seen += not frame.past
                continue
            try:
                opener.open(row)
            except VerificationError:
                continue
            if read_key_number(row.sealed) != found.newest_key:
                raise ConflictError(
                    "a row of this list is still under an older key", code=Code.BUSY
                )
            seen += not frame.past
    return seen


def _get(registry: Registry, list_id: str) -> ListFacts:
    found = registry.lists.get(list_id)
    if found is None:
        raise RefusedError("there is no such list", code=Code.NOT_FOUND)
    return found
