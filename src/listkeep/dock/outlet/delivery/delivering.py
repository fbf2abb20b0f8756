"""One message's way from its template to the next mail server, and the reply to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from listkeep.core.errors import Code, ListkeepError
from listkeep.core.mail import (
    Reply,
    attach_signatures,
    canonical_address,
    scrub_reply,
)
from listkeep.core.mail.message import Built
from listkeep.wire.messages import sends as d

from . import replies
from .claims import Key
from .closing import Outcome
from .composing import Unsubscribe, compose, draft, return_path
from .incoming import Parcel
from .opening import Opening, Wanted
from .register import Claim, Register, Standing

log = structlog.get_logger("listkeep.dock.outlet")


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What goes over the wire. It has no telling ``repr``."""

    sender: str
    recipient: str
    data: bytes


class Carrier(Protocol):
    """Hands letters to the next mail server."""

    async def carry(self, send: d.Send, letter: Letter) -> str:
        """Hand a letter over by the route of its send; give the reply as it came.

        What the mail server says may name the addressee: it is scrubbed by the caller.
        Whatever kept the letter here is said in a reply of our own, and names nobody.
        """


@dataclass
class Deliverer:
    """The path all messages take, whoever has them."""

    register: Register
    opening: Opening
    carrier: Carrier
    unsubscribe: Unsubscribe
    now: Callable[[], datetime]
    _under_way: set[Key] = field(default_factory=set)

    @property
    def under_way(self) -> int:
        """How many messages are on their way."""
        return len(self._under_way)

    async def deliver(self, parcel: Parcel) -> Reply:
        """Deliver one message, unless it was delivered under this send already.

        It raises nothing: whatever happens is a reply, and the reply names nobody.
        """
        send = parcel.send
        key = Key(send.list, send.request, parcel.token, parcel.trigger)
        if key in self._under_way:
            return replies.BUSY
        self._under_way.add(key)
        try:
            return await self._deliver(parcel, key)
        except ListkeepError as error:
            return replies.reply_to(error)
        except Exception:
            log.exception("delivery.broken", request=send.request)
            return replies.INTERNAL
        finally:
            self._under_way.discard(key)

    async def _deliver(self, parcel: Parcel, key: Key) -> Reply:
        claim = await self.register.claim(key, facets=parcel.send.facets)
        if claim.standing is Standing.DELIVERED:
            return replies.DELIVERED_BEFORE
        if claim.standing is Standing.BUSY:
            return replies.BUSY
        row, is_over = _NO_ROW, False
        try:
            row = await self._open(parcel, claim)
            if row.code == Code.ALREADY_SENT:
                reply = claim.before or replies.DELIVERED_BEFORE
            elif row.code:
                reply = replies.refuse(row.code)
            else:
                reply = await self._carry(parcel, row)
                is_over = not 400 <= reply.code <= 499
        except ListkeepError as error:
            reply = replies.reply_to(error)
        except Exception:
            log.exception("delivery.broken", request=key.request)
            reply = replies.INTERNAL
        await self.register.settle(key, reply)
        if row.address:  # it was opened: from here to there it may be opened again
            outcome = Outcome(key.token, key.trigger, is_over)
            self.opening.tell(key.request, outcome)
        return reply

    async def _open(self, parcel: Parcel, claim: Claim) -> d.SendRow:
        if claim.standing is Standing.MISSING:
            return _MISSING
        wanted = Wanted(claim.row, parcel.trigger)
        return await self.opening.open(parcel.send.request, wanted)

    async def _carry(self, parcel: Parcel, row: d.SendRow) -> Reply:
        send = parcel.send
        # As it was imported: "Anna@Example.COM", or with a domain in any script.
        spelled, address = row.address, canonical_address(row.address)
        row = msgspec.structs.replace(row, address=address)
        built = compose(parcel, row, unsubscribe=self.unsubscribe, now=self.now())
        built = await self._sign(built, send)
        letter = Letter(return_path(parcel), address, built.as_bytes())
        raw = await self.carrier.carry(send, letter)
        if raw.startswith("250"):
            return replies.DELIVERED
        names = (*row.values.values(), spelled.rpartition("@")[2])
        return _reply(scrub_reply(raw, address=address, names=names))

    async def _sign(self, built: Built, send: d.Send) -> Built:
        drafts = draft(built, send, now=self.now())
        signatures = [
            await self.opening.sign(send.request, key, each.digest)
            for key, each in zip(send.signing, drafts, strict=True)
        ]
        return attach_signatures(built, drafts, signatures)


_NO_ROW = d.SendRow()
_MISSING = d.SendRow(code=Code.NOT_FOUND)


def _reply(reply: Reply) -> Reply:
    """Pass on what a mail server said, as far as it is an answer to this.

    421 would end the connection with our own mail server, and anything that is no
    refusal for good is one for now.
    """
    if 500 <= reply.code <= 599 or (400 <= reply.code <= 499 and reply.code != 421):
        return reply
    return Reply(451, reply.status if reply.status[:1] == "4" else "", reply.text)
