"""A list's key is replaced: begun, rows sealed anew, the old one destroyed."""

from collections.abc import Iterator

import pytest

from listkeep.core.errors import ConflictError, RefusedError, VerificationError
from listkeep.core.sealing import SealedRow, read_key_number
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.showing.keys import show_keys
from listkeep.keeper.gate.showing.process import show_process
from listkeep.keeper.release import renewals
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.keeper.instance import ACME, refusal
from tests.keeper.renewing import Renewing
from tests.keeper.restoring import ask_erasure, erase
from tests.keeper.world import Rows, World


@pytest.fixture
def late(world: World) -> Renewing:
    """A world a month later, with a list of five."""
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    renewing.wait(days=30)
    return renewing


def renewed(late: Renewing) -> Rows:
    """Renew the key, seal all rows anew, and let a day pass."""
    late.renew(late.rows.list_id)
    again = late.reseal(late.rows)
    late.wait(days=1)
    return again


def test_a_list_has_one_key_until_it_is_renewed(late: Renewing) -> None:
    [known] = renewals.read_keys(
        late.gate, k.ReadKeys(), carrier=late.service("dock"), now=late.now
    ).lists

    first = (k.KeyState(number=0, since="2026-01-05T12:00:00Z"),)
    assert known == k.ListKeys(
        list=late.rows.list_id, keys=first, tenant=ACME, index_keys=first
    )


def test_a_renewal_begins_a_key_and_is_in_the_ledger(late: Renewing) -> None:
    known = late.renew(late.rows.list_id)

    assert [key.number for key in known.keys] == [0, 1]
    assert known.ready_at == "2026-02-05T12:00:00Z"
    entry = late.newest("key.renewed")
    assert (entry["key"], entry["request"]) == ("1", "")
    assert entry["principal"] == late.service("dock").id


def test_a_renewal_that_was_begun_is_not_begun_again(late: Renewing) -> None:
    first = late.renew(late.rows.list_id)
    late.wait(days=40)

    assert late.renew(late.rows.list_id) == first


def test_a_dock_can_not_burn_keys(late: Renewing) -> None:
    found = late.create_list("autumn")
    late.wait(hours=23)

    with pytest.raises(RefusedError, match="younger than a day"):
        late.renew(found.id)
    assert late.numbers(found.id) == [0]


def test_the_old_key_goes_when_every_row_was_seen_under_the_new_one(
    late: Renewing,
) -> None:
    again = renewed(late)

    late.destroy(late.rows.list_id, again.sealed)

    assert late.numbers(late.rows.list_id) == [1]
    assert late.newest("key.destroyed")["rows"] == "5"
    assert late.open_rows(again) == late.rows.addresses
    with pytest.raises(VerificationError, match="does not hold"):
        late.open_rows(late.rows)


def test_the_old_key_stays_for_a_day(late: Renewing) -> None:
    late.renew(late.rows.list_id)
    again = late.reseal(late.rows)
    late.wait(hours=23, minutes=59)

    with pytest.raises(ConflictError, match="stay for a day"):
        late.destroy(late.rows.list_id, again.sealed)
    assert late.open_rows(late.rows) == late.rows.addresses


def test_rows_that_came_in_meanwhile_count_and_are_kept(late: Renewing) -> None:
    again = renewed(late)
    more = late.more(late.rows.list_id, ["late@example.com"])

    assert {read_key_number(row.sealed) for row in more.sealed} == {1}
    with pytest.raises(RefusedError, match=r"^1 rows"):
        late.destroy(late.rows.list_id, again.sealed)
    late.destroy(late.rows.list_id, [*again.sealed, *more.sealed])
    assert late.open_rows(more) == ["late@example.com"]


def test_an_export_that_runs_opens_rows_of_both_keys(late: Renewing) -> None:
    view = late.granted_export(late.rows)

    def stream() -> Iterator[m.RowBatch]:
        yield late.rows.batch(0, 1, 2)
        late.renew(late.rows.list_id)
        again = late.reseal(late.rows)
        yield again.batch(3, 4)

    path = late.run("ben", view, stream=stream())

    lines = late.unpack(path.read_bytes()).splitlines()[1:]
    assert len(lines) == 5


def test_an_erased_entry_is_not_sealed_anew(late: Renewing) -> None:
    erase(late, ask_erasure(late, late.rows, 2), late.rows.sealed[2].token)
    late.renew(late.rows.list_id)

    again = late.reseal(late.rows)

    assert [bool(row.sealed) for row in again.sealed] == [True, True, False, True, True]


def test_no_row_is_sealed_anew_without_a_renewal(late: Renewing) -> None:
    with pytest.raises(RefusedError, match="no older key"):
        late.reseal(late.rows)


def test_there_is_nothing_to_destroy_twice(late: Renewing) -> None:
    again = renewed(late)
    late.destroy(late.rows.list_id, again.sealed)
    size = late.registry.frontier.size

    known = late.destroy(late.rows.list_id, [])

    assert [key.number for key in known.keys] == [1]
    assert late.registry.frontier.size == size


def test_a_list_that_is_not_there_has_no_keys(late: Renewing) -> None:
    assert refusal(late.renew, "l_nowhere") == "not-found"
    assert refusal(late.destroy, "l_nowhere", []) == "not-found"


def test_a_keeper_that_died_after_the_entry_destroys_the_key_at_its_next_start(
    late: Renewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = renewed(late)
    path = late.home / "keys" / f"list-{late.rows.list_id}.key"
    monkeypatch.setattr(type(late.gate.store), "destroy", lambda *_: None)
    late.destroy(late.rows.list_id, again.sealed)
    monkeypatch.undo()
    assert path.exists()

    late.restart()

    assert not path.exists()


def test_a_key_whose_entry_never_came_is_the_next_one(
    late: Renewing,
) -> None:
    """The keeper died between the key store and the ledger."""
    open_store().create(f"list-{late.rows.list_id}.1")
    key = open_store().get(f"list-{late.rows.list_id}.1")

    late.renew(late.rows.list_id)

    assert late.gate.store.get(f"list-{late.rows.list_id}.1") == key


# --- what a dock may try -----------------------------------------------------------


def test_a_dock_that_claims_all_rows_are_renewed_destroys_nothing(
    late: Renewing,
) -> None:
    late.renew(late.rows.list_id)
    late.wait(days=1)

    with pytest.raises(RefusedError, match=r"^5 rows") as refused:
        late.destroy(late.rows.list_id, [])
    assert refused.value.code == "count-differs"
    assert late.open_rows(late.rows) == late.rows.addresses


def test_a_dock_that_leaves_a_row_out_destroys_nothing(late: Renewing) -> None:
    again = renewed(late)

    with pytest.raises(RefusedError, match=r"^1 rows"):
        late.destroy(late.rows.list_id, again.sealed[1:])
    assert late.numbers(late.rows.list_id) == [0, 1]


def test_a_dock_that_shows_one_row_twice_destroys_nothing(late: Renewing) -> None:
    again = renewed(late)
    twice = [*again.sealed[1:], again.sealed[1]]

    assert refusal(late.destroy, late.rows.list_id, twice) == "message-invalid"
    assert late.numbers(late.rows.list_id) == [0, 1]


def test_a_dock_that_shows_rows_of_another_list_destroys_nothing(
    late: Renewing,
) -> None:
    renewed(late)
    other = late.fill(5, "autumn")

    with pytest.raises(RefusedError, match=r"^5 rows"):
        late.destroy(late.rows.list_id, other.sealed)


def test_a_row_that_would_be_lost_keeps_the_key(late: Renewing) -> None:
    again = renewed(late)
    old: SealedRow = late.rows.sealed[0]

    with pytest.raises(ConflictError, match="still under an older key"):
        late.destroy(late.rows.list_id, again.sealed, past=[old])
    with pytest.raises(ConflictError, match="still under an older key"):
        late.destroy(late.rows.list_id, [old, *again.sealed[1:]])
    assert late.numbers(late.rows.list_id) == [0, 1]


def test_an_old_row_that_the_dock_kept_does_not_open_after_the_renewal(
    late: Renewing,
) -> None:
    """Eve copied the database before the entry was erased, and plants its row."""
    again = renewed(late)
    late.destroy(late.rows.list_id, again.sealed)

    view, _ = late.ask_reveal("ben", late.rows, 0)
    assert refusal(late.reveal, "ben", view, late.rows.batch(0)) == "row-invalid"


def test_rows_that_nobody_sealed_do_not_keep_a_key_alive(late: Renewing) -> None:
    again = renewed(late)
    planted = again.sealed[0]._replace(token=b"\xff" * 16)

    late.destroy(late.rows.list_id, [*again.sealed, planted])

    assert late.numbers(late.rows.list_id) == [1]


def test_a_key_that_went_during_the_pass_ends_it(late: Renewing) -> None:
    again = renewed(late)

    def held() -> Iterator[k.HeldRows]:
        yield k.HeldRows(rows=again.whole())
        late.destroy(late.rows.list_id, again.sealed)

    again.sealed.sort(key=lambda row: row.token)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        renewals.destroy_keys(
            late.gate,
            k.DestroyKeys(list=late.rows.list_id),
            held(),
            clock=late.clock,
        )


def test_the_mark_of_an_erased_person_counts_and_a_made_up_one_does_not(
    late: Renewing,
) -> None:
    erase(late, ask_erasure(late, late.rows, 0), late.rows.sealed[0].token)
    again = renewed(late)
    gone, *others = late.rows.sealed
    mark = gone._replace(sealed=b"", batch_id=bytes(12), position=0)
    kept = [row for row in again.sealed if row.sealed]

    made_up = others[0]._replace(sealed=b"", batch_id=bytes(12), position=0)
    assert len(kept) == 4
    with pytest.raises(RefusedError, match=r"^1 rows"):
        late.destroy(late.rows.list_id, [mark, made_up, *kept[1:]])
    late.destroy(late.rows.list_id, [mark, *kept])

    assert late.numbers(late.rows.list_id) == [1]


def test_it_is_shown_how_many_rows_are_under_older_keys_and_what_is_late(
    late: Renewing,
) -> None:
    def shown() -> tuple[int | None, bool]:
        message = k.ShowKeys(session=late.session("ada"))
        (row,) = show_keys(late.gate, message, now=late.now).rows
        return row.older_rows, row.is_overdue

    def say(rows: int) -> None:
        left = (k.RowsLeft(list=late.rows.list_id, rows=rows),)
        message = k.ReadKeys(left=left)
        dock = late.service("dock")
        renewals.read_keys(late.gate, message, carrier=dock, now=late.now)

    assert shown() == (0, False)
    assert show_process(late.gate, now=late.now).renewals_overdue == 0
    late.renew(late.rows.list_id)
    assert shown() == (None, False), "the dock has not said yet"
    say(5)
    assert shown() == (5, False)
    late.wait(days=7, minutes=1)
    assert shown() == (5, True)
    assert show_process(late.gate, now=late.now).renewals_overdue == 1
    late.destroy(late.rows.list_id, late.reseal(late.rows).sealed)
    assert shown() == (0, False)
    assert show_process(late.gate, now=late.now).renewals_overdue == 0
