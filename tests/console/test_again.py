"""What ends soon is told before mail stops, and asked for anew without typing it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from listkeep.console.desk.again import SOON, find_ending
from listkeep.core.canonical import encode
from listkeep.core.grants import Terms
from listkeep.wire import messages as m
from tests.console.conftest import KEPT, Buildings, Desk
from tests.console.test_sends import SUBJECT, view_of

NOW = datetime.now(UTC).replace(microsecond=0)


def going(
    *, left: timedelta, counted: str = "", kind: str = "standing"
) -> m.RequestView:
    subject = {**SUBJECT, "kind": kind, "templates": KEPT.digest}
    if kind == "standing":
        subject["triggers"] = "basket welcome"
    terms = replace(
        Terms.parse(view_of().terms),
        subject=encode(subject).decode(),
        not_before=NOW + left - timedelta(days=7),
        expires=NOW + left,
    )
    return msgspec.structs.replace(
        view_of({"counted": counted or "0"}), terms=terms.format()
    )


@pytest.mark.parametrize(
    ("view", "is_told"),
    [
        (going(left=SOON - timedelta(minutes=1)), True),
        (going(left=SOON + timedelta(minutes=1)), False),
        (going(left=2 * SOON, counted="89"), False),
        (going(left=2 * SOON, counted="90"), True),
        (going(left=timedelta(days=1), kind="campaign"), False),
    ],
)
def test_a_standing_send_is_told_of_before_its_mail_stops(
    view: m.RequestView, *, is_told: bool
) -> None:
    ended = msgspec.structs.replace(view, facts={**view.facts, "ended": "2026-01-05"})
    waiting = msgspec.structs.replace(view, state="waiting")

    assert bool(find_ending([view], now=NOW)) == is_told
    assert not find_ending([ended, waiting], now=NOW)
    assert not find_ending([view], now=NOW + 2 * SOON + timedelta(minutes=1))


def test_the_desk_leads_to_a_form_that_knows_all_but_the_days(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.requests = (going(left=timedelta(days=2)),)
    text = ada.get("/").content.decode()
    assert "Ends soon" in text

    place = text.partition('<a href="/lists/l_news/standing?')[2].partition('"')[0]
    form = ada.get(f"/lists/news/standing?{place.replace('&amp;', '&')}").content

    for words in ('value="basket welcome"', 'value="100"', 'value="500"', " checked"):
        assert words.encode() in form
    assert b"plan = &quot;pro&quot;" in form
    assert b'value="spring offers"' in form


def test_another_campaign_counts_anew_who_is_written_to(
    ada: Desk, buildings: Buildings
) -> None:
    """A cap of last month would leave out whoever joined since."""
    buildings.requests = (going(left=timedelta(days=2), kind="campaign"),)

    text = ada.get("/sends/r_spring").content.decode()

    place = text.partition('href="/lists/l_news/send?')[2].partition('"')[0]
    asked = parse_qs(urlsplit(f"?{place.replace('&amp;', '&')}").query)
    assert asked["segment"] == ['plan = "pro"']
    assert "cap" not in asked


def test_who_may_not_send_is_offered_no_other_one(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.requests = (going(left=timedelta(days=2)),)
    buildings.role = ("view", "administer")

    assert b"another like it" not in ada.get("/").content
    assert b"another like it" not in ada.get("/sends/r_spring").content
