"""The sweep that looks rows over: all of them, soon enough, and no false alarm."""

from datetime import timedelta

import pytest
from django.conf import settings
from msgspec.structs import replace

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.lists.models import Entry
from listkeep.dock.project.sweeps import SWEEPS
from listkeep.dock.watch import scrubbing
from listkeep.dock.watch.models import Incident, ScrubPass
from listkeep.dock.watch.sweeps import Work
from listkeep.wire import messages as m
from tests.dock.conftest import HEADER, Api, token_text
from tests.dock.scrubbing import Rounds, write
from tests.dock.ways import NOON, Clock
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def rounds(keeper: FakeKeeper) -> Rounds:
    return Rounds(keeper)


@pytest.fixture
def many(ada: Api) -> str:
    """A list of twenty, seven pages of three."""
    list_id = ada.open_list("many")
    ada.fill(list_id, *(f"person{n}@example.com,pro,DE,P{n}" for n in range(20)))
    return list_id


def test_a_pass_looks_at_every_row_once(rounds: Rounds, many: str) -> None:
    rounds.until_done()

    assert rounds.keeper.scrubbed == [(many, 20, 0)]
    assert rounds.kinds() == []
    assert not ScrubPass.objects.exists()


def test_passes_of_two_lists_come_one_after_the_other(
    rounds: Rounds, many: str, news: str
) -> None:
    rounds.until_done(2)

    assert sorted(rounds.keeper.scrubbed) == sorted([(many, 20, 0), (news, 4, 0)])


def test_a_worker_that_dies_goes_on_where_it_was(rounds: Rounds, many: str) -> None:
    rounds.page_rows = 1
    rounds.tick()  # each tick is another worker
    before = bytes(ScrubPass.objects.get().bookmark)
    rounds.tick()

    assert bytes(ScrubPass.objects.get().bookmark) != before
    rounds.until_done()
    assert rounds.keeper.scrubbed == [(many, 20, 0)]


def test_a_list_that_is_not_due_is_left_in_peace(rounds: Rounds, many: str) -> None:
    rounds.clock.now = NOON + timedelta(days=3)
    for _ in range(20):
        rounds.tick()
    assert not ScrubPass.objects.exists()
    assert rounds.keeper.scrubbed == []

    rounds.clock.now = NOON + timedelta(days=3.5)
    rounds.until_done()
    for _ in range(20):
        rounds.tick()
    assert len(rounds.keeper.scrubbed) == 1


def test_a_sample_finds_what_no_pass_has_come_to(rounds: Rounds, many: str) -> None:
    rounds.clock.now = NOON
    write('UPDATE entry SET facets = \'["vip","DE"]\'')

    for _ in range(20):  # now and then one begins behind the last row
        rounds.tick()

    assert rounds.kinds() == ["rows-invalid"]
    assert not ScrubPass.objects.exists()


def test_a_tick_has_an_end(rounds: Rounds, many: str) -> None:
    rounds.tick()

    pages = rounds.keeper.calls.count("scrub_rows")
    assert pages <= 1 + 4 + 1, "one sample, four pages, one beginning"


def test_it_stops_when_the_lease_is_lost(rounds: Rounds, many: str) -> None:
    rounds.keep_on = lambda: False
    rounds.tick()

    assert rounds.keeper.calls.count("scrub_rows") == 1


def test_an_import_meanwhile_is_no_incident(
    rounds: Rounds, ada: Api, many: str
) -> None:
    rounds.tick()
    ada.fill(
        many,
        *(f"later{n}@example.com,pro,DE,L{n}" for n in range(7)),
        *(f"person{n}@example.com,free,FR,P{n}" for n in range(5)),
    )

    rounds.until_done()
    rounds.clock.wait(days=4)
    rounds.until_done()

    assert rounds.kinds() == []
    assert rounds.keeper.scrubbed[-1] == (many, 27, 0)


def test_an_import_whose_end_the_keeper_does_not_know_is_no_incident(
    rounds: Rounds, keeper: FakeKeeper, ada: Api, many: str
) -> None:
    keeper.break_at("finish_import", UnavailableError("away"))
    ada.send(many, f"{HEADER}later@example.com,pro,DE,L\n".encode())
    assert Entry.objects.filter(list_id=many).count() == 21

    rounds.until_done()

    assert rounds.kinds() == []


def test_rows_sealed_anew_between_reading_and_asking_are_no_incident(
    rounds: Rounds, keeper: FakeKeeper, many: str
) -> None:
    """As when a key is renewed: what was read does not open any more."""
    entries = Entry.objects.filter(list_id=many)
    seals = {bytes(entry.token): bytes(entry.sealed) for entry in entries}
    write("UPDATE entry SET sealed = %s", bytes(60))

    def seal_anew() -> None:
        for token, sealed in seals.items():
            write("UPDATE entry SET sealed = %s WHERE token = %s", sealed, token)

    keeper.break_at("scrub_rows", seal_anew)
    rounds.until_done()

    assert rounds.kinds() == []
    assert rounds.keeper.scrubbed == [(many, 20, 0)]


def suppress(keeper: FakeKeeper, list_id: str, caller: Api, address: str) -> None:
    assert caller.caller
    keeper.suppress(
        m.Suppress(
            list=list_id,
            tokens=keeper.token_of("acme", address),
            reason="unsubscribed",
            caller=caller.caller,
        )
    )


def test_a_status_on_its_way_is_no_incident(
    rounds: Rounds, keeper: FakeKeeper, ada: Api, many: str
) -> None:
    suppress(keeper, many, ada, "person3@example.com")
    for _ in range(12):
        rounds.tick()
        rounds.clock.wait(minutes=1)
    assert ScrubPass.objects.get().doubted_at, "it waits there"
    assert rounds.kinds() == []

    token = token_text(keeper, "person3@example.com")
    ada.patch(f"/lists/{many}/entries/{token}", {"status": "unsubscribed"})
    rounds.until_done()

    assert rounds.kinds() == []


def test_one_that_stays_better_than_it_is_is_an_incident(
    rounds: Rounds, keeper: FakeKeeper, ada: Api, many: str
) -> None:
    suppress(keeper, many, ada, "person3@example.com")

    rounds.until_done()

    assert rounds.kinds() == ["status-better"]
    assert next(iter(keeper.incidents.values())).found == 1


def test_a_doubt_about_one_list_holds_up_no_other(
    rounds: Rounds, keeper: FakeKeeper, ada: Api, many: str, news: str
) -> None:
    suppress(keeper, many, ada, "person3@example.com")
    for _ in range(25):
        rounds.tick()

    assert (news, 4, 0) in keeper.scrubbed


def test_a_list_whose_key_is_away_holds_up_no_other(
    rounds: Rounds, keeper: FakeKeeper, many: str, news: str
) -> None:
    honest = keeper.scrub_rows

    def scrub_rows(message: object) -> object:
        if getattr(message, "list", "") == min(many, news):
            raise UnavailableError("no key", code=Code.KEY_UNAVAILABLE)
        return honest(message)  # type: ignore[arg-type]

    keeper.scrub_rows = scrub_rows  # type: ignore[method-assign,assignment]
    for _ in range(25):
        rounds.tick()

    assert [name for name, _, _ in keeper.scrubbed] == [max(many, news)]


def test_a_keeper_that_is_away_loses_nothing(
    rounds: Rounds, keeper: FakeKeeper, many: str
) -> None:
    rounds.tick()
    before = bytes(ScrubPass.objects.get().bookmark)
    keeper.break_at("scrub_rows", UnavailableError("away"))
    with pytest.raises(UnavailableError):
        rounds.tick()
    assert bytes(ScrubPass.objects.get().bookmark) == before

    keeper.break_at("scrub_rows", lambda: None)
    rounds.until_done()
    assert keeper.scrubbed == [(many, 20, 0)]


def test_what_is_found_while_the_keeper_takes_no_report_is_found_again(
    rounds: Rounds, keeper: FakeKeeper, many: str
) -> None:
    write("UPDATE entry SET position = position + 1")
    keeper.break_at("report_incident", UnavailableError("away"))
    with pytest.raises(UnavailableError):
        rounds.until_done()
    assert not Incident.objects.exists()

    keeper.break_at("report_incident", lambda: None)
    rounds.until_done()
    assert rounds.kinds() == ["rows-invalid"]


def test_two_workers_at_once_end_one_pass(
    rounds: Rounds, keeper: FakeKeeper, news: str
) -> None:
    rounds.page_rows = 10
    other = Rounds(keeper, page_rows=10)

    def meanwhile() -> None:
        keeper.break_at("scrub_rows", lambda: None)
        other.until_done()

    keeper.break_at("scrub_rows", meanwhile, after=2)

    for _ in range(3):
        rounds.tick()

    assert rounds.kinds() == []
    assert {rows for _, rows, _ in keeper.scrubbed} == {4}
    assert not ScrubPass.objects.filter(doubted_at=None).exists()


def test_it_is_a_job_with_the_period_of_the_settings(
    keeper: FakeKeeper, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sweep,) = [each for each in SWEEPS if each.name == "scrub"]
    days = replace(settings.LISTKEEP_CONFIG, scrub_days=2)
    monkeypatch.setattr(settings, "LISTKEEP_CONFIG", days)
    monkeypatch.setattr(scrubbing, "_PAUSE_SECONDS", 0)
    clock = Clock(NOON + timedelta(days=1))
    work = Work(keeper=keeper, clock=clock, keep_on=lambda: True)

    assert sweep.run(work) >= 20
    assert sweep.backlog(clock()) == 0
    assert keeper.scrubbed == [(many, 20, 0)]
    assert sweep.every == scrubbing.EVERY == timedelta(minutes=1)
