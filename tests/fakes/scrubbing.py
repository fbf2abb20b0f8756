"""The part of the fake keeper that looks rows over, and knows of incidents.

Passes are counted as the real one counts them, in bookmarks; here nobody forges one,
so a MAC is a word. The ledger's numbers are what imports said.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field

from msgspec.structs import replace

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    VerificationError,
)
from listkeep.core.registry.holdings import Holding, Pass, judge
from listkeep.core.registry.incidents import IncidentKind
from listkeep.core.sealing import SealedRow, read_row_version
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import scrubs as s
from tests.fakes.grants import FakeGrants
from tests.fakes.rows import sealed_rows

_MAC = b"ours"


@dataclass
class Ticket:
    """One permitted import."""

    list_id: str
    max_rows: int
    sha256: str
    rows: int = 0
    end: m.FinishImport | None = None
    gone: set[bytes] = field(default_factory=set)  # erased since it began


@dataclass
class FakeScrubbing(FakeGrants):
    """Passes over lists, and incidents that tests may open by hand."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    suppressed: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    incidents: dict[str, i.Incident] = field(default_factory=dict)
    scrubbed: list[tuple[str, int, int]] = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    passes: dict[str, int] = field(default_factory=dict)
    scrubbed_at: dict[str, str] = field(default_factory=dict)
    scrubs_end_at: str = "2026-02-04T12:00:00Z"  # all of them

    # --- what the dock asks ---

    def read_scrubs(self, message: s.ReadScrubs) -> s.ScrubStates:
        self._called("read_scrubs", message)
        return s.ScrubStates(
            lists=tuple(
                s.ScrubState(
                    list=name,
                    entries=self._added(name) - self.removed.get(name, 0),
                    scrubs=self.passes.get(name, 0),
                    created_at=self.lists[name].created_at,
                    scrubbed_at=self.scrubbed_at.get(name, ""),
                )
                for name in self.lists
            )
        )

    def scrub_rows(self, message: s.ScrubRows) -> s.ScrubbedRows:
        self._called("scrub_rows", message)
        record = self.lists.get(message.list)
        if record is None:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        mark = self._mark(message)
        rows = list(sealed_rows(message.rows))
        if mark is not None:
            _require_order(mark, rows)
        good = [self._is_genuine(record, row) for row in rows]
        suppressed = self.suppressed[message.list]
        answer = s.ScrubbedRows(
            invalid=[at for at, is_good in enumerate(good) if not is_good],
            better=[
                at
                for at, row in enumerate(rows)
                if good[at] and message.subscribed[at] and row.token in suppressed
            ],
        )
        if mark is None:
            return answer
        versions = (
            read_row_version(row.sealed)
            for row, is_good in zip(rows, good, strict=True)
            if is_good
        )
        mark = replace(
            mark,
            after=rows[-1].token if rows else mark.after,
            rows=mark.rows + len(rows),
            invalid=mark.invalid + len(answer.invalid),
            better=mark.better + len(answer.better),
            newest=max((mark.newest, *versions)),
        )
        if not message.is_end:
            return replace(answer, bookmark=mark)
        if not mark.is_wrapped:
            return replace(answer, bookmark=replace(mark, is_wrapped=True, after=b""))
        return self._finish(mark, answer, is_sure=message.is_sure)

    def report_incident(self, message: i.OpenIncident) -> i.Incident:
        self._called("report_incident", message)
        if message.kind not in frozenset(IncidentKind):
            raise MalformedError("there is no such kind of incident")
        if message.list is not None and message.list not in self.lists:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)
        record = self.lists.get(message.list or "")
        tenant = record.tenant if record else message.tenant or ""
        return self.open_incident(
            message.kind, tenant=tenant, list_id=message.list or "", found=message.found
        )

    def open_incident(
        self, kind: str, *, tenant: str = "acme", list_id: str = "", found: int = 1
    ) -> i.Incident:
        """Open one, unless it is."""
        for known in self.incidents.values():
            about = (known.kind, known.tenant, known.list, known.closed_at)
            if about == (kind, tenant, list_id, ""):
                return known
        record = self.lists.get(list_id)
        opened = i.Incident(
            id=f"w_{len(self.incidents) + 1}",
            kind=kind,
            tenant=tenant,
            tenant_name=tenant,
            list=list_id,
            list_name=record.name if record else "",
            found=found,
            opened_at="2026-01-05T12:00:00Z",
            closed_at="",
            closed_by="",
            reason="",
        )
        self.incidents[opened.id] = opened
        return opened

    def show_incidents(self, message: i.ShowIncidents) -> i.Incidents:
        self._called("show_incidents", message)
        who = self._principal(message.caller) if message.caller else None
        found = tuple(
            each
            for each in self.incidents.values()
            if message.incident in (None, each.id)
            and (who is None or _may_know(who, each))
        )
        if message.incident is not None and not found:
            raise RefusedError("there is no such incident", code=Code.NOT_FOUND)
        return i.Incidents(incidents=found)

    def close_incident(self, message: i.CloseIncident) -> i.Incident:
        self._called("close_incident", message)
        who = self._principal(message.caller)
        known = self.incidents.get(message.incident)
        if known is None or not _may_know(who, known):
            raise RefusedError("there is no such incident", code=Code.NOT_FOUND)
        if known.tenant != who.tenant:
            raise RefusedError("an owner of the tenant closes this incident")
        if known.closed_at:
            raise ConflictError("this incident is closed", code=Code.NOT_WAITING)
        if message.accepts and known.kind == IncidentKind.ROWS_MISSING:
            self.removed[known.list] = self.removed.get(known.list, 0) + known.found
        closed = replace(
            known,
            closed_at="2026-01-05T13:00:00Z",
            closed_by=who.name,
            reason=message.reason,
        )
        self.incidents[known.id] = closed
        return closed

    # --- inside ---

    def _mark(self, message: s.ScrubRows) -> s.Bookmark | None:
        number, mark = self.passes.get(message.list, 0), message.bookmark
        if mark is None and message.begins:
            start = os.urandom(16)
            return s.Bookmark(
                list=message.list,
                number=number,
                begun=1,
                start=start,
                after=start,
                is_wrapped=False,
                added=self._added(message.list),
                removed=self.removed.get(message.list, 0),
                rows=0,
                invalid=0,
                better=0,
                newest=0,
                mac=_MAC,
            )
        if mark is not None and (mark.list, mark.mac) != (message.list, _MAC):
            raise VerificationError("a bookmark was changed outside Listkeep")
        if mark is not None and mark.number != number:
            raise ConflictError("this pass is over")
        return mark

    def _finish(
        self, mark: s.Bookmark, answer: s.ScrubbedRows, *, is_sure: bool
    ) -> s.ScrubbedRows:
        seen = Pass(
            begun=mark.begun,
            added=mark.added,
            removed=mark.removed,
            rows=mark.rows,
            newest=mark.newest,
        )
        running = [t for t in self.tickets.values() if t.list_id == mark.list]
        wrong = judge(
            Holding(
                added=self._added(mark.list), removed=self.removed.get(mark.list, 0)
            ),
            seen,
            in_flight=sum(ticket.rows for ticket in running if ticket.end is None),
        )
        doubts = (
            *(kind.value for kind in wrong),
            *(["rows-invalid"] if answer.invalid else []),
            *(["status-better"] if answer.better else []),
        )
        if doubts and not is_sure:
            return replace(answer, doubts=doubts)
        if mark.invalid:
            wrong[IncidentKind.ROWS_INVALID] = mark.invalid
        self.scrubbed.append((mark.list, mark.rows, mark.invalid))
        self.passes[mark.list] = mark.number + 1
        self.scrubbed_at[mark.list] = self.scrubs_end_at
        for kind, found in wrong.items():
            tenant = self.lists[mark.list].tenant
            self.open_incident(
                kind.value, tenant=tenant, list_id=mark.list, found=found
            )
        return replace(answer, doubts=doubts, is_done=True)

    def _added(self, list_id: str) -> int:
        ends = [t.end for t in self.tickets.values() if t.list_id == list_id]
        return sum(end.added for end in ends if end and end.committed)

    def _is_genuine(self, record: m.ListRecord, row: SealedRow) -> bool:
        try:
            self.open(record, row)
        except VerificationError:
            return False
        return True

    # --- what the rest of the fake has ---

    def open(self, record: m.ListRecord, row: SealedRow) -> object:
        raise NotImplementedError

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError

    def _principal(self, caller: m.Caller) -> m.Principal:
        raise NotImplementedError


def _may_know(who: m.Principal, known: i.Incident) -> bool:
    """Owners and custodians have the right to administer, here as there."""
    may = "administer" in who.rights
    return may and who.tenant in ("", known.tenant)


def _require_order(mark: s.Bookmark, rows: list[SealedRow]) -> None:
    tokens = [row.token for row in rows]
    first = [mark.after] if mark.after or not mark.is_wrapped else []
    if sorted(set(first + tokens)) != first + tokens:
        raise MalformedError("a pass takes tokens in their order, each once")
    if mark.is_wrapped and tokens and tokens[-1] > mark.start:
        raise MalformedError("a pass ends where it began")
