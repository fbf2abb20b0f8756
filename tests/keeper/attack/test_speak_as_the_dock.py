"""Somebody has the dock: its key, its database, and every session it carries."""

from collections.abc import Iterator

import pyrage
import pytest

from listkeep.core.errors import ListkeepError
from listkeep.keeper.gate.custody import suppressions
from listkeep.keeper.release import deliveries
from listkeep.keeper.release.imports import start_import
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.restoring import ask_erasure, erase
from tests.keeper.world import Rows, World, batch_of


def suppress(world: World, rows: Rows, **facts: object) -> int:
    message = m.Suppress(
        list=rows.list_id,
        tokens=rows.tokens(0),
        reason="bounced",
        **facts,  # type: ignore[arg-type]
    )
    return suppressions.suppress(
        world.gate, message, carrier=world.service("dock"), now=world.now
    ).changed


def test_it_gets_no_row_by_running_one_grant_twice_at_once(world: World) -> None:
    """Two runs in parallel, with other rows each, would be twice the cap."""
    rows = world.list_with_rows(4)
    view = world.granted_export(rows, 2)
    inner: list[str] = []

    def meanwhile() -> Iterator[m.RowBatch]:
        yield rows.batch(0, 1)
        inner.append(world.export("ben", view, rows.batch(2, 3)))

    assert refusal(world.run, "ben", view, stream=meanwhile()) == "replayed"

    assert [rows.addresses[n] in inner[0] for n in range(4)] == [False] * 2 + [True] * 2
    assert refusal(world.run, "ben", view) == "replayed"
    assert world.events().count("export.completed") == 1
    assert list((world.home / "spool").iterdir()) == []


def test_it_gets_no_row_by_dying_on_purpose(world: World) -> None:
    rows = world.list_with_rows(4)
    view = world.granted_export(rows, 2)

    def cut(*positions: int) -> Iterator[m.RowBatch]:
        yield rows.batch(*positions)
        raise ListkeepError("gone")

    for pair in ((0, 1), (2, 3), (0, 3)):
        with pytest.raises(ListkeepError):
            world.run("ben", view, stream=cut(*pair))
        assert list((world.home / "spool").iterdir()) == []


def test_it_opens_no_old_row_under_a_name_of_today(world: World) -> None:
    rows = world.list_with_rows(2)
    one, two = rows.sealed
    view = world.granted_export(rows, 2)

    for mixed in (
        one._replace(token=two.token),
        one._replace(sealed=two.sealed),
        one._replace(batch_id=two.batch_id, position=two.position),
        one._replace(position=65_535),
        one._replace(facets='["vip"]'),
        one._replace(facets=one.facets + " "),
    ):
        assert refusal(world.run, "ben", view, batch_of([mixed])) == "row-invalid"


def test_it_cannot_make_a_suppressed_row_exportable(world: World) -> None:
    rows = world.list_with_rows(2)
    erase(world, ask_erasure(world, rows, 0), rows.sealed[0].token, rows.list_id)
    ticket = world.start_import("ben", rows.list_id).ticket
    again = world.rows_of(
        rows.list_id, rows.addresses, world.seal(ticket, rows.addresses)
    )

    view = world.granted_export(rows)
    text = world.export("ben", view, again.whole())

    assert rows.addresses[0] not in text
    assert rows.addresses[1] in text


def test_it_cannot_end_the_ledger_with_a_suppression_under_a_made_up_request(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    ticket = world.start_import("ben", rows.list_id).ticket

    code = refusal(suppress, world, rows, ticket=ticket, request="r_nothingnothi")

    assert code == "message-invalid"
    assert world.restart().origin == "k_demo"


def test_it_cannot_use_up_somebody_elses_request(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    ticket = world.start_import("ben", rows.list_id).ticket

    assert refusal(suppress, world, rows, ticket=ticket, request=view.id)
    assert refusal(
        suppress, world, rows, caller=world.caller("ben"), request=view.id
    ) == ("not-found")
    assert rows.addresses[0] in world.export("ben", view, rows.whole())


def test_it_starts_nothing_for_people_who_are_not_there(world: World) -> None:
    rows = world.list_with_rows(1)
    dock = world.service("dock")

    for caller in (m.Caller(), m.Caller(session="lks_n_x"), m.Caller(service_key="x")):
        message = m.StartImport(caller=caller, list=rows.list_id)

        code = refusal(start_import, world.gate, message, carrier=dock, now=world.now)
        assert code == "not-signed-in"


def test_it_guesses_ten_thousand_addresses_a_day_for_each_session_and_no_more(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    ticket = world.start_import("ivan", rows.list_id).ticket
    sealed = 0
    for start in range(0, 20_480, 4096):
        guesses = [f"guess{start + number}@example.com" for number in range(4096)]
        if refusal(world.seal, ticket, guesses) == "it was not refused":
            sealed += len(guesses)

    assert sealed == 8192
    assert world.start_import("ivan", rows.list_id).max_rows == 10_000 - 8192


def test_it_reads_nothing_in_the_spool(world: World) -> None:
    rows = world.list_with_rows(1)
    file = world.run("ben", world.granted_export(rows), rows.whole())

    assert rows.addresses[0].encode() not in file.read_bytes()
    assert file.parent.stat().st_mode & 0o077 == 0


def test_it_cannot_point_an_export_at_another_recipient(world: World) -> None:

    rows = world.list_with_rows(1)
    mine = pyrage.x25519.Identity.generate()
    world.add_recipient("agency", "c_agencyagency", mine)
    view = world.granted_export(rows)

    data = b"".join(deliveries.deliver(world.run("ben", view, rows.whole())))

    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(data, [mine])
    assert rows.addresses[0] in world.unpack(data)
