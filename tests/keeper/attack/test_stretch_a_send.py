"""Somebody has the dock while a send goes on: its key, its database, its memory.

What it gets is what is left of the cap, each row of it counted in the ledger first. The
rest of the list, other lists and later days stay closed.
"""

from collections.abc import Callable

import pytest

from listkeep.core.errors import RefusedError
from listkeep.core.sealing import SealedRow
from listkeep.keeper.gate.decisions import requests, showing
from listkeep.keeper.gate.endpoint import Call
from listkeep.keeper.gate.models import SendOpening, Suppression
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.release import blocked, watches
from listkeep.wire import messages as m
from tests.keeper.instance import refusal, service_key
from tests.keeper.mailing import (
    begin,
    close,
    codes,
    finish,
    grant_send,
    leased,
    names,
    open_rows,
    read,
    send_of,
    sign,
    spool,
    with_sending,
)
from tests.keeper.sending import ask_send
from tests.keeper.world import Rows, World, batch_of


class Clock:
    """A monotonic clock that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(watches, "time", found)
    monkeypatch.setattr(blocked, "time", found)
    return found


def told(world: World, request: str, rows: Rows) -> set[str]:
    return {
        row.address for row in open_rows(world, request, rows.whole()) if row.address
    }


# --- more than the cap ---


def test_it_gets_the_cap_and_every_row_of_it_was_in_the_ledger_before(
    anywhere: World,
) -> None:
    rows = with_sending(anywhere, 40)
    request = send_of(anywhere, rows, 10)
    found: set[str] = set()

    for shift in range(0, 40, 7):
        order = [(shift + place) % 40 for place in range(40)]
        opened = open_rows(anywhere, request, rows.batch(*order))
        found |= {row.address for row in opened if row.address}
        anywhere.restart()

    assert len(found) == leased(anywhere, request) == 10


def test_two_requests_do_not_open_one_row_more_than_both_were_signed_for(
    world: World,
) -> None:
    rows = with_sending(world, 10)
    first, second = send_of(world, rows, 2), send_of(world, rows, 3)

    assert len(told(world, first, rows)) == 2
    assert len(told(world, second, rows)) == 3


def test_rows_do_not_become_free_by_what_it_writes_into_the_table(
    world: World,
) -> None:
    """It copies, moves and invents marks of opened rows, as if all had been opened."""
    rows = with_sending(world, 300)
    other, request = send_of(world, rows, 250), send_of(world, rows, 3)
    assert codes(open_rows(world, other, rows.batch(*range(250)))) == [""] * 250
    close(world, other, waiting=names(rows, *range(250)))
    tag = int(world.registry.sends[request].tag, 16)
    marks = list(SendOpening.objects.values_list("key", flat=True))
    assert len(marks) == 250

    SendOpening.objects.bulk_create(
        [SendOpening(send=tag, key=bytes(key)) for key in marks]
        + [SendOpening(send=tag, key=row.token) for row in rows.sealed]
    )

    assert len(told(world, request, rows_from(rows, 0, 250))) == 3


def rows_from(rows: Rows, start: int, stop: int) -> Rows:
    return Rows(rows.list_id, rows.addresses[start:stop], rows.sealed[start:stop])


# --- rows that do not belong ---


def test_no_row_opens_that_is_edited_swapped_invented_or_of_another_list(
    world: World,
) -> None:
    rows = with_sending(world, 3)
    other = world.list_with_rows(3, "other")
    request = send_of(world, rows, 3)
    mine, theirs = rows.sealed[0], rows.sealed[1]
    bad = [
        mine._replace(facets='["free"]'),
        mine._replace(token=theirs.token),
        mine._replace(position=1),
        mine._replace(batch_id=bytes(12)),
        mine._replace(sealed=mine.sealed[:-1] + bytes([mine.sealed[-1] ^ 1])),
        mine._replace(sealed=b""),
        theirs._replace(sealed=mine.sealed),
        SealedRow(bytes(16), bytes(12), 0, b"\x02" + bytes(60), "[]"),
        other.sealed[0],
    ]

    for row in bad:
        assert codes(open_rows(world, request, batch_of([row]))) == ["row-invalid"]

    assert codes(open_rows(world, request, batch_of([*bad, mine]))) == [
        *["row-invalid"] * len(bad),
        "",
    ]
    refused = [e for e in world.entries() if e["event"] == "release.refused"]
    assert {(e["what"], e["code"], e["request"]) for e in refused} == {
        ("send", "row-invalid", request)
    }
    assert len(refused) == 1, "a trace of it, and no way to fill the ledger"


def test_an_old_row_of_somebody_who_left_the_segment_does_not_open_as_new(
    world: World,
) -> None:
    """The row from before does open: it is genuine. The new one alone says free."""
    rows = with_sending(world, 1)
    ticket = world.start_import("ben", rows.list_id).ticket
    sealed = world.seal(ticket, rows.addresses, '["free"]')
    world.finish(ticket, updated=1)
    newer = world.rows_of(rows.list_id, rows.addresses, sealed, '["free"]')
    request = send_of(world, rows, 3, selection='plan = "pro"')

    bent = newer.sealed[0]._replace(facets='["pro"]')

    assert codes(open_rows(world, request, newer.whole())) == ["row-invalid"]
    assert codes(open_rows(world, request, batch_of([bent]))) == ["row-invalid"]


def test_who_is_suppressed_does_not_open_though_the_table_was_edited(
    world: World, clock: Clock
) -> None:
    rows = with_sending(world, 3)
    world.suppress("app", rows, 0)
    request = send_of(world, rows, 3)
    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", "", ""]

    Suppression.objects.all().delete()
    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", "", ""]
    world.restart()
    assert refusal(open_rows, world, request, rows.whole()) == "ledger-invalid"
    clock.now += 60
    assert refusal(open_rows, world, request, rows.whole()) == "ledger-invalid"


def test_an_edit_of_what_was_suppressed_since_is_noticed_within_seconds(
    world: World, clock: Clock
) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    open_rows(world, request, rows.whole())
    world.suppress("app", rows, 0)
    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", "", ""]

    Suppression.objects.all().delete()
    clock.now += 5.1

    for later in (0, 0.5, 1.1, 6, 61):
        clock.now += later
        assert refusal(open_rows, world, request, rows.whole()) == "ledger-invalid"


def test_once_the_table_is_put_right_rows_open_again(
    world: World, clock: Clock
) -> None:
    rows = with_sending(world, 3)
    world.suppress("app", rows, 0)
    request = send_of(world, rows, 3)
    kept = list(Suppression.objects.all())
    Suppression.objects.all().delete()
    world.restart()
    assert refusal(open_rows, world, request, rows.whole()) == "ledger-invalid"

    Suppression.objects.bulk_create(kept)
    clock.now += 6

    assert codes(open_rows(world, request, rows.whole())) == ["suppressed", "", ""]


# --- when it should have ended ---


def elsewhere(world: World, name: str, view: m.RequestView, decision: str) -> None:
    """Sign in another process of the keeper, with a registry of its own."""
    message = m.SubmitStatement(
        request=view.id, assertion=world.statement(name, view, decision)
    )
    requests.submit_statement(Gate(world.gate.store), message, now=world.now)


def heard(world: World) -> None:
    """Have the process hear what others recorded, as each of its calls does."""
    with world.gate.look():
        pass


def freeze(world: World, _request: str) -> None:
    view = world.draft("ada", "freeze", {"classes": "campaigns"})
    elsewhere(world, "ada", view, "request")


def freeze_everything(world: World, _request: str) -> None:
    view = world.draft("cleo", "freeze", {"classes": "campaigns"})
    elsewhere(world, "cleo", view, "request")


def deny(world: World, request: str) -> None:
    [view] = [v for v in shown(world) if v.id == request]
    elsewhere(world, "amir", view, "deny")


def revoke_the_route(world: World, _request: str) -> None:
    view = world.draft("cleo", "route.revoke", {"id": "x_routerouterw"})
    elsewhere(world, "cleo", view, "request")
    elsewhere(world, "cyrus", view, "approve")


def revoke_the_domain(world: World, _request: str) -> None:
    view = world.draft("ada", "domain.revoke", {"id": "m_domaindomain"})
    elsewhere(world, "ada", view, "request")
    elsewhere(world, "amir", view, "approve")


def revoke_the_person(world: World, _request: str) -> None:
    person = world.people["ben"].person
    view = world.draft("ada", "person.revoke", {"id": person})
    elsewhere(world, "ada", view, "request")


def shown(world: World) -> list[m.RequestView]:
    message = m.ShowRequest(session=world.session("amir"))
    found = showing.show_requests(world.gate, message, service="keeper", now=world.now)
    return list(found.requests)


AT_ONCE = [freeze, freeze_everything, deny, revoke_the_route, revoke_the_domain]


@pytest.mark.parametrize("stop", AT_ONCE, ids=lambda stop: stop.__name__)
def test_what_stops_it_in_another_process_stops_the_next_row(
    anywhere: World, clock: Clock, stop: Callable[[World, str], None]
) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows, 3)
    assert codes(open_rows(anywhere, request, rows.batch(0))) == [""]

    stop(anywhere, request)
    heard(anywhere)

    assert codes(open_rows(anywhere, request, rows.batch(0, 1))) in (
        ["frozen"] * 2,
        ["not-granted"] * 2,
    )
    assert refusal(sign, anywhere, request) in ("frozen", "not-granted")
    clock.now += 2
    assert set(codes(open_rows(anywhere, request, rows.batch(0, 1)))) != {""}


def test_who_was_sent_away_stops_the_rows_a_second_later(
    anywhere: World, clock: Clock
) -> None:
    rows = with_sending(anywhere, 3)
    request = send_of(anywhere, rows, 3)
    open_rows(anywhere, request, rows.batch(0))

    revoke_the_person(anywhere, request)
    heard(anywhere)
    clock.now += 1.1

    assert codes(open_rows(anywhere, request, rows.batch(0, 1))) == ["not-granted"] * 2


def test_a_send_that_nobody_stopped_is_decided_anew_each_minute(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_sending(world, 3)
    request = send_of(world, rows, 3)
    decided: list[int] = []
    real = watches.require_sending

    def count(*arguments: object, **facts: object) -> object:
        decided.append(1)
        return real(*arguments, **facts)  # type: ignore[arg-type]

    open_rows(world, request, rows.batch(0))
    monkeypatch.setattr(watches, "require_sending", count)
    for _ in range(50):
        open_rows(world, request, rows.batch(0))
    assert len(decided) <= 1, "not for each call"

    decided.clear()
    clock.now += 61
    open_rows(world, request, rows.batch(0))
    assert decided == [1]


def test_it_cannot_begin_or_reopen_a_send_by_itself(world: World) -> None:
    rows = with_sending(world, 3)
    granted = grant_send(world, rows)
    waiting = ask_send(world, rows).id

    for request in (granted, waiting, "r_inventedinve"):
        assert refusal(open_rows, world, request, rows.whole()) == "not-found"
        assert refusal(sign, world, request) == "not-found"
        assert refusal(finish, world, request) == "not-found"
    begin(world, granted)
    finish(world, granted)
    assert codes(open_rows(world, granted, rows.batch(0))) == ["replayed"]


# --- from elsewhere ---


@pytest.mark.parametrize("name", ["console", "app", "intake"])
def test_no_other_service_opens_rows(world: World, name: str) -> None:
    class Line:
        headers = {"authorization": f"Bearer {service_key(name)}"}  # noqa: RUF012

    with pytest.raises(RefusedError):
        Call(Line()).service("dock")  # type: ignore[arg-type]


# --- what is left lying about ---


@pytest.fixture
def sent(world: World) -> tuple[World, Rows]:
    rows = with_sending(world, 256)
    request = send_of(world, rows, 250)
    open_rows(world, request, rows.whole())
    sign(world, request)
    read(world)
    return world, rows


def test_neither_files_nor_ledger_have_an_address_or_a_token(
    sent: tuple[World, Rows],
) -> None:
    world, rows = sent
    files = [*spool(world).iterdir(), *world.home.glob("keeper.sqlite3*")]
    lying = b"".join(path.read_bytes() for path in files)
    ledger = str(world.entries())

    assert len(files) > 1
    for position in (0, 17, 249):
        token = rows.sealed[position].token
        assert token not in lying
        assert rows.addresses[position].encode() not in lying
        assert rows.addresses[position] not in ledger
        assert token.hex() not in ledger
