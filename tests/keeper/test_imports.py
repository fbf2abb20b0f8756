import pytest

from listkeep.core.errors import MalformedError
from listkeep.keeper.release import imports, leaving_out
from listkeep.wire import messages as m
from tests.keeper import restoring
from tests.keeper.instance import refusal
from tests.keeper.world import World


def people(count: int, start: int = 0) -> list[str]:
    return [f"person{number}@example.com" for number in range(start, start + count)]


def test_rows_are_counted_before_they_are_sealed(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id)
    sealed = world.seal(ticket.ticket, people(3))
    world.finish(ticket.ticket)

    assert ticket.max_rows == 10_000
    assert len(sealed.sealed) == 3
    assert world.events(4) == [
        "list.created",
        "import.started",
        "rows.reserved",
        "import.finished",
    ]
    assert world.newest("rows.reserved")["rows"] == "3"


def test_the_same_address_has_one_token_and_never_one_seal(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket

    one = world.seal(ticket, ["Anna@Example.com"])
    two = world.seal(ticket, ["anna@example.com"])

    assert one.tokens == two.tokens
    assert one.batch_id != two.batch_id
    assert one.sealed != two.sealed


def test_tokens_of_two_tenants_do_not_meet(world: World) -> None:
    acme = world.start_import("ben", world.create_list().id).ticket
    other = world.start_import("eve", world.create_list("eves", by="eve").id).ticket

    assert world.seal(acme, people(1)).tokens != world.seal(other, people(1)).tokens


def test_a_row_that_is_no_address_gets_an_empty_seal(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    addresses = ["anna@example.com", "not an address", "", "bert@example.com"]

    sealed = world.seal(ticket, addresses)

    assert [bool(seal) for seal in sealed.sealed] == [True, False, False, True]
    assert sealed.tokens[16:48] == bytes(32)
    rows = world.rows_of(found.id, addresses, sealed)
    view = world.granted_export(rows, 2)
    assert world.export("ben", view, rows.batch(0, 3)).count("@example.com") == 2


def test_a_principal_adds_ten_thousand_rows_a_day(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    world.seal(ticket, people(4096))
    world.seal(ticket, people(4096, 4096))

    assert refusal(world.seal, ticket, people(1809)) == "budget-spent"
    world.seal(ticket, people(1808))
    assert refusal(world.seal, ticket, people(1)) == "budget-spent"
    assert refusal(world.start_import, "ben", found.id) == "budget-spent"


def test_the_days_rows_stay_spent_over_restarts_lists_and_imports(
    world: World,
) -> None:
    first, second = world.create_list(), world.create_list("more")
    ticket = world.start_import("ben", first.id).ticket
    world.seal(ticket, people(4096))
    world.finish(ticket, committed=False)
    world.restart()
    world.seal(world.start_import("ben", second.id).ticket, people(4096))
    world.restart()

    third = world.start_import("ben", first.id)
    assert third.max_rows == 10_000 - 8192
    assert refusal(world.seal, third.ticket, people(1809)) == "budget-spent"


def test_the_days_rows_are_everybodys_own_and_come_back(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    for _ in range(2):
        world.seal(ticket, people(4096))
    world.seal(ticket, people(1808))

    other = world.start_import("ivan", found.id)
    assert len(world.seal(other.ticket, people(1)).sealed) == 1
    world.wait(hours=23, minutes=59)
    assert refusal(world.start_import, "ben", found.id) == "budget-spent"
    world.wait(minutes=1)
    assert world.start_import("ben", found.id).max_rows == 10_000


def test_an_import_ends_after_twelve_hours(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket

    world.wait(hours=11, minutes=59)
    assert len(world.seal(ticket, people(1)).sealed) == 1
    world.wait(minutes=1)
    assert refusal(world.seal, ticket, people(1)) == "not-found"
    world.finish(ticket, committed=False)
    assert world.events(1) == ["import.abandoned"]


def test_an_intake_service_adds_rows_and_an_unknown_key_does_not(
    world: World,
) -> None:
    found = world.create_list()

    ticket = world.start_import("intake", found.id).ticket
    assert len(world.seal(ticket, people(1)).sealed) == 1
    world.ask("ada", "service.revoke", {"id": "s_intakeintake"})
    assert refusal(world.start_import, "intake", found.id) == "not-signed-in"
    assert refusal(world.seal, ticket, people(1)) == "not-permitted"


def test_who_has_left_cannot_finish_what_they_began(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    world.ask("ada", "person.revoke", {"id": world.meet("ben").person})

    assert refusal(world.seal, ticket, people(1)) == "not-permitted"


def signed(world: World, cap: int, name: str = "news", by: str = "ada") -> str:
    subject = {"sha256": "ab" * 32, "rows": str(cap)}
    return world.ask(by, "import", subject, list=name, cap=cap).id


def test_above_the_budget_an_owner_signs_for_file_and_rows(world: World) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id, signed(world, 12_000))

    assert (ticket.max_rows, ticket.sha256) == (12_000, "ab" * 32)
    for _ in range(2):
        world.seal(ticket.ticket, people(4096))
    world.seal(ticket.ticket, people(3808))
    assert refusal(world.seal, ticket.ticket, people(1)) == "cap-exceeded"
    assert world.start_import("ben", found.id).max_rows == 10_000


def test_a_marketers_signed_import_needs_an_owner(world: World) -> None:
    found = world.create_list()
    request = signed(world, 12_000, by="ben")

    assert refusal(world.start_import, "ben", found.id, request) == "not-granted"


def test_a_signed_import_is_for_one_list(world: World) -> None:
    world.create_list()
    second = world.create_list("more")
    request = signed(world, 12_000)

    assert refusal(world.start_import, "ada", second.id, request) == "not-granted"


def test_a_signed_import_that_died_is_repeated_three_times_at_most(
    world: World,
) -> None:
    found = world.create_list()
    request = signed(world, 100)
    for _ in range(3):
        ticket = world.start_import("ada", found.id, request).ticket
        world.seal(ticket, people(100))
        world.finish(ticket, committed=False)
        world.restart()

    ticket = world.start_import("ada", found.id, request).ticket
    assert refusal(world.seal, ticket, people(1)) == "cap-exceeded"


def test_a_signed_import_that_finished_is_used_up(world: World) -> None:
    found = world.create_list()
    request = signed(world, 100)
    ticket = world.start_import("ada", found.id, request).ticket
    world.seal(ticket, people(5))
    world.finish(ticket)

    assert refusal(world.start_import, "ada", found.id, request) == "replayed"


@pytest.mark.parametrize("committed", [True, False])
def test_a_closed_import_takes_no_rows(world: World, committed: bool) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    world.finish(ticket, committed=committed)

    assert refusal(world.seal, ticket, people(1)) == "not-found"
    assert refusal(world.finish, ticket) == "not-found"


def test_an_import_nobody_started_takes_no_rows(world: World) -> None:
    assert refusal(world.seal, "i_aaaaaaaaaaaa", people(1)) == "not-found"


def test_another_tenants_list_takes_no_rows(world: World) -> None:
    found = world.create_list()

    assert refusal(world.start_import, "eve", found.id) == "not-found"
    assert refusal(world.start_import, "eve", "news") == "not-found"


@pytest.mark.parametrize("name", ["cleo", "sam"])
def test_the_operators_people_add_no_rows(world: World, name: str) -> None:
    found = world.create_list()

    assert refusal(world.start_import, name, found.id) == "not-found"


def test_ragged_and_oversized_batches_are_refused_and_cost_nothing(
    world: World,
) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    ragged = m.SealRows(ticket=ticket, addresses=people(2), fields=[], facets=["[]"])

    with pytest.raises(MalformedError):
        imports.seal_import_rows(world.gate, ragged, now=world.now)
    with pytest.raises(MalformedError):
        world.seal(ticket, people(4097))
    assert world.events(1) == ["import.started"]


@pytest.mark.parametrize("text", ["x" * 65, "caf\u0065\u0301", "AB" * 32, "zz" * 32])
def test_what_the_dock_says_of_a_file_is_a_digest_or_nothing(
    world: World, text: str
) -> None:
    found = world.create_list()
    ticket = world.start_import("ben", found.id).ticket
    message = m.FinishImport(ticket=ticket, committed=True, sha256=text)

    with pytest.raises(MalformedError):
        imports.finish_import(world.gate, message, now=world.now)
    assert world.restart().origin == "k_demo"


def test_whoever_is_erased_while_an_import_runs_is_sealed_no_more(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    other = world.create_list("other")
    running = world.start_import("ada", other.id).ticket
    before = world.seal(running, rows.addresses)
    view = restoring.ask_erasure(world, rows, 0, keep="no")
    restoring.erase(world, view, rows.sealed[0].token, rows.list_id, removed=True)

    again = world.seal(running, [*rows.addresses, "nonsense", "new@example.com"])
    assert all(before.sealed)
    assert [bool(seal) for seal in again.sealed] == [False, True, False, True]
    assert again.tokens[:16] == bytes(16)

    message = m.FindGone(ticket=running, tokens=before.tokens)
    found = leaving_out.find_gone(world.gate, message, now=world.now)
    assert (found.erased, found.gone) == (1, [0])
    world.restart()
    found = leaving_out.find_gone(world.gate, message, now=world.now)
    assert (found.erased, found.gone) == (1, [0])


def test_whoever_comes_in_an_import_that_began_after_the_erasure_comes(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    view = restoring.ask_erasure(world, rows, 0, keep="no")
    restoring.erase(world, view, rows.sealed[0].token, rows.list_id, removed=True)
    ticket = world.start_import("ada", rows.list_id).ticket

    assert all(world.seal(ticket, rows.addresses).sealed)
    message = m.FindGone(ticket=ticket, tokens=rows.tokens(0, 1))
    found = leaving_out.find_gone(world.gate, message, now=world.now)
    assert (found.erased, found.gone) == (0, [])


def test_an_erasure_of_another_tenant_leaves_nobody_out(world: World) -> None:
    rows = world.list_with_rows(1)
    theirs = world.create_list("theirs", by="eve")
    running = world.start_import("eve", theirs.id).ticket
    view = restoring.ask_erasure(world, rows, 0, keep="no")
    restoring.erase(world, view, rows.sealed[0].token, rows.list_id, removed=True)

    assert all(world.seal(running, rows.addresses).sealed)
