"""One message's way from its template to the next mail server, and the reply to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from listkeep.core.errors import Code, ListkeepError
from listkeep.core.mail import Reply, attach_signatures, scrub_reply
from listkeep.core.mail.message import Built
from listkeep.wire.messages import sends as d

from . import replies
from .composing import Unsubscribe, compose, draft, return_path
from .incoming import Parcel
from .opening import Opening, Wanted
from .register import Claim, Key, Register, Standing

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
        claim = await self.register.claim(key)
        if claim.standing is Standing.DELIVERED:
            return replies.DELIVERED_BEFORE
        if claim.standing is Standing.BUSY:
            return replies.BUSY
        try:
            reply = await self._send(parcel, claim)
        except ListkeepError as error:
            reply = replies.reply_to(error)
        except Exception:
            log.exception("delivery.broken", request=key.request)
            reply = replies.INTERNAL
        await self.register.settle(key, reply)
        return reply

    async def _send(self, parcel: Parcel, claim: Claim) -> Reply:
        if claim.standing is Standing.MISSING:
            return replies.refuse(Code.NOT_FOUND)
        send = parcel.send
        row = await self.opening.open(send.request, Wanted(claim.row, parcel.trigger))
        if row.code:
            return replies.refuse(row.code)
        built = compose(parcel, row, unsubscribe=self.unsubscribe, now=self.now())
        built = await self._sign(built, send)
        letter = Letter(return_path(parcel), row.address, built.as_bytes())
        raw = await self.carrier.carry(send, letter)
        if raw.startswith("250"):
            return replies.DELIVERED
        return _reply(scrub_reply(raw, address=row.address, names=row.values.values()))

    async def _sign(self, built: Built, send: d.Send) -> Built:
        drafts = draft(built, send, now=self.now())
        signatures = [
            await self.opening.sign(send.request, key, each.digest)
            for key, each in zip(send.signing, drafts, strict=True)
        ]
        return attach_signatures(built, drafts, signatures)


def _reply(reply: Reply) -> Reply:
    """Pass on what a mail server said, as far as it is an answer to this.

    421 would end the connection with our own mail server, and anything that is no
    refusal for good is one for now.
    """
    if 500 <= reply.code <= 599 or (400 <= reply.code <= 499 and reply.code != 421):
        return reply
    return Reply(451, reply.status if reply.status[:1] == "4" else "", reply.text)
