"""Whatever people do with requests, in whatever order: the laws that always hold.

A machine asks, signs, denies, waits, revokes, freezes, runs and starts the keeper
anew, by chance. It keeps its own book of who signed what, and judges each release by
that book and the words of the policy, never by the code that decides.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from pytest_django import DjangoDbBlocker

from listkeep.core.errors import ListkeepError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import Person
from listkeep.keeper.ledger.models import Entry
from listkeep.keeper.release.deliveries import deliver
from listkeep.wire import messages as m
from tests.core.registry.life import state
from tests.core.registry.scribe import replay
from tests.keeper.conftest import Stages
from tests.keeper.instance import ACME
from tests.keeper.world import Rows, World

CAST = ("ada", "amir", "ben", "ivan", "cleo", "cyrus", "sam", "eve")
SMALL, LARGE = 400, 3000
KINDS = ("small", "large", "reveal", "freeze", "unfreeze", "no ivan", "no printer")
ASKING = ("ben", "ada", "ben", "ada", *CAST)  # mostly those who may
FIRST = (
    *(("ben", "small"), ("ada", "small"), ("ivan", "small")),
    *(("ben", "large"), ("ben", "reveal"), ("ada", "reveal")),
)
MEANWHILE = ("nothing", "an hour", "denied", "frozen", "lifted", "left", "anew", "used")
RELEASES = frozenset({"small", "large", "reveal"})
PRINTER = pyrage.x25519.Identity.generate()
people = st.sampled_from(CAST)


@dataclass
class Asked:
    """A request as the machine remembers it."""

    kind: str
    view: m.RequestView
    asked_by: str
    agreed: set[str] = field(default_factory=set)
    last_signed: datetime | None = None
    denied: bool = False
    released: int = 0


class Life(RuleBasedStateMachine):
    """One instance and everything that happens to its requests."""

    stages: Stages
    folders: Iterator[Path]
    requests: "Bundle[Asked]" = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.world: World = self.stages.copy(next(self.folders), "sqlite")
        self.world.enter()
        self.rows: Rows = self.world.list_with_rows(3)
        self.world.add_recipient("printer", "c_printerprint", PRINTER)
        self.book: list[Asked] = []
        self.copies: list[tuple[datetime, set[str], int]] = []

    def teardown(self) -> None:
        self.start_anew()
        self.world.leave()

    # --- what people do ---

    @initialize(target=requests)
    def begin(self) -> MultipleResults[Asked]:
        """Some were asked for already, or chance would seldom come to a release."""
        begun = (self.ask(kind, who) for who, kind in FIRST)
        return multiple(*(asked for asked in begun if isinstance(asked, Asked)))

    @rule(target=requests, kind=st.sampled_from(KINDS), who=st.sampled_from(ASKING))
    def ask(self, kind: str, who: str) -> Asked | MultipleResults[Asked]:
        try:
            view = self.draft(kind, who)
            self.world.sign(who, view, "request")
        except ListkeepError:
            return multiple()
        asked = Asked(kind, view, who, last_signed=self.moment())
        self.book.append(asked)
        return asked

    @rule(asked=requests, who=people)
    def approve(self, asked: Asked, who: str) -> None:
        try:
            self.world.sign(who, asked.view, "approve")
        except ListkeepError:
            return
        assert not asked.denied, "an approval came after the denial"
        assert who != asked.asked_by, "somebody approved an own request"
        assert who not in asked.agreed, "somebody approved twice"
        asked.agreed.add(who)
        asked.last_signed = self.moment()

    @rule(asked=requests)
    def agree(self, asked: Asked) -> None:
        """All who could be asked to approve do: chance alone seldom gets so far."""
        for who in ("ada", "amir", "cleo", "cyrus"):
            self.approve(asked, who)

    @rule(asked=requests, who=people)
    def deny(self, asked: Asked, who: str) -> None:
        try:
            self.world.sign(who, asked.view, "deny")
        except ListkeepError:
            return
        assert not asked.released, "a denial came after the release"
        asked.denied = True

    @rule(asked=requests, what=st.sampled_from(MEANWHILE), by=people)
    def release_own(self, asked: Asked, what: str, by: str) -> None:
        """All agree, something comes in between, and it is to be released."""
        self.agree(asked)
        match what:
            case "an hour":
                self.wait(61)
            case "denied":
                self.deny(asked, by)
            case "frozen" | "lifted" | "left":
                kind = {"frozen": "freeze", "lifted": "unfreeze", "left": "no ivan"}
                change = self.ask(kind[what], "ada")
                if isinstance(change, Asked):
                    self.agree(change)
            case "anew":
                self.start_anew()
            case "used":
                self.release(asked, asked.asked_by)
        self.release(asked, asked.asked_by)

    @rule(asked=requests, who=people)
    def release(self, asked: Asked, who: str) -> None:
        if asked.kind not in RELEASES:
            return
        try:
            self.run(asked, who)
        except ListkeepError:
            return
        self.judge(asked, who)
        asked.released += 1
        if asked.kind != "reveal":
            self.copies.append((self.moment(), holders(asked), self.cap(asked)))

    @rule(minutes=st.sampled_from((1, 20, 61, 61, 24 * 60 + 1)))
    def wait(self, minutes: int) -> None:
        self.world.wait(minutes=minutes)

    @rule()
    def start_anew(self) -> None:
        """The keeper stops and reads its ledger; so does an auditor, without it."""
        known = state(self.world.registry)
        self.world.restart()
        bodies = [bytes(entry.body) for entry in Entry.objects.order_by("index")]
        pinned = self.world.registry.pinned
        assert state(self.world.registry) == known
        assert state(replay(bodies, pinned)) == known
        self.count_outcomes()
        for asked in self.book:
            facts = self.world.facts(asked.view)
            # Who leaves takes along what was asked for and is not done.
            has_left = self.person(asked.asked_by) is None and not facts.done
            assert facts.denied == (asked.denied or has_left)
            assert not (facts.denied and facts.done), "a denied request was done"

    # --- how it is judged ---

    def judge(self, asked: Asked, who: str) -> None:
        """Say by the policy's words, not its code, whether this could be."""
        terms = self.world.facts(asked.view).terms
        registry = self.world.registry
        assert not asked.denied, "a denied request was released"
        assert asked.released == 0, "a grant was used twice"
        assert self.world.now < terms.expires, "an expired request was released"
        frozen = {scope for scope, _, _ in registry.freezes}
        assert not frozen & {"", ACME}, "rows left while frozen"
        requester = self.person(asked.asked_by)
        assert requester is not None, "somebody who has left had asked"
        if asked.kind == "reveal":
            assert who == asked.asked_by, "somebody else opened a reveal"
            return
        assert terms.recipient in registry.recipients, "the recipient has left"
        agreed = [found for name in asked.agreed if (found := self.person(name))]
        roles = Counter(person.role.value for person in agreed)
        assert requester.id not in {person.id for person in agreed}
        assert roles["owner"] >= 1, "no owner agreed"
        if self.cap(asked) + self.held(asked) > 1000:
            assert roles["custodian"] >= 1, "no custodian agreed"
            assert asked.last_signed is not None
            waited = self.moment() - asked.last_signed
            assert waited >= timedelta(hours=1), "nobody had time for a veto"

    def held(self, asked: Asked) -> int:
        """Count the rows that whoever asked, or the key's holder, got in a month."""
        recent = [
            (who, cap)
            for at, who, cap in self.copies
            if at > self.moment() - timedelta(days=30)
        ]
        return max(
            sum(cap for who, cap in recent if holder in who)
            for holder in holders(asked)
        )

    def count_outcomes(self) -> None:
        done = Counter(
            entry["request"]
            for entry in self.world.entries()
            if entry["event"] in (Event.EXPORT_COMPLETED, Event.REVEAL_COMPLETED)
        )
        assert set(done.values()) <= {1}, "one grant let rows out twice"
        assert done.total() == sum(asked.released for asked in self.book)

    # --- how it is done ---

    def draft(self, kind: str, who: str) -> m.RequestView:
        draft, name = self.world.draft, self.rows.list_id
        if kind in ("small", "large"):
            cap = SMALL if kind == "small" else LARGE
            to = "printer" if kind == "small" else "warehouse"
            return draft(who, "export", list=name, cap=cap, recipient=to)
        if kind == "reveal":
            device = str(self.world.warehouse.to_public())
            token = self.rows.token(0)
            return draft(who, "reveal", list=name, selection=token, recipient=device)
        if kind in ("freeze", "unfreeze"):
            return draft(who, kind, {"classes": "export+reveal"}, tenant="acme")
        if kind == "no ivan":
            subject = {"id": self.world.meet("ivan").person}
            return draft(who, "person.revoke", subject, tenant="acme")
        return draft(who, "recipient.revoke", {"id": "c_printerprint"}, tenant="acme")

    def run(self, asked: Asked, who: str) -> None:
        if asked.kind == "reveal":
            self.world.reveal(who, asked.view, self.rows.batch(0))
            return
        path = self.world.run(who, asked.view, self.rows.whole())
        assert b"".join(deliver(path))

    def cap(self, asked: Asked) -> int:
        return SMALL if asked.kind == "small" else LARGE

    def moment(self) -> datetime:
        """Tell the time as the ledger does."""
        return self.world.now.replace(microsecond=0)

    def person(self, name: str) -> Person | None:
        return self.world.registry.people.get(self.world.meet(name).person)


def holders(asked: Asked) -> set[str]:
    """Name whose copies this one adds to."""
    return {asked.asked_by, "printer" if asked.kind == "small" else "warehouse"}


def test_the_laws_hold_in_any_order(
    stages: Stages,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    Life.stages = stages
    Life.folders = iter(lambda: tmp_path_factory.mktemp("life"), None)
    with django_db_blocker.unblock():
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=25,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_the_story_everybody_expects_is_one_of_them(
    stages: Stages, tmp_path_factory: pytest.TempPathFactory, world: World
) -> None:
    """Or the machine could be one in which nothing is ever granted."""
    Life.stages = stages
    Life.folders = iter(lambda: tmp_path_factory.mktemp("life"), None)
    life = Life()
    small, large = life.ask("small", "ben"), life.ask("large", "ada")
    assert isinstance(small, Asked)
    assert isinstance(large, Asked)
    life.approve(small, "ada")
    life.release(small, "ben")
    life.approve(large, "amir")
    life.approve(large, "cleo")
    life.release(large, "ada")
    assert (small.released, large.released) == (1, 0)
    life.wait(61)
    life.release(large, "ada")
    life.release(small, "ben")
    assert (small.released, large.released) == (1, 1)
    refused = life.ask("small", "ivan")
    assert isinstance(refused, Asked)
    life.approve(refused, "ada")
    life.deny(refused, "amir")
    life.release(refused, "ivan")
    life.approve(refused, "cleo")
    assert (refused.denied, refused.agreed) == (True, {"ada"})
    assert (small.released, large.released, refused.released) == (1, 1, 0)
    life.teardown()
