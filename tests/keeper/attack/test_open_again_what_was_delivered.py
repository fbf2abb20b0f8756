"""Somebody takes the dock while a send goes on, and asks for those who had their mail.

Retries cost nothing, so everybody who was written to could be opened again. What the
dock has told of stays closed: left are the rows under way, those that wait for another
try, and what nobody opened yet.
"""

from datetime import timedelta

import pytest

from listkeep.core.errors import MalformedError
from listkeep.keeper.gate.models import SendOpening
from listkeep.keeper.release import tallies
from listkeep.wire.messages import sends as d
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    close,
    codes,
    finish,
    leased,
    names,
    open_rows,
    power_cut,
    send_of,
    send_subject,
    spool,
    standing_send,
    with_sending,
)
from tests.keeper.world import Rows, World


def loot(world: World, request: str, rows: Rows) -> set[str]:
    """Ask for every row of the list, again and again."""
    return {
        row.address
        for start in range(0, len(rows.sealed), 100)
        for _ in range(2)
        for row in open_rows(
            world,
            request,
            rows.batch(*range(start, min(start + 100, len(rows.sealed)))),
        )
        if row.address
    }


def test_it_gets_the_unspent_cap_and_nobody_who_had_their_mail(
    anywhere: World,
) -> None:
    rows = with_sending(anywhere, 40)
    request = send_of(anywhere, rows, 30)
    open_rows(anywhere, request, rows.batch(*range(20)))
    close(anywhere, request, ended=names(rows, *range(15)), waiting=names(rows, 15, 16))

    found = loot(anywhere, request, rows)

    assert len(found) == 30 - 15
    assert found.isdisjoint(rows.addresses[:15])
    assert (
        codes(open_rows(anywhere, request, rows.batch(*range(15))))
        == ["already-sent"] * 15
    )
    anywhere.restart()
    assert loot(anywhere, request, rows) == found


def test_marks_in_the_table_close_as_well_as_those_in_the_file(anywhere: World) -> None:
    rows = with_sending(anywhere, 250)
    request = send_of(anywhere, rows, 250)
    open_rows(anywhere, request, rows.whole())

    close(anywhere, request, ended=names(rows, *range(249)))

    assert SendOpening.objects.count() == 249, "one for each, and no more"
    assert loot(anywhere, request, rows) == {rows.addresses[249]}


def test_telling_it_otherwise_afterwards_opens_nothing(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.whole())
    close(world, request, ended=names(rows, 0, 1, 2))

    close(world, request, waiting=names(rows, 0, 1, 2))
    again = open_rows(world, request, rows.whole(), waiting=names(rows, 0, 1))

    assert codes(again) == ["already-sent"] * 3


def test_telling_both_at_once_closes(world: World) -> None:
    rows = with_sending(world, 2)
    request = send_of(world, rows, 2)
    open_rows(world, request, rows.whole())

    close(world, request, ended=names(rows, 0), waiting=names(rows, 0))

    assert codes(open_rows(world, request, rows.whole())) == ["already-sent", ""]


def test_who_had_one_message_of_a_standing_send_opens_for_another_trigger_alone(
    world: World,
) -> None:
    rows = with_sending(world, 1)
    request = standing_send(world, rows, 10, triggers="basket welcome")
    open_rows(world, request, rows.whole(), ["welcome"])

    close(world, request, ended=names(rows, 0, trigger="welcome"))

    told = codes(open_rows(world, request, rows.batch(0, 0), ["welcome", "basket"]))
    assert told == ["already-sent", ""]


def test_a_dock_that_never_tells_is_stopped_and_leaves_a_trace(
    anywhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "MOST_UNDER_WAY", 10)
    rows = with_sending(anywhere, 30)
    request = send_of(anywhere, rows, 30)

    opened = codes(open_rows(anywhere, request, rows.whole()))

    assert opened == [""] * 10 + ["unreported"] * 20
    assert len(loot(anywhere, request, rows)) == 10
    assert anywhere.newest("release.refused")["code"] == "unreported"
    close(anywhere, request, ended=names(rows, *range(10)))
    assert codes(open_rows(anywhere, request, rows.whole())) == [
        *["already-sent"] * 10,
        *[""] * 10,
        *["unreported"] * 10,
    ]


def test_one_that_lies_from_the_beginning_gets_the_pace_of_an_hour_and_no_more(
    world: World,
) -> None:
    """It says of each row that the message was delivered, and asks for the next."""
    rows = with_sending(world, 15)
    request = send_of(world, rows, 15, subject=send_subject(pace="6"))

    def lie() -> int:
        found = loot(world, request, rows)
        close(world, request, ended=names(rows, *range(15)))
        return len(found)

    assert [lie(), lie()] == [6, 0]
    world.now += timedelta(minutes=55)
    assert lie() == 0
    world.now += timedelta(minutes=15)
    assert [lie(), lie()] == [6, 0]


def test_rows_that_wait_count_as_under_way_when_they_open_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "MOST_UNDER_WAY", 3)
    rows = with_sending(world, 6)
    request = send_of(world, rows, 6)
    for start in (0, 3):
        batch = range(start, start + 3)
        assert codes(open_rows(world, request, rows.batch(*batch))) == [""] * 3
        close(world, request, waiting=names(rows, *batch))

    assert codes(open_rows(world, request, rows.whole())) == [
        *[""] * 3,
        *["unreported"] * 3,
    ]


def test_an_old_table_put_back_opens_no_more_than_waits(world: World) -> None:
    """It copied the keeper's table while rows waited, and puts it back later."""
    rows = with_sending(world, 200)
    request = send_of(world, rows, 200)
    open_rows(world, request, rows.whole())
    close(world, request, waiting=names(rows, *range(200)))
    old = list(SendOpening.objects.all())
    assert len(old) == 200
    open_rows(world, request, rows.whole())
    close(world, request, ended=names(rows, *range(198)), waiting=names(rows, 198, 199))
    finished = {bytes(row.key) for row in SendOpening.objects.all()}
    assert len(finished) >= 398

    SendOpening.objects.all().delete()
    SendOpening.objects.bulk_create(old)

    assert len(loot(world, request, rows)) == 2
    assert leased(world, request) == 200


def test_taking_marks_away_costs_the_send_its_cap_and_gives_no_row(
    world: World,
) -> None:
    rows = with_sending(world, 256)
    request = send_of(world, rows, 256)
    assert len(loot(world, request, rows)) == 256
    close(world, request, ended=names(rows, *range(256)))

    SendOpening.objects.all().delete()

    assert loot(world, request, rows) == set()


def test_a_power_cut_opens_no_row_that_the_table_says_is_over(
    anywhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(anywhere, 250)
    request = send_of(anywhere, rows, 250)
    open_rows(anywhere, request, rows.whole())
    close(anywhere, request, ended=names(rows, *range(240)))

    power_cut(monkeypatch)
    anywhere.restart()

    assert loot(anywhere, request, rows) == set(), "what was under way is lost as well"


def test_inventing_what_came_of_rows_fills_no_table(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.batch(0))
    before = (spool(world) / f"{request}.send").read_bytes()

    for number in range(3):
        tokens = bytes([number]) * 16 * 256
        invented = d.RowNames(tokens=tokens, triggers=[""] * 256)
        close(world, request, ended=invented, waiting=invented)

    assert (spool(world) / f"{request}.send").read_bytes() == before
    assert not SendOpening.objects.exists()
    assert codes(open_rows(world, request, rows.whole())) == [""] * 3


def test_a_report_that_is_none_is_refused(world: World) -> None:
    rows = with_sending(world, 1)
    request = send_of(world, rows, 1)
    for bad in (
        d.RowNames(tokens=bytes(15), triggers=[""]),
        d.RowNames(tokens=bytes(16)),
        d.RowNames(triggers=[""]),
        d.RowNames(tokens=bytes(16 * 257), triggers=[""] * 257),
    ):
        with pytest.raises(MalformedError):
            close(world, request, ended=bad)
        with pytest.raises(MalformedError):
            open_rows(world, request, rows.whole(), waiting=bad)


def test_it_closes_no_row_of_a_send_that_never_was(world: World) -> None:
    with_sending(world, 1)

    assert refusal(close, world, "r_neverneverne") == "not-found"


def test_after_its_end_telling_does_not_bring_the_count_back(world: World) -> None:
    rows = with_sending(world, 1)
    request = send_of(world, rows, 1)
    open_rows(world, request, rows.whole())
    finish(world, request)

    close(world, request, ended=names(rows, 0))

    assert list(spool(world).iterdir()) == []
    assert codes(open_rows(world, request, rows.whole())) == ["replayed"]
