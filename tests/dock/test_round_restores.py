"""Ben imports one guess, and looks by undoing it whether the address was known."""

from collections.abc import Iterator
from typing import Any

import pytest

from listkeep.dock.intake import queries
from listkeep.dock.lists.moments import Moment, Preview
from tests.dock.conftest import Api
from tests.dock.taking_back import Clock, preview, still_clock, take_back


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with still_clock() as clock:
        yield clock


def looked_at(clock: Clock, ada: Api, list_id: str, address: str) -> dict[str, Any]:
    """Import a guess, look at undoing it, undo it, and see what is told of that."""
    moment = clock.tick(60)
    ada.fill(list_id, f"{address},pro,DE,Who")
    clock.tick(60)
    seen = preview(ada, list_id, moment).json
    done = take_back(ada, list_id, moment).json
    change = ada.get(f"/lists/{list_id}/history").json["changes"][0]
    clock.tick(60)
    told = {f"seen {name}": value for name, value in seen.items()}
    told |= {f"done {name}": value for name, value in done.items()}
    told |= {f"change {name}": value for name, value in change.items()}
    names = ("id", "moment", "at", "latest", "number", "source", "to")
    return {k: v for k, v in told.items() if k.split(" ")[1] not in names}


def test_undoing_a_guess_tells_nothing_of_whether_it_was_known(
    clock: Clock, ada: Api, news: str
) -> None:
    new = looked_at(clock, ada, news, "nobody@example.com")
    known = looked_at(clock, ada, news, "anna@example.com")

    assert new.pop("seen facets") == {}
    assert set(known.pop("seen facets").values()) <= {0}
    assert new == known
    assert new["seen rounded"] is new["done rounded"] is new["change rounded"] is True
    assert new["seen rows"] == 10, "which is enough to ask for, and no less"


def test_of_many_the_numbers_are_exact() -> None:
    found = Preview(Moment(0, 1, 2, 1), come_back=3, change=900, go=97)
    found.facets["plan"] = 7

    told = queries.tell_preview(found)
    assert (told.come_back, told.change, told.go) == (3, 900, 97)
    assert (told.rows, told.facets, told.rounded) == (1000, {"plan": 7}, False)
    found.go -= 1
    told = queries.tell_preview(found)
    assert (told.come_back, told.change, told.go) == (0, 900, 100)
    assert (told.rows, told.facets, told.rounded) == (1000, {"plan": 10}, True)
