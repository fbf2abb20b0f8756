"""Put the key store back from a copy, and believe the ledger about what may come back.

The copy is opened into a store that nobody can read afterwards: its root is in the
memory of this process and nowhere else. With its keys the whole ledger is verified and
replayed as at every start; a key the ledger says was destroyed is destroyed there
first, so it does not reach the real store. Only then are keys put back, the pin last: a
restore that was cut short does not start as an instance, and can be run again.

The mark in a copy is as old as the copy. The ledger has to be at least as long and to
agree with it there, and with the newer mark of a key store that lost only some of its
keys; what was cut off behind it, nobody on this machine can know. Put back the newest
ledger, and compare its head with one that somebody wrote down.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.held_keys import index_key, list_key
from listkeep.core.registry.sending import domain_key
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import (
    KEY_BYTES,
    AesProvider,
    Content,
    Copy,
    KeyStore,
    Mark,
    Roots,
    Share,
    name_copy,
)

_FOUNDING = "founding"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what did not."""

    keys: int
    withheld: int  # the ledger says that they were destroyed
    missing: tuple[str, ...]  # made after the copy: what they sealed stays closed
    entries_since: int  # of the ledger, since the copy
    is_over: bool  # the copy should have been destroyed by now


def restore_keys(  # noqa: PLR0913 - keyword-only, one fact each
    data: bytes,
    shares: Sequence[bytes],
    *,
    folder: Path,
    roots: Roots,
    genesis: str = "",
    now: datetime,
) -> Restored:
    """Put back what a copy holds, as far as the ledger allows it.

    ``genesis`` is the one pinned outside of the copy, where it is known.

    Raises:
        VerificationError: A share or the copy was changed, or the ledger is not the one
            these keys wrote.
        MalformedError: There are too few shares, or something else was brought.
        RefusedError: The ledger does not know this copy.
        ConflictError: There are other keys in the key store.
        UnavailableError: The provider of the root does not answer.
    """
    copy = Copy.parse(data)
    content = copy.open([Share.parse(each) for each in shares])
    if genesis not in ("", content.pin["genesis"]):
        raise RefusedError("this is a copy of another instance's keys")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    roots.make()
    roots.health()
    store = KeyStore(folder, roots)
    _require_same(store, content)
    known = store.read_mark() if store.was_written() else None
    with _opened(content, known, beside=folder) as gate:
        with gate.look() as registry:
            found = _compare(registry, content, name_copy(data), now=now)
        with gate.turn(now) as turn:
            fields = {
                "sha256": name_copy(data),
                "keys": str(found.keys),
                "withheld": str(found.withheld),
                "missing": str(len(found.missing)),
            }
            turn.append(Event.KEYS_RESTORED, fields)
        _put_back(store, gate.store)
    for name, certificate in content.makers.items():
        store.put_back_maker(name, certificate)
    store.pin(content.pin)
    return found


def _put_back(store: KeyStore, opened: KeyStore) -> None:
    """Take over what is left of a copy's keys."""
    for key_id, key in opened.export().items():
        store.put_back(key_id, key)
    for key_id, sealed in opened.export_private().items():
        store.put_back_private(key_id, sealed)
    store.write_mark(opened.read_mark())


def _require_same(store: KeyStore, content: Content) -> None:
    """Refuse a key store that belongs to something else."""
    pin = store.recall("pin")
    if pin not in (None, content.pin) or store.recall(_FOUNDING) is not None:
        raise ConflictError(
            "the key store belongs to another instance, or is being founded",
            code=Code.ALREADY_EXISTS,
            hint="move the folder of the key store away first",
        )
    for key_id in content.keys.keys() & set(store.key_ids()):
        store.require_same(key_id, content.keys[key_id])


@contextmanager
def _opened(content: Content, known: Mark | None, *, beside: Path) -> Iterator[Gate]:
    """Open a copy's keys into a store whose root is gone with this process.

    The ledger is held against the newer of two marks, before anything is written to it.
    """
    folder = Path(tempfile.mkdtemp(prefix=".keys-", dir=beside.parent))
    try:
        store = KeyStore(folder, AesProvider(os.urandom(KEY_BYTES)))
        for key_id, key in content.keys.items():
            store.put_back(key_id, key)
        for key_id, sealed in content.private.items():
            store.put_back_private(key_id, sealed)
        store.write_mark(Mark(content.mark_size, content.mark_root))
        if known is not None:
            store.write_mark(known)
        store.pin(content.pin)
        yield Gate(store)
    finally:
        shutil.rmtree(folder)


def _compare(
    registry: Registry, content: Content, sha256: str, *, now: datetime
) -> Restored:
    """Hold a copy against what the ledger says."""
    until = registry.key_copies.get(sha256)
    if until is None:
        raise RefusedError(
            "the ledger does not know this copy of the keys",
            code=Code.NOT_FOUND,
            hint="bring one that `listkeep keys backup` made, and the newest ledger",
        )
    gone = registry.destroyed_keys.keys()
    wanted = {
        *(list_key(f.id, k.number) for f in registry.lists.values() for k in f.keys),
        *(
            index_key(tenant, key.number)
            for tenant, keys in registry.index_keys.items()
            for key in keys
        ),
        *(domain_key(domain) for domain in registry.domains),
    }
    return Restored(
        keys=len(content.keys.keys() - gone),
        withheld=len(content.keys.keys() & gone),
        missing=tuple(sorted(wanted - content.keys.keys() - gone)),
        entries_since=registry.frontier.size - content.mark_size,
        is_over=now >= until,
    )
