"""A keeper and a dock that have something of everything to show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from listkeep.core.canonical import encode
from listkeep.core.grants import Terms
from listkeep.wire import messages as m
from listkeep.wire.answers import (
    DockBar,
    DockChange,
    DockHistogram,
    DockIncident,
    DockIncidentLine,
    DockNotice,
    DockNotices,
    DockSample,
    DockSampleEntry,
)
from listkeep.wire.dock.sends import (
    DockCameBack,
    DockHour,
    DockOutcomes,
    DockProgress,
    DockProvider,
    DockReason,
)
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import policies as p
from tests.console.conftest import Buildings
from tests.console.test_sends import SUBJECT, view_of

NOW = datetime.now(UTC).replace(microsecond=0)
AT = "2026-01-05T12:00:00Z"


def fill(buildings: Buildings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a keeper and a dock something of everything to show."""
    waiting = msgspec.structs.replace(
        view_of({"about": "something else"}),
        id="r_wait",
        state="waiting",
        missing=("the approval of another owner of the tenant",),
        signed_by=("ben (request)",),
    )
    sent = view_of(
        {
            "new": "a new link",
            "changed": "another way out",
            "counted": "12",
            "last like it": "r_old",
            "began": AT,
        }
    )
    subject = {**SUBJECT, "kind": "standing", "triggers": "basket"}
    terms = replace(
        Terms.parse(sent.terms),
        subject=encode(subject).decode(),
        not_before=NOW,
        expires=NOW + timedelta(days=2),
    )
    letters = msgspec.structs.replace(sent, id="r_letters", terms=terms.format())
    buildings.requests = (waiting, letters, sent)
    buildings.outcomes = OUTCOMES
    buildings.providers = (PROVIDER,)
    past = f"{NOW - timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}"
    soon = f"{NOW + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    buildings.services = ({"id": "s_shop", "name": "shop", "kind": "app"},)
    buildings.agencies = ({"id": "a_studio", "name": "studio", "until": soon},)
    buildings.uses = ({"id": "s_shop", "since": past, "last_used": past},)
    monkeypatch.setattr(buildings, "show_registry", partial(_registry, buildings))
    for name, answer in ANSWERS.items():
        monkeypatch.setattr(buildings, name, answer, raising=False)


_BODY = {
    "at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    "event": "list.opened",
    "person": "p_ada",
    "list": "l_news",
}
ENTRY = m.LedgerEntry(index=0, leaf=b"\0" * 32, body=encode({**_BODY, "rows": "3"}))
LINE = DockIncidentLine(at=AT, who="ada", what="note", text="something else")
INCIDENT = DockIncident(
    id="i_rows",
    kind="rows-missing",
    tenant="t_acme",
    list="news",
    sentence="news has fewer entries than the ledger knows",
    state="open",
    found=3,
    times=1,
    opened_at=AT,
    closed_at="",
    closed_by="",
    reason="",
    timeline=(LINE,),
)
CLOSED = msgspec.structs.replace(
    INCIDENT, id="i_done", state="closed", closed_at=AT, closed_by="ada"
)
NOTICE = DockNotice(
    index=0,
    at=AT,
    severity="alarm",
    event="releases.frozen",
    tenant="t_acme",
    sentence="everything is frozen, by ada",
    request="",
    state="",
    missing=(),
    deliveries=(),
)
CHANGES = tuple(
    DockChange(
        number=3,
        kind=kind,
        at=AT,
        who="p_ada",
        source="",
        moment=None,
        added=1,
        updated=2,
        removed=3,
        rounded=False,
        can_undo=kind == "import",
    )
    for kind in ("import", "status", "restore", "erase")
)
HISTOGRAM = DockHistogram(
    facet="plan",
    values=(DockBar(value="pro", entries=12), DockBar(value=None, entries=1)),
    other=3,
)
OUTCOMES = DockOutcomes(
    progress=DockProgress(
        request="r_spring",
        state="running",
        delivered=5,
        failed=1,
        under_way=2,
        deferred=1,
        first_at=AT,
    ),
    reasons=tuple(
        DockReason(state=state, code=code, messages=2)
        for state, code in (
            *(("failed", "5.1.1"), ("failed", "5.7.1"), ("deferred", "4.7.0")),
            *(("deferred", "4.2.2"), ("failed", "suppressed"), ("failed", "")),
        )
    ),
    hours=(DockHour(at=AT, delivered=5),),
    returned=tuple(
        DockCameBack(outcome=outcome, state=state, things=2)
        for outcome in ("hard-bounce", "soft-bounce", "complaint", "auto-reply")
        for state in ("settled", "held")
    ),
)
PROVIDER = DockProvider(
    provider="mail.example",
    delivered=5,
    waiting=1,
    failed=1,
    bounces=1,
    complaints=1,
    unsubscribes=1,
)
FREEZES = tuple(
    {"class": "campaigns", "tenant": "acme", "set_by": side}
    for side in ("owner", "custodian")
)
CONSENT = {"id": "c_1", "until": AT, "people": "p_ada", "tenant": "t_acme"}
POLICY = '@id("send") @says("an owner sends") permit (principal);'


def _registry(buildings: Buildings, message: m.ShowRegistry) -> m.RegistryRows:
    if message.kind == "freeze":
        return m.RegistryRows(rows=FREEZES)
    if message.kind == "consent":
        return m.RegistryRows(rows=(CONSENT,))
    return Buildings.show_registry(buildings, message)


ANSWERS: dict[str, Any] = {
    "show_incidents": lambda: (INCIDENT, CLOSED),
    "show_incident": lambda _name: INCIDENT,
    "read_unusual_notices": lambda **_limit: DockNotices(notices=(NOTICE,), next=1),
    "read_history": lambda _name, **_limit: iter(CHANGES),
    "count_facets": lambda _name, _segment, **_age: (HISTOGRAM,),
    "read_sample": lambda _name, segment="all": DockSample(
        entries=(DockSampleEntry(status="bounced", facets={"plan": "pro"}),),
        segment=segment,
    ),
    "health": lambda: m.Health(version="0", keeper="k", profile="demo", ledger_size=1),
    "read_ledger": lambda _message: m.LedgerPage(
        entries=(ENTRY,), checkpoint=b"", ledger_key=""
    ),
    "read_proof": lambda _message: m.Proof(
        index=0, leaf=b"\0" * 32, path=(b"",), checkpoint=b"keeper\n1\n"
    ),
    "explain_request": lambda _message: p.Explanation(
        lines=("send is granted",), permits=(), forbids=(), missing=(), then=()
    ),
    "show_budgets": lambda _message: b.BudgetRows(
        rows=tuple(
            b.BudgetRow(
                measure=each,
                used=7,
                ceiling=50,
                days=days,
                hourly=hourly,
                by_day=(2, 0, 5),
                agency="studio" if each == "rows_sent" else "",
            )
            for each, days, hourly in (
                ("look_ups", 1, True),
                ("reveals", 1, True),
                ("rows_added", 1, False),
                ("rows_changed", 1, False),
                ("rows_sent", 1, False),
                ("rows_exported", 30, False),
            )
        )
    ),
    "show_policy": lambda _message: p.PolicyTexts(
        texts={"floor": POLICY, "bounds": POLICY, "tenant": POLICY}, digest="00"
    ),
}
