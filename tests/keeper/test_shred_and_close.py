"""A list is shredded, a tenant is closed: what is under their keys stays shut."""

from collections.abc import Iterator

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import UnavailableError
from listkeep.core.registry.held_keys import index_key, list_key
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.models import Suppression
from listkeep.keeper.gate.showing.keys import show_keys
from listkeep.keeper.gate.showing.ledger_views import visible_body
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.release import renewals
from listkeep.wire import messages as m
from listkeep.wire.messages import keys as k
from tests.keeper.instance import ACME, SERVICES, refusal
from tests.keeper.renewing import Renewing
from tests.keeper.world import Rows, World

ACME_IS = {"tenant": "acme"}


@pytest.fixture
def late(world: World) -> Renewing:
    renewing = Renewing.of(world)
    renewing.rows = renewing.fill()
    return renewing


def ask_shred(late: Renewing, name: str, rows: Rows, **facts: object) -> m.RequestView:
    return late.ask(name, "list.shred", {"id": rows.list_id}, **facts)


def ask_close(late: Renewing, name: str, **facts: object) -> m.RequestView:
    return late.ask(name, "tenant.close", {"id": ACME}, **facts)


def shred(late: Renewing, rows: Rows) -> m.RequestView:
    return late.sign("amir", ask_shred(late, "ada", rows), "approve")


def close(late: Renewing) -> None:
    late.sign("amir", ask_close(late, "ada"), "approve")
    late.wait(days=7)
    sweep(late)


def sweep(late: Renewing) -> k.HeldKeys:
    """Ask as the dock does every minute, which carries out what had to wait."""
    return renewals.read_keys(
        late.gate, k.ReadKeys(), carrier=late.service("dock"), now=late.now
    )


def is_there(late: Renewing, key_id: str) -> bool:
    return (late.home / "keys" / f"{key_id}.key").exists()


# --- shred ---------------------------------------------------------------------------


def test_two_owners_shred_a_list_at_once(late: Renewing) -> None:
    key = list_key(late.rows.list_id)
    assert is_there(late, key)

    view = shred(late, late.rows)

    assert view.state == "done"
    assert late.newest("list.shredded")["list"] == late.rows.list_id
    assert not is_there(late, key)
    assert late.rows.list_id not in late.registry.lists


def test_one_owner_shreds_a_list_after_a_day_in_which_the_other_can_deny_it(
    late: Renewing,
) -> None:
    ask_shred(late, "ada", late.rows)
    late.wait(hours=23)
    sweep(late)
    assert late.rows.list_id in late.registry.lists

    late.wait(hours=1)
    assert late.rows.list_id in sweep(late).gone
    assert not is_there(late, list_key(late.rows.list_id))


def test_an_owner_denies_it_in_time(late: Renewing) -> None:
    view = ask_shred(late, "ada", late.rows)
    late.sign("amir", view, "deny")
    late.wait(days=2)
    sweep(late)

    assert late.open_rows(late.rows) == late.rows.addresses


def test_every_key_of_the_list_goes_also_those_of_a_renewal(late: Renewing) -> None:
    late.wait(days=30)
    late.renew(late.rows.list_id)
    shred(late, late.rows)

    for number in (0, 1):
        assert not is_there(late, list_key(late.rows.list_id, number))


def test_rows_of_yesterdays_backup_open_for_nobody(late: Renewing) -> None:
    """The dock's database comes back from before; the key store is today's."""
    yesterday = late.rows
    late.wait(days=1)
    shred(late, late.rows)
    late.wait(seconds=5)
    other = late.list_with_rows(name="autumn")

    for list_id in (yesterday.list_id, other.list_id):
        rows = Rows(list_id, yesterday.addresses, yesterday.sealed)
        view = late.ask_reveal("ben", Rows(other.list_id, [], rows.sealed), 0)[0]
        assert refusal(late.reveal, "ben", view, rows.batch(0)) == "row-invalid"
    for path in (late.home / "keys").iterdir():
        assert yesterday.list_id not in path.name


def test_an_old_copy_of_the_keepers_database_does_not_start(late: Renewing) -> None:
    """It is shorter than the key store remembers, so it revives no list."""
    database = late.home / "keeper.sqlite3"
    late.leave()
    old = database.read_bytes()
    late.enter()
    shred(late, late.rows)
    late.leave()
    for name in ("keeper.sqlite3-wal", "keeper.sqlite3-shm"):
        (late.home / name).unlink(missing_ok=True)
    database.write_bytes(old)

    assert refusal(late.restart) != "it was not refused"


def test_other_lists_of_the_tenant_go_on(late: Renewing) -> None:
    other = late.list_with_rows(name="autumn")

    shred(late, late.rows)

    assert late.open_rows(other) == other.addresses


def test_another_process_forgets_the_keys_too(late: Renewing) -> None:
    other = Gate(open_store())
    other.store.get(list_key(late.rows.list_id))
    shred(late, late.rows)

    with other.view(late.now) as registry:
        assert late.rows.list_id not in registry.lists
    with pytest.raises(UnavailableError):
        other.store.get(list_key(late.rows.list_id))


def test_an_export_that_runs_stops_and_leaves_no_file(late: Renewing) -> None:
    view = late.granted_export(late.rows)

    def stream() -> Iterator[m.RowBatch]:
        yield late.rows.batch(0, 1)
        shred(late, late.rows)
        yield late.rows.batch(2, 3, 4)

    assert refusal(late.run, "ben", view, stream=stream()) == "not-granted"
    assert list((late.home / "spool").iterdir()) == []


def test_what_was_asked_for_about_it_is_over(late: Renewing) -> None:
    view, _ = late.ask_reveal("ben", late.rows, 0)
    ticket = late.start_import("ada", late.rows.list_id).ticket
    shred(late, late.rows)

    assert refusal(late.reveal, "ben", view, late.rows.batch(0)) == "not-granted"
    assert refusal(late.seal, ticket, ["new@example.com"]) == "not-found"
    assert refusal(late.start_import, "ada", late.rows.list_id) == "not-found"
    assert refusal(late.finish, ticket) == "not-found"


def test_its_suppressions_go_and_the_instance_starts_again(late: Renewing) -> None:
    late.suppress("ada", late.rows, 0)
    shred(late, late.rows)

    assert not Suppression.objects.filter(list_id=late.rows.list_id).exists()
    late.restart()
    assert late.rows.list_id in late.registry.shredded


def test_owners_still_read_what_happened_to_it(late: Renewing) -> None:
    shred(late, late.rows)
    ada = late.registry.people[late.meet("ada").person]
    eve = late.registry.people[late.meet("eve").person]
    about = [e for e in late.entries() if e.get("list") == late.rows.list_id]
    for entry in about:
        body = encode(entry)
        assert visible_body(late.registry, ada, body) == body
        assert visible_body(late.registry, eve, body) == b""


def test_a_name_is_free_again_and_the_keys_are_others(late: Renewing) -> None:
    shred(late, late.rows)
    late.wait(seconds=5)

    again = late.list_with_rows(name="news")

    assert again.list_id != late.rows.list_id
    assert refusal(late.open_rows, Rows(again.list_id, [], late.rows.sealed))


# --- who may not ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ben", "ivan", "cleo", "sam", "eve"])
def test_nobody_but_an_owner_asks_for_it(late: Renewing, name: str) -> None:
    facts = ACME_IS if name in ("cleo", "sam") else {}

    assert refusal(ask_shred, late, name, late.rows, **facts) == "not-permitted" or (
        name == "eve" and refusal(ask_shred, late, name, late.rows) == "not-found"
    )
    code = refusal(ask_close, late, name, **facts)
    assert code == ("not-found" if name == "eve" else "not-permitted")


def test_two_custodians_shred_nothing(late: Renewing) -> None:
    view = ask_shred(late, "ada", late.rows)
    for name in ("cleo", "cyrus"):
        assert refusal(late.sign, name, view, "approve") == "not-permitted"
    sweep(late)

    assert late.open_rows(late.rows) == late.rows.addresses


def test_a_marketer_does_not_stand_in_for_the_other_owner(late: Renewing) -> None:
    view = ask_shred(late, "ada", late.rows)

    assert refusal(late.sign, "ben", view, "approve") == "not-permitted"
    assert late.open_rows(late.rows) == late.rows.addresses


def test_a_list_of_another_tenant_is_not_there(late: Renewing) -> None:
    theirs = late.create_list("theirs", by="eve")

    code = refusal(late.ask, "ada", "list.shred", {"id": theirs.id})

    assert code == "not-found"


def test_no_policy_lets_one_owner_shred_at_once(late: Renewing) -> None:
    """The bound stands beside every text."""
    view = ask_shred(late, "ada", late.rows)

    assert view.state == "waiting"
    assert any("time" in what for what in view.missing)


# --- renew ahead of time ------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada", "cleo"])
def test_an_owner_or_a_custodian_has_a_key_renewed_at_once(
    late: Renewing, name: str
) -> None:
    facts = ACME_IS if name == "cleo" else {}

    view = late.ask(name, "keys.renew", {"id": late.rows.list_id}, **facts)

    assert view.state == "done"
    assert late.numbers(late.rows.list_id) == [0, 1]
    entry = late.newest("key.renewed")
    assert (entry["principal"], entry["request"]) == (late.meet(name).person, view.id)
    again = late.reseal(late.rows)
    assert late.open_rows(again) == late.rows.addresses
    late.restart()
    assert late.numbers(late.rows.list_id) == [0, 1]


def test_a_renewal_that_goes_on_is_not_asked_for_again(late: Renewing) -> None:
    late.ask("ada", "keys.renew", {"id": late.rows.list_id})

    code = refusal(late.ask, "ada", "keys.renew", {"id": late.rows.list_id})

    assert code == "already-exists"


@pytest.mark.parametrize("name", ["ben", "sam"])
def test_nobody_else_has_one_renewed(late: Renewing, name: str) -> None:
    facts = ACME_IS if name == "sam" else {}
    about = {"id": late.rows.list_id}

    assert refusal(late.ask, name, "keys.renew", about, **facts) == "not-permitted"


def test_people_see_the_keys_of_their_own_lists(late: Renewing) -> None:
    late.create_list("theirs", by="eve")
    shred(late, late.list_with_rows(name="old"))

    def shown(name: str) -> dict[str, k.KeyRow]:
        message = k.ShowKeys(session=late.session(name))
        return {
            row.name: row for row in show_keys(late.gate, message, now=late.now).rows
        }

    assert set(shown("ada")) == {"news", "old"}
    assert shown("ada")["old"].is_shredded
    assert shown("ada")["old"].destroyed_at
    assert set(shown("eve")) == {"theirs"}
    assert set(shown("cleo")) == {"news", "old", "theirs"}
    assert shown("ben") == {}


# --- close --------------------------------------------------------------------------


def test_a_tenant_is_closed_a_week_after_two_owners_signed(late: Renewing) -> None:
    other = late.list_with_rows(name="autumn")
    late.sign("amir", ask_close(late, "ada"), "approve")
    late.wait(days=6.9)
    assert sweep(late).gone == ()

    late.wait(days=0.1)
    gone = sweep(late).gone

    assert set(gone) == {late.rows.list_id, other.list_id}
    for key_id in (list_key(late.rows.list_id), index_key(ACME)):
        assert not is_there(late, key_id)
    assert ACME not in late.registry.tenants
    assert late.newest("tenant.closed")["tenant"] == ACME


def test_its_people_and_services_stop_then(late: Renewing) -> None:
    session = late.session("ada")
    close(late)

    people = {person.tenant for person in late.registry.people.values()}
    assert ACME not in people
    assert SERVICES["app"][0] not in late.registry.services
    message = k.ShowKeys(session=session)
    assert refusal(show_keys, late.gate, message, now=late.now) == "not-signed-in"
    late.restart()


def test_others_go_on(late: Renewing) -> None:
    theirs = late.list_with_rows(name="theirs", by="eve")
    close(late)

    assert late.open_rows(theirs) == theirs.addresses


def test_any_owner_denies_it_until_the_last_moment(late: Renewing) -> None:
    view = late.sign("amir", ask_close(late, "ada"), "approve")
    late.wait(days=6.9)
    late.sign("amir", view, "deny")
    late.wait(days=10)
    sweep(late)

    assert ACME in late.registry.tenants
    assert late.open_rows(late.rows) == late.rows.addresses


def test_one_of_two_owners_closes_nothing(late: Renewing) -> None:
    ask_close(late, "ada")
    late.wait(days=20)
    sweep(late)

    assert ACME in late.registry.tenants


def test_a_tenant_closes_itself_and_no_other(late: Renewing) -> None:
    code = refusal(late.ask, "eve", "tenant.close", {"id": ACME})

    assert code == "not-found"


def test_a_keeper_that_died_in_the_middle_destroys_the_keys_when_it_starts(
    late: Renewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(late.gate.store), "destroy", lambda *_: None)
    shred(late, late.rows)
    monkeypatch.undo()
    assert is_there(late, list_key(late.rows.list_id))

    late.restart()

    assert not is_there(late, list_key(late.rows.list_id))
