"""Lists at a glance, and who can do what with one of them."""

import csv
import io

import msgspec
import pytest

from tests.console.conftest import Buildings, Desk
from tests.console.everything import fill
from tests.console.test_sends import view_of

SHOP = {"id": "s_shop", "name": "shop", "kind": "app"}


def test_a_row_of_the_lists_says_what_is_in_it_and_what_changed_it(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(buildings, monkeypatch)

    page = ada.get("/lists").content.decode()

    (tiny,) = page.split('class="tiny"')[1:]
    assert 'href="/lists/l_news#facets">plan<svg' in tiny
    assert '<a href="/lists/l_news/history">import</a>' in page
    assert ", ada</small>" in page
    assert '<a href="/lists/l_news#who">3</a>' in page


def test_a_dock_that_counts_nothing_leaves_the_names_of_facets(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.away("count_facets", "read_history")

    page = ada.get("/lists").content.decode()

    assert '<span class="tag">plan:text</span>' in page
    assert "12,345" in page


def test_an_owner_sees_who_can_do_what_with_a_list(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(buildings, monkeypatch)
    buildings.services = (SHOP,)

    page = ada.get("/lists/news").content.decode()
    _, person, shop, support = csv.reader(
        io.StringIO(ada.get("/lists/news?as=who").content.decode())
    )

    assert person[:2] == ["ada", "owner"]
    assert "export" in person[2]
    assert shop[:2] == ["shop", "app"]
    assert "opens nothing" in shop[2]
    assert support[2] == "look up, view"
    assert '<a href="/activity?list=l_news&amp;who=s_shop"' in page


def test_who_may_not_know_people_is_told_of_none_of_them(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.role = ("view", "send")

    assert b'id="who"' not in ada.get("/lists/news").content
    assert ada.get("/lists/news?as=who").status_code == 404
    assert b"#who" not in ada.get("/lists").content


def test_a_keeper_that_is_away_leaves_no_empty_table_of_people(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.away("show_registry")

    assert b"not running or not reachable" in ada.get("/lists/news").content
    assert ada.get("/lists/news?as=who").status_code == 503


def test_the_desk_tells_what_waits_for_me_from_what_waits_for_others(
    ada: Desk, buildings: Buildings
) -> None:
    waiting = msgspec.structs.replace(
        view_of(), state="waiting", signed_by=("ben (x)",)
    )
    mine = msgspec.structs.replace(waiting, id="r_mine", awaits_you=True)
    others = msgspec.structs.replace(waiting, id="r_others")
    buildings.requests = (mine, others)

    page = ada.get("/").content.decode()

    first, _, rest = page.partition('id="elsewhere"')
    assert "/requests/r_mine" in first
    assert "/requests/r_others" not in first
    assert "/requests/r_others" in rest
    assert "Desk (1)" in page


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/lists/news/copy", '<a href="/lists/l_news?segment=all"><b>12,345</b></a>'),
        ("/lists/news/send/count", '"><b>12,345</b></a>'),
        ("/lists/news", "subscribed <b>12,000</b></a>"),
        ("/sends/r_spring", "delivered <b>5</b></a>"),
        (
            "/sends/r_spring/providers",
            '<a href="/lists/l_news?segment=provider+%3D+%22mail.example%22">',
        ),
    ],
)
def test_a_number_leads_to_what_it_counts(
    *,
    ada: Desk,
    buildings: Buildings,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    link: str,
) -> None:
    fill(buildings, monkeypatch)

    assert link in ada.get(path).content.decode()


@pytest.mark.parametrize("path", ["/", "/lists", "/requests", "/activity", "/freeze"])
def test_without_a_keeper_a_page_says_what_to_start(
    ada: Desk, buildings: Buildings, path: str
) -> None:
    buildings.away("who_am_i")

    answer = ada.get(path)

    assert answer.status_code == 503
    assert b"not running or not reachable" in answer.content
    assert b"listkeep up" in answer.content
