"""Somebody has the dock's key and wants a tenant to lose its audience, unnoticed."""

from listkeep.core.mail import Outcome
from listkeep.keeper.release.returned import LEAST, SHARES
from tests.keeper.mailing import codes, open_rows, report, send_of, with_sending
from tests.keeper.world import Rows, World

ALL = ("hard-bounce", "complaint", "unsubscribe")


def tokens(rows: Rows) -> list[bytes]:
    return [row.token for row in rows.sealed]


def suppressed(world: World, rows: Rows) -> int:
    total, _ = world.registry.suppressed.get(rows.list_id, (0, ""))
    return total


def test_without_a_send_it_suppresses_nobody(world: World) -> None:
    rows = with_sending(world, 300)
    for outcome in Outcome:
        report(world, "r_inventedinve", tokens(rows), outcome.value)

    assert suppressed(world, rows) == 0


def test_under_a_send_it_suppresses_whom_it_opened_and_no_more_than_the_shares(
    anywhere: World,
) -> None:
    rows = with_sending(anywhere, 300)
    request = send_of(anywhere, rows, 200)
    for start in (0, 200):
        batch = rows.batch(*range(start, min(300, start + 200)))
        open_rows(anywhere, request, batch)

    for _ in range(3):
        for outcome in ALL:
            report(anywhere, request, tokens(rows), outcome)
        anywhere.restart()

    most = sum(max(LEAST, 200 * share // 100) for share in SHARES.values())
    assert suppressed(anywhere, rows) == most == 60
    opened = [e for e in anywhere.entries() if e["event"] == "incident.opened"]
    assert [(e["kind"], e["by"]) for e in opened] == [("returns-many", "keeper")]


def test_every_one_it_suppresses_stands_in_the_ledger_with_its_key(
    world: World,
) -> None:
    rows = with_sending(world, 30)
    request = send_of(world, rows, 30)
    open_rows(world, request, rows.whole())

    for token in tokens(rows)[:5]:
        report(world, request, [token])

    told = [e for e in world.entries() if e["event"] == "entries.suppressed"]
    assert [(e["principal"], e["request"], e["rows"]) for e in told] == [
        ("s_dockdockdock", request, "1")
    ] * 5


def test_another_send_does_not_vouch_for_this_list(world: World) -> None:
    rows, other = with_sending(world, 30), world.list_with_rows(30, "other")
    request = send_of(world, other, 30)
    open_rows(world, request, other.whole())

    assert report(world, request, tokens(rows)).unknown == 30

    mine = send_of(world, rows, 30)
    assert codes(open_rows(world, mine, rows.whole())) == [""] * 30
