"""Who sends says what came of it; how much was opened, the keeper has counted."""

from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    codes,
    finish,
    open_rows,
    read,
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
