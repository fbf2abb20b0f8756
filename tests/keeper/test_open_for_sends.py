"""Rows open for mail: those that were signed for, each counted before it is told."""

import os
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from listkeep.core.errors import ListkeepError, MalformedError
from listkeep.keeper.gate.models import SendOpening
from listkeep.keeper.ledger.models import Head
from listkeep.keeper.release import openings, tallies
from listkeep.wire.messages import sends as d
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    begin,
    close,
    codes,
    finish,
    grant_send,
    leased,
    names,
    open_rows,
    power_cut,
    send_of,
    send_subject,
    spool,
    with_sending,
)
from tests.keeper.renewing import renew_index_key
from tests.keeper.world import Rows, World, batch_of


def test_rows_open_up_to_the_cap_and_each_counts_once(anywhere: World) -> None:
    rows = with_sending(anywhere, 5)
    request = send_of(anywhere, rows, 3)

    first = open_rows(anywhere, request, rows.whole())
    again = open_rows(anywhere, request, rows.whole())

    assert codes(first) == ["", "", "", "cap-exceeded", "cap-exceeded"]
    assert [row.address for row in first[:3]] == rows.addresses[:3]
    assert again == first
    assert leased(anywhere, request) == 3


def test_a_row_is_leased_in_the_ledger_before_it_opens(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    before = world.events().count("send.leased")

    open_rows(world, request, rows.batch(0))

    assert before == 0
    assert world.newest("send.leased")["rows"] == "3"
    assert world.newest("send.leased")["request"] == request
    open_rows(world, request, rows.batch(1, 2))
    assert world.events().count("send.leased") == 1, "not once for each message"


def test_somebody_twice_in_a_batch_counts_once(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 2)

    opened = open_rows(world, request, rows.batch(0, 0, 1, 2))

    assert codes(opened) == ["", "", "", "cap-exceeded"]
    assert opened[0] == opened[1]


def test_leases_grow_and_never_pass_the_cap(world: World) -> None:
    rows = with_sending(world, 300)
    request = send_of(world, rows, 290)

    opened = [
        code
        for start in range(0, 300, 10)
        for code in codes(
            open_rows(world, request, rows.batch(*range(start, start + 10)))
        )
    ]

    assert opened == [""] * 290 + ["cap-exceeded"] * 10
    told = [e["rows"] for e in world.entries() if e["event"] == "send.leased"]
    assert told == ["64", "128", "98"]


def test_rows_stay_opened_when_their_keys_move_to_the_table(anywhere: World) -> None:
    rows = with_sending(anywhere, 256)
    request = send_of(anywhere, rows, 256)

    for _ in range(2):
        assert codes(open_rows(anywhere, request, rows.whole())) == [""] * 256
        close(anywhere, request, waiting=names(rows, *range(256)))

    assert SendOpening.objects.count() == 256
    assert (spool(anywhere) / f"{request}.send").stat().st_size < 4096


def test_a_restart_goes_on_where_it_was(anywhere: World) -> None:
    rows = with_sending(anywhere, 4)
    request = send_of(anywhere, rows, 3)
    open_rows(anywhere, request, rows.batch(0))

    anywhere.restart()

    opened = open_rows(anywhere, request, rows.whole())
    assert codes(opened) == ["", "", "", "cap-exceeded"]


def test_after_a_power_cut_what_was_left_of_the_lease_is_gone(
    anywhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(anywhere, 100)
    request = send_of(anywhere, rows, 70)
    open_rows(anywhere, request, rows.batch(*range(10)))
    assert leased(anywhere, request) == 64

    power_cut(monkeypatch)
    anywhere.restart()

    later = codes(open_rows(anywhere, request, rows.batch(*range(10, 100))))
    assert later == [""] * 6 + ["cap-exceeded"] * 84
    assert leased(anywhere, request) == 70


@pytest.mark.parametrize("harm", ["remove", "empty", "tear", "edit", "swap"])
def test_a_count_that_was_lost_or_edited_counts_all_that_was_leased(
    world: World, harm: str
) -> None:
    rows = with_sending(world, 100)
    other = send_of(world, rows, 70)
    request = send_of(world, rows, 70)
    for each in (other, request):
        open_rows(world, each, rows.batch(0, 1))
    file = spool(world) / f"{request}.send"
    data = file.read_bytes()
    match harm:
        case "remove":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "tear":
            file.write_bytes(data[: len(data) // 2])
        case "edit":
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case _:
            file.write_bytes((spool(world) / f"{other}.send").read_bytes())

    opened = codes(open_rows(world, request, rows.batch(*range(2, 100))))

    assert opened == [""] * 6 + ["cap-exceeded"] * 92


def test_a_lease_that_was_recorded_and_never_taken_is_lost_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper dies between the ledger and the count."""
    rows = with_sending(world, 100)
    request = send_of(world, rows, 70)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tallies.Tally, "lease", die)
        with pytest.raises(KeyboardInterrupt):
            open_rows(world, request, rows.batch(0))
    world.restart()

    opened = codes(open_rows(world, request, rows.whole()))
    assert opened == [""] * 6 + ["cap-exceeded"] * 94


def test_what_cannot_be_counted_does_not_open(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.batch(0))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", full_disk)
        assert refusal(open_rows, world, request, rows.batch(1)) == "keeper-unavailable"
    (spool(world) / f"{request}.send").unlink()
    spool(world).chmod(0o500)
    if os.geteuid():
        assert refusal(open_rows, world, request, rows.batch(1)) == "keeper-unavailable"
    spool(world).chmod(0o700)


def full_disk(*_: object) -> int:
    raise OSError(28, "No space left on device")


# --- which rows ---


def test_a_row_that_was_not_signed_for_is_refused_alone(world: World) -> None:
    rows = with_sending(world, 3)
    ticket = world.start_import("ben", rows.list_id).ticket
    free = ["free@example.com"]
    sealed = world.seal(ticket, free, '["free"]')
    world.finish(ticket, added=1)
    other = world.rows_of(rows.list_id, free, sealed, '["free"]')
    request = send_of(world, rows, 4, selection='plan = "pro"')

    opened = open_rows(world, request, batch_of([*rows.sealed, *other.sealed]))

    assert codes(opened) == ["", "", "", "row-invalid"]
    assert leased(world, request) == 4
    again = open_rows(world, request, rows.whole())
    assert codes(again) == [""] * 3, "and it cost nothing"


def test_only_the_sealed_fields_that_were_signed_for_are_told(world: World) -> None:
    with_sending(world, 1)
    found = world.create_list("told", fields=("name", "city"))
    ticket = world.start_import("ada", found.id).ticket
    address = ["told@example.com"]
    sealed = world.seal(ticket, address, fields='["Nora","Bern"]')
    world.finish(ticket, added=1)
    rows = world.rows_of(found.id, address, sealed)
    request = send_of(world, rows, subject=send_subject(fields="city"))

    [row] = open_rows(world, request, rows.whole())

    assert row == d.SendRow(address="told@example.com", values={"city": "Bern"})


def test_who_is_suppressed_meanwhile_does_not_open_again(anywhere: World) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows)
    open_rows(anywhere, request, rows.whole())

    anywhere.suppress("app", rows, 1)

    assert codes(open_rows(anywhere, request, rows.whole())) == ["", "suppressed", ""]


def test_who_is_suppressed_under_another_index_key_does_not_open(
    world: World,
) -> None:
    rows = with_sending(world, 2)
    request = send_of(world, rows, 2)
    renew_index_key(world)
    newer = world.look_up("ada", rows.list_id, rows.addresses[0])
    assert newer != rows.sealed[0].token
    twin = Rows(rows.list_id, rows.addresses, [rows.sealed[0]._replace(token=newer)])

    world.suppress("app", twin, 0)

    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", ""]
    world.restart()
    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", ""]


def test_rows_under_a_key_that_was_begun_meanwhile_open(world: World) -> None:
    rows = with_sending(world, 2)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.whole())
    renew_index_key(world)
    ticket = world.start_import("ben", rows.list_id).ticket
    late = ["late@example.com"]
    sealed = world.seal(ticket, late)
    world.finish(ticket, added=1)

    opened = open_rows(
        world, request, world.rows_of(rows.list_id, late, sealed).whole()
    )

    assert codes(opened) == [""]


# --- when ---


def test_one_minute_early_or_late_nothing_opens(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    terms = world.registry.requests[request].terms

    world.now = terms.not_before - timedelta(microseconds=1)
    assert codes(open_rows(world, request, rows.batch(0))) == ["not-granted"]
    world.now = terms.not_before
    assert codes(open_rows(world, request, rows.batch(0))) == [""]
    world.now = terms.expires - timedelta(seconds=1)
    assert codes(open_rows(world, request, rows.batch(0))) == [""]
    world.now = terms.expires
    assert codes(open_rows(world, request, rows.batch(0))) == ["expired"]


def test_a_send_that_was_granted_and_not_begun_opens_nothing(world: World) -> None:
    rows = with_sending(world, 3)
    request = grant_send(world, rows)

    assert refusal(open_rows, world, request, rows.whole()) == "not-found"
    assert refusal(open_rows, world, "r_neverneverne", rows.whole()) == "not-found"
    begin(world, request)
    assert codes(open_rows(world, request, rows.whole())) == [""] * 3


def test_a_finished_send_opens_nothing_more(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.batch(0))

    finish(world, request, delivered=1)

    assert codes(open_rows(world, request, rows.whole())) == ["replayed"] * 3


# --- what is no message ---


def test_a_batch_of_unequal_columns_or_too_many_rows_is_no_batch(
    world: World,
) -> None:
    rows = with_sending(world, 257)
    request = send_of(world, rows, 257)

    for batch, triggers in ((rows.whole(), 257), (rows.batch(0), 2)):
        with pytest.raises(MalformedError):
            open_rows(world, request, batch, [""] * triggers)


@pytest.mark.parametrize("moment", ["write", "commit"])
def test_a_lease_that_could_not_be_written_opens_nothing_and_costs_nothing(
    anywhere: World, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    rows = with_sending(anywhere, 5)
    request = send_of(anywhere, rows, 3)
    open_rows(anywhere, request, rows.batch(0, 0))
    second = send_of(anywhere, rows, 3)

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("the disk is full")

    with monkeypatch.context() as patch:
        if moment == "write":
            patch.setattr(Head, "save", fail)
        else:
            patch.setattr(connection, "_commit", fail)
        with pytest.raises((OperationalError, ListkeepError)):
            open_rows(anywhere, second, rows.whole())

    assert codes(open_rows(anywhere, request, rows.whole()))[:3] == [""] * 3
    opened = codes(open_rows(anywhere, second, rows.whole()))
    assert opened == ["", "", "", "cap-exceeded", "cap-exceeded"]
    assert leased(anywhere, second) == 3
    anywhere.restart()
    assert leased(anywhere, second) == 3


def test_a_database_that_does_not_answer_opens_nothing_and_counts_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)
    open_rows(world, request, rows.batch(0))

    def fail(*_: object) -> None:
        raise OperationalError("canary@example.com is away")

    with monkeypatch.context() as patch:
        patch.setattr(openings, "_FIND", "SELECT key FROM nowhere WHERE send = %s AND ")
        code = refusal(open_rows, world, request, rows.batch(1))
    assert code == "internal"
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", fail)
        with pytest.raises((ListkeepError, OperationalError)) as caught:
            openings.find_marks("0a0b0c0d", [bytes(16)])
    assert "canary" not in str(caught.value)

    assert codes(open_rows(world, request, rows.whole())) == [""] * 3
    assert leased(world, request) == 3


def test_rows_open_again_as_often_as_retries_need_and_not_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "_MOST_AGAIN", 3)
    monkeypatch.setattr(tallies, "_FREE_AGAIN", 0)
    rows = with_sending(world, 3)
    request = send_of(world, rows)

    tries = [codes(open_rows(world, request, rows.batch(0))) for _ in range(5)]

    assert tries == [[""], [""], [""], ["over-pace"], ["over-pace"]]
    assert codes(open_rows(world, request, rows.batch(1))) == [""]
