"""Whoever adds a row and sees how large a list is learns whether it was new.

A person does: how often, the keeper bounds, in a test of the same name.
No service can do both.
"""

import pytest

from tests.dock.conftest import Api

KNOWN, NEW = "anna@example.com,pro,DE,Anna", "nobody@example.com,pro,DE,Nobody"


@pytest.mark.parametrize(("row", "grown"), [(KNOWN, 0), (NEW, 1)])
def test_a_person_learns_of_one_row_whether_it_was_new(
    ben: Api, news: str, row: str, grown: int
) -> None:
    before = ben.get(f"/lists/{news}").json["entries"]
    ben.fill(news, row)

    assert ben.get(f"/lists/{news}").json["entries"] - before == grown


@pytest.mark.parametrize(
    "path", ["", "/count", "/facets", "/sample", "/tokens", "/history"]
)
def test_an_intake_key_asks_for_the_size_before_and_after(
    intake: Api, news: str, path: str
) -> None:
    intake.fill(news, NEW)

    assert intake.get(f"/lists/{news}{path}").status in (403, 404)


def test_an_application_sees_the_size_and_adds_nothing(app: Api, news: str) -> None:
    assert app.get(f"/lists/{news}").json["entries"] == 4
    answer = app.post(f"/lists/{news}/imports", {})

    assert answer.status == 403
    assert app.get(f"/lists/{news}").json["entries"] == 4
