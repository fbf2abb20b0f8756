"""Activity by the hour: what is counted, how far back, and where each bar leads."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from listkeep.core.canonical import encode
from listkeep.wire import messages as m
from tests.console.conftest import Buildings, Desk

NOW = datetime.now(UTC)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)


def entry(index: int, event: str, at: datetime, **about: str) -> m.LedgerEntry:
    body = encode({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "event": event, **about})
    return m.LedgerEntry(index=index, leaf=b"\0" * 32, body=body)


class Ledger:
    """A ledger that remembers how much of it was read."""

    def __init__(self, entries: list[m.LedgerEntry]) -> None:
        self.entries = entries
        self.read: list[tuple[int, int]] = []

    def health(self) -> m.Health:
        size = len(self.entries)
        return m.Health(version="0", keeper="k", profile="demo", ledger_size=size)

    def read_ledger(self, message: m.ReadLedger) -> m.LedgerPage:
        self.read.append((message.start, message.limit))
        page = self.entries[message.start : message.start + message.limit]
        return m.LedgerPage(entries=tuple(page), checkpoint=b"", ledger_key="")


def put(
    buildings: Buildings, monkeypatch: pytest.MonkeyPatch, *entries: m.LedgerEntry
) -> Ledger:
    ledger = Ledger(list(entries))
    for name in ("health", "read_ledger"):
        monkeypatch.setattr(buildings, name, getattr(ledger, name))
    return ledger


def test_each_hour_counts_its_entries_and_leads_to_the_newest_of_them(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = timedelta(hours=1)
    events = (
        ("list.opened", THIS_HOUR - 3 * hour),
        ("request.made", THIS_HOUR - 3 * hour),
        ("release.refused", THIS_HOUR - 3 * hour),
        ("request.denied", THIS_HOUR - hour),
    )
    entries = [entry(n, event, at) for n, (event, at) in enumerate(events)]
    hidden = m.LedgerEntry(index=4, leaf=b"\0" * 32, body=b"")
    put(buildings, monkeypatch, *entries, hidden)

    text = ada.get("/activity/hours").content.decode()
    [*_, early, _, late, _] = csv.reader(
        io.StringIO(ada.get("/activity/hours?as=csv").content.decode())
    )

    assert (early[1:], late[1:]) == (["3", "1"], ["1", "1"])
    assert text.count('class="whole"') == 2
    assert text.count('/activity?before=3"') == 2  # in picture and table
    assert text.count('/activity?before=4"') == 2


def test_one_kind_is_counted_alone(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = ("list.opened", "request.made", "request.made")
    put(buildings, monkeypatch, *(entry(n, e, NOW) for n, e in enumerate(events)))

    [*_, last] = csv.reader(
        io.StringIO(
            ada.get("/activity/hours?event=request.made&as=csv").content.decode()
        )
    )

    assert last[1:] == ["2", "0"]


ABOUT = {"list": "l_news", "person": "p_ada", "request": "r_1"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", 4),
        ("?list=l_news", 2),
        ("?who=p_ada", 2),
        ("?who=s_shop", 1),
        ("?request=r_1", 1),
        ("?list=l_news&who=p_ada&event=request.made", 1),
        ("?list=l_other&who=p_ada", 0),
        ("?who=" + "x" * 5_000, 0),
    ],
)
def test_entries_are_found_by_list_person_and_request(
    *,
    ada: Desk,
    buildings: Buildings,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    found: int,
) -> None:
    entries = [
        entry(0, "request.made", NOW, **ABOUT),
        entry(1, "list.opened", NOW, list="l_news", principal="s_shop"),
        entry(2, "session.started", NOW, person="p_ada"),
        entry(3, "request.made", NOW, request="r_2"),
    ]
    put(buildings, monkeypatch, *entries)

    lines = ada.get(f"/activity{asked or '?'}{'&' if asked else ''}as=csv").content
    hours = ada.get(f"/activity/hours{asked or '?'}{'&' if asked else ''}as=csv")

    assert len(lines.splitlines()) - 1 == found
    counted = csv.DictReader(io.StringIO(hours.content.decode()))
    assert sum(int(row["entries"]) for row in counted) == found
    if found:  # and the page goes on to show those that are looked for, no others
        assert b"every 4s" in ada.get(f"/activity{asked}").content
    newer = ada.get(f"/activity/newer?after=0&looks=1&{asked[1:]}").content
    assert newer.count(b"<tr>") == found
    assert all(each[:20].encode() in newer for each in asked[1:].split("&"))


def test_what_is_looked_for_stays_on_the_way_back(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [entry(n, "list.opened", NOW, list="l_news") for n in range(60)]
    put(buildings, monkeypatch, *entries)

    text = ada.get("/activity?list=l_news").content.decode()

    assert 'href="?before=10&amp;list=l_news"' in text
    assert '<option value="l_news" selected>' in text
    assert "/activity?list=l_news" in ada.get("/lists/news").content.decode()


def test_a_long_ledger_is_read_until_two_days_back_and_no_further(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [entry(n, "list.opened", NOW - timedelta(days=9)) for n in range(1500)]
    new = [entry(1500 + n, "list.opened", NOW) for n in range(700)]
    ledger = put(buildings, monkeypatch, *old, *new)

    text = ada.get("/activity/hours").content.decode()

    assert ledger.read == [(1200, 1000)]
    assert "at most 700 in an hour" in text
    assert "as far as" not in text


def test_a_busy_ledger_is_told_as_far_as_it_was_read(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever floods the ledger makes a picture incomplete, and no page slow."""
    put(buildings, monkeypatch, *[entry(n, "list.opened", NOW) for n in range(4100)])

    text = ada.get("/activity/hours").content.decode()

    assert "as far as the newest 4,000 entries of the ledger reach" in text


def test_it_comes_as_a_part_of_the_page_of_activity(
    ada: Desk, buildings: Buildings
) -> None:
    part = ada.get("/activity/hours", **{"hx-request": "true"}).content

    assert b"<html" not in part
    assert b"Nothing that is yours to read" in part
    assert b'hx-get="/activity/hours"' in ada.get("/activity").content
    buildings.role = ("view",)
    assert b"/activity/hours" not in ada.get("/activity").content
