"""One person is erased from every list of a tenant: under a signature, and for good."""

import pytest

from listkeep.keeper.gate.models import Suppression
from tests.keeper import restoring
from tests.keeper.instance import ACME, refusal
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return world.list_with_rows(3)


def exported(world: World, rows: Rows) -> list[bool]:
    text = world.export("ben", world.granted_export(rows, 3), rows.whole())
    return [address in text for address in rows.addresses]


def test_an_erasure_is_recorded_for_each_list_and_names_nobody(
    world: World, rows: Rows
) -> None:
    more = world.list_with_rows(1, "more")
    view = restoring.ask_erasure(world, rows, 1)

    restoring.erase(
        world, view, rows.sealed[1].token, rows.list_id, more.list_id, removed=True
    )

    assert world.events(2) == ["entry.erased"] * 2
    entries = [each for each in world.entries() if each["event"] == "entry.erased"]
    assert [each["list"] for each in entries] == [rows.list_id, more.list_id]
    told = ("keep", "lists", "added", "removed", "request")
    assert [entries[0][name] for name in told] == ["yes", "2", "0", "1", view.id]
    for entry in world.entries():
        assert rows.token(1) not in str(entry)
        assert rows.addresses[1] not in str(entry)


def test_who_was_erased_is_suppressed_in_every_list_there_is_and_will_be(
    world: World, rows: Rows
) -> None:
    view = restoring.ask_erasure(world, rows, 1)
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id)

    assert exported(world, rows) == [True, False, True]
    later = world.create_list("later")
    ticket = world.start_import("ben", later.id).ticket
    sealed = world.seal(ticket, rows.addresses)
    assert exported(world, world.rows_of(later.id, rows.addresses, sealed)) == [
        *(True, False, True)
    ]
    reveal, _ = world.ask_reveal("ben", rows, 1)
    assert refusal(world.reveal, "ben", reveal, rows.batch(1)) == "not-found"


def test_without_a_mark_the_keeper_keeps_no_token(world: World, rows: Rows) -> None:
    view = restoring.ask_erasure(world, rows, 1, keep="no")
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id, removed=True)

    assert not Suppression.objects.exists()
    assert world.newest("entry.erased")["check"] == ""
    assert view.id in world.registry.requests
    assert rows.token(1) not in view.terms.decode()


def test_somebody_who_is_in_no_list_can_be_kept_away(world: World, rows: Rows) -> None:
    view = restoring.ask_erasure(world, rows, 2)
    restoring.erase(world, view, rows.sealed[2].token)

    assert "list" not in world.newest("entry.erased")
    assert Suppression.objects.get().list_id == ACME


def test_one_signature_erases_one_person_once(world: World, rows: Rows) -> None:
    view = restoring.ask_erasure(world, rows, 1)

    for other in (rows.sealed[0].token, bytes(16)):
        code = refusal(restoring.erase, world, view, other, rows.list_id)
        assert code == "not-granted"
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id)
    before = world.events()
    restoring.erase(world, view, rows.sealed[1].token, rows.list_id)

    assert world.events() == before  # a dock that died asks again, and nothing is new
    world.wait(days=2)
    code = refusal(restoring.erase, world, view, rows.sealed[1].token, rows.list_id)
    assert code == "replayed"


def test_erasing_somebody_twice_changes_no_suppression(
    world: World, rows: Rows
) -> None:
    for _ in range(2):
        view = restoring.ask_erasure(world, rows, 1)
        restoring.erase(world, view, rows.sealed[1].token, rows.list_id)

    assert Suppression.objects.count() == 1
    assert exported(world, rows) == [True, False, True]


def test_it_takes_an_owner(world: World, rows: Rows) -> None:
    view = restoring.ask_erasure(world, rows, 1, by="ben")
    token = rows.sealed[1].token

    code = refusal(restoring.erase, world, view, token, rows.list_id, by="ben")
    assert code == "not-granted"
    world.sign("ada", view, "approve")
    restoring.erase(world, view, token, rows.list_id, by="ben")


@pytest.mark.parametrize("subject", [None, {}, {"keep": "maybe"}, {"keep": ""}])
def test_an_erasure_says_whether_a_mark_stays(
    world: World, rows: Rows, subject: dict[str, str] | None
) -> None:
    code = refusal(world.ask, "ada", "entry.erase", subject, selection=rows.token(0))
    assert code in ("request-invalid", "json-not-canonical")


@pytest.mark.parametrize("selection", ["", "anna@example.com", "a" * 27])
def test_an_erasure_names_one_token(world: World, rows: Rows, selection: str) -> None:
    assert rows
    code = refusal(world.ask, "ada", "entry.erase", {"keep": "no"}, selection=selection)
    assert code == "token-invalid"
