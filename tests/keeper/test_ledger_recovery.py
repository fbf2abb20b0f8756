"""The end of the ledger is lost for good, and two custodians answer for it."""

import os

import pytest

from listkeep.core.errors import ConflictError, VerificationError
from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore, Mark
from listkeep.keeper.ledger.models import Entry, Head, ListHead, Node
from tests.keeper.instance import ACME, refusal
from tests.keeper.losing import (
    copy_database,
    look,
    put_back,
    recover,
    sign,
    unfreeze,
)
from tests.keeper.telling import DESK, Telling
from tests.keeper.world import Rows, World


@pytest.fixture
def lost(world: World) -> World:
    """A week of work is gone: the newest copy is older."""
    world.list_with_rows(5)
    copy = copy_database(world)
    for _ in range(3):
        world.login("ben")
    world.wait(hours=1)
    put_back(world, copy)
    return world


def test_the_keeper_does_not_start_by_itself(lost: World) -> None:
    with pytest.raises(VerificationError, match="old copy"):
        lost.restart()


def test_what_is_lost_is_shown_before_anybody_signs(lost: World) -> None:
    loss = look(lost)

    assert loss.entries == 3
    assert loss.registry.latest_at is not None
    assert loss.signed == {}
    with pytest.raises(VerificationError):
        lost.restart()


def test_two_custodians_go_on_from_what_is_left(lost: World) -> None:
    before = [entry["event"] for entry in lost.entries()]
    recover(lost)

    assert [entry["event"] for entry in lost.entries()] == [
        *before,
        "ledger.recovered",
    ]
    recorded = lost.newest("ledger.recovered")
    assert recorded["kept_size"] == str(len(before))
    assert recorded["lost_size"] == str(len(before) + 3)
    assert recorded["epoch"] == "1"
    lost.login("ben")
    lost.restart()


def test_with_nothing_lost_there_is_nothing_to_recover(world: World) -> None:
    for act in (look, lambda stage: sign(stage, "cleo")):
        with pytest.raises(ConflictError, match="no entry"):
            act(world)


def test_with_nothing_left_a_copy_has_to_be_found_first(world: World) -> None:
    for table in (Entry, Node, ListHead, Head):
        table.objects.all().delete()

    with pytest.raises(VerificationError, match="nothing of the ledger is left"):
        look(world)


def test_the_first_signature_waits_for_the_second(lost: World) -> None:
    loss = sign(lost, "cleo")

    assert list(loss.signed) == [lost.meet("cleo").person]
    assert list(look(lost).signed) == [lost.meet("cleo").person]
    assert sign(lost, "cleo").signed.keys() == loss.signed.keys()
    sign(lost, "cyrus")
    lost.restart()


def test_a_loss_on_top_of_it_needs_both_again(lost: World) -> None:
    """Cleo signed; then an even older copy is put back."""
    sign(lost, "cleo")
    facts = look(lost).facts
    lost.leave()
    older = lost.copy_to(lost.home.parent / "same")
    lost.enter()
    sign(lost, "cyrus")
    lost.wait(minutes=1)
    lost.restart()
    lost.login("ben")
    put_back(lost, older)

    loss = look(lost)

    assert loss.signed == {}
    assert loss.facts != facts


def test_a_third_copy_put_back_is_noticed_again(lost: World) -> None:
    recover(lost)
    copy = copy_database(lost, "third")
    lost.login("ben")
    put_back(lost, copy)

    with pytest.raises(VerificationError, match="old copy"):
        lost.restart()
    recover(lost)
    assert lost.newest("ledger.recovered")["epoch"] == "2"


def test_the_ledger_that_was_given_up_does_not_come_back(world: World) -> None:
    """The lost database turns up again after all."""
    copy = copy_database(world)
    for _ in range(3):
        world.login("ben")
    whole = copy_database(world, "whole")
    put_back(world, copy)
    recover(world)
    put_back(world, whole)

    with pytest.raises(VerificationError, match="not the ledger"):
        world.restart()


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("survivors", [0, 1])
def test_a_kill_before_the_key_store_knows_loses_nothing(
    lost: World, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    """Killed after the ledger committed: none or one of the marks is written."""
    written: list[Mark] = []

    def killed(self: KeyStore, mark: Mark) -> None:
        if survivors:
            name = self._file("mark-0")
            before = name.with_name("mark-1.key").read_bytes()
            reset(self, mark)
            name.with_name("mark-1.key").write_bytes(before)
        written.append(mark)
        raise Killed

    reset = KeyStore.reset_mark
    with monkeypatch.context() as patched:
        patched.setattr(KeyStore, "reset_mark", killed)
        with pytest.raises(Killed):
            sign(lost, "cleo", "cyrus")
    lost.leave()
    assert len(written) == 1

    with pytest.raises(ConflictError):
        look(lost)
    lost.wait(minutes=1)
    lost.restart()
    assert open_store().read_mark().size == len(lost.entries())
    lost.login("ben")
    lost.restart()


def test_nobody_releases_until_two_of_each_side_lift_the_freeze(lost: World) -> None:
    recover(lost)
    news = next(iter(lost.registry.lists))
    rows = Rows(news, [], [])
    view = lost.ask_export("ben", rows, 3)
    lost.sign("ada", view, "approve")
    # What was exported in 30 days is not known: a custodian looks at copies as well.
    assert refusal(lost.run, "ben", view) == "not-granted"
    lost.sign("cleo", view, "approve")
    lost.wait(hours=2)

    assert refusal(lost.run, "ben", view) == "frozen"
    unfreeze(lost, "cleo", "cyrus")
    assert refusal(lost.run, "ben", view) == "frozen"
    unfreeze(lost, "ada", "amir")
    assert refusal(lost.run, "ben", view) == "budget-spent"
    lost.wait(hours=21, minutes=59, seconds=30)
    assert lost.export("ben", view) == '"address","plan"\r\n'


def test_look_ups_and_imports_wait_a_day(lost: World) -> None:
    recover(lost)
    news = next(iter(lost.registry.lists))

    for _ in range(2):
        assert (
            refusal(lost.look_up, "ben", news, "person0.news@example.com")
            == "budget-spent"
        )
        assert refusal(lost.start_import, "ben", news) == "budget-spent"
        lost.wait(hours=23)
    lost.wait(hours=2)
    assert lost.look_up("ben", news, "person0.news@example.com")


def test_who_unsubscribes_is_suppressed_at_once(world: World) -> None:
    rows = world.list_with_rows(5)
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    recover(world)

    assert world.suppress("ben", rows, 1) == 1
    with world.gate.view(world.now) as registry:
        principal = world.meet("ben").person
        used = registry.charges.used(
            principal, Measure.ROWS_CHANGED, now=world.now, is_known_only=True
        )
    assert used == 1


def test_every_contact_is_told(stage: Telling, desk: str) -> None:
    copy = copy_database(stage)
    stage.login("ben")
    put_back(stage, copy)
    recover(stage)

    notice = stage.registry.book.notices[-1]
    assert notice.event == "ledger.recovered"
    assert notice.severity == "alarm"
    assert desk in {contact.id for contact in notice.contacts}
    assert DESK


def test_an_old_key_store_remembers_no_custodians_and_learns_them(
    world: World,
) -> None:
    (world.home / "keys" / "custodians.key").unlink()
    world.restart()
    assert (world.home / "keys" / "custodians.key").exists()
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    (world.home / "keys" / "custodians.key").unlink()

    recover(world)

    assert (world.home / "keys" / "custodians.key").exists()


def test_it_recovers_on_postgresql_as_well(anywhere: World) -> None:
    """Rows are deleted instead: what is left has to end with a signed head."""
    store = open_store()
    size = len(anywhere.entries())
    store.reset_mark(Mark(size + 2, os.urandom(32)))
    anywhere.leave()
    anywhere.enter()
    with pytest.raises(VerificationError, match="old copy"):
        Gate(open_store())

    recover(anywhere)

    assert anywhere.newest("ledger.recovered")["lost_size"] == str(size + 2)


def test_a_tenant_unfreezes_for_itself_only(lost: World) -> None:
    recover(lost)
    unfreeze(lost, "ada", "amir")

    standing = lost.registry.freezes
    assert (ACME, "export+reveal", "owner") not in standing
    assert ("", "export+reveal", "custodian") in standing
