"""Go on with a ledger whose end was really lost, when two custodians answer for it.

The keeper does not serve meanwhile, so this works beside the gate, as a founding does.
The first signature waits in the key store: there is no ledger to write it to yet.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from listkeep.core.canonical import digest
from listkeep.core.errors import Code, ConflictError, VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.passkeys import (
    Assertion,
    decode_assertion,
    encode_assertion,
)
from listkeep.core.registry.recovery import (
    RECOVERERS,
    custodians,
    verify_recovery,
    write_recovery_facts,
)
from listkeep.core.registry.replay import apply
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.turns import CUSTODIANS, Gate
from listkeep.keeper.keys import KeyStore
from listkeep.keeper.ledger.services import (
    Log,
    gives_up,
    locked_log,
    verify_ledger,
)

_NOTES = "recovery"


@dataclass(frozen=True, slots=True)
class Loss:
    """What is left and what is gone, as both custodians have to see it."""

    registry: Registry  # as the ledger that is left tells it
    facts: Mapping[str, str]  # what both sign
    signed: Mapping[str, str]  # assertions by person

    @property
    def entries(self) -> int:
        """How many entries are gone."""
        return int(self.facts["lost_size"]) - int(self.facts["kept_size"])

    @property
    def digest(self) -> str:
        """Name the facts as the statement does."""
        return digest(dict(self.facts))


def find_loss(store: KeyStore) -> Loss:
    """Look at a ledger that is shorter than the key store remembers.

    Raises:
        ConflictError: Nothing is missing.
        VerificationError: What is left is not a ledger this keeper signed.
    """
    with _held(store) as (loss, _):
        return loss


def sign_recovery(store: KeyStore, assertion: Assertion, *, now: datetime) -> Loss:
    """Take one custodian's signature; with the second, go on from what is left.

    Raises:
        ConflictError: Nothing is missing.
        VerificationError: It is not a signature of one of them on exactly this loss.
    """
    with _held(store) as (loss, log):
        person = verify_recovery(loss.registry, loss.facts, assertion)
        signed = {**loss.signed, person.id: encode_assertion(assertion)}
        if len(signed) < len(RECOVERERS):
            store.keep(_NOTES, {**signed, "digest": loss.digest})
        else:
            names = (f"assertion_{place}" for place in RECOVERERS)
            assertions = dict(zip(names, signed.values(), strict=True))
            log.append(Event.LEDGER_RECOVERED, {**loss.facts, **assertions}, at=now)
    if len(signed) == len(RECOVERERS):
        Gate(store)  # reads it back, and makes the key store remember the new length
        store.destroy(_NOTES)
    return Loss(loss.registry, loss.facts, signed)


@contextmanager
def _held(store: KeyStore) -> Iterator[tuple[Loss, Log]]:
    """Hold the ledger that is left, and read it from its first entry."""
    registry = Registry(store.pinned())
    origin = registry.pinned["keeper"]
    with locked_log(store, origin=origin) as log:
        if not log.size:
            raise VerificationError(
                "nothing of the ledger is left",
                code=Code.LEDGER_INVALID,
                hint="put a copy of it back first, the newest there is",
            )
        mark, is_whole = store.read_mark(), False
        for fields in verify_ledger(store, origin=origin, is_whole=False):
            apply(registry, fields)
            is_whole = is_whole or gives_up(fields, mark)
        registry.frontier = log.frontier
        if is_whole or log.size >= mark.size:
            raise ConflictError(
                "no entry of the ledger is missing",
                code=Code.NOT_WAITING,
                hint="start the keeper with `listkeep up`",
            )
        facts = write_recovery_facts(
            registry,
            lost_size=mark.size,
            lost_root=mark.root,
            known=store.recall(CUSTODIANS),
        )
        yield Loss(registry, facts, _recall_signed(store, registry, facts)), log


def _recall_signed(
    store: KeyStore, registry: Registry, facts: Mapping[str, str]
) -> dict[str, str]:
    """Recall a signature on these very facts; one on others is forgotten."""
    notes = store.recall(_NOTES) or {}
    if notes.pop("digest", "") != digest(dict(facts)):
        return {}
    for assertion in notes.values():
        verify_recovery(registry, facts, decode_assertion(assertion))
    return notes


def recoverers(loss: Loss) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name who may sign: id and passkeys of each custodian by name."""
    valid = loss.facts["credentials"].split()
    return {
        person.name: (
            person.id,
            tuple(k.id for k in person.credentials if k.id in valid),
        )
        for person in custodians(loss.registry)
        if any(key.id in valid for key in person.credentials)
    }
