"""Ask by mail whether a sign-up is meant: under a standing send, as all mail goes.

The keeper opens the one sealed row, as for any message, within what was signed: the
template, the trigger `sign-up`, the pace. The row is the sign-up's own, since its
person is on no list; that it went out is noted there, so the register of deliveries
has no part in it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import structlog
from django.conf import settings
from django.db import connection

from listkeep.core.errors import ListkeepError
from listkeep.core.mail import Reply, Template
from listkeep.core.mail.slots import format_pieces
from listkeep.core.mail.template import Fork, Letter, Node
from listkeep.dock.intake.sign_ups.mailing import Carried
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.delivery.claims import Key
from listkeep.dock.outlet.delivery.incoming import Parcel
from listkeep.dock.outlet.delivery.register import Claim, Register, Standing
from listkeep.dock.outlet.delivery.sends import SendBook
from listkeep.wire.messages import sends as d

from .proxy import Proxy, open_proxy

log = structlog.get_logger("listkeep.dock")

TRIGGER = "sign-up"
LINK = "/c/[[alias]]/[[proof]]"


class MailCourier:
    """Takes the question to somebody through the delivery proxy's own path."""

    def ask(self, sign_up: SignUp) -> Carried:
        """Send the message of one sign-up, if there is a send for it."""
        config: OutletConfig = settings.LISTKEEP_CONFIG.delivery
        if not config.listen:
            return Carried.LATER  # there is no way out of this dock
        try:
            reply = asyncio.run(_ask(config, sign_up))
        except ListkeepError as error:
            log.warning("sign-up.not-asked", list=sign_up.list_id, code=error.code)
            return Carried.LATER
        if reply is None:
            return Carried.LATER
        log.info("sign-up.asked", list=sign_up.list_id, reply=reply.code)
        if reply.code == 250:
            return Carried.SENT
        return Carried.NEVER if reply.code >= 500 else Carried.LATER


async def _ask(config: OutletConfig, sign_up: SignUp) -> Reply | None:
    async with open_proxy(config) as proxy:
        parcel = await asyncio.get_running_loop().run_in_executor(
            proxy.callers, _find_parcel, proxy, sign_up
        )
        if parcel is None:
            return None
        deliverer = replace(proxy.deliverer, register=_OneRow(sign_up))
        return await deliverer.deliver(parcel)


def _find_parcel(proxy: Proxy, sign_up: SignUp) -> Parcel | None:
    try:
        proxy.book.refresh()
        for send, template in _candidates(proxy.book, sign_up.list_id):
            if any(LINK in text for text in _texts(template.body)):
                return Parcel(send, template, bytes(sign_up.token), {}, TRIGGER)
        return None
    finally:
        connection.close()  # it is this thread's own, and the thread ends


def _candidates(book: SendBook, list_id: str) -> Iterator[tuple[d.Send, Template]]:
    for send in book.live():
        is_for_it = (send.list, send.state) == (list_id, "live")
        if is_for_it and send.kind == "standing" and TRIGGER in send.triggers:
            for template in _templates(book, send):
                yield send, template


def _templates(book: SendBook, send: d.Send) -> tuple[Template, ...]:
    """Give the templates of a send that were handed over and may go out."""
    try:
        book.load_templates(send)
        return book.templates(send)
    except ListkeepError as error:
        log.warning("sign-up.no-template", request=send.request, code=error.code)
        return ()


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Letter):
        yield format_pieces(node.pieces)
    elif isinstance(node, Fork):
        for part in node.parts:
            yield from _texts(part)


class _OneRow(Register):
    """Knows one row, which is in no list; what came of it is noted elsewhere."""

    def __init__(self, sign_up: SignUp) -> None:
        self._row = (
            bytes(sign_up.token),
            bytes(sign_up.batch_id),
            sign_up.position,
            bytes(sign_up.sealed),
            sign_up.facets,
        )

    async def claim(self, key: Key, *, facets: tuple[str, ...] = ()) -> Claim:
        """Give that row, whatever was asked for."""
        del key, facets
        return Claim(Standing.MINE, self._row)

    async def settle(self, key: Key, reply: Reply) -> None:
        """Leave it to whoever asked."""
