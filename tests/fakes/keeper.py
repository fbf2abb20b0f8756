"""A keeper in memory: real seals and tokens, simple rules, faults on demand.

It answers what the dock asks the way the real one does, which `keeper_contract.py`
checks for both. It has no ledger and no passkeys; grants are put into it by hand.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import pyrage
from msgspec.structs import replace

from listkeep.core.addresses import parse_many
from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import Terms
from listkeep.core.sealing import (
    BATCH_ID_BYTES,
    TOKEN_BYTES,
    OpenedRow,
    SealedRow,
    make_tokens,
    open_row,
    read_key_number,
    seal_rows,
)
from listkeep.core.segments import Schema, parse_segment
from listkeep.wire import messages as m
from listkeep.wire.base import MAX_ROWS, Message, decode
from listkeep.wire.base import encode as pack
from tests.fakes.reconciling import prove_rows
from tests.fakes.renewing import FakeRenewing
from tests.fakes.restoring import FakeRestoring
from tests.fakes.rights import SERVICE_RIGHTS
from tests.fakes.rows import sealed_rows
from tests.fakes.scrubbing import Ticket
from tests.fakes.sending import FakeSending
from tests.fakes.sign_in import FakeSignIn
from tests.fakes.telling import FakeTelling

PERSON_RIGHTS = ("view", "touch", "look-up", "reveal", "send", "export")
OWNER_RIGHTS = (*PERSON_RIGHTS, "administer")
_WITH_ROWS = frozenset(
    {"seal_rows", "look_up", "run_export", "scrub_rows", "renew_rows", "open_for_send"}
)
_LIST_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass
class FakeKeeper(FakeSignIn, FakeRenewing, FakeRestoring, FakeSending, FakeTelling):
    """A keeper for tests; see the module's text."""

    look_up_budget: int = 50
    import_budget: int = 10_000_000
    calls: list[str] = field(default_factory=list)
    seen: list[Message] = field(default_factory=list)
    looked_up: Counter[str] = field(default_factory=Counter)
    identity: pyrage.x25519.Identity = field(
        default_factory=pyrage.x25519.Identity.generate
    )
    _faults: dict[str, tuple[int, Callable[[], None]]] = field(default_factory=dict)
    _keys: dict[str, bytes] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    # --- what tests say to it ---

    def add_person(
        self, name: str, tenant: str, rights: Sequence[str] = PERSON_RIGHTS
    ) -> m.Caller:
        """Let a person in."""
        session = f"lks_{name}_session"
        self.principals[session] = m.Principal(
            kind="person", id=name, name=name, tenant=tenant, rights=tuple(rights)
        )
        return m.Caller(session=session)

    def add_service(self, kind: str, tenant: str) -> m.Caller:
        """Let a service in."""
        key = f"lkk_{tenant}_{kind}"
        self.principals[key] = m.Principal(
            kind=kind,
            id=f"{tenant}_{kind}",
            name=kind,
            tenant=tenant,
            rights=SERVICE_RIGHTS[kind],
        )
        return m.Caller(service_key=key)

    def break_at(
        self, method: str, fault: ListkeepError | Callable[[], None], *, after: int = 0
    ) -> None:
        """Fail a method, once it was called ``after`` times more."""
        if isinstance(fault, ListkeepError):
            error = fault

            def act() -> None:
                raise error

            self._faults[method] = after, act
        else:
            self._faults[method] = after, fault

    def mend(self) -> None:
        """Have every method work again."""
        self._faults.clear()

    def open_export(self, age: bytes) -> str:
        """Read an export as its recipient."""
        return pyrage.decrypt(age, [self.identity]).decode()

    def token_of(self, tenant: str, address: str, *, number: int = 0) -> bytes:
        """Compute a token under one of the tenant's index keys, for free."""
        [token] = self._tokens(tenant, [address], number=number)
        assert token is not None
        return token

    # --- what the dock asks ---

    def health(self) -> m.Health:
        self._called("health", m.Empty())
        return m.Health(version="1", keeper="fake", profile="demo", ledger_size=0)

    def authorize(self, message: m.Authorize) -> m.Principal:
        self._called("authorize", message)
        principal = self._principal(message.caller)
        if message.list is not None:
            self._record(principal, message.list)
        if message.right not in principal.rights:
            raise RefusedError("you have not this right", hint="ask an owner")
        return principal

    def create_list(self, message: m.CreateList) -> m.ListRecord:
        self._called("create_list", message)
        principal = self._principal(message.caller)
        if principal.kind != "person":
            raise RefusedError("services open no lists")
        if not _LIST_NAME.fullmatch(message.name):
            raise MalformedError("not a list's name", code=Code.REQUEST_INVALID)
        mine = [r for r in self.lists.values() if r.tenant == principal.tenant]
        if any(record.name == message.name for record in mine):
            raise ConflictError("there is such a list", code=Code.ALREADY_EXISTS)
        record = m.ListRecord(
            id=f"l{len(self.lists) + 1}_{os.urandom(4).hex()}",
            tenant=principal.tenant,
            name=message.name,
            facets=message.facets,
            fields=message.fields,
            created_at="2026-01-05T12:00:00Z",
        )
        self.lists[record.id] = record
        self.keys_of(record.id)
        return record

    def extend_list(self, message: m.ExtendList) -> m.ListRecord:
        self._called("extend_list", message)
        record = self._record(self._principal(message.caller), message.list)
        if set(message.fields) & set(record.fields):
            raise MalformedError("a field of this name is there already")
        record = m.ListRecord(
            id=record.id,
            tenant=record.tenant,
            name=record.name,
            facets=record.facets,
            fields=(*record.fields, *message.fields),
            created_at=record.created_at,
        )
        self.lists[record.id] = record
        return record

    def show_lists(self, message: m.ShowLists) -> m.ListRecords:
        self._called("show_lists", message)
        tenant = self._principal(message.caller).tenant
        found = tuple(
            record
            for record in self.lists.values()
            if record.tenant == tenant and message.list in ("", record.id, record.name)
        )
        if message.list and not found:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        return m.ListRecords(lists=found)

    def start_import(self, message: m.StartImport) -> m.ImportTicket:
        self._called("start_import", message)
        principal = self._principal(message.caller)
        if principal.kind == "app":
            raise RefusedError("an app adds no rows", hint="use an intake key")
        record = self._record(principal, message.list)
        ticket, rows, digest = f"t{len(self.tickets) + 1}", self.import_budget, ""
        if message.request is not None:
            if message.request not in self.requests:
                raise RefusedError("there is no such request", code=Code.NOT_FOUND)
            terms = Terms.parse(self.requests[message.request].terms)
            rows, digest = terms.cap, terms.selection
        self.tickets[ticket] = Ticket(record.id, rows, digest)
        return m.ImportTicket(
            ticket=ticket, list=record.id, max_rows=rows, sha256=digest
        )

    def seal_rows(self, message: m.SealRows) -> m.SealedRows:
        self._called("seal_rows", message)
        ticket = self._ticket(message.ticket)
        with self._lock:
            ticket.rows += len(message.addresses)
        if ticket.rows > ticket.max_rows:
            raise RefusedError(
                "the import has more rows than permitted", code=Code.BUDGET_SPENT
            )
        record = self.lists[ticket.list_id]
        opened = list(map(OpenedRow, message.addresses, message.fields))
        *older, newest = (
            self.seal(record, tokens, message.facets, opened)
            for tokens in self._versions(record, message.addresses)
        )
        return replace(
            newest,
            older=tuple(
                m.OlderRows(batch_id=o.batch_id, tokens=o.tokens, sealed=o.sealed)
                for o in older
            ),
            proof=prove_rows(message.ticket, *older, newest),
        )

    def seal_packed(self, message: bytes) -> m.SealedRows:
        return self.seal_rows(decode(message, m.SealRows))

    def finish_import(self, message: m.FinishImport) -> None:
        self._called("finish_import", message)
        ticket = self._ticket(message.ticket)
        ticket.end = message
        if message.committed:
            known = self.entries.get(ticket.list_id, 0)
            self.entries[ticket.list_id] = known + message.added

    def suppress(self, message: m.Suppress) -> m.Suppressed:
        self._called("suppress", message)
        if message.caller is not None:
            self._record(self._principal(message.caller), message.list)
        else:
            assert message.ticket is not None
            assert self._ticket(message.ticket).list_id == message.list
        size = TOKEN_BYTES
        if len(message.tokens) > size * MAX_ROWS:
            raise MalformedError("tokens travel at most 4096 at once")
        tokens = {
            message.tokens[at : at + size] for at in range(0, len(message.tokens), size)
        }
        changed = tokens - self.suppressed[message.list]
        self.suppressed[message.list] |= tokens
        return m.Suppressed(changed=len(changed))

    def look_up(self, message: m.LookUp) -> m.FoundToken:
        self._called("look_up", message)
        principal = self._principal(message.caller)
        record = self._record(principal, message.list)
        if "look-up" not in principal.rights:
            raise RefusedError("you have not this right", hint="ask an owner")
        columns = self._versions(record, [message.address])
        tokens = [token for [token] in columns if token is not None]
        if not tokens:
            raise MalformedError(
                "this is not an e-mail address", code=Code.ADDRESS_INVALID
            )
        self.looked_up[principal.id] += 1
        if self.looked_up[principal.id] > self.look_up_budget:
            raise RefusedError("no look-ups left today", code=Code.BUDGET_SPENT)
        *older, token = tokens
        told = record if message.with_list else None
        return m.FoundToken(token=token, older=tuple(older), list=told)

    def show_requests(self, message: m.ShowRequest) -> m.RequestViews:
        self._called("show_requests", message)
        tenant = self._principal(m.Caller(session=message.session)).tenant
        mine = [
            replace(view, facts={**view.facts, **self.told_of_send(view.id)})
            for view in self.requests.values()
            if Terms.parse(view.terms).tenant == tenant
            and message.request in (None, view.id)
            and (not message.states or view.state in message.states)
        ]
        return m.RequestViews(requests=tuple(mine))

    @contextmanager
    def run_export(
        self, message: m.RunExport, batches: Iterable[m.RowBatch]
    ) -> Iterator[Iterator[bytes]]:
        self._called("run_export", message)
        terms = Terms.parse(self.requests[message.request].terms)
        record = self.lists[terms.list]
        selects = parse_segment(terms.selection, schema := Schema.parse(record.facets))
        predicate = selects.compile()
        lines: list[str] = []
        for batch in batches:
            for row in sealed_rows(batch):
                opened = self.open(record, row)
                if not predicate(schema.decode_facets(row.facets), "subscribed"):
                    raise RefusedError("a row is outside the selection")
                if row.token not in self.suppressed[record.id]:
                    lines.append(opened.address)
        if len(lines) > terms.cap:
            raise RefusedError("more rows than granted", code=Code.CAP_EXCEEDED)
        text = "".join(f"{line}\n" for line in lines).encode()
        age = pyrage.encrypt(text, [self.identity.to_public()])
        yield (age[at : at + 1000] for at in range(0, len(age), 1000))

    def seal(
        self,
        record: m.ListRecord,
        tokens: Sequence[bytes | None],
        facets: Sequence[str],
        rows: Sequence[OpenedRow],
        *,
        row_version: int = 1,
    ) -> m.SealedRows:
        """Seal rows under the list's newest key; one without a token is left out."""
        number, batch_id = self.newest_key(record.id), os.urandom(BATCH_ID_BYTES)
        nobody = OpenedRow("refused", "[]")
        sealed = seal_rows(
            self._key(f"{record.id}.{number}"),
            key_number=number,
            list_id=record.id,
            batch_id=batch_id,
            row_version=row_version,
            positions=range(len(tokens)),
            tokens=[token or bytes(TOKEN_BYTES) for token in tokens],
            facets=facets,
            rows=[r if t else nobody for r, t in zip(rows, tokens, strict=True)],
        )
        return m.SealedRows(
            batch_id=batch_id,
            tokens=b"".join(token or bytes(TOKEN_BYTES) for token in tokens),
            sealed=[
                row if token else b"" for row, token in zip(sealed, tokens, strict=True)
            ],
        )

    def open(self, record: m.ListRecord, row: SealedRow) -> OpenedRow:
        """Open one row, or find that it was tampered with."""
        number = read_key_number(row.sealed)
        index_keys = [
            self._key(f"tenant {record.tenant} {held}")
            for held in range(self.index_keys[record.tenant])
        ]
        if number not in [held for held, _ in self.keys_of(record.id)]:
            raise VerificationError("a row is under a key that is not held")
        key = self._key(f"{record.id}.{number}")
        return open_row(key, index_keys, list_id=record.id, row=row)

    # --- inside ---

    def _called(self, method: str, message: Message) -> None:
        with self._lock:
            self.calls.append(method)
            if method not in _WITH_ROWS:
                self.seen.append(message)
            decode(pack(message), type(message))  # it would cross the wire
            left, act = self._faults.get(method, (-1, lambda: None))
            if left > 0:
                self._faults[method] = left - 1, act
        if left == 0:
            act()

    def _record(self, principal: m.Principal, list_id: str) -> m.ListRecord:
        named = [each for each in self.lists.values() if each.name == list_id]
        record = self.lists.get(list_id) or next(iter(named), None)
        if record is None or record.tenant != principal.tenant:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        return record

    def _ticket(self, ticket: str) -> Ticket:
        found = self.tickets.get(ticket)
        if found is None or found.end is not None:
            raise RefusedError("no such import", code=Code.NOT_FOUND)
        return found

    def _key(self, name: str) -> bytes:
        with self._lock:  # two batches at once must not make two keys of one name
            return self._keys.setdefault(name, os.urandom(32))

    def _tokens(
        self, tenant: str, addresses: Sequence[str], *, number: int = 0
    ) -> list[bytes | None]:
        key = self._key(f"tenant {tenant} {number}")
        parsed = parse_many(addresses)
        forms = [address.index_form if address else "" for address in parsed]
        tokens = make_tokens(key, forms)
        return [
            token if address else None
            for token, address in zip(tokens, parsed, strict=True)
        ]
