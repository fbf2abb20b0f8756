"""Mail of two tenants on its way, for tests that edit its tables by hand.

What goes out is kept as sentences: who is sent what, and which webhook is told of which
list. Said a second time it is the same sentence, for a message that is sent again to
whom it was for is nothing anybody gains.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from msgspec.structs import replace as with_facts

from listkeep.core.mail import Outcome, Reply
from listkeep.dock.intake.sign_ups import sweeping as sign_ups
from listkeep.dock.intake.sign_ups.confirming import confirm
from listkeep.dock.outlet.delivery.carrying import RouteCarrier
from listkeep.dock.outlet.delivery.claims import Key
from listkeep.dock.outlet.delivery.delivering import Deliverer
from listkeep.dock.outlet.delivery.delivering import Letter as Mail
from listkeep.dock.outlet.delivery.memory import Memory
from listkeep.dock.outlet.delivery.register import Register, Settled
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.returns import sweeping as returns
from listkeep.dock.outlet.returns.feeds import tell_feeds
from listkeep.dock.outlet.returns.models import Feed, Returned
from listkeep.dock.outlet.returns.recording import About, record_returned
from listkeep.dock.project import merging, proxy
from listkeep.dock.project.config import DockConfig
from listkeep.dock.project.sign_up_mail import MailCourier
from listkeep.dock.watch.letters import Letter
from listkeep.dock.watch.sweeps import Sweep, Work
from listkeep.wire.messages import sends as d
from tests.dock.conftest import Api
from tests.dock.letters import eml, subject_of
from tests.dock.ways import NOON
from tests.fakes.keeper import FakeKeeper
from tests.fakes.sending import ROUTE
from tests.tamper import Change, Rows, Table

ORIGIN = "https://mail.example.com"
_LINK = f"{ORIGIN}/c/[[alias]]/[[proof]]"
_ASKING = eml(
    text=f"Is it you? Then confirm it:\n{_LINK}\n",
    html=f'<html><body><a href="{_LINK}">Confirm</a></body></html>',
    Subject="Confirm your subscription",
)
# What the fake keeper knows of sends and people; another hand begins from the same.
_KEPT = (
    *("entries", "finished", "reasons", "returned", "started", "suppressed"),
    *("tickets", "_opened", "_shares"),
)


@dataclass
class Outbox:
    """The next mail server of every route, and every webhook."""

    heard: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)  # addresses that are told: later
    met: set[str] = field(default_factory=set)  # mail servers that offered TLS
    memory: Memory | None = None

    async def carry(self, send: d.Send, letter: Mail) -> str:
        subject = message_from_bytes(letter.data)["subject"]
        self.heard.add(f"{letter.recipient} is sent {subject!r} for {send.tenant}")
        host, memory = send.route.host, self.memory
        assert memory
        if host in self.met and not await memory.offered_tls(host):
            self.heard.add(f"mail to {host} may go in the clear")
        self.met.add(host)
        await memory.note_tls(host)
        return "450 4.2.0 later" if letter.recipient in self.busy else "250 2.0.0 ok"

    def send(
        self, letter: Letter, *, destination: str, secret: str, timestamp: int
    ) -> None:
        assert secret
        assert timestamp
        about = json.loads(letter.json)["data"]["list"]
        self.heard.add(f"{destination} is told what came back to {about}")


@dataclass
class Tenant:
    """One tenant's list, who works on it, and two of its people."""

    name: str
    owner: Api
    intake: Api
    list_name: str
    selection: str
    people: tuple[str, str]
    list_id: str = ""
    sends: list[str] = field(default_factory=list)
    asked: set[bytes] = field(default_factory=set)  # whoever signed up

    @property
    def hook(self) -> str:
        return f"https://hooks.{self.name}.example/returned"


@dataclass
class MailRoom:
    """What two tenants send, what comes back to them, and who signs up."""

    keeper: FakeKeeper
    tenants: tuple[Tenant, ...]
    outbox: Outbox
    sweeps: tuple[Sweep, ...]
    again: Callable[[], None] = lambda: None

    # --- in the order of time ---

    def begin(self, lists: Mapping[str, str]) -> None:
        """Begin a campaign to each of the lists, and let somebody sign up."""
        for each in self.tenants:
            each.list_id = lists[each.list_name]
            hook = self.keeper.add_contact(
                f"hook_{each.name}", each.hook, tenant=each.name, kind="webhook"
            )
            body = json.dumps({"contact": hook}).encode()
            path = f"/lists/{each.list_id}/returned/webhook"
            assert each.owner.call("PUT", path, body).status == 200
            self.start(each, "Spring", host=f"old.{each.name}.example")
            self.sign_up(each, f"nora@{each.name}.example")
            confirm(each.list_id, bytes(16), now=timezone.now())  # a stranger's link
        Feed.objects.update(next_at=NOON, changed_at=NOON)

    def hear_back(self, now: datetime) -> None:
        """Hear of the campaign, each day the same, and let that count."""
        for each in self.tenants:
            self.note(each, 0, Outcome.SOFT_BOUNCE, "4.2.2", now=now)
            self.note(each, 1, Outcome.BLOCKED, "5.7.1", now=now)
        self.run("settle-returned", now)

    def go_on(self, now: datetime) -> None:
        """Leave one of everything half done."""
        self.hear_back(now)
        for each in self.tenants:
            self.set_off(each, self.stand(each))
            self.sign_up(each, f"omar@{each.name}.example")
            self.sign_up(each, each.people[1])
        self.run("mail-sign-ups", now)
        for each in self.tenants:
            token = self.keeper.token_of(each.name, f"nora@{each.name}.example")
            confirm(each.list_id, token, now=timezone.now())
            self.sign_up(each, f"quin@{each.name}.example")
        # Everybody who may have it had it: an outcome that a hand takes out before it
        # counts was never heard of, and its person is mailed what was signed for.
        self.outbox.busy = {each.people[0] for each in self.tenants}
        for each in self.tenants:
            self.start(each, "Summer", host=f"new.{each.name}.example")
            self.hand_over(each, "Winter", host="")  # signed for, and not begun
        self.run("send-campaigns", now)
        self.outbox.busy.clear()
        MailDelivery.objects.filter(state="deferred").update(at=0)
        for each in self.tenants:
            self.note(each, 1, Outcome.HARD_BOUNCE, "5.1.1", now=now)
        self.again = remember(self.keeper, self.outbox)

    # --- single steps ---

    def hand_over(self, tenant: Tenant, subject: str, *, host: str) -> str:
        """Hand a template over that was signed for; give the request."""
        words = f"{subject} at {tenant.name}"
        template = eml(f"{words}\n", f"<html><p>{words}</p></html>", Subject=words)
        told = subject_of(template)
        request = self.keeper.sign_send(tenant.list_id, **told)
        if host:
            self.grant(tenant, told, host, request=request, selection=tenant.selection)
        answer = tenant.owner.put(f"/sends/{request}/template", template)
        assert answer.status == 200, answer.content
        return request

    def start(self, tenant: Tenant, subject: str, *, host: str) -> None:
        request = self.hand_over(tenant, subject, host=host)
        answer = tenant.owner.post(f"/sends/{request}/start", {})
        assert answer.status == 200, answer.content
        tenant.sends.append(request)

    def stand(self, tenant: Tenant) -> str:
        """Let a standing send ask whoever signs up; give the request."""
        told = subject_of(_ASKING, kind="standing", triggers="sign-up", pace="100")
        request = self.keeper.sign_send(tenant.list_id, **told)
        answer = tenant.owner.put(f"/sends/{request}/template", _ASKING)
        assert answer.status == 200, answer.content
        host = f"asking.{tenant.name}.example"
        facts = {"kind": "standing", "triggers": ("sign-up",), "pace": 100}
        self.grant(tenant, told, host, request=request, **facts)
        self.keeper.started.add(request)
        return request

    def set_off(self, tenant: Tenant, request: str) -> None:
        """Have an application's message delivered under a standing send."""
        token = self.keeper.token_of(tenant.name, tenant.people[0])
        key = Key(tenant.list_id, request, token, "sign-up")
        with ThreadPoolExecutor(1) as worker:
            book = Register(worker, holder="proxy", now=lambda: int(NOON.timestamp()))
            book.work([key])
            book.work([Settled(key, Reply(250, "2.0.0", "taken"))])

    def grant(
        self, tenant: Tenant, told: dict[str, str], host: str, **facts: object
    ) -> None:
        self.keeper.grant_send(
            tenant.list_id,
            templates=(told["templates"],),
            sender=told["from"],
            title=told["title"],
            links=tuple(told["links"].split()),
            tracking=tuple(told["tracking"].split()),
            signing=(),
            route=with_facts(ROUTE, host=host),
            **facts,  # type: ignore[arg-type]
        )

    def sign_up(self, tenant: Tenant, address: str) -> None:
        body = {"address": address, "fields": {}, "source": "192.0.2.1"}
        answer = tenant.intake.post(f"/lists/{tenant.list_name}/sign-ups", body)
        assert answer.status == 202, answer.content
        tenant.asked.add(self.keeper.token_of(tenant.name, address))

    def note(
        self, tenant: Tenant, who: int, outcome: Outcome, code: str, *, now: datetime
    ) -> None:
        token = self.keeper.token_of(tenant.name, tenant.people[who])
        about = About(tenant.list_id, tenant.sends[0])
        record_returned(about, token, outcome, code, how=Returned.How.MAIL, now=now)

    def run(self, name: str, now: datetime) -> None:
        [sweep] = [each for each in self.sweeps if each.name == name]
        sweep.run(Work(keeper=self.keeper, clock=lambda: now, keep_on=lambda: True))

    # --- what somebody could have of it ---

    def read_by(self, name: str, caller: Api) -> Iterator[str]:
        """Tell what the API lets a person know of sends and of what came back.

        A token that a hand carried over to another tenant's row is shown to that
        tenant. It is no address, and whoever carried it has read it.
        """
        for each in self.tenants:
            path = f"/lists/{each.list_id}/returned"
            if caller.get(path, waiting="true").status == 200:
                yield f"{name} reads what came back to {each.name}"
            if caller.get(f"{path}/webhook").status == 200:
                yield f"{name} reads which webhook {each.name} has"
            for request in each.sends:
                if caller.get(f"/sends/{request}").status == 200:
                    yield f"{name} reads how {request} of {each.name} goes"

    def suppressions(self) -> Callable[[], Iterator[str]]:
        """Look who is suppressed now; what is given tells who should not be later.

        Of those whose message the keeper opened a row for, it believes the dock that
        it came back, within its own limits. Of those who signed up it believes it that
        they confirmed (ADR 0059), as many as there are open sign-ups.
        """
        earlier = deepcopy(self.keeper.suppressed)

        def changed() -> Iterator[str]:
            for each in self.tenants:
                known = self.keeper.suppressed[each.list_id]
                was = earlier.get(each.list_id, set())
                new = len(known - was - set(self._sent_to(each)))
                if new:
                    yield f"{new} whom {each.name} sent nothing are suppressed"
                if back := len(was - known - each.asked):
                    yield f"{back} come back to {each.name} who did not ask to"

        return changed

    def _sent_to(self, tenant: Tenant) -> Iterable[bytes]:
        for request, send in self.keeper.sends.items():
            if send.list == tenant.list_id:
                yield from (token for token, _ in self.keeper._opened[request])


def moves_in(table: Table) -> Iterator[tuple[str, Change]]:
    """Name what else is done: a row goes to a neighbour's list, send or person."""
    for column in table.key if len(table.key) > 1 else ():
        yield f"the key's {column} is a neighbour's", _moved(column)


def _moved(column: str) -> Change:
    def change(now: Table, _then: Table) -> Rows:
        values = [row[column] for row in now.rows]
        return [
            {**row, column: value}
            for row, value in zip(now.rows, [*values[1:], values[0]], strict=True)
        ]

    return change


def remember(keeper: FakeKeeper, outbox: Outbox) -> Callable[[], None]:
    """Keep what a keeper knows; what is given makes it know that again."""
    kept = {name: deepcopy(getattr(keeper, name)) for name in _KEPT}
    met = frozenset(outbox.met)

    def again() -> None:
        for name, value in kept.items():
            setattr(keeper, name, deepcopy(value))
        outbox.met = set(met)
        merging._book.cache_clear()

    return again


def open_mail_room(
    keeper: FakeKeeper, owners: Mapping[str, Api], monkeypatch: pytest.MonkeyPatch
) -> MailRoom:
    """Let mail take its own way as far as the next mail server.

    ``owners`` are those of the lists `news` and `theirs`.
    """
    key = Path(settings.LISTKEEP_HOME) / "dock.key"
    key.touch(mode=0o600)
    key.write_text("lkk_v_aaaaaaaaaaaa_secret")
    outbox, make = Outbox(), proxy.make_deliverer

    def make_deliverer(*parts: object) -> tuple[RouteCarrier, Deliverer]:
        carrier, deliverer = make(*parts)  # type: ignore[arg-type]
        outbox.memory = carrier.hops.memory  # type: ignore[attr-defined]
        return carrier, replace(deliverer, carrier=outbox)

    config = DockConfig(public_origin=ORIGIN, outlet={"listen": "127.0.0.1:2525"})
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", key)
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", config)
    monkeypatch.setattr(proxy, "make_deliverer", make_deliverer)
    monkeypatch.setattr(merging, "make_deliverer", make_deliverer)
    monkeypatch.setattr(sign_ups, "_couriers", [MailCourier()])
    merging._book.cache_clear()  # what the keeper of another test told
    tenants = tuple(
        Tenant(
            name,
            owners[list_name],
            Api(keeper.add_service("intake", name)),
            list_name,
            'plan = "pro"',
            people,
        )
        for name, list_name, people in (
            ("acme", "news", ("anna@example.com", "bert@example.com")),
            ("other", "theirs", ("fred@example.com", "gina@example.com")),
        )
    )
    sweeps = (*sign_ups.SWEEPS, *returns.SWEEPS, *merging.SWEEPS)
    return MailRoom(
        keeper, tenants, outbox, tuple(_without_web(each, outbox) for each in sweeps)
    )


def _without_web(sweep: Sweep, outbox: Outbox) -> Sweep:
    def tell(work: Work) -> int:
        return tell_feeds(
            keeper=work.keeper, post=outbox, clock=work.clock, keep_on=work.keep_on
        )

    return replace(sweep, run=tell) if sweep.name == "tell-returned" else sweep
