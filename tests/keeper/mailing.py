"""Sends that go on, in short verbs: what the dock asks while mail leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from listkeep.keeper.release import (
    returned,
    send_reports,
    send_rows,
    send_signing,
    sends,
    tallies,
)
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from .sending import (
    LISTED,
    ask_send,
    send_subject,
    standing_subject,
    with_sending,
)
from .world import Rows, World


def grant_send(world: World, rows: Rows, cap: int = 3, **facts: Any) -> str:
    """Ben asks for a send, Ada agrees."""
    asked = ask_send(world, rows, cap=cap, **facts)
    return world.sign("ada", asked, "approve").id


def begin(world: World, request: str, name: str = "ben") -> d.Send:
    message = d.StartSend(session=world.session(name, "dock"), request=request)
    return sends.start_send(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )


def send_of(world: World, rows: Rows, cap: int = 3, **facts: Any) -> str:
    """Have a send granted and begun."""
    request = grant_send(world, rows, cap, **facts)
    begin(world, request)
    return request


def standing_send(
    world: World,
    rows: Rows,
    cap: int = 100,
    *,
    pace: int = 600,
    triggers: str = "basket welcome",
) -> str:
    """The same for mail that leaves when something happens."""
    subject = standing_subject(pace=str(pace), triggers=triggers)
    request = grant_send(world, rows, cap, subject=subject, valid_seconds=30 * 86_400)
    begin(world, request)
    return request


def open_rows(
    world: World,
    request: str,
    batch: m.RowBatch,
    triggers: Sequence[str] | None = None,
    *,
    ended: d.RowNames | None = None,
    waiting: d.RowNames | None = None,
) -> list[d.SendRow]:
    message = d.OpenForSend(
        request=request,
        rows=batch,
        triggers=list(triggers or [""] * len(batch.sealed)),
        ended=ended or d.RowNames(),
        waiting=waiting or d.RowNames(),
    )
    return send_rows.open_for_send(
        world.gate,
        message,
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    ).rows


def names(rows: Rows, *places: int, trigger: str = "") -> d.RowNames:
    """Name rows of a send: what came of them is told by that."""
    tokens = [rows.sealed[place].token for place in places]
    return d.RowNames(tokens=b"".join(tokens), triggers=[trigger] * len(tokens))


def close(
    world: World,
    request: str,
    *,
    ended: d.RowNames | None = None,
    waiting: d.RowNames | None = None,
) -> None:
    """Tell what came of rows without asking for others."""
    send_reports.close_for_send(
        world.gate,
        d.CloseForSend(
            request=request,
            ended=ended or d.RowNames(),
            waiting=waiting or d.RowNames(),
        ),
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    )


def codes(rows: Sequence[d.SendRow]) -> list[str]:
    """Give the codes; a row has an address or a code, never both or none."""
    assert all(bool(row.address) != bool(row.code) for row in rows)
    return [row.code for row in rows]


def sign(
    world: World,
    request: str,
    *digests: bytes,
    algorithm: str = "ed25519",
    domain: str = LISTED,
    selector: str = "lk1-ed25519",
) -> list[bytes]:
    message = d.SignForSend(
        request=request,
        algorithm=algorithm,
        domain=domain,
        selector=selector,
        digests=list(digests) or [bytes(32)],
    )
    return send_signing.sign_for_send(
        world.gate,
        message,
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    ).signatures


def read_page(world: World, known: int = 0) -> d.Sends:
    return sends.read_sends(
        world.gate,
        d.ReadSends(known=known),
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    )


def read(world: World) -> dict[str, d.Send]:
    told = read_page(world)
    return {send.request: send for send in (*told.sends, *told.ended)}


def finish(world: World, request: str, delivered: int = 0, failed: int = 0) -> None:
    sends.finish_send(
        world.gate,
        d.FinishSend(request=request, delivered=delivered, failed=failed),
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    )


def report(
    world: World, request: str, tokens: Sequence[bytes], outcome: str = "hard-bounce"
) -> d.ReturnedCounts:
    items = [
        d.ReturnedItem(request=request, token=token, outcome=outcome, code="5.1.1")
        for token in tokens
    ]
    return returned.report_returned(
        world.gate,
        d.ReportReturned(items=items),
        carrier=world.service("dock"),
        spool=spool(world),
        now=world.now,
    )


def spool(world: World) -> Path:
    return world.home / "spool"


def power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the machine stop: what was not synced is gone."""
    monkeypatch.setattr(tallies, "_boot", lambda: "another start of the machine")


def leased(world: World, request: str) -> int:
    """Say how many rows the ledger knows of."""
    return world.registry.sends[request].reserved


__all__ = [
    "begin",
    "close",
    "codes",
    "finish",
    "grant_send",
    "leased",
    "names",
    "open_rows",
    "power_cut",
    "read",
    "report",
    "send_of",
    "send_subject",
    "sign",
    "spool",
    "standing_send",
    "with_sending",
]
