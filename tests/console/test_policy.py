"""The policy in words, and one's own budgets beside it."""

import csv
import io

import msgspec

from listkeep.wire.messages import budgets as b
from tests.console.conftest import Buildings, Desk


def row(measure: str = "reveals", *, days: int = 1, hourly: bool = True) -> b.BudgetRow:
    return b.BudgetRow(
        measure=measure, used=1_900, ceiling=2_000, days=days, hourly=hourly
    )


def test_each_budget_is_a_gauge_with_its_numbers(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.budgets = (row(), row("rows_exported", days=30, hourly=False))

    page = ada.get("/settings").content.decode()

    assert page.count("<meter") == 2
    assert 'max="2000" high="1800" optimum="0" value="1900"' in page
    assert "1,900</td>" in page
    assert "in a day, half of it in an hour" in page
    assert "in 30 days" in page


def test_beside_a_gauge_is_a_line_and_behind_it_a_table_and_a_file(
    ada: Desk, buildings: Buildings
) -> None:
    used = msgspec.structs.replace(row(), by_day=(*[0] * 28, 40, 60))
    lost = row("look_ups")  # of this one the keeper does not know it
    buildings.budgets = (used, lost)

    page = ada.get("/settings").content.decode()

    assert page.count('class="spark"') == 1
    days = page.partition('id="by-day"')[2].partition("</details>")[0]
    assert days.count("<tr>") == 3
    assert ">60</td>" in days
    file = io.StringIO(ada.get("/settings?as=budgets").content.decode())
    (_, first, second) = csv.reader(file)
    assert (first[2:6], len(first)) == (["1900", "2000", "60", "40"], 34)
    assert set(second[4:]) == {"0"}


def test_who_may_open_nothing_has_no_gauge(ada: Desk) -> None:
    page = ada.get("/settings").content.decode()

    assert "<meter" not in page
    assert "What you used" not in page


def test_a_budget_of_a_newer_keeper_is_shown_by_its_code(
    ada: Desk, buildings: Buildings
) -> None:
    buildings.budgets = (row("<b>postcards</b>", hourly=False),)

    assert b"&lt;b&gt;postcards&lt;/b&gt;" in ada.get("/settings").content
