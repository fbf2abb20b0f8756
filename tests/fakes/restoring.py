"""The part of the fake keeper that permits restores, and knows who was erased."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from listkeep.core.canonical import encode
from listkeep.core.errors import (
    Code,
    RefusedError,
    VerificationError,
)
from listkeep.core.grants import Action, Terms, parse_time
from listkeep.core.sealing import (
    OpenedRow,
    SealedRow,
    format_token,
)
from listkeep.wire import messages as m
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import restores as r
from tests.fakes.rows import sealed_rows
from tests.fakes.scrubbing import FakeScrubbing


@dataclass
class RestoreTicket:
    """One permitted restore."""

    list_id: str
    left: int
    start: r.StartRestore
    end: r.FinishRestore | None = None


@dataclass
class FakeRestoring(FakeScrubbing):
    """Restores within a budget of rows, or under a grant for one time."""

    restore_budget: int = 1_000_000
    restores: dict[str, RestoreTicket] = field(default_factory=dict)
    erased: set[tuple[str, bytes]] = field(default_factory=set)  # tenant, token
    erasures: list[e.EraseEntry] = field(default_factory=list)

    # --- what tests say to it ---

    def grant_restore(
        self, list_id: str, *, moment: str, cap: int, by: str = ""
    ) -> str:
        """Put a granted restore into place."""
        subject = encode({"moment": moment}).decode()
        return self._grant(
            Action.LIST_RESTORE,
            list_id,
            selection="",
            cap=cap,
            by=by,
            subject=subject,
        )

    def grant_erasure(self, list_id: str, token: bytes, *, keep: bool) -> str:
        """Put a granted erasure into place; the list says of which tenant."""
        subject = encode({"keep": "yes" if keep else "no"}).decode()
        name = format_token(token)
        return self._grant(
            Action.ENTRY_ERASE, list_id, selection=name, cap=1, subject=subject
        )

    # --- what the dock asks ---

    def start_restore(self, message: r.StartRestore) -> r.RestoreTicket:
        self._called("start_restore", message)
        parse_time(message.moment)
        principal = self._principal(message.caller)
        record = self._record(principal, message.list)
        if principal.kind != "person":
            raise RefusedError("a list is taken back by people")
        most = self.restore_budget
        if message.request is not None:
            terms = self._granted(message.request, Action.LIST_RESTORE)
            if terms.subject_fields()["moment"] != message.moment:
                raise RefusedError("for another time", code=Code.NOT_GRANTED)
            most = terms.cap
        if message.rows > most:
            raise RefusedError("too many rows", code=Code.BUDGET_SPENT)
        ticket = f"i{len(self.restores) + 1}"
        self.restores[ticket] = RestoreTicket(record.id, message.rows, message)
        return r.RestoreTicket(ticket=ticket)

    def reseal_rows(self, message: r.ResealRows) -> m.SealedRows:
        self._called("reseal_rows", message)
        ticket = self._open_restore(message.ticket)
        rows = list(sealed_rows(message.rows))
        ticket.left -= len(rows)
        if ticket.left < 0:
            raise RefusedError("more rows than it said", code=Code.CAP_EXCEEDED)
        record = self.lists[ticket.list_id]
        opened = [self._find_opened(record, row) for row in rows]
        return self.seal(
            record,
            [row.token if o else None for row, o in zip(rows, opened, strict=True)],
            [row.facets for row in rows],
            [each or OpenedRow("", "") for each in opened],
            row_version=2,
        )

    def finish_restore(self, message: r.FinishRestore) -> None:
        self._called("finish_restore", message)
        ticket = self._open_restore(message.ticket)
        ticket.end = message
        if message.committed:
            self._take(ticket.list_id, message.removed - message.added)

    def find_gone(self, message: m.FindGone) -> m.FoundGone:
        self._called("find_gone", message)
        gone = self.tickets[message.ticket].gone
        starts = range(0, len(message.tokens), 16)
        tokens = [message.tokens[at : at + 16] for at in starts]
        assert len(tokens) <= 4096
        found = [at for at, token in enumerate(tokens) if token in gone]
        return m.FoundGone(erased=len(gone), gone=found)

    def erase_entry(self, message: e.EraseEntry) -> None:
        self._called("erase_entry", message)
        principal = self._principal(m.Caller(session=message.session))
        terms = self._granted(message.request, Action.ENTRY_ERASE)
        if terms.tenant != principal.tenant:
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        if terms.selection != format_token(message.token):
            raise RefusedError("about somebody else", code=Code.NOT_GRANTED)
        for each in message.lists:
            self._record(principal, each.list)
            self._take(each.list, int(each.removed))
        self.erasures.append(message)
        self.erased.add((principal.tenant, message.token))
        for ticket in self.tickets.values():
            if self.lists[ticket.list_id].tenant == principal.tenant:
                ticket.gone.add(message.token)
        if terms.subject_fields()["keep"] == "yes":
            mine = [x.id for x in self.lists.values() if x.tenant == principal.tenant]
            for list_id in mine:
                self.suppressed[list_id].add(message.token)

    # --- inside ---

    def _is_genuine(self, record: m.ListRecord, row: SealedRow) -> bool:
        if not row.sealed:  # a mark that an erased person left
            return row.token in self.suppressed[record.id]
        return super()._is_genuine(record, row)

    def _take(self, list_id: str, rows: int) -> None:
        self.removed[list_id] = self.removed.get(list_id, 0) + rows

    def _granted(self, request: str, action: Action) -> Terms:
        view = self.requests.get(request)
        terms = Terms.parse(view.terms) if view else None
        if terms is None or terms.action is not action:
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        return terms

    def _open_restore(self, ticket: str) -> RestoreTicket:
        found = self.restores.get(ticket)
        if found is None or found.end is not None:
            raise RefusedError("no such restore", code=Code.NOT_FOUND)
        return found

    def _find_opened(self, record: m.ListRecord, row: SealedRow) -> OpenedRow | None:
        if (record.tenant, row.token) in self.erased:
            return None
        try:
            return self.open(record, row)
        except VerificationError:
            return None

    # --- what the rest of the fake has ---

    def open(self, record: m.ListRecord, row: SealedRow) -> OpenedRow:
        raise NotImplementedError

    def _record(self, principal: m.Principal, list_id: str) -> m.ListRecord:
        raise NotImplementedError

    def seal(
        self,
        record: m.ListRecord,
        tokens: Sequence[bytes | None],
        facets: Sequence[str],
        rows: Sequence[OpenedRow],
        *,
        row_version: int = 1,
    ) -> m.SealedRows:
        raise NotImplementedError
