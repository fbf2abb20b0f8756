"""Copy all keys for their holders, once two custodians agreed to it.

There is no call by which keys leave the keeper: this runs on its host, where the key
store is. It takes holders, number of shares and end from the signed terms alone, and
the ledger tells of the copy before the files have their names.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyrage

from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Action, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.key_copies import (
    KeyCopyTerms,
    parse_key_copy,
    require_people,
)
from listkeep.keeper.gate.decisions.age_keys import parse_age_recipient
from listkeep.keeper.gate.decisions.standing import require_granted
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.keeper.keys import Content, KeyStore, name_copy, seal_copy

COPY_FILE = "keys.copy"
_ACTIONS = frozenset({Action.KEYS_BACKUP})


@dataclass(frozen=True, slots=True)
class CopyMade:
    """A copy, and the shares that open it."""

    keys: int
    terms: KeyCopyTerms
    sha256: str


def copy_keys(gate: Gate, request_id: str, *, folder: Path, now: datetime) -> CopyMade:
    """Write the copy and a share for each holder into a new folder.

    Raises:
        RefusedError: The request is unknown, denied, used, or something is missing.
        ConflictError: The folder is there.
        UnavailableError: A key does not unwrap now.
    """
    if folder.exists():
        raise ConflictError("there is such a folder already", code=Code.ALREADY_EXISTS)
    gate.store.export()  # asks the provider while nobody waits for the ledger
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
    with gate.turn(now) as turn:
        request = require_granted(turn, request_id, actions=_ACTIONS)
        terms = parse_key_copy(
            request.terms.subject_fields(), asked_at=request.terms.not_before
        )
        if now >= terms.until:
            raise RefusedError("this copy would have ended already", code=Code.EXPIRED)
        require_people(turn.registry, terms, now=now)
        content = _read(gate.store)
        files = _seal(turn, content, terms, request.id)
        _write(draft, files)
        sha256 = name_copy(files[COPY_FILE])
        turn.append(
            Event.KEYS_BACKED_UP,
            {
                "request": request.id,
                "expires": format_time(terms.until),
                "keys": str(len(content.keys)),
                "needed": str(terms.needed),
                "shares": str(len(terms.holders)),
                "sha256": sha256,
            },
        )
    draft.rename(folder)
    return CopyMade(len(content.keys), terms, sha256)


def _read(store: KeyStore) -> Content:
    mark = store.read_mark()
    return Content(
        keys=store.export(),
        pin=store.pinned(),
        mark_size=mark.size,
        mark_root=mark.root,
        makers=store.makers(),
        private=store.export_private(),
    )


def _seal(
    turn: Turn, content: Content, terms: KeyCopyTerms, request_id: str
) -> dict[str, bytes]:
    facts = {
        **content.pin,
        "copy": request_id,
        "expires": format_time(terms.until),
        "made": format_time(turn.now),
        "needed": str(terms.needed),
    }
    copy, shares = seal_copy(
        content, facts, holders=tuple(terms.holders), random=os.urandom
    )
    sealed = {
        f"share-{share.holder}.age": pyrage.encrypt(
            share.format() + b"\n", [parse_age_recipient(terms.holders[share.holder])]
        )
        for share in shares
    }
    return {COPY_FILE: copy, **sealed}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o700, parents=True)
    for name, data in files.items():
        descriptor = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
