"""Somebody who can write to the database puts an old copy back, and wants it to count.

By that a revocation would be undone, a budget be fresh, a used grant be unused.
"""

from pathlib import Path

import pytest
from django.conf import settings

from listkeep.core.errors import VerificationError
from listkeep.core.grants import SignIn
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.models import Draft, Session
from listkeep.keeper.gate.people.recovering import find_loss, sign_recovery
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper import restoring
from tests.keeper.instance import refusal
from tests.keeper.losing import (
    accept,
    copy_database,
    look,
    put_back,
    recover,
    sign,
    unfreeze,
)
from tests.keeper.world import World
from tests.tamper import Table, read_table, write_table


@pytest.fixture
def fired(world: World) -> World:
    """Carl was a custodian and was sent away; the thief has a copy of before."""
    world.add_person("carl", "custodian", by=("cleo", "cyrus"))
    copy = copy_database(world)
    world.remove("carl", tenant="")
    put_back(world, copy)
    return world


def test_one_custodian_alone_signs_twice(fired: World) -> None:
    sign(fired, "cleo", "cleo", "cleo")

    with pytest.raises(VerificationError, match="old copy"):
        fired.restart()


def test_one_custodian_signs_with_two_passkeys(world: World) -> None:
    further = world.further(world.meet("cleo"))
    subject = {"id": world.meet("cleo").person, "keys": further.keys}
    view = world.ask("cleo", "passkey.add", subject)
    if view.state != "done":
        world.sign("cyrus", view, "approve")
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)

    loss = sign(world, "cleo", "cleo-2")

    assert len(loss.signed) == 1
    with pytest.raises(VerificationError, match="old copy"):
        world.restart()


def test_a_custodian_who_was_sent_away_comes_back_by_it(fired: World) -> None:
    """In the old copy Carl is a custodian; the key store remembers better."""
    loss = look(fired)
    assert fired.meet("carl").person in loss.registry.people

    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        accept(fired, "carl", loss)
    recover(fired)

    assert fired.meet("carl").person not in fired.registry.people
    assert refusal(fired.login, "carl") == "credential-unknown"


def test_two_who_were_sent_away_have_an_instance_of_their_own(world: World) -> None:
    """With both revoked in the lost part nobody is left to sign: as it should be."""
    for name in ("carl", "cara"):
        world.add_person(name, "custodian", by=("cleo", "cyrus"))
    copy = copy_database(world)
    for name in ("cleo", "cyrus"):
        subject = {"id": world.meet(name).person}
        view = world.ask("carl", "person.revoke", subject)
        if view.state != "done":
            world.sign("cara", view, "approve")
    put_back(world, copy)

    for name in ("cleo", "cyrus"):
        with pytest.raises(VerificationError, match="nobody who was a custodian"):
            accept(world, name, look(world))


@pytest.mark.parametrize("name", ["ada", "ben", "eve"])
def test_owners_and_others_sign_for_a_loss(fired: World, name: str) -> None:
    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        accept(fired, name, look(fired))


def test_custodians_of_another_instance_sign(fired: World, empty: World) -> None:
    fired.leave()
    empty.enter()
    empty.found(keeper="k_other")
    strangers = dict(empty.people)
    empty.leave()
    fired.enter()
    loss = look(fired)

    for stranger in strangers.values():
        assertion = stranger.sign_recovery(
            keeper=loss.facts["keeper"], recovery=loss.digest
        )
        with pytest.raises(VerificationError):
            sign_recovery(open_store(), assertion, now=fired.now)


def test_statements_that_recovered_once_recover_a_second_loss(fired: World) -> None:
    """The thief kept both signatures, and puts the same old copy back again."""
    copy = copy_database(fired, "second")
    loss = look(fired)
    kept = [
        fired.meet(name).sign_recovery(
            keeper=loss.facts["keeper"], recovery=loss.digest
        )
        for name in ("cleo", "cyrus")
    ]
    for assertion in kept:
        sign_recovery(open_store(), assertion, now=fired.now)
    fired.wait(minutes=1)
    fired._sessions.clear()
    fired.restart()
    fired.add_person("ines", "marketer", by=("ada", "amir"))
    put_back(fired, copy)

    for assertion in kept:
        with pytest.raises(VerificationError, match="another loss"):
            sign_recovery(open_store(), assertion, now=fired.now)


def test_a_recovered_ledger_is_put_back_after_it_went_on(fired: World) -> None:
    """With the entry of the recovery in it, but not what came later."""
    recover(fired)
    copy = copy_database(fired, "just recovered")
    fired.login("ben")
    put_back(fired, copy)

    with pytest.raises(VerificationError, match="old copy"):
        fired.restart()


def planted(table: Table) -> None:
    write_table(read_table(table.name), table.rows)


def test_a_grant_that_was_used_in_the_lost_part_is_used_again(world: World) -> None:
    """Draft and signatures of then are still there, and all of them were genuine."""
    rows = world.list_with_rows(2)
    copy = copy_database(world)
    view = world.draft("ben", "export", list="news", cap=2, recipient="warehouse")
    drafts = read_table(Draft._meta.db_table)
    asked = world.statement("ben", view, "request")
    world.submit(view, asked)
    agreed = world.statement("ada", view, "approve")
    world.submit(view, agreed)
    assert world.export("ben", view, rows.whole()).count("@") == 2
    put_back(world, copy)
    recover(world)
    planted(drafts)
    unfreeze(world, "cleo", "cyrus")
    unfreeze(world, "ada", "amir")

    for assertion in (asked, agreed):
        assert refusal(world.submit, view, assertion) == "not-found"
    assert refusal(world.run, "ben", view, rows.whole()) == "not-found"


def test_a_session_of_the_lost_part_is_planted(world: World) -> None:
    """Ben signed out, and the row of his session is put back by hand."""
    copy = copy_database(world)
    token = world.login("ben")
    rows = read_table(Session._meta.db_table)
    sessions.end_session(world.gate, token, now=world.now)
    put_back(world, copy)
    recover(world)
    planted(rows)

    with world.gate.view(world.now) as registry:
        code = refusal(
            sessions.resolve_session,
            *(world.gate, registry, token),
            service="keeper",
            now=world.now,
        )
    assert code == "not-signed-in"


def test_a_sign_in_of_the_lost_part_is_played_again(world: World) -> None:
    copy = copy_database(world)
    nonce = sessions.begin_sign_in(world.gate, now=world.now).nonce
    ben = world.meet("ben")
    signed = ben.sign(
        SignIn(keeper=world.gate.origin, service="keeper", nonce=nonce, binding="")
    )
    message = m.FinishSignIn(credential=ben.credential, assertion=signed)
    sessions.finish_sign_in(world.gate, message, now=world.now)
    put_back(world, copy)
    recover(world)

    act = sessions.finish_sign_in
    assert refusal(act, world.gate, message, now=world.now) == "expired"


def test_a_fresh_budget_is_had_by_losing_the_ledger(world: World) -> None:
    """Ben spent his day's reveals, and somebody puts the morning's copy back."""
    rows = world.list_with_rows(20)
    copy = copy_database(world)
    view, _ = world.ask_reveal("ben", rows, *range(10))
    world.reveal("ben", view, rows.batch(*range(10)))
    put_back(world, copy)
    recover(world)
    unfreeze(world, "cleo", "cyrus")
    unfreeze(world, "ada", "amir")

    view, _ = world.ask_reveal("ben", rows, 11)
    code = refusal(world.reveal, "ben", view, rows.batch(11))

    assert code == "budget-spent"


def test_a_day_of_changes_is_had_twice_by_losing_the_ledger(world: World) -> None:
    """Ben changed what a day allows, and somebody puts the morning's copy back."""
    rows = world.list_with_rows(2000)
    copy = copy_database(world)
    world.suppress("ben", rows, *range(20))
    put_back(world, copy)
    recover(world)

    assert refusal(restoring.start, world, "ben", rows, rows=1) == "budget-spent"
    assert world.suppress("ben", rows, *range(100, 110)) == 10  # who asks for it, goes
    assert refusal(world.suppress, "ben", rows, 110) == "budget-spent"
    world.wait(hours=25)
    assert world.suppress("ben", rows, *range(110, 130)) == 20
    world.wait(hours=25)
    assert restoring.start(world, "ben", rows, rows=1)


def test_unsubscribing_by_software_goes_on_after_a_loss(world: World) -> None:
    rows = world.list_with_rows(2000)
    copy = copy_database(world)
    world.login("ben")
    put_back(world, copy)
    recover(world)

    assert world.suppress("app", rows, *range(20)) == 20


def test_a_freeze_of_the_lost_part_is_undone(world: World) -> None:
    rows = world.list_with_rows(2)
    copy = copy_database(world)
    world.freeze("ada")
    put_back(world, copy)
    recover(world)
    unfreeze(world, "cleo", "cyrus")
    world.wait(hours=25)
    view, _ = world.ask_reveal("ben", rows, 0)

    assert refusal(world.reveal, "ben", view, rows.batch(0)) == "frozen"


def test_the_first_signature_is_planted_in_the_key_store_of_another(
    fired: World, empty: World
) -> None:
    """A note of a signature is bound to the root, and to the very loss."""
    empty.enter()
    empty.found()
    copy = copy_database(empty, "other older")
    empty.login("cleo")
    put_back(empty, copy)
    sign(empty, "cleo")
    note = (Path(settings.KEY_STORE) / "recovery.key").read_bytes()
    empty.leave()
    fired.enter()
    (Path(settings.KEY_STORE) / "recovery.key").write_bytes(note)

    assert refusal(find_loss, open_store()) == "key-unavailable"
