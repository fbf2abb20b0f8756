"""Keeper and dock were put back from different days; nobody is mailed again by that."""

import pytest

from listkeep.keeper.gate.custody import reconciling
from listkeep.wire import messages as m
from listkeep.wire.messages import suppressions as s
from tests.keeper.instance import ACME, refusal
from tests.keeper.losing import copy_database, put_back, recover, unfreeze
from tests.keeper.world import Rows, World


def read(world: World, list_id: str, after: bytes = b"") -> s.Suppressions:
    return reconciling.read_suppressions(
        world.gate,
        s.ReadSuppressions(list=list_id, after=after),
        carrier=world.service("dock"),
        now=world.now,
    )


def keep(
    world: World, list_id: str, tokens: bytes, reason: str = "bounced"
) -> m.Suppressed:
    return reconciling.keep_suppressions(
        world.gate,
        s.KeepSuppressions(list=list_id, reason=reason, tokens=tokens),
        carrier=world.service("dock"),
        now=world.now,
    )


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(6)


def test_the_dock_reads_them_page_by_page(
    world: World, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for position, reason in ((0, "bounced"), (2, "complained"), (4, "unsubscribed")):
        world.suppress("ada", rows, position, reason=reason)
    monkeypatch.setattr(reconciling, "PAGE", 2)

    first = read(world, rows.list_id)
    second = read(world, rows.list_id, after=first.tokens[-16:])

    assert (first.is_last, second.is_last) == (False, True)
    tokens = first.tokens + second.tokens
    assert tokens == b"".join(sorted(rows.sealed[n].token for n in (0, 2, 4)))
    assert len(set(first.reasons + second.reasons)) == 3


def test_what_is_known_may_be_told_again_at_any_time(world: World, rows: Rows) -> None:
    world.suppress("ada", rows, 0)

    assert keep(world, rows.list_id, rows.tokens(0)).changed == 0


def test_a_dock_suppresses_a_whole_list_on_nobodys_word(
    world: World, rows: Rows
) -> None:
    """There is no way back from a suppression: that would end a tenant's list."""
    entries = len(world.entries())

    assert refusal(keep, world, rows.list_id, rows.tokens(0, 1, 2)) == "not-permitted"
    assert len(world.entries()) == entries


def test_after_a_loss_the_dock_tells_what_it_knew(world: World, rows: Rows) -> None:
    copy = copy_database(world)
    world.suppress("ada", rows, 0, 1)
    put_back(world, copy)
    recover(world)

    assert read(world, rows.list_id).reasons == ()
    assert keep(world, rows.list_id, rows.tokens(0, 1)).changed == 2
    assert keep(world, rows.list_id, rows.tokens(0, 1)).changed == 0
    assert read(world, rows.list_id).reasons == ("bounced", "bounced")
    recorded = world.newest("entries.suppressed")
    assert (recorded["rows"], recorded["total"], recorded["charged"]) == (
        "2",
        "2",
        "no",
    )
    world.restart()


def test_who_was_erased_everywhere_is_told_for_the_tenant(
    world: World, rows: Rows
) -> None:
    other = world.create_list("later")
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    recover(world)

    assert keep(world, ACME, rows.tokens(3), "erased").changed == 2
    assert read(world, rows.list_id).reasons == ("erased",)
    assert read(world, other.id).reasons == ("erased",)


def test_once_the_freeze_is_lifted_nothing_more_is_taken(
    world: World, rows: Rows
) -> None:
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    recover(world)
    unfreeze(world, "cleo", "cyrus")

    assert refusal(keep, world, rows.list_id, rows.tokens(0)) == "not-permitted"


def test_one_custodian_freezes_again_long_after_a_loss_to_have_people_suppressed(
    world: World, rows: Rows
) -> None:
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    recover(world)
    unfreeze(world, "cleo", "cyrus")
    world.ask("cleo", "freeze", {"classes": "export+reveal"})

    assert refusal(keep, world, rows.list_id, rows.tokens(0)) == "not-permitted"
    world.restart()
    assert refusal(keep, world, rows.list_id, rows.tokens(0)) == "not-permitted"


@pytest.mark.parametrize("name", ["l_nobodys", "t_nobodys"])
def test_of_a_list_nobody_knows_nothing_is_said(world: World, name: str) -> None:
    assert refusal(read, world, name) == "not-found"
    assert refusal(keep, world, name, bytes(16)) == "not-found"


def test_words_that_are_no_reason_are_refused(world: World, rows: Rows) -> None:
    code = refusal(keep, world, rows.list_id, rows.tokens(0), "bored")

    assert code == "message-invalid"
