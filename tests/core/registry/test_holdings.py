from datetime import timedelta

import pytest

from listkeep.core.ledger.events import Event
from listkeep.core.registry.holdings import Holding, Pass, judge
from listkeep.core.registry.incidents import IncidentKind
from tests.core.registry.scribe import ACME, NEWS, NOON, Scribe, meet

MISSING, EXTRA = IncidentKind.ROWS_MISSING, IncidentKind.ROWS_EXTRA
BACK = IncidentKind.ROWS_ROLLED_BACK
NOW = int(NOON.timestamp())


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def bring_in(
    scribe: Scribe,
    added: int,
    updated: int = 0,
    *,
    event: Event = Event.IMPORT_FINISHED,
    **suppressed: str,
) -> None:
    ticket = {"ticket": "i_1", "list": NEWS, "principal": meet("ada").person}
    scribe.write(
        Event.IMPORT_STARTED, {**ticket, "request": "", "max_rows": "100", "sha256": ""}
    )
    if suppressed:
        fields = {"principal": "", "rows": "0", "charged": "no", "request": ""}
        check = {**suppressed, "check": "00", "ticket": ""}
        scribe.write(Event.ENTRIES_SUPPRESSED, {"list": NEWS, **fields, **check})
    scribe.wait(minutes=5)
    counts = {"rows": "9", "added": str(added), "updated": str(updated)}
    scribe.write(event, {**ticket, **counts})


def seen(rows: int, **facts: int) -> Pass:
    standard = {"begun": NOW, "added": 10, "removed": 0, "newest": NOW}
    return Pass(**{**standard, **facts, "rows": rows})


def test_entries_are_what_was_added_less_what_was_removed(scribe: Scribe) -> None:
    assert scribe.registry.entries == {}
    bring_in(scribe, 7)
    bring_in(scribe, 5, 2)
    bring_in(scribe, 9, event=Event.IMPORT_ABANDONED)
    closed = {"incident": "w_1", "kind": "rows-missing", "tenant": ACME, "list": NEWS}
    scribe.write(Event.INCIDENT_OPENED, {**closed, "found": "2"})
    scribe.write(
        Event.INCIDENT_CLOSED,
        {**closed, "person": meet("ada").person, "reason": "x", "removed": "2"},
    )

    assert scribe.registry.entries == {NEWS: 10}
    holding = scribe.registry.holding(NEWS)
    assert (holding.added, holding.removed) == (12, 2)


def test_an_old_ledger_without_these_numbers_counts_nothing(scribe: Scribe) -> None:
    ben = meet("ben").person
    ticket = {"ticket": "i_1", "list": NEWS, "principal": ben, "request": ""}
    scribe.write(Event.IMPORT_STARTED, {**ticket, "max_rows": "100"})
    scribe.write(Event.IMPORT_FINISHED, {"ticket": "i_1", "list": NEWS})

    assert scribe.registry.entries == {}


def test_a_pass_that_is_over_is_counted_with_its_time(scribe: Scribe) -> None:
    scribe.write(Event.LIST_SCRUBBED, {"list": NEWS, "rows": "0"})
    scribe.wait(days=1)
    scribe.write(Event.LIST_SCRUBBED, {"list": NEWS, "rows": "0"})

    holding = scribe.registry.holding(NEWS)
    assert (holding.scrubs, holding.scrubbed_at) == (2, scribe.now)


def test_as_many_as_the_ledger_knows_is_right_and_no_other_number() -> None:
    still = Holding(added=10)

    assert judge(still, seen(10)) == {}
    assert judge(still, seen(9)) == {MISSING: 1}
    assert judge(still, seen(0)) == {MISSING: 10}
    assert judge(still, seen(12)) == {EXTRA: 2}


@pytest.mark.parametrize("rows", [7, 10, 15])
def test_who_comes_or_goes_meanwhile_may_be_counted_or_not(rows: int) -> None:
    """Ten at first; three went, five came: the pass met any of them or none."""
    assert judge(Holding(added=15, removed=3), seen(rows)) == {}


@pytest.mark.parametrize(("rows", "wrong"), [(6, {MISSING: 1}), (16, {EXTRA: 1})])
def test_nobody_else_may(rows: int, wrong: dict[IncidentKind, int]) -> None:
    assert judge(Holding(added=15, removed=3), seen(rows)) == wrong


def test_what_left_before_the_pass_is_not_there() -> None:
    gone = Holding(added=10, removed=4)

    assert judge(gone, seen(6, removed=4)) == {}
    assert judge(gone, seen(7, removed=4)) == {EXTRA: 1}
    assert judge(gone, seen(5, removed=4)) == {MISSING: 1}


def test_rows_of_an_import_that_has_not_said_so_yet_are_not_too_many() -> None:
    assert judge(Holding(added=10), seen(14), in_flight=4) == {}
    assert judge(Holding(added=10), seen(15), in_flight=4) == {EXTRA: 1}
    assert judge(Holding(added=10), seen(9), in_flight=4) == {MISSING: 1}


def test_if_nothing_is_left_of_the_newest_import_yesterday_was_put_back(
    scribe: Scribe,
) -> None:
    bring_in(scribe, 10)
    began = int(NOON.timestamp())
    holding, later = scribe.registry.holding(NEWS), began + 3600

    assert judge(holding, seen(10, begun=later, newest=began)) == {}
    assert judge(holding, seen(10, begun=later, newest=began - 1)) == {BACK: 1}
    assert judge(holding, seen(10, begun=began, newest=began - 1)) == {}, "too early"


def test_so_it_is_if_the_newest_import_only_replaced(scribe: Scribe) -> None:
    bring_in(scribe, 10)
    scribe.wait(days=1)
    began = int(scribe.now.timestamp())
    bring_in(scribe, 0, 4)
    holding = scribe.registry.holding(NEWS)

    assert judge(holding, seen(10, begun=began + 900, newest=began - 1)) == {BACK: 1}
    assert judge(holding, seen(10, begun=began + 900, newest=began)) == {}


def test_but_not_if_all_it_replaced_may_have_been_erased(scribe: Scribe) -> None:
    bring_in(scribe, 10)
    before = scribe.registry.holding(NEWS).grown_from
    scribe.wait(days=1)
    bring_in(scribe, 0, 4, total="4")

    assert scribe.registry.holding(NEWS).grown_from == before


def test_nor_if_rows_went_since(scribe: Scribe) -> None:
    bring_in(scribe, 10)
    closed = {"incident": "w_1", "kind": "rows-missing", "tenant": ACME, "list": NEWS}
    scribe.write(Event.INCIDENT_OPENED, {**closed, "found": "2"})
    scribe.write(
        Event.INCIDENT_CLOSED,
        {**closed, "person": meet("ada").person, "reason": "x", "removed": "2"},
    )
    later = int((scribe.now + timedelta(days=1)).timestamp())

    holding = scribe.registry.holding(NEWS)
    assert judge(holding, seen(8, removed=2, begun=later, newest=0)) == {}
