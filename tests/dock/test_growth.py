"""How a list grew: by day, and no more than its history tells."""

from django.utils import timezone

from listkeep.dock.lists.models import Change
from tests.dock.conftest import Api

DAY = 86_400


def changed(
    list_id: str, *, days_ago: int, kind: str = "import", **counts: int
) -> None:
    """Write a change of a list."""
    number = Change.objects.filter(list_id=list_id).count() + 1
    at = int(timezone.now().timestamp()) - days_ago * DAY
    Change.objects.create(
        list_id=list_id, number=number, kind=kind, at=at, who="ada", **counts
    )


def growth(api: Api, list_id: str, days: int = 90) -> list[tuple[int, int, int]]:
    told = api.get(f"/lists/{list_id}", days=str(days)).json["growth"]
    return [(day["added"], day["changed"], day["removed"]) for day in told]


def test_a_list_tells_what_changed_it_on_each_day(ada: Api) -> None:
    list_id = ada.open_list()
    changed(list_id, days_ago=200, added=9_000)
    changed(list_id, days_ago=3, added=4_000, updated=10)
    changed(list_id, days_ago=3, added=2_000)
    changed(list_id, days_ago=1, kind="status", updated=7)
    changed(list_id, days_ago=1, kind="erase", removed=1)

    assert growth(ada, list_id) == [(6_000, 0, 0), (0, 7, 1)]
    assert growth(ada, list_id, days=2) == [(0, 7, 1)]
    assert growth(ada, list_id, days=0) == []


def test_who_imports_one_row_learns_nothing_from_the_day(ada: Api, news: str) -> None:
    before = growth(ada, news)

    ada.fill(news, "anna@example.com,pro,DE,Anna")  # she is there
    known = growth(ada, news)
    ada.fill(news, "nobody@example.com,pro,DE,Nobody")  # he is not

    assert before == known == growth(ada, news) == [(0, 0, 0)]


def test_a_service_is_not_told_how_a_list_grew(app: Api, news: str) -> None:
    told = app.get(f"/lists/{news}", days="90")

    assert told.status == 403 or told.json["growth"] == []


def test_another_tenant_is_not_told_that_there_is_a_list(eve: Api, news: str) -> None:
    assert eve.get(f"/lists/{news}", days="90").status == 404
