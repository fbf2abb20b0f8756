"""The dock tells what came of the rows it had opened; retries stay free."""

from contextlib import AbstractContextManager
from datetime import timedelta

import msgspec
import pytest

from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.release import tallies
from listkeep.keeper.release.tallies import Tally, hold_tally
from tests.keeper.mailing import (
    close,
    codes,
    leased,
    names,
    open_rows,
    report,
    send_of,
    spool,
    with_sending,
)
from tests.keeper.world import World


def test_who_was_refused_for_now_opens_again_for_nothing(anywhere: World) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows, 2)

    for _ in range(4):
        assert codes(open_rows(anywhere, request, rows.batch(0, 1))) == ["", ""]
        close(anywhere, request, waiting=names(rows, 0, 1))

    assert codes(open_rows(anywhere, request, rows.batch(2))) == ["cap-exceeded"]
    assert leased(anywhere, request) == 2


def test_what_nobody_told_of_opens_again_for_nothing(world: World) -> None:
    """The dock died between the delivery and the report."""
    rows = with_sending(world, 2)
    request = send_of(world, rows, 1)

    for _ in range(3):
        assert codes(open_rows(world, request, rows.batch(0))) == [""]
        world.restart()


def test_it_is_told_along_with_the_next_rows(world: World) -> None:
    rows = with_sending(world, 4)
    request = send_of(world, rows, 4)
    open_rows(world, request, rows.batch(0, 1))

    told = open_rows(
        world, request, rows.batch(2, 3), ended=names(rows, 0), waiting=names(rows, 1)
    )

    assert codes(told) == ["", ""]
    assert codes(open_rows(world, request, rows.whole())) == [
        "already-sent",
        *[""] * 3,
    ]


def test_told_twice_is_told_once(world: World) -> None:
    rows = with_sending(world, 2)
    request = send_of(world, rows, 2)
    open_rows(world, request, rows.whole())

    for _ in range(3):
        close(world, request, ended=names(rows, 0), waiting=names(rows, 1))

    with held(world, request) as tally:
        assert tally.waiting == 1
        assert not tally.under_way


def test_while_a_send_is_frozen_it_is_told_all_the_same(world: World) -> None:
    rows = with_sending(world, 2)
    request = send_of(world, rows, 2)
    open_rows(world, request, rows.whole())
    world.ask("ada", "freeze", {"classes": "campaigns"})

    refused = open_rows(world, request, rows.whole(), ended=names(rows, 0))
    close(world, request, ended=names(rows, 1))

    assert codes(refused) == ["frozen"] * 2
    with held(world, request) as tally:
        assert len(tally.kept) == 2
        assert not tally.under_way


def test_rows_that_nobody_tells_of_make_room_after_some_minutes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "MOST_UNDER_WAY", 2)
    rows = with_sending(world, 4)
    request = send_of(world, rows, 4)
    open_rows(world, request, rows.batch(0, 1))
    assert codes(open_rows(world, request, rows.batch(2, 3))) == ["unreported"] * 2

    world.now += timedelta(minutes=16)

    assert codes(open_rows(world, request, rows.batch(2, 3))) == ["", ""]
    close(world, request, ended=names(rows, 2, 3))
    assert codes(open_rows(world, request, rows.batch(0, 1))) == ["", ""]
    assert leased(world, request) == 4


def test_who_was_slower_than_anybody_waits_is_over_all_the_same(world: World) -> None:
    rows = with_sending(world, 1)
    request = send_of(world, rows, 1)
    open_rows(world, request, rows.whole())
    world.now += timedelta(minutes=16)

    close(world, request, ended=names(rows, 0))

    assert codes(open_rows(world, request, rows.whole())) == ["already-sent"]
    with held(world, request) as tally:
        assert tally.waiting == 0


def test_what_comes_back_is_taken_of_rows_under_way_waiting_and_over(
    world: World,
) -> None:
    rows = with_sending(world, 4)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.batch(0, 1, 2))
    close(world, request, ended=names(rows, 0), waiting=names(rows, 1))

    told = report(world, request, [row.token for row in rows.sealed], "soft-bounce")

    assert (told.counted, told.unknown) == (3, 1)


def test_a_count_of_an_earlier_version_is_gone_on_with(world: World) -> None:
    """In it a row that was opened is a mark, which says that it opens again."""
    rows = with_sending(world, 3)
    request = send_of(world, rows, 2)
    open_rows(world, request, rows.batch(0, 1))
    with held(world, request) as tally:
        keys = b"".join(tally.under_way)
        fields = msgspec.structs.asdict(tally.state)
        fields |= {"keys": keys}
        del fields["under_way"], fields["again"]
        body = msgspec.msgpack.encode(fields)
        data = tallies._mac(seal_of(world), body) + body
    (spool(world) / f"{request}.send").write_bytes(data)

    assert codes(open_rows(world, request, rows.whole())) == ["", "", "cap-exceeded"]


def held(world: World, request: str) -> AbstractContextManager[Tally]:
    return hold_tally(
        spool(world) / f"{request}.send",
        world.registry.sends[request],
        seal=seal_of(world),
        pace=0,
        now=world.now,
    )


def seal_of(world: World) -> bytes:
    assert world.gate
    return world.gate.store.get(STATE_KEY)
