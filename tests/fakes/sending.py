"""The part of the fake keeper that opens rows for sends, and signs.

Grants are put into it by hand; what it counts, it counts as the real one does: each
row of a send (and trigger) once, never more than the cap, nor than the pace in an hour.
What it was told is over does not open again.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec.structs import replace

from listkeep.core.errors import Code, MalformedError, RefusedError, VerificationError
from listkeep.core.grants import format_time, parse_time
from listkeep.core.mail import Outcome
from listkeep.core.sealing import OpenedRow, SealedRow
from listkeep.core.segments import Schema, parse_segment
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.messages import sends as d
from tests.fakes.grants import NOON
from tests.fakes.rows import sealed_rows
from tests.fakes.scrubbing import FakeScrubbing

ROUTE = d.RouteView(
    id="y_route",
    name="smart host",
    kind="smart-host",
    host="relay.example.net",
    port=587,
    tls="web",
    sources=(),
    mail_domain="bounce.example.com",
    token_domain="token.example.net",
)
EVERYBODY = "all"
SUPPRESSING = {
    Outcome.HARD_BOUNCE: "bounced",
    Outcome.COMPLAINT: "complained",
    Outcome.UNSUBSCRIBE: "unsubscribed",
}
_HOUR = timedelta(hours=1)


@dataclass
class FakeSending(FakeScrubbing):
    """Sends of a keeper for tests."""

    now: datetime = NOON
    route: d.RouteView = ROUTE
    sends: dict[str, d.Send] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    finished: dict[str, d.FinishSend] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)  # tenants
    denied: set[str] = field(default_factory=set)  # requests
    returned: list[d.ReturnedItem] = field(default_factory=list)
    most_returned: int = 10_000  # of each outcome and send; more are held
    signed: Counter[str] = field(default_factory=Counter)  # by algorithm
    _opened: dict[str, dict[tuple[bytes, str], datetime]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    most_under_way: int = 1000
    _ended: dict[str, set[tuple[bytes, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _waiting: dict[str, set[tuple[bytes, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _shares: Counter[tuple[str, str]] = field(default_factory=Counter)

    # --- what tests say to it ---

    def grant_send(
        self,
        list_id: str,
        *,
        selection: str = EVERYBODY,
        cap: int = 1000,
        **facts: Any,
    ) -> str:
        """Put a granted send into place; ``facts`` are other fields of ``Send``."""
        record = self.lists[list_id]
        request = f"r{len(self.requests) + len(self.sends) + 1}"
        send = d.Send(
            request=request,
            tenant=record.tenant,
            list=list_id,
            list_name=record.name,
            kind="campaign",
            state="live",
            tag=os.urandom(4),
            alias_key=os.urandom(32),
            route=self.route,
            templates=("0" * 64,),
            sender="News <news@example.com>",
            reply_to="",
            title="News",
            links=("example.com",),
            tracking=(),
            fields=(),
            selection=selection,
            triggers=(),
            cap=cap,
            reserved=0,
            pace=0,
            mail_domain=self.route.mail_domain,
            token_domain=self.route.token_domain,
            signing=tuple(
                d.SigningKey(algorithm=name, domain="example.com", selector="lk1")
                for name in ("rsa", "ed25519")
            ),
            not_before=format_time(self.now - timedelta(hours=1)),
            expires=format_time(self.now + timedelta(days=7)),
        )
        send = replace(send, **facts)
        self.sends[send.request] = send
        return send.request

    def opened_rows(self, request: str) -> int:
        """Count the rows a send opened, each once for each trigger."""
        return len(self._opened[request])

    def ended_rows(self, request: str) -> int:
        """Count the rows of a send that never open again."""
        return len(self._ended[request])

    def waiting_rows(self, request: str) -> int:
        """Count the rows that wait for another try."""
        return len(self._waiting[request])

    def told_of_send(self, request: str) -> dict[str, str]:
        """Say since when a send goes on, and until when it did."""
        at = format_time(self.now)
        began, ended = request in self.started, request in self.finished
        return {"began": at if began else "", "ended": at if ended else ""}

    # --- what the dock asks ---

    def start_send(self, message: d.StartSend) -> d.Send:
        self._called("start_send", message)
        principal = self._principal(m.Caller(session=message.session))
        send = self.sends.get(message.request)
        if send is None or send.tenant != principal.tenant:
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        if code := self._why_not(send):
            raise RefusedError("this cannot be sent now", code=Code(code))
        self.started.add(send.request)
        return self._shown(send)

    def read_sends(self, message: d.ReadSends) -> d.Sends:
        self._called("read_sends", message)
        going = sorted(self.started - self.finished.keys())
        ended = [request for request in self.finished if request in self.started]
        start = message.known if message.known <= len(ended) else 0
        return d.Sends(
            sends=tuple(self._shown(self.sends[request]) for request in going),
            ended=tuple(self._shown(self.sends[each]) for each in ended[start:]),
            start=start,
            known=len(ended),
        )

    def open_for_send(self, message: d.OpenForSend) -> d.OpenedForSend:
        self._called("open_for_send", message)
        rows = list(sealed_rows(message.rows))
        if len(rows) > d.MAX_ROWS_OPENED or len(message.triggers) != len(rows):
            raise MalformedError("at most 256 rows, and a trigger for each")
        send = self._started(message.request)
        self._hear(message)
        if code := self._why_not(send):
            return d.OpenedForSend(rows=[d.SendRow(code=code) for _ in rows])
        return d.OpenedForSend(
            rows=[
                self._open_one(send, row, trigger)
                for row, trigger in zip(rows, message.triggers, strict=True)
            ]
        )

    def close_for_send(self, message: d.CloseForSend) -> None:
        self._called("close_for_send", message)
        self._started(message.request)
        self._hear(message)

    def sign_for_send(self, message: d.SignForSend) -> d.SignedForSend:
        self._called("sign_for_send", message)
        send = self._started(message.request)
        if code := self._why_not(send):
            raise RefusedError("nothing is signed now", code=Code(code))
        key = d.SigningKey(
            algorithm=message.algorithm,
            domain=message.domain,
            selector=message.selector,
        )
        if key not in send.signing:
            raise RefusedError("this send does not sign so", code=Code.NOT_PERMITTED)
        self.signed[message.algorithm] += len(message.digests)
        return d.SignedForSend(
            signatures=[_sign(message.algorithm, each) for each in message.digests]
        )

    def finish_send(self, message: d.FinishSend) -> None:
        self._called("finish_send", message)
        self._started(message.request)
        self.finished.setdefault(message.request, message)

    def report_returned(self, message: d.ReportReturned) -> d.ReturnedCounts:
        self._called("report_returned", message)
        counts = Counter(map(self._take_back, message.items))
        names = ("suppressed", "known", "counted", "unknown", "held")
        return d.ReturnedCounts(**{name: counts[name] for name in names})

    # --- inside ---

    def _started(self, request: str) -> d.Send:
        if request not in self.started:
            raise RefusedError("there is no such send", code=Code.NOT_FOUND)
        return self.sends[request]

    def _why_not(self, send: d.Send) -> str:
        if send.request in self.finished:
            return Code.REPLAYED
        if send.request in self.denied or self.now < parse_time(send.not_before):
            return Code.NOT_GRANTED
        if self.now >= parse_time(send.expires):
            return Code.EXPIRED
        return Code.FROZEN if {send.tenant, ""} & self.frozen else ""

    def _shown(self, send: d.Send) -> d.Send:
        code, state = self._why_not(send), "live"
        if code:
            state = "frozen" if code == Code.FROZEN else "ended"
        return replace(send, state=state, reserved=self.opened_rows(send.request))

    def _open_one(self, send: d.Send, row: SealedRow, trigger: str) -> d.SendRow:
        record = self.lists[send.list]
        schema = Schema.parse(record.facets)
        matches = parse_segment(send.selection, schema).compile()
        try:
            opened = self.open(record, row)
            is_meant = matches(schema.decode_facets(row.facets), "subscribed")
        except VerificationError:
            return d.SendRow(code=Code.ROW_INVALID)
        if not is_meant or trigger not in (send.triggers or ("",)):
            return d.SendRow(code=Code.ROW_INVALID)
        is_asked = trigger == "sign-up" and any(
            ticket.list_id == send.list and ticket.end is None
            for ticket in self.tickets.values()
        )
        if row.token in self.suppressed[send.list] and not is_asked:
            return d.SendRow(code=Code.SUPPRESSED)
        if code := self._why_closed(send, (row.token, trigger)):
            return d.SendRow(code=code)
        values = dict(
            zip(record.fields, msgspec.json.decode(opened.fields), strict=False)
        )
        return d.SendRow(
            address=opened.address,
            values={name: values.get(name, "") for name in send.fields},
        )

    def _why_closed(self, send: d.Send, key: tuple[bytes, str]) -> str:
        """Count a row that opens; or say why it does not."""
        seen, now = self._opened[send.request], self.now
        ended, waiting = self._ended[send.request], self._waiting[send.request]
        if key in ended:
            return Code.ALREADY_SENT
        is_under_way = key in seen and key not in waiting
        under_way = len(seen) - len(ended) - len(waiting)
        if not is_under_way and under_way >= self.most_under_way:
            return Code.UNREPORTED
        if key not in seen:
            if len(seen) >= send.cap:
                return Code.CAP_EXCEEDED
            if send.pace and sum(now - at < _HOUR for at in seen.values()) >= send.pace:
                return Code.OVER_PACE
            seen[key] = now
        waiting.discard(key)
        return ""

    def _hear(self, message: d.OpenForSend | d.CloseForSend) -> None:
        request = message.request
        seen, ended = self._opened[request].keys(), self._ended[request]
        self._waiting[request] |= (_keys(message.waiting) & seen) - ended
        ended |= _keys(message.ended) & seen
        self._waiting[request] -= ended

    def _take_back(self, item: d.ReturnedItem) -> str:
        if item.outcome not in frozenset(Outcome):
            raise MalformedError("there is no such outcome")
        tokens = {token for token, _ in self._opened.get(item.request, ())}
        if item.token not in tokens:
            return "unknown"
        self.returned.append(item)
        reason = SUPPRESSING.get(Outcome(item.outcome))
        if reason is None:
            return "counted"
        known = self.suppressed[self.sends[item.request].list]
        if item.token in known:
            return "known"
        if self._shares[item.request, reason] >= self.most_returned:
            return "held"
        self._shares[item.request, reason] += 1
        known.add(item.token)
        return "suppressed"

    # --- what the rest of the fake has ---

    def open(self, record: m.ListRecord, row: SealedRow) -> OpenedRow:
        raise NotImplementedError

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError

    def _principal(self, caller: m.Caller) -> m.Principal:
        raise NotImplementedError


def _keys(names: d.RowNames) -> set[tuple[bytes, str]]:
    joined = names.tokens
    if len(joined) != 16 * len(names.triggers):
        raise MalformedError("a trigger for each row")
    tokens = (joined[start : start + 16] for start in range(0, len(joined), 16))
    return set(zip(tokens, names.triggers, strict=True))


def public_keys() -> Iterable[rsa.RSAPublicKey | ed25519.Ed25519PublicKey]:
    """Give the public halves of what the fake signs with: RSA, then Ed25519."""
    return _rsa().public_key(), _ed25519().public_key()


@lru_cache(maxsize=1)
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@lru_cache(maxsize=1)
def _ed25519() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def _sign(algorithm: str, digest: bytes) -> bytes:
    if algorithm == "ed25519":
        return _ed25519().sign(digest)
    return _rsa().sign(digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))
