"""Attackers in the dock's database: no row there gets anybody an address."""

import pytest
from django.db import connection

from listkeep.dock.watch import services
from listkeep.dock.watch.models import Delivery, Notice
from listkeep.dock.watch.outcomes import Outcome, SendError
from tests.dock.ways import DESK, NOON, Clock, Ways, deliver, follow
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ways() -> Ways:
    return Ways()


def only() -> Delivery:
    return Delivery.objects.get()


def plant(contact: str, about: str, *, kind: str = "mail") -> None:
    Delivery.objects.create(
        id=f"m_{contact}_{about}",
        contact=contact,
        name="planted",
        kind=kind,
        about=about,
        next_at=NOON,
        created_at=NOON,
        changed_at=NOON,
    )


@pytest.mark.parametrize("about", ["0", "1", "7", "99999999999"])
def test_a_planted_delivery_gets_nobody_an_address(
    keeper: FakeKeeper, ways: Ways, clock: Clock, about: str
) -> None:
    keeper.add_contact("desk", DESK)
    keeper.add_contact("elsewhere", "desk@other.example", tenant="other")
    keeper.tell(tenant="acme")
    plant("d_elsewhere", about)

    deliver(keeper, ways, clock)

    assert ways.told == []
    assert (only().state, only().outcome) == ("failed", "not-told")


def test_a_planted_contact_or_notice_gets_nobody_an_address(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    Notice.objects.create(index=4, event="releases.frozen", severity="alarm", at="")
    plant("d_desk", "4")
    plant("d_mallory", "4")
    plant("A MALLORY; --", "4")
    # SQLite takes texts of any length; PostgreSQL leaves so much to plant, no more.
    longest = 5000 if connection.vendor == "sqlite" else 20
    for about in ("yesterday", "", "²", "-", "9" * longest):
        plant("d_desk", about)

    deliver(keeper, ways, clock)

    assert ways.told == []
    assert {row.outcome for row in Delivery.objects.all()} == {"not-told"}


def test_a_planted_kind_or_text_changes_nothing_that_is_told(
    keeper: FakeKeeper, ways: Ways, clock: Clock
) -> None:
    keeper.add_contact("desk", DESK)
    index = keeper.tell()
    plant("d_desk", str(index), kind="webhook")
    Notice.objects.create(index=index, event="<a href=x>", severity="x", at="now")

    Delivery.objects.update(id="call +1 555 0100 and say your password")

    assert deliver(keeper, ways, clock) == 1
    assert ways.told == [(services.delivery_id("d_desk", str(index)), DESK)]


def test_no_destination_is_left_in_the_database_or_the_log(
    keeper: FakeKeeper,
    ways: Ways,
    clock: Clock,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook = "https://canary.hooks.example/secret-path"
    keeper.add_contact("desk", "canary.desk@acme.example")
    keeper.add_contact("hook", hook, kind="webhook")
    for fault in (None, SendError(Outcome.REFUSED), RuntimeError(hook)):
        keeper.tell()
        if fault:
            ways.faults = {hook: fault, "canary.desk@acme.example": fault}
        follow(keeper, clock)
        deliver(keeper, ways, clock)

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - our tables
            assert "canary" not in repr(cursor.fetchall())
    assert "canary" not in "".join(capfd.readouterr()) + caplog.text
