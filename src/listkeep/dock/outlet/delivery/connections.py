"""Connections to other mail servers: opened as the route asks, kept, and used again.

A connection that was kept may have died without a word. If that shows before any of the
message was sent, another one is opened, once; later, nobody knows whether the message
was taken, and the mail server that queues it tries again.
"""

import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosmtplib
import structlog
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from .delivering import Letter
from .dialogue import Dialogue, NotReachedError, hand_over
from .logins import LoginError, log_in
from .trust import Opportunistic, Requirement, UntrustedError

log = structlog.get_logger("listkeep.dock.outlet")

MAX_IDLE_SECONDS = 30.0
MAX_MESSAGES = 500
MAX_KEPT = 64  # idle ones of one hop
REFUSED_SECONDS = 30.0  # no other try with a password that was refused
_OPEN_SECONDS = 20.0
FAULTS = (SMTPException, OSError, ValueError, UntrustedError)


@dataclass(frozen=True, slots=True)
class Hop:
    """One mail server to try: where it is, and what it has to show."""

    host: str
    address: str
    port: int
    requirement: Requirement
    source: str = ""
    login: Path | None = None  # the file with name and password


@dataclass(slots=True)
class Connection:
    """A connection that is open, and how it has been used."""

    dialogue: Dialogue
    used: int = 0
    idle_since: float = 0.0


@dataclass
class Pool:
    """Connections that are open; ``clock`` counts seconds."""

    hostname: str
    ca_file: str
    clock: Callable[[], float]
    # Of a host that is not bound to TLS: that it offered it, and whether it ever did.
    seen_tls: Callable[[str], Awaitable[None]]
    offered_tls: Callable[[str], Awaitable[bool]]
    _kept: dict[Hop, list[Connection]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _refused: dict[Hop, float] = field(default_factory=dict)  # log-ins, and when
    opened: int = 0

    async def send(self, hop: Hop, letter: Letter) -> str:
        """Hand a letter to a hop; give the reply as it came, code first.

        Raises:
            NotReachedError: Nothing of it was sent; another hop may be tried.
        """
        kept = self._take(hop)
        if kept is not None:
            try:
                return await self._say(hop, kept, letter)
            except NotReachedError:
                pass  # it had died meanwhile
        return await self._say(hop, await self._open(hop), letter)

    async def close(self) -> None:
        """Take leave of all."""
        for kept in self._kept.values():
            for connection in kept:
                connection.dialogue.close()
        self._kept.clear()

    def prune(self) -> None:
        """Close what nobody used for a while."""
        oldest = self.clock() - MAX_IDLE_SECONDS
        for hop, kept in list(self._kept.items()):
            while kept and kept[0].idle_since < oldest:
                kept.pop(0).dialogue.close()
            if not kept:
                del self._kept[hop]

    def _take(self, hop: Hop) -> Connection | None:
        kept = self._kept.get(hop, [])
        oldest = self.clock() - MAX_IDLE_SECONDS
        while kept:
            connection = kept.pop()  # the one used last is the likeliest to live
            if connection.dialogue.is_usable and connection.idle_since >= oldest:
                return connection
            connection.dialogue.close()
        return None

    def _keep(self, hop: Hop, connection: Connection) -> None:
        kept = self._kept[hop]
        if connection.used >= MAX_MESSAGES or len(kept) >= MAX_KEPT:
            connection.dialogue.close()
            return
        connection.idle_since = self.clock()
        kept.append(connection)

    async def _open(self, hop: Hop) -> Connection:
        self._require_untried(hop)
        client = SMTP(
            hostname=hop.address,
            port=hop.port,
            local_hostname=self.hostname,
            source_address=(hop.source, 0) if hop.source else None,
            timeout=_OPEN_SECONDS,
            start_tls=False,
        )
        self.opened += 1
        try:
            await client.connect()
            await client.ehlo()
            await self._secure(client, hop)
            await self._log_in(client, hop)
            return Connection(Dialogue.take_over(client))
        except UntrustedError as error:
            client.close()
            raise NotReachedError(f"451 4.7.5 listkeep: {error}") from error
        except LoginError as error:
            client.close()
            raise NotReachedError(error.reply) from error
        except ssl.SSLError as error:
            client.close()
            raise NotReachedError(
                "451 4.7.5 listkeep: the mail server's certificate does not hold"
            ) from error
        except FAULTS as error:
            client.close()
            raise NotReachedError(_why(error)) from error
        except BaseException:
            client.close()
            raise

    async def _secure(self, client: SMTP, hop: Hop) -> None:
        if not client.supports_extension("starttls"):
            if hop.requirement.needs_tls or await self.offered_tls(hop.host):
                raise UntrustedError("the mail server offers no TLS any more")
            return
        await client.starttls(
            server_hostname=hop.host,
            tls_context=hop.requirement.context(self.ca_file),
        )
        hop.requirement.verify(_chain(client), host=hop.host)
        await client.ehlo()
        if isinstance(hop.requirement, Opportunistic):
            await self.seen_tls(hop.host)

    async def _log_in(self, client: SMTP, hop: Hop) -> None:
        if hop.login is None:
            return
        try:
            await log_in(client, hop.login, requirement=hop.requirement)
        except LoginError as error:
            if error.is_refused:
                self._refused[hop] = self.clock()
                log.warning("smart-host.refused-login", host=hop.host)
            raise
        self._refused.pop(hop, None)

    def _require_untried(self, hop: Hop) -> None:
        """Leave a host alone that refused: many of them lock accounts out."""
        since = self._refused.get(hop)
        if since is not None and self.clock() - since < REFUSED_SECONDS:
            raise NotReachedError(
                "451 4.7.8 listkeep: the smart host refused name or password a "
                "moment ago"
            )

    async def _say(self, hop: Hop, connection: Connection, letter: Letter) -> str:
        """Hand a letter over, and keep the connection if it can be used again."""
        dialogue, connection.used = connection.dialogue, connection.used + 1
        try:
            answer = await hand_over(dialogue, letter)
        except ValueError as error:
            dialogue.close()
            raise NotReachedError(_why(error)) from error
        except BaseException:
            dialogue.close()
            raise
        if dialogue.is_usable:
            self._keep(hop, connection)
        return answer


def _why(error: BaseException) -> str:
    """Say in our own words what went wrong; a server's own words as they came."""
    if isinstance(error, SMTPResponseException) and 400 <= error.code < 600:
        # At the greeting a refusal is of us, not of the message: it may pass.
        return f"451 4.4.2 {error.message}"
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return "451 4.4.1 listkeep: the mail server did not answer in time"
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return "451 4.4.2 listkeep: the mail server ended the connection"
    return "451 4.4.1 listkeep: the mail server could not be reached"


def _chain(client: SMTP) -> list[bytes]:
    """Give the certificates that were shown, DER, the server's own first."""
    tls: Any = client.get_transport_info("ssl_object")
    if tls is None:
        return []
    own = tls.getpeercert(binary_form=True)
    rest = getattr(getattr(tls, "_sslobj", None), "get_unverified_chain", None)
    shown = [each.public_bytes(_DER) for each in rest() or ()] if rest else []
    return [own, *(each for each in shown if each != own)] if own else []


_DER = 2  # _ssl.ENCODING_DER
