"""What is done with mail that came back: read, written down, forgotten.

The same reply for whatever was understood or not: whoever writes learns nothing but
whether such a mailbox could exist. A mail server is told to come again only if nothing
could be written down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.core.mail import (
    Outcome,
    ReturnAddress,
    parse_return_address,
    parse_returned,
)
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.paces import Pace, network_of

from .book import Book, Named
from .models import Returned
from .recording import About, record_returned

log = structlog.get_logger("listkeep.dock.outlet")

TAKEN = "250 2.0.0 taken"
NOBODY = "550 5.1.1 there is no such mailbox"
LATER = "451 4.3.0 come again later"
TOO_FAST = "451 4.7.0 too many at once from there, come again later"
_PACE = Pace("returned", per_minute=600, burst=1200)


@dataclass(slots=True)
class Desk:
    """Where mail that came back ends. Its methods read the database, and may wait."""

    book: Book
    clock: Callable[[], datetime]
    pace: Pace = _PACE

    def find_mailbox(self, text: str) -> ReturnAddress | None:
        """Find the mailbox an envelope names, if there could be one.

        Any alias of a send that is known will do: which of them were ever given out,
        nobody learns here.

        Raises:
            UnavailableError: Nobody knows which sends there are.
        """
        for mail_domain in {send.mail_domain for send in self.book.all()}:
            try:
                address = parse_return_address(text, mail_domain=mail_domain)
            except MalformedError:
                continue
            named = self.book.find(address.alias)
            if named is not None and named.send.mail_domain == mail_domain:
                return address
        return None

    def greet(self, recipient: str, *, peer: str) -> str:
        """Say whether mail for somebody is taken from there."""
        try:
            if not self.pace.lets(network_of(peer), at=self.clock().timestamp()):
                return TOO_FAST
            return TAKEN if self.find_mailbox(recipient) else NOBODY
        except ListkeepError as error:
            log.warning("returned.not-asked", code=error.code)
            return LATER

    def take(self, recipient: str, data: bytes) -> str:
        """Take one message. Whatever it says, this is where it ends."""
        try:
            named, outcome, code = self._read(recipient, data)
            self._write(named, outcome, code)
        except ListkeepError as error:
            log.warning("returned.not-taken", code=error.code)
            return LATER
        log.info("returned.taken", outcome=outcome.value)
        return TAKEN

    def _read(self, recipient: str, data: bytes) -> tuple[Named | None, Outcome, str]:
        address = self.find_mailbox(recipient)
        named = self.book.find(address.alias) if address else None
        if address is None or named is None:
            return None, Outcome.UNKNOWN, ""
        returned = parse_returned(
            data, came_to=recipient, mail_domain=named.send.mail_domain
        )
        return named, returned.outcome, returned.code

    def _write(self, named: Named | None, outcome: Outcome, code: str) -> None:
        """Write down what is about an entry; of anything else, that something came."""
        about, token = None, b""
        if named is not None:
            with translated():
                is_known = entries.find_entry(named.send.list, named.token) is not None
            if is_known:
                about, token = About(named.send.list, named.send.request), named.token
        record_returned(
            about, token, outcome, code, how=Returned.How.MAIL, now=self.clock()
        )
