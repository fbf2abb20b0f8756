"""Messages from before there were counts are counted when the dock is brought up."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from listkeep.core.segments import Schema
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.progress import count_outcomes, count_providers
from listkeep.dock.outlet.tallying import find_differences
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

FACETS = ["plan:text", "provider:text"]
NOON = 1_767_614_400


@pytest.fixture
def before() -> Iterator[None]:
    """Be where messages were counted by looking at each."""
    yield
    migrate()


def migrate(*target: str) -> None:
    call_command("migrate", "outlet", *target, verbosity=0)


def test_messages_from_before_are_counted_with_who_kept_their_mailboxes(
    keeper: FakeKeeper, ada: Api, before: None
) -> None:
    list_id = ada.open_list("old", FACETS)
    people = [f"p{n}@gmail.com" for n in range(6)]
    file = "E-mail,Plan\n" + "".join(f"{each},pro\n" for each in people)
    ada.send(list_id, file.encode(), mapping={"address": "E-mail", "plan": "Plan"})
    MailMerge.objects.create(
        list_id=list_id,
        request="r_old",
        principal="ada",
        facets=FACETS,
        created_at="2026-01-05T12:00:00Z",
        changed_at="2026-01-05T12:00:00Z",
    )
    migrate("0002_delivery")
    tokens = [keeper.token_of("acme", each) for each in people]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO mail_delivery (list_id, request, token, trigger, state, reply,"
            " code, attempts, holder, at)"
            " VALUES (%s, %s, %s, %s, 'delivered', 250, '2.0.0', 1, '', %s)",
            [
                (list_id, "r_old", token, "welcome" if n % 2 else "", NOON + n)
                for n, token in enumerate(tokens)
            ],
        )

    migrate()

    told = count_outcomes(list_id, "r_old")
    assert told.progress.delivered == 6
    assert told.hours == [(NOON, 6)]
    rows = count_providers(list_id, "r_old", schema=Schema.parse(FACETS))
    assert rows is not None
    assert [(row.provider, row.delivered) for row in rows] == [("gmail", 6)]
    assert [(each.trigger, each.delivered) for each in told.triggers] == [
        ("welcome", 3)
    ]
    assert find_differences(list_id, "r_old") == {}
