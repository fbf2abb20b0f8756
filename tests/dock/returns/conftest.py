"""A campaign to the list of four, and what comes of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from listkeep.core.mail import Outcome, make_alias
from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.statuses import STATUSES
from listkeep.dock.outlet.returns.book import forget_book, key_of
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.outlet.returns.recording import About, record_returned
from listkeep.dock.outlet.returns.settling import settle_returned
from listkeep.wire.messages import sends as d
from tests.dock.ways import NOON
from tests.fakes.keeper import FakeKeeper


@pytest.fixture(autouse=True)
def _book() -> Iterator[None]:
    """Each test reads the sends of its own keeper."""
    forget_book()
    yield
    forget_book()


@pytest.fixture
def campaign(keeper: FakeKeeper, news: str) -> d.Send:
    """A send that went out to the whole list."""
    return begin_send(keeper, news)


def begin_send(keeper: FakeKeeper, list_id: str) -> d.Send:
    """Begin a send and open every row of the list for it."""
    request = keeper.grant_send(list_id, selection="all")
    keeper.started.add(request)
    tokens = [bytes(t) for t in Entry.objects.values_list("token", flat=True)]
    for at in range(0, len(tokens), d.MAX_ROWS_OPENED):
        rows = entries.find_sealed(list_id, tokens[at : at + d.MAX_ROWS_OPENED])
        keeper.open_for_send(
            d.OpenForSend(request=request, rows=rows, triggers=[""] * len(rows.sealed))
        )
    return keeper.sends[request]


def alias_of(keeper: FakeKeeper, send: d.Send, address: str) -> str:
    return make_alias(key_of(send), keeper.token_of(send.tenant, address))


def settle(keeper: FakeKeeper, **later: float) -> int:
    return settle_returned(
        keeper=keeper,
        clock=lambda: NOON + timedelta(**later),
        keep_on=lambda: True,
    )


def note(
    send: d.Send,
    token: bytes,
    outcome: Outcome,
    *,
    code: str = "",
    how: Returned.How = Returned.How.MAIL,
    **later: float,
) -> bool:
    return record_returned(
        About(send.list, send.request),
        token,
        outcome,
        code,
        how=how,
        now=NOON + timedelta(**later),
    )


def status_of(keeper: FakeKeeper, send: d.Send, address: str) -> str:
    token = keeper.token_of(send.tenant, address)
    entry = entries.get_entry(send.list, token)
    return str(STATUSES[entry.status])
