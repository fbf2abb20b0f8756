"""Eight processes want the last of something; nobody gets more than there is."""

from collections import Counter
from collections.abc import Iterator

import pytest

from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.instance import KEEPER, WAREHOUSE
from tests.keeper.race import PROCESSES, Crowd, outcome
from tests.keeper.world import Rows, World


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    found = Crowd()
    yield found
    found.close()


def require_whole(world: World) -> None:
    """Read the ledger from its beginning, as after a restart."""
    before = world.registry.frontier
    with world.restart().view(world.now) as registry:
        assert registry.frontier == before


# --- budgets ---


def look_up_many(world: World, list_id: str, addresses: list[str]) -> list[str]:
    return [outcome(world.look_up, "ben", list_id, address) for address in addresses]


def test_look_ups_of_one_person_stop_at_the_hours_share(
    anywhere: World, crowd: Crowd
) -> None:
    found = anywhere.create_list()
    shares = [
        [f"person{process}-{number}@example.com" for number in range(8)]
        for process in range(PROCESSES)
    ]

    ended = Counter(crowd.act(anywhere, look_up_many, [found.id] * PROCESSES, shares))

    assert ended == {"done": 25, "budget-spent": 39}
    assert used(anywhere, "ben", Measure.LOOK_UPS) == 25
    assert anywhere.events().count("address.looked-up") == 25
    require_whole(anywhere)


def reveal_many(
    world: World, views: list[m.RequestView], batches: list[m.RowBatch]
) -> list[str]:
    return [
        outcome(world.reveal, "ben", view, batch)
        for view, batch in zip(views, batches, strict=True)
    ]


def test_reveals_of_one_person_stop_before_the_hours_share(
    anywhere: World, crowd: Crowd
) -> None:
    """Three rows each: three of them fit into ten, the fourth would be two too many."""
    rows = anywhere.list_with_rows(3 * PROCESSES)
    asked = [
        (anywhere.ask_reveal("ben", rows, *triple)[0], rows.batch(*triple))
        for triple in (range(3 * n, 3 * n + 3) for n in range(PROCESSES))
    ]

    ended = crowd.act(
        anywhere,
        reveal_many,
        [[view] for view, _ in asked],
        [[batch] for _, batch in asked],
    )

    assert Counter(ended) == {"done": 3, "budget-spent": 5}
    assert used(anywhere, "ben", Measure.REVEALS) == 9
    assert anywhere.events().count("reveal.completed") == 3
    require_whole(anywhere)


def add_rows(world: World, ticket: str, batches: list[list[str]]) -> list[str]:
    return [outcome(world.seal, ticket, batch) for batch in batches]


def test_rows_added_by_one_person_stop_at_the_days_budget(
    anywhere: World, crowd: Crowd
) -> None:
    found = anywhere.create_list()
    tickets = [anywhere.start_import("ben", found.id).ticket for _ in range(PROCESSES)]
    shares = [
        [
            [f"p{process}-{batch}-{n}@example.com" for n in range(400)]
            for batch in range(4)
        ]
        for process in range(PROCESSES)
    ]

    ended = Counter(crowd.act(anywhere, add_rows, tickets, shares))

    assert ended == {"done": 25, "budget-spent": 7}
    assert used(anywhere, "ben", Measure.ROWS_ADDED) == 10_000
    require_whole(anywhere)


def run_once(world: World, view: m.RequestView, rows: m.RowBatch) -> list[str]:
    return [outcome(world.run, "ben", view, rows)]


def test_small_exports_together_stop_at_what_one_holder_may_have(
    anywhere: World, crowd: Crowd
) -> None:
    """Each was granted when nothing had left yet; the fourth takes a custodian."""
    rows = anywhere.list_with_rows(2)
    views = [anywhere.granted_export(rows, cap=300) for _ in range(PROCESSES)]

    ended = crowd.act(anywhere, run_once, views, [rows.whole()] * PROCESSES)

    assert Counter(ended) == {"done": 3, "not-granted": 5}
    key = str(anywhere.registry.recipients[WAREHOUSE].public_key)
    spent = anywhere.registry.charges.used(key, Measure.ROWS_EXPORTED, now=anywhere.now)
    assert spent == 900
    require_whole(anywhere)


# --- what can be done once ---


def test_one_grant_lets_rows_out_once(anywhere: World, crowd: Crowd) -> None:
    """Who comes late may fetch the finished file, but no second one is made."""
    rows = anywhere.list_with_rows(2)
    view = anywhere.granted_export(rows, cap=700)

    ended = crowd.act(
        anywhere, run_once, [view] * PROCESSES, [rows.whole()] * PROCESSES
    )

    assert set(ended) <= {"done", "replayed"}
    assert anywhere.events().count("export.completed") == 1
    assert used(anywhere, "ben", Measure.ROWS_EXPORTED) == 700
    assert len(list((anywhere.home / "spool").iterdir())) == 1
    require_whole(anywhere)


def test_one_reveal_is_opened_once(anywhere: World, crowd: Crowd) -> None:
    rows = anywhere.list_with_rows(2)
    view, _ = anywhere.ask_reveal("ben", rows, 0)

    ended = crowd.act(
        anywhere, reveal_many, [[view]] * PROCESSES, [[rows.batch(0)]] * PROCESSES
    )

    assert Counter(ended) == {"done": 1, "replayed": PROCESSES - 1}
    require_whole(anywhere)


def submit_once(world: World, view: m.RequestView, assertion: m.Assertion) -> list[str]:
    return [outcome(world.submit, view, assertion)]


def test_one_approval_counts_once(anywhere: World, crowd: Crowd) -> None:
    rows = anywhere.list_with_rows(1)
    view = anywhere.ask_export("ben", rows, 10)
    assertion = anywhere.statement("ada", view, "approve")

    ended = crowd.act(
        anywhere, submit_once, [view] * PROCESSES, [assertion] * PROCESSES
    )

    assert Counter(ended) == {"done": 1, "not-waiting": PROCESSES - 1}
    approved = [e for e in anywhere.entries() if e["event"] == "request.approved"]
    assert [entry["request"] for entry in approved].count(view.id) == 1
    require_whole(anywhere)


def test_one_change_of_authority_happens_once(anywhere: World, crowd: Crowd) -> None:
    view = anywhere.ask("ada", "person.add", anywhere.subject("lea", "marketer"))
    assertion = anywhere.statement("amir", view, "approve")
    before = anywhere.events().count("person.added")

    ended = crowd.act(
        anywhere, submit_once, [view] * PROCESSES, [assertion] * PROCESSES
    )

    assert ended.count("done") == 1
    assert anywhere.events().count("person.added") == before + 1
    require_whole(anywhere)


def sign_in_once(world: World, message: m.FinishSignIn) -> list[str]:
    return [outcome(sessions.finish_sign_in, world.gate, message, now=world.now)]


def test_one_sign_in_opens_one_session(anywhere: World, crowd: Crowd) -> None:
    nonce = sessions.begin_sign_in(anywhere.gate, now=anywhere.now).nonce
    ben = anywhere.meet("ben")
    message = m.FinishSignIn(
        credential=ben.credential,
        assertion=ben.sign_in(keeper=KEEPER, service="keeper", nonce=nonce),
    )

    ended = crowd.act(anywhere, sign_in_once, [message] * PROCESSES)

    assert Counter(ended) == {"done": 1, "replayed": PROCESSES - 1}
    assert [entry.get("nonce") for entry in anywhere.entries()].count(nonce) == 1
    require_whole(anywhere)


def finish_once(world: World, ticket: str) -> list[str]:
    return [outcome(world.finish, ticket)]


def test_one_import_is_finished_once(anywhere: World, crowd: Crowd) -> None:
    found = anywhere.create_list()
    ticket = anywhere.start_import("ben", found.id).ticket
    anywhere.seal(ticket, ["ann@example.com"])

    ended = crowd.act(anywhere, finish_once, [ticket] * PROCESSES)

    assert Counter(ended) == {"done": 1, "not-found": PROCESSES - 1}
    assert anywhere.events().count("import.finished") == 1
    require_whole(anywhere)


def test_one_name_is_one_lists(anywhere: World, crowd: Crowd) -> None:
    ended = crowd.act(anywhere, create_once, ["spring"] * PROCESSES)

    assert Counter(ended) == {"done": 1, "already-exists": PROCESSES - 1}
    require_whole(anywhere)


def create_once(world: World, name: str) -> list[str]:
    return [outcome(world.create_list, name)]


def suppress_once(world: World, rows: Rows, position: int) -> list[str]:
    return [outcome(world.suppress, "ben", rows, position)]


def test_suppressions_of_all_are_all_in_the_sum(anywhere: World, crowd: Crowd) -> None:
    rows = anywhere.list_with_rows(PROCESSES + 1)

    ended = crowd.act(anywhere, suppress_once, [rows] * PROCESSES, range(PROCESSES))

    assert Counter(ended) == {"done": PROCESSES}
    require_whole(anywhere)
    copy = anywhere.export("ben", anywhere.granted_export(rows), rows.whole())
    assert [address in copy for address in rows.addresses] == [False] * 8 + [True]


def used(world: World, name: str, measure: Measure) -> int:
    person = world.meet(name).person
    return world.registry.charges.used(person, measure, now=world.now)
