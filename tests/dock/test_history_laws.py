"""Whatever happens to a list, going back gives what it was, and nobody worse off.

A model of a list's history is played beside the real tables: imports, worse statuses,
erasures, and ways back to any earlier moment.
"""

import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings as django
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from listkeep.core.segments import Schema
from listkeep.dock.lists import moments, services
from listkeep.dock.lists.bulk import Staging
from listkeep.dock.lists.erasing import erase_token
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.models import Change, Entry, PastEntry
from listkeep.dock.lists.statuses import ERASED, SUBSCRIBED

PEOPLE = [bytes([at]) * 16 for at in range(1, 7)]
SOME = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4)
ONE_FACET, NO_FACET = Schema.parse(["c:text"]), Schema.parse([])
MARK = "[null]"
ADA = Author("p_ada")


class Row(NamedTuple):
    """An entry of the model: what is in it, and which sealing it is."""

    content: str
    status: int
    sealing: int


State = dict[bytes, Row]


class History(RuleBasedStateMachine):
    """A list, and all it ever was."""

    def __init__(self) -> None:
        super().__init__()
        self.list_id = f"l_{uuid4().hex[:12]}"
        self.now: State = {}
        self.then: list[State] = [{}]  # by second
        self.worst: dict[bytes, int] = {}
        self.number = count()

    # --- what happens ---

    @rule(tokens=SOME, status=st.sampled_from([0, 0, 0, 1, 3]))
    def import_rows(self, tokens: list[bytes], status: int) -> None:
        content = f'["c{next(self.number)}"]'
        for token in tokens:
            old = self.now.get(token)
            if old is None or old.status != ERASED:
                worst = max(status, old.status if old else 0)
                self.now[token] = Row(content, worst, next(self.number))
        services.merge_staging(
            self._staged([(token, content, status) for token in tokens]),
            list_id=self.list_id,
            schema=NO_FACET,
            author=ADA,
            now=self._tick(),
            before_commit=lambda *_: None,
        )

    @rule(tokens=SOME, status=st.sampled_from([1, 2, 3]))
    def lower(self, tokens: list[bytes], status: int) -> None:
        for token in set(tokens) & self.now.keys():
            if self.now[token].status < status:
                self.now[token] = self.now[token]._replace(status=status)
        services.lower_status(
            self.list_id, tokens, status=status, author=ADA, now=self._tick()
        )

    @rule(token=st.sampled_from(PEOPLE), keep=st.booleans())
    def erase(self, token: bytes, *, keep: bool) -> None:
        for state in self.then:
            state.pop(token, None)
        found = self.now.pop(token, None)
        if keep and found is not None:
            self.now[token] = Row(MARK, ERASED, next(self.number))
        else:
            self.worst.pop(token, None)
        with transaction.atomic():
            erase_token(
                self.list_id,
                token,
                facets=1,
                keep=keep,
                author=ADA,
                now=self._tick(),
            )

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        second = data.draw(st.integers(0, len(self.then) - 1), label="second")
        after, expected = self._back_to(self.then[second])
        moment = moments.find_moment(self.list_id, datetime.fromtimestamp(second, UTC))
        seen = moments.preview(self.list_id, moment, schema=ONE_FACET)

        assert (seen.come_back, seen.change, seen.go) == expected
        rows = [
            row for page in moments.read_earlier(self.list_id, moment) for row in page
        ]
        assert len(rows) == seen.come_back + seen.change
        services.restore_staging(
            self._staged([(row.token, row.facets, row.status) for row in rows]),
            list_id=self.list_id,
            moment=moment,
            author=ADA,
            now=self._tick(after),
            before_commit=lambda _: None,
        )

    # --- what has to hold ---

    @invariant()
    def the_list_is_what_the_model_says(self) -> None:
        rows = Entry.objects.filter(list_id=self.list_id)
        real = {bytes(row.token): (row.facets, row.status) for row in rows}
        assert real == {token: row[:2] for token, row in self.now.items()}

    @invariant()
    def no_status_ever_got_better(self) -> None:
        for token, row in self.now.items():
            assert row.status >= self.worst.get(token, SUBSCRIBED)
            self.worst[token] = row.status
        assert {t for t, status in self.worst.items() if status} <= set(self.now)

    @invariant()
    def nobody_erased_has_a_past(self) -> None:
        gone = [token for token, row in self.now.items() if row.status == ERASED]
        past = PastEntry.objects.filter(list_id=self.list_id, token__in=gone)
        assert not past.exists()

    def teardown(self) -> None:
        for table in (Entry, PastEntry, Change):
            table.objects.filter(list_id=self.list_id).delete()

    # --- how ---

    def _back_to(self, then: State) -> tuple[State, tuple[int, int, int]]:
        after, come_back, change, go = dict(self.now), 0, 0, 0
        for token in {*then, *self.now}:
            old, now = then.get(token), self.now.get(token)
            if now is not None and now.status == ERASED:
                continue
            if old is None:
                if now is not None and now.status == SUBSCRIBED:
                    del after[token]
                    go += 1
            elif now is None or now.sealing != old.sealing:
                worst = max(old.status, now.status if now else 0)
                after[token] = Row(old.content, worst, next(self.number))
                come_back, change = (
                    come_back + (now is None),
                    change + (now is not None),
                )
        return after, (come_back, change, go)

    def _tick(self, after: State | None = None) -> datetime:
        if after is not None:
            self.now = after
        self.then.append(dict(self.now))
        return datetime.fromtimestamp(len(self.then) - 1, UTC)

    def _staged(self, rows: list[tuple[bytes, str, int]]) -> Staging:
        folder: Path = django.LISTKEEP_HOME / "staging"
        staging = Staging(folder / f"{uuid4().hex}.sqlite3")
        batch = os.urandom(12)
        staging.add(
            [
                (token, batch, at, b"sealed", facets, status)
                for at, (token, facets, status) in enumerate(rows)
            ]
        )
        return staging


def test_a_list_goes_back_to_whatever_it_was() -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=40,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
