"""The part of the fake keeper that brings suppressions together."""

import hashlib
from dataclasses import dataclass, field

from listkeep.core.errors import Code, RefusedError, VerificationError
from listkeep.core.sealing import TOKEN_BYTES
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.messages import suppressions as s
from tests.fakes.scrubbing import Ticket


def sign_up_proof(ticket: str, token: bytes) -> bytes:
    """Say whom a sign-up is about."""
    return hashlib.blake2b(ticket.encode() + b" " + token, digest_size=16).digest()


def prove_rows(ticket: str, *rows: m.SealedRows) -> bytes:
    """Say so for each token somebody may have."""
    return b"".join(sign_up_proof(ticket, each.tokens) for each in rows)


@dataclass
class FakeReconciling:
    """It tells two at a time, and takes new ones if a test says so."""

    suppressed: dict[str, set[bytes]]
    lists: dict[str, m.ListRecord]
    tickets: dict[str, Ticket]

    reasons: dict[bytes, str] = field(default_factory=dict)
    was_recovered: bool = False

    def read_suppressions(self, message: s.ReadSuppressions) -> s.Suppressions:
        self._called("read_suppressions", message)
        later = sorted(t for t in self.suppressed[message.list] if t > message.after)
        return s.Suppressions(
            tokens=b"".join(later[:2]),
            reasons=tuple(self.reasons.get(t, "unsubscribed") for t in later[:2]),
            is_last=len(later) <= 2,
        )

    def keep_suppressions(self, message: s.KeepSuppressions) -> m.Suppressed:
        self._called("keep_suppressions", message)
        tokens = {
            message.tokens[at : at + TOKEN_BYTES]
            for at in range(0, len(message.tokens), TOKEN_BYTES)
        }
        new = tokens - self.suppressed[message.list]
        if new and not self.was_recovered:
            raise RefusedError("not known here", code=Code.NOT_PERMITTED)
        self.suppressed[message.list] |= new
        self.reasons |= dict.fromkeys(new, message.reason)
        return m.Suppressed(changed=len(new))

    def readmit(self, message: s.Readmit) -> m.Suppressed:
        self._called("readmit", message)
        known = self.suppressed[self.tickets[message.ticket].list_id]
        if message.token not in known:
            return m.Suppressed(changed=0)
        if self.reasons.get(message.token) in ("complained", "erased"):
            raise RefusedError("stays away", code=Code.NOT_PERMITTED)
        if sign_up_proof(message.ticket, message.token) not in message.proof:
            raise VerificationError("this sign-up is not about that person")
        known.discard(message.token)
        return m.Suppressed(changed=1)

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError
