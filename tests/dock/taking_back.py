"""A list, its history, and the clock that the tests of both move."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.utils import timezone

from listkeep.core.grants import format_time
from listkeep.dock.lists.models import Entry
from listkeep.dock.lists.statuses import STATUSES
from tests.dock.conftest import Answer, Api

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: int = 1) -> str:
        """Go on, and write the time that was."""
        before = format_time(self.now)
        self.now += timedelta(seconds=seconds)
        return before


@contextmanager
def still_clock() -> Iterator[Clock]:
    clock = Clock()
    with patch.object(timezone, "now", clock):
        yield clock


def change_people(clock: Clock, api: Api, list_id: str) -> str:
    """Change Anna and have Emil and Fred come; give the time before all that."""
    moment = clock.tick(60)
    api.fill(
        list_id,
        "anna@example.com,free,FR,Anne",
        "emil@example.com,pro,DE,Emil",
        "fred@example.com,pro,DE,Fred",
    )
    clock.tick(60)
    return moment


def preview(
    api: Api, list_id: str, moment: str, *, before: int | None = None
) -> Answer:
    named = {} if before is None else {"before": str(before)}
    return api.get(f"/lists/{list_id}/restore-preview", to=moment, **named)


def begin(api: Api, list_id: str, moment: str, **body: object) -> Answer:
    page = api.get(f"/lists/{list_id}/history").json["changes"]
    latest = page[0]["number"] if page else 0
    body = {"to": moment, "latest": latest, **body}
    return api.post(f"/lists/{list_id}/restores", body)


def take_back(api: Api, list_id: str, moment: str, **body: object) -> Answer:
    begun = begin(api, list_id, moment, **body)
    assert begun.status == 201, begun.content
    return api.post(f"/restores/{begun.json['id']}/run", {})


def statuses(list_id: str) -> dict[bytes, str]:
    rows = Entry.objects.filter(list_id=list_id)
    return {bytes(row.token): STATUSES[row.status].value for row in rows}


def facets(api: Api, list_id: str) -> dict[str, dict[str, object]]:
    return {row["token"]: row["facets"] for row in api.tokens(list_id)}
