"""Somebody with a running export hopes that nobody can stop it any more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listkeep.core.opening import OpenedRows, SealedRows
from listkeep.keeper.gate.decisions import requests
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.release import deliveries, exports
from listkeep.keeper.release.opening import Opener
from listkeep.wire import messages as m
from tests.keeper.instance import ACME, WAREHOUSE, refusal
from tests.keeper.world import Rows, World


class Watch:
    """A monotonic clock that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    clock = Watch()
    monkeypatch.setattr(exports, "time", clock)
    monkeypatch.setattr(deliveries, "time", clock)
    return clock


def spool(world: World) -> list[Path]:
    return sorted((world.home / "spool").glob("*"))


def elsewhere(world: World, name: str, view: m.RequestView, decision: str) -> None:
    """Sign in another process of the keeper, with a registry of its own."""
    other = Gate(world.gate.store)
    message = m.SubmitStatement(
        request=view.id, assertion=world.statement(name, view, decision)
    )
    requests.submit_statement(other, message, now=world.now)


def freeze_elsewhere(world: World) -> None:
    view = world.draft("ada", "freeze", {"classes": "export+reveal"})
    elsewhere(world, "ada", view, "request")


def test_a_freeze_in_another_process_stops_the_very_next_rows_a_second_later(
    world: World, watch: Watch
) -> None:
    rows = world.list_with_rows(4)
    view = world.granted_export(rows)
    sent = []

    def stream() -> Iterator[m.RowBatch]:
        for position in range(4):
            sent.append(position)
            if position == 1:
                freeze_elsewhere(world)
            if position == 2:
                watch.now += 1.0
            yield rows.batch(position)

    assert refusal(world.run, "ben", view, stream=stream()) == "frozen"

    assert sent == [0, 1, 2]
    assert spool(world) == []
    refused = world.newest("release.refused")
    assert (refused["code"], refused["what"]) == ("frozen", "export")


def test_rows_that_are_all_in_one_batch_outrun_nothing(
    world: World, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_ROWS_BETWEEN_LOOKS", 2)
    rows = world.list_with_rows(6)
    view = world.granted_export(rows)
    opened = 0
    real = Opener.open_many

    def slow(self: Opener, part: SealedRows) -> OpenedRows:
        nonlocal opened
        if not opened:
            freeze_elsewhere(world)
            watch.now += 2.0
        opened += len(part.sealed)
        return real(self, part)

    monkeypatch.setattr(Opener, "open_many", slow)

    assert refusal(world.run, "ben", view, rows.whole()) == "frozen"
    assert opened == 2
    assert spool(world) == []


def test_a_clock_that_stands_still_does_not_get_the_file_out(
    world: World, watch: Watch
) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    def stream() -> Iterator[m.RowBatch]:
        yield rows.whole()
        freeze_elsewhere(world)

    assert refusal(world.run, "ben", view, stream=stream()) == "frozen"
    assert watch.now == 0.0
    assert spool(world) == []
    assert "export.completed" not in world.events()


def deny(world: World, rows: Rows, view: m.RequestView) -> None:
    del rows
    elsewhere(world, "amir", view, "deny")


def revoke_requester(world: World, rows: Rows, view: m.RequestView) -> None:
    del rows, view
    world.ask("amir", "person.revoke", {"id": world.meet("ben").person})


def revoke_runner(world: World, rows: Rows, view: m.RequestView) -> None:
    del rows, view
    world.ask("amir", "person.revoke", {"id": world.meet("ivan").person})


def revoke_recipient(world: World, rows: Rows, view: m.RequestView) -> None:
    del rows, view
    world.ask("amir", "recipient.revoke", {"id": WAREHOUSE})


def revoke_tenant(world: World, rows: Rows, view: m.RequestView) -> None:
    del rows, view
    asked = world.ask("cleo", "tenant.revoke", {"id": ACME})
    world.sign("cyrus", asked, "approve")


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (deny, "not-granted"),
        (revoke_requester, "not-granted"),
        (revoke_runner, "not-signed-in"),
        (revoke_recipient, "facts-changed"),
        (revoke_tenant, "not-signed-in"),
    ],
    ids=["request", "requester", "runner", "recipient", "tenant"],
)
def test_whoever_runs_on_after_a_denial_or_revocation_is_stopped_in_the_middle(
    world: World,
    watch: Watch,
    act: Callable[[World, Rows, m.RequestView], None],
    code: str,
) -> None:
    rows = world.list_with_rows(3)
    view = world.granted_export(rows)
    sent = []

    def stream() -> Iterator[m.RowBatch]:
        for position in range(3):
            if position == 1:
                act(world, rows, view)
                watch.now += 1.0
            sent.append(position)
            yield rows.batch(position)

    assert refusal(world.run, "ivan", view, stream=stream()) == code
    assert sent == [0, 1]
    assert spool(world) == []
    assert world.newest("release.refused")["code"] == code


def test_an_approval_is_no_denial_once_an_export_runs(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    def stream() -> Iterator[m.RowBatch]:
        yield rows.whole()
        assert refusal(world.sign, "amir", view, "approve") == "not-waiting"

    assert world.run("ben", view, stream=stream()).exists()
    assert refusal(world.sign, "amir", view, "deny") == "not-waiting"


def test_a_copy_on_its_way_is_cut_short_and_the_cut_is_recorded(
    world: World, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_CHUNK", 16)
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    path = world.run("ben", view, rows.whole())
    watching = deliveries.watch_delivery(world.gate, path, clock=world.clock)
    delivery = deliveries.deliver(path, watching)

    assert next(delivery) == b"age-encryption.o"
    freeze_elsewhere(world)
    assert len(next(delivery)) == 16
    watch.now += 1.0
    assert list(delivery) == []

    assert world.newest("release.refused")["code"] == "frozen"
    assert path.exists()  # for the day the freeze is lifted
