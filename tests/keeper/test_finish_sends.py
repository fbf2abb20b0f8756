"""Who sends says what came of it; how much was opened, the keeper has counted."""

from datetime import timedelta

import pytest

from listkeep.keeper.release import sends
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    codes,
    finish,
    open_rows,
    read,
    read_page,
    report,
    send_of,
    spool,
    with_sending,
)
from tests.keeper.world import World


def test_the_end_says_what_was_opened_and_what_the_dock_delivered(
    anywhere: World,
) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows)
    open_rows(anywhere, request, rows.batch(0, 1))
    open_rows(anywhere, request, rows.batch(1))

    finish(anywhere, request, delivered=1, failed=1)

    entry = anywhere.newest("send.completed")
    facts = [entry[name] for name in ("opened", "delivered", "failed", "service")]
    assert facts == ["2", "1", "1", "s_dockdockdock"]
    assert read(anywhere)[request].state == "ended"


def test_a_send_ends_once(world: World) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows)

    finish(world, request, delivered=1)
    finish(world, request, delivered=2)
    world.restart()
    finish(world, request, delivered=3)

    assert world.events().count("send.completed") == 1
    assert world.newest("send.completed")["delivered"] == "1"


def test_a_count_that_a_dead_keeper_left_behind_is_removed(world: World) -> None:
    rows = with_sending(world, 3)
    request, other = send_of(world, rows), send_of(world, rows)
    for each in (request, other):
        open_rows(world, each, rows.batch(0))
    file = spool(world) / f"{request}.send"
    left = file.read_bytes()
    finish(world, request)
    file.write_bytes(left)

    read(world)

    assert [path.stem for path in spool(world).glob("*.send")] == [other]
    assert codes(open_rows(world, other, rows.whole())) == [""] * 3


def test_what_never_began_does_not_end(world: World) -> None:
    assert refusal(finish, world, "r_neverneverne") == "not-found"


def test_nothing_is_left_in_the_spool_and_what_comes_back_is_known(
    anywhere: World,
) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows)
    open_rows(anywhere, request, rows.batch(0))

    finish(anywhere, request)

    assert not list(spool(anywhere).glob("*.send"))
    tokens = [row.token for row in rows.sealed]
    told = report(anywhere, request, tokens)
    assert (told.suppressed, told.unknown) == (1, 2)
    assert codes(open_rows(anywhere, request, rows.batch(1))) == ["replayed"]
    assert not list(spool(anywhere).glob("*.send")), "nobody began it again"


def test_of_those_that_ended_each_is_told_once_and_by_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sends, "MOST_TOLD", 2)
    rows = with_sending(world, 3)
    requests = [send_of(world, rows) for _ in range(4)]
    for request in requests[2::-1]:
        finish(world, request)

    first = read_page(world)
    second = read_page(world, known=first.known)
    third = read_page(world, known=second.known)

    assert [s.request for s in (*first.ended, *second.ended)] == requests[2::-1]
    assert (first.has_more, second.has_more, third.ended) == (True, False, ())
    for page in (first, second, third):
        assert [send.request for send in page.sends] == [requests[3]]


def test_who_knows_of_more_than_there_are_begins_anew(world: World) -> None:
    request = send_of(world, with_sending(world, 3))
    finish(world, request)

    told = read_page(world, known=7)

    assert (told.start, told.known) == (0, 1)
    assert [send.request for send in told.ended] == [request]


def test_what_ended_long_ago_is_told_no_more_and_keeps_its_number(world: World) -> None:
    rows = with_sending(world, 3)
    old, new = send_of(world, rows), send_of(world, rows)
    finish(world, old)
    world.now += sends.KEPT - timedelta(days=1)
    finish(world, new)
    world.now += timedelta(days=1)

    told = read_page(world)

    assert [send.request for send in told.ended] == [new]
    assert (told.kept, told.start, told.known) == (1, 1, 2)
