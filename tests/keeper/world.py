"""Everybody and everything around one keeper, in short verbs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyrage

from listkeep.core.sealing import SealedRow, format_token
from listkeep.keeper.gate.custody import lists, suppressions
from listkeep.keeper.release import deliveries, exports, imports, look_ups, reveals
from listkeep.wire import messages as m

from .signing import Signing


@dataclass
class Rows:
    """A list and its sealed rows, as the dock would hold them."""

    list_id: str
    addresses: list[str]
    sealed: list[SealedRow]

    def token(self, position: int) -> str:
        return format_token(self.sealed[position].token)

    def tokens(self, *positions: int) -> bytes:
        return b"".join(self.sealed[position].token for position in positions)

    def batch(self, *positions: int) -> m.RowBatch:
        return batch_of([self.sealed[position] for position in positions])

    def whole(self) -> m.RowBatch:
        return batch_of(self.sealed)


def batch_of(rows: Sequence[SealedRow]) -> m.RowBatch:
    return m.RowBatch(
        tokens=b"".join(row.token for row in rows),
        batch_ids=b"".join(row.batch_id for row in rows),
        positions=[row.position for row in rows],
        sealed=[row.sealed for row in rows],
        facets=[row.facets for row in rows],
    )


class World(Signing):
    """What the dock does: lists, rows that come in, rows that go out."""

    # --- rows come in ---

    def create_list(
        self,
        name: str = "news",
        *,
        by: str = "ada",
        facets: Sequence[str] = ("plan:text",),
        fields: Sequence[str] = (),
    ) -> m.ListRecord:
        message = m.CreateList(
            caller=self.caller(by),
            name=name,
            facets=tuple(facets),
            fields=tuple(fields),
        )
        return lists.create_list(
            self.gate, message, carrier=self.service("dock"), now=self.now
        )

    def start_import(
        self, name: str, list_id: str, request: str | None = None
    ) -> m.ImportTicket:
        message = m.StartImport(caller=self.caller(name), list=list_id, request=request)
        return imports.start_import(
            self.gate, message, carrier=self.service("dock"), now=self.now
        )

    def seal(
        self,
        ticket: str,
        addresses: Sequence[str],
        facets: str = '["pro"]',
        fields: str = "[]",
    ) -> m.SealedRows:
        message = m.SealRows(
            ticket=ticket,
            addresses=list(addresses),
            fields=[fields] * len(addresses),
            facets=[facets] * len(addresses),
        )
        return imports.seal_import_rows(self.gate, message, now=self.now)

    def finish(
        self, ticket: str, *, committed: bool = True, added: int = 0, updated: int = 0
    ) -> None:
        message = m.FinishImport(
            ticket=ticket,
            committed=committed,
            rows=max(1, added + updated),
            added=added,
            updated=updated,
        )
        imports.finish_import(self.gate, message, now=self.now)

    def list_with_rows(
        self, count: int = 3, name: str = "news", *, by: str = "ada"
    ) -> Rows:
        """Open a list and import so many people into it."""
        found = self.create_list(name, by=by)
        ticket = self.start_import(by, found.id).ticket
        addresses = [f"person{number}.{name}@example.com" for number in range(count)]
        rows = self.rows_of(found.id, addresses, self.seal(ticket, addresses))
        self.finish(ticket, added=count)
        return rows

    @staticmethod
    def rows_of(
        list_id: str,
        addresses: list[str],
        sealed: m.SealedRows,
        facets: str = '["pro"]',
    ) -> Rows:
        rows = [
            SealedRow(
                sealed.tokens[position * 16 : position * 16 + 16],
                sealed.batch_id,
                position,
                seal,
                facets,
            )
            for position, seal in enumerate(sealed.sealed)
        ]
        return Rows(list_id, addresses, rows)

    def suppress(
        self, name: str, rows: Rows, *positions: int, reason: str = "unsubscribed"
    ) -> int:
        message = m.Suppress(
            caller=self.caller(name),
            list=rows.list_id,
            tokens=rows.tokens(*positions),
            reason=reason,
        )
        return suppressions.suppress(
            self.gate, message, carrier=self.service("dock"), now=self.now
        ).changed

    def look_up(self, name: str, list_id: str, address: str) -> bytes:
        message = m.LookUp(caller=self.caller(name), list=list_id, address=address)
        return look_ups.look_up(
            self.gate, message, carrier=self.service("dock"), now=self.now
        ).token

    # --- rows go out ---

    def ask_reveal(
        self, name: str, rows: Rows, *positions: int
    ) -> tuple[m.RequestView, pyrage.x25519.Identity]:
        device = pyrage.x25519.Identity.generate()
        view = self.ask(
            name,
            "reveal",
            list=rows.list_id,
            selection=" ".join(rows.token(position) for position in positions),
            recipient=str(device.to_public()),
        )
        return view, device

    def reveal(self, name: str, view: m.RequestView, rows: m.RowBatch) -> m.Ciphertext:
        message = m.RunReveal(session=self.session(name), request=view.id, rows=rows)
        return reveals.run_reveal(self.gate, message, now=self.now)

    def ask_export(
        self,
        name: str,
        rows: Rows,
        cap: int,
        *,
        selection: str = "all",
        recipient: str = "warehouse",
        **facts: object,
    ) -> m.RequestView:
        return self.ask(
            name,
            "export",
            list=rows.list_id,
            cap=cap,
            selection=selection,
            recipient=recipient,
            **facts,
        )

    def granted_export(
        self, rows: Rows, cap: int = 1000, **facts: str
    ) -> m.RequestView:
        """Ben asks for a copy, Ada agrees."""
        view = self.ask_export("ben", rows, cap, **facts)
        return self.sign("ada", view, "approve")

    def run(
        self,
        name: str,
        view: m.RequestView,
        *batches: m.RowBatch,
        kind: str = "csv",
        stream: Iterator[m.RowBatch] | None = None,
    ) -> Path:
        """Run an export on behalf of the dock, up to the finished file."""
        message = m.RunExport(
            session=self.session(name, "dock"), request=view.id, format=kind
        )
        return exports.run_export(
            self.gate,
            message,
            stream or iter(batches),
            carrier=self.service("dock"),
            spool=self.home / "spool",
            clock=self.clock,
        )

    def export(
        self, name: str, view: m.RequestView, *batches: m.RowBatch, kind: str = "csv"
    ) -> str:
        """Run an export, deliver it, and read it at the warehouse."""
        return self.unpack(
            b"".join(deliveries.deliver(self.run(name, view, *batches, kind=kind)))
        )

    def unpack(self, file: bytes) -> str:
        return pyrage.decrypt(file, [self.warehouse]).decode()
