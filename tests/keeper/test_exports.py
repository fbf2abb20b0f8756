import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.keeper.release import deliveries, exports
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.world import Rows, World, batch_of


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a freeze before each batch, not once a second."""
    monkeypatch.setattr(exports, "_LOOK_SECONDS", 0.0)


def spool(world: World) -> list[Path]:
    return sorted((world.home / "spool").glob("*"))


def mixed_list(world: World) -> Rows:
    """Two on the plan pro, one on free."""
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    pro = ["anna@example.com", "bert@example.com"]
    rows = world.rows_of(found.id, pro, world.seal(ticket, pro))
    free = ["carl@example.com"]
    sealed = world.seal(ticket, free, '["free"]')
    rows.sealed += world.rows_of(found.id, free, sealed, '["free"]').sealed
    rows.addresses += free
    return rows


def test_an_export_is_csv_only_the_recipient_can_read(world: World) -> None:
    rows = mixed_list(world)
    view = world.granted_export(rows, 3)
    file = world.run("ben", view, rows.whole())

    data = file.read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert world.unpack(data) == (
        '"address","plan"\r\n'
        '"anna@example.com","pro"\r\n'
        '"bert@example.com","pro"\r\n'
        '"carl@example.com","free"\r\n'
    )


def test_an_export_can_be_json_lines(world: World) -> None:
    rows = mixed_list(world)
    view = world.granted_export(rows, 3)

    lines = world.export("ben", view, rows.whole(), kind="jsonl").splitlines()

    assert json.loads(lines[2]) == {"address": "carl@example.com", "plan": "free"}


def test_the_outcome_names_the_very_file(world: World) -> None:

    rows = mixed_list(world)
    view = world.granted_export(rows, 3)
    data = world.run("ben", view, rows.whole()).read_bytes()

    entry = world.newest("export.completed")
    assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert (entry["rows"], entry["bytes"]) == ("3", str(len(data)))


def test_an_unknown_format_spends_nothing(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    code = refusal(world.run, "ben", view, rows.whole(), kind="xlsx")

    assert code == "message-invalid"
    assert world.events(1) == ["request.approved"]


def test_one_row_over_the_cap_and_nothing_leaves(world: World) -> None:
    rows = world.list_with_rows(3)
    view = world.granted_export(rows, 2)

    assert refusal(world.run, "ben", view, rows.whole()) == "cap-exceeded"
    assert spool(world) == []
    assert world.newest("release.refused")["code"] == "cap-exceeded"
    assert world.export("ben", view, rows.batch(0, 2)).count("@") == 2


def test_the_cap_counts_over_all_batches(world: World) -> None:
    rows = world.list_with_rows(3)
    view = world.granted_export(rows, 2)
    batches = [rows.batch(position) for position in range(3)]

    assert refusal(world.run, "ben", view, *batches) == "cap-exceeded"


def test_a_row_outside_the_selection_and_nothing_leaves(world: World) -> None:
    rows = mixed_list(world)
    view = world.granted_export(rows, 3, selection='plan = "pro"')

    assert refusal(world.run, "ben", view, rows.whole()) == "row-invalid"
    assert spool(world) == []
    assert world.export("ben", view, rows.batch(0, 1)).count("@") == 2


def test_the_dock_cannot_move_a_row_into_the_selection(world: World) -> None:
    rows = mixed_list(world)
    view = world.granted_export(rows, 3, selection='plan = "pro"')
    moved = rows.sealed[2]._replace(facets='["pro"]')

    assert refusal(world.run, "ben", view, batch_of([moved])) == "row-invalid"


def test_only_subscribed_rows_are_ever_selected(world: World) -> None:
    rows = mixed_list(world)
    view = world.granted_export(rows, 3, selection="status = unsubscribed")

    assert refusal(world.run, "ben", view, rows.whole()) == "row-invalid"


def test_a_row_of_another_list_or_tenant_does_not_open(world: World) -> None:
    rows = world.list_with_rows(1)
    more = world.list_with_rows(1, "more")
    eves = world.list_with_rows(1, "eves", by="eve")
    view = world.granted_export(rows)

    for other in (more, eves):
        assert refusal(world.run, "ben", view, other.whole()) == "row-invalid"
    assert spool(world) == []


def test_an_empty_export_is_a_header(world: World) -> None:
    rows = world.list_with_rows(1)

    text = world.export("ben", world.granted_export(rows))

    assert text == '"address","plan"\r\n'


def test_an_export_runs_once(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.export("ben", view, rows.whole())

    assert refusal(world.run, "ben", view, rows.whole()) == "replayed"
    world.restart()
    assert refusal(world.run, "ben", view, rows.whole()) == "replayed"
    assert spool(world) == []


def test_a_finished_file_that_was_not_read_to_its_end_is_delivered_again(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    first = next(deliveries.deliver(world.run("ben", view, rows.whole())))

    world.restart()
    again = b"".join(deliveries.deliver(world.run("ivan", view)))

    assert again.startswith(first)
    assert rows.addresses[0] in world.unpack(again)
    assert world.events().count("export.intended") == 1
    assert spool(world) == []


def test_a_delivery_stops_at_a_freeze_and_goes_on_after_it(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.run("ben", view, rows.whole())
    world.freeze("ada")

    assert refusal(world.run, "ben", view) == "frozen"
    lift = world.ask("ada", "unfreeze", {"classes": "export+reveal"})
    world.sign("amir", lift, "approve")
    assert rows.addresses[0] in world.export("ben", view)


def cut_after(batch: m.RowBatch) -> Iterator[m.RowBatch]:
    yield batch
    raise MalformedError("the rows ended in the middle")


def test_a_cut_stream_leaves_no_file_and_the_run_is_repeated(world: World) -> None:
    rows = world.list_with_rows(3)
    view = world.granted_export(rows, 3)

    with pytest.raises(MalformedError, match="in the middle"):
        world.run("ben", view, stream=cut_after(rows.batch(0)))

    assert spool(world) == []
    assert world.events(2) == ["export.intended", "release.refused"]
    assert world.export("ben", view, rows.whole()).count("@") == 3


class PowerCut(BaseException):
    """Nobody catches this one."""


def die_after(batch: m.RowBatch) -> Iterator[m.RowBatch]:
    yield batch
    raise PowerCut


def test_a_run_that_died_is_repeated_under_the_same_grant_and_charged_once(
    world: World,
) -> None:
    rows = world.list_with_rows(3)
    view = world.granted_export(rows, 600)
    with pytest.raises((PowerCut, Exception)):
        world.run("ben", view, stream=die_after(rows.batch(0)))
    world.restart()

    text = world.export("ben", view, rows.whole())

    assert text.count("@") == 3
    assert world.events().count("export.intended") == 2
    assert world.granted_export(rows, 400).state == "granted"


def test_a_freeze_stops_an_export_that_is_running(world: World) -> None:
    rows = world.list_with_rows(2)
    view = world.granted_export(rows)

    def frozen_half_way() -> Iterator[m.RowBatch]:
        yield rows.batch(0)
        world.freeze("ada")
        yield rows.batch(1)

    assert refusal(world.run, "ben", view, stream=frozen_half_way()) == "frozen"
    assert spool(world) == []
    assert world.newest("release.refused")["code"] == "frozen"


def test_a_freeze_after_the_last_row_stops_it_too(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    def frozen_at_the_end() -> Iterator[m.RowBatch]:
        yield rows.whole()
        world.freeze("cleo")

    assert refusal(world.run, "ben", view, stream=frozen_at_the_end()) == "frozen"
    assert spool(world) == []


def test_a_freeze_is_looked_for_once_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    ticks = iter([0.0, 0.5, 1.5])
    monkeypatch.setattr("listkeep.keeper.release.exports.time", Ticks(ticks))
    rows = world.list_with_rows(3)
    view = world.granted_export(rows)
    seen = []

    def frozen_half_way() -> Iterator[m.RowBatch]:
        world.freeze("ada")
        for position in range(3):
            seen.append(position)
            yield rows.batch(position)

    assert refusal(world.run, "ben", view, stream=frozen_half_way()) == "frozen"
    assert seen == [0, 1]


class Ticks:
    """A monotonic clock that a test winds."""

    def __init__(self, ticks: Iterator[float]) -> None:
        self._ticks = ticks

    def monotonic(self) -> float:
        return next(self._ticks)


@pytest.mark.parametrize("what", ["recipient", "requester", "approver", "window"])
def test_what_ends_a_grant_also_ends_its_running_export(
    world: World, what: str
) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    def ended_half_way() -> Iterator[m.RowBatch]:
        yield rows.whole()
        if what == "recipient":
            world.ask("amir", "recipient.revoke", {"id": "c_warehousewar"})
        elif what == "window":
            world.wait(hours=24)
        else:
            world.remove({"requester": "ben", "approver": "ada"}[what])

    code = refusal(world.run, "ivan", view, stream=ended_half_way())
    assert code in ("facts-changed", "not-granted", "not-signed-in")
    assert spool(world) == []


@pytest.mark.parametrize("name", ["eve", "cleo", "sam"])
def test_strangers_run_no_export(world: World, name: str) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)

    assert refusal(world.run, name, view, rows.whole()) == "not-found"
    assert spool(world) == []


def test_a_stranger_neither_gets_nor_spoils_a_finished_file(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    world.run("ben", view, rows.whole())

    assert refusal(world.run, "eve", view, rows.whole()) in ("not-found", "replayed")

    assert rows.addresses[0] in world.export("ben", view)


def test_a_session_for_the_keeper_itself_runs_no_export(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    message = m.RunExport(session=world.session("ben"), request=view.id, format="csv")

    code = refusal(
        exports.run_export,
        world.gate,
        message,
        iter([rows.whole()]),
        carrier=world.service("dock"),
        spool=world.home / "spool",
        clock=world.clock,
    )
    assert code == "not-signed-in"


def test_rows_the_dock_invented_do_not_open(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    invented = rows.sealed[0]._replace(sealed=b"\x01" + bytes(60))

    with pytest.raises(VerificationError):
        world.run("ben", view, batch_of([invented]))


@pytest.mark.parametrize(
    "spoil",
    [
        {"tokens": b""},
        {"batch_ids": bytes(11)},
        {"positions": []},
        {"facets": []},
    ],
    ids=str,
)
def test_a_ragged_batch_is_refused(world: World, spoil: dict[str, object]) -> None:

    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    ragged = msgspec.structs.replace(rows.whole(), **spoil)

    assert refusal(world.run, "ben", view, ragged) == "message-invalid"
