"""The console by itself, with a keeper and a dock that say what a test wants."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from listkeep.console.web import doors, ways
from listkeep.core.errors import Code, ListkeepError, RefusedError, UnavailableError
from listkeep.core.grants import Terms
from listkeep.wire import messages as m
from listkeep.wire.answers import (
    DockChange,
    DockCount,
    DockList,
    DockNotices,
    DockSample,
)
from listkeep.wire.dock.sends import (
    DockKept,
    DockOutcomes,
    DockProgress,
    DockProvider,
)
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import policies as p

ORIGIN = "http://app.localhost:8490"
COOKIE = "__Host-app"
LIST = DockList(
    id="l_news",
    name="news",
    tenant="t_acme",
    facets=("plan:text",),
    fields=("first_name",),
    created_at="2026-01-05T12:00:00Z",
    entries=12_345,
    statuses={"subscribed": 12_000, "bounced": 345},
)
ROUTE = {
    "id": "x_relay",
    "name": "relay",
    "host": "r.example",
    "mail_domain": "b.example",
}
OPENS = {  # administers, sends
    (True, True): ("person", "freeze", "route", "use"),
    (True, False): ("person", "freeze", "route", "use"),
    (False, True): ("route", "domain"),
    (False, False): (),
}
KEPT = DockKept(
    digest="a" * 64,
    stored_at="2026-01-05T12:00:00Z",
    sender="News <news@example.com>",
    reply_to="",
    title="Spring offers",
    links=("www.example.net", "shop.example.com"),
    tracking=(),
    fields=("first_name",),
)
NOTHING = DockOutcomes(
    progress=DockProgress(request="r_spring"), reasons=(), hours=(), returned=()
)


@dataclass
class Buildings:
    """A keeper and a dock in one: answers, or breaks where a test says so."""

    role: tuple[str, ...] = ("administer", "send", "view")
    tenant: str = "t_acme"
    broken: dict[str, ListkeepError] = field(default_factory=dict)
    drafts: list[m.DraftRequest] = field(default_factory=list)
    requests: tuple[m.RequestView, ...] = ()
    lists: tuple[DockList, ...] = (LIST,)
    shelf: tuple[DockKept, ...] = (KEPT,)
    outcomes: DockOutcomes = NOTHING
    providers: tuple[DockProvider, ...] | None = ()
    services: tuple[dict[str, str], ...] = ()
    agencies: tuple[dict[str, str], ...] = ()
    uses: tuple[dict[str, str], ...] = ()
    budgets: tuple[b.BudgetRow, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        broken = object.__getattribute__(self, "broken")
        if name in broken:
            raise_ = broken[name]

            def fail(*_args: object, **_named: object) -> None:
                raise raise_

            return fail
        return object.__getattribute__(self, name)

    def away(self, *names: str) -> None:
        for name in names:
            self.broken[name] = UnavailableError(
                "the dock is not running or not reachable",
                code=Code.DOCK_UNAVAILABLE,
                hint="start it with `listkeep up`",
            )

    # --- what is asked ---

    def who_am_i(self, message: m.WhoAmI) -> m.Principal:
        if message.session != "lks_ada":
            raise RefusedError("not signed in", code=Code.NOT_SIGNED_IN)
        return m.Principal(
            kind="person",
            id="p_ada",
            name="ada",
            tenant=self.tenant,
            rights=self.role,
            opens=OPENS[bool("administer" in self.role), bool("send" in self.role)],
        )

    def health(self) -> m.Health:
        return m.Health(version="0", keeper="k", profile="demo", ledger_size=0)

    def show_requests(self, message: m.ShowRequest) -> m.RequestViews:
        states = message.states
        chosen = [
            one
            for one in self.requests
            if (not states or one.state in states)
            and message.action in ("", Terms.parse(one.terms).action.value)
        ]
        if message.request:
            chosen = [one for one in self.requests if one.id == message.request]
            if not chosen:
                raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        first = max(len(chosen) - (message.newest or len(chosen)), 0)
        counts = Counter[str](one.state for one in self.requests)
        return m.RequestViews(
            requests=tuple(chosen[first:]), counts=dict(counts), older=first
        )

    def show_registry(self, message: m.ShowRegistry) -> m.RegistryRows:
        rows = {
            "person": ({"id": "p_ada", "name": "ada", "role": "owner"},),
            "route": (ROUTE,),
            "service": self.services,
            "agency": self.agencies,
            "use": self.uses,
        }
        return m.RegistryRows(rows=rows.get(message.kind, ()))

    def show_policy(self, _message: p.ShowPolicy) -> p.PolicyTexts:
        return p.PolicyTexts(texts={"floor": ""}, digest="00")

    def show_budgets(self, _message: b.ShowBudgets) -> b.BudgetRows:
        return b.BudgetRows(rows=self.budgets)

    def draft_request(self, message: m.DraftRequest) -> m.RequestView:
        self.drafts.append(message)
        return m.RequestView(
            id="r_draft",
            terms=b"{}",
            state="draft",
            missing=(),
            facts={},
            signed_by=(),
        )

    def read_ledger(self, _message: m.ReadLedger) -> m.LedgerPage:
        return m.LedgerPage(entries=(), checkpoint=b"", ledger_key="")

    def show_lists(self) -> tuple[DockList, ...]:
        return self.lists

    def show_list(self, name: str, **_how: int) -> DockList:
        for one in self.lists:
            if name in (one.id, one.name):
                return one
        raise RefusedError("there is no such list", code=Code.NOT_FOUND)

    def count(self, _name: str, segment: str = "all", **_age: int) -> DockCount:
        return DockCount(count=12_345, segment=segment)

    def count_facets(self, _name: str, _segment: str, **_age: int) -> tuple[()]:
        return ()

    def read_sample(self, _name: str, segment: str = "all") -> DockSample:
        return DockSample(entries=(), segment=segment)

    def read_history(self, _name: str, **_limit: int) -> Iterator[DockChange]:
        return iter(())

    def read_unusual_notices(self, **_limit: int) -> DockNotices:
        return DockNotices(notices=(), next=0)

    def show_incidents(self) -> tuple[()]:
        return ()

    def show_shelf(self, _name: str) -> tuple[DockKept, ...]:
        return self.shelf

    def show_progress(
        self, _name: str, _requests: list[str]
    ) -> tuple[DockProgress, ...]:
        return (self.outcomes.progress,)

    def show_outcomes(self, _name: str, _request: str) -> DockOutcomes:
        return self.outcomes

    def count_providers(
        self, _name: str, _request: str
    ) -> tuple[DockProvider, ...] | None:
        return self.providers


@dataclass(frozen=True)
class Desk:
    """A browser at the console, signed in or not."""

    session: str = "lks_ada"

    def get(self, path: str, **headers: str) -> Any:
        return self._client().get(path, headers=self._headers(headers))

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        given = {"origin": ORIGIN, **headers}
        return self._client().post(
            path,
            _encode(fields),
            content_type="application/x-www-form-urlencoded",
            headers=self._headers(given),
        )

    @property
    def token(self) -> str:
        principal = ways.keeper().who_am_i(m.WhoAmI(session=self.session))
        return doors.Visitor(self.session, principal).form_token

    def _client(self) -> Client:
        client = Client(raise_request_exception=False)
        if self.session:
            client.cookies[COOKIE] = self.session
        return client

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {"host": "app.localhost:8490", **headers}


def _encode(fields: dict[str, Any]) -> str:

    return urlencode(fields, doseq=True)


@pytest.fixture
def buildings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Buildings:
    fake = Buildings()
    key = tmp_path / "console.key"
    key.write_text("lkk_s_consoleconso_secret\n")
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", key)
    ways.service_key.cache_clear()
    monkeypatch.setattr(ways, "keeper", lambda: fake)
    monkeypatch.setattr(doors, "keeper", lambda: fake)
    monkeypatch.setattr(ways.Ways, "dock", property(lambda _self: fake))
    return fake


@pytest.fixture
def ada(buildings: Buildings) -> Desk:
    return Desk()
