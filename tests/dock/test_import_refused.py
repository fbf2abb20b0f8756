"""A file or a wish that is refused leaves the list exactly as it was."""

from pathlib import Path

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.dock.lists import bulk
from tests.dock.conftest import HEADER, Api
from tests.fakes.keeper import FakeKeeper

GOOD = f"{HEADER}zoe@example.com,pro,DE,Zoe\n".encode()
FILES = {
    "empty": (b"", "file-empty"),
    "blank": (b"\n\n", "file-empty"),
    "header alone": (HEADER.encode(), "file-no-valid-row"),
    "no header": (b"anna@example.com,pro\n", "file-header"),
    "no address column": (b"Name,Plan\nAnna,pro\n", "file-header"),
    "no valid row": (f"{HEADER}nobody,pro,DE,A\n".encode(), "file-no-valid-row"),
    "facets only bad": (
        f"{HEADER}anna@example.com,a@b,DE,A\n".encode(),
        "file-no-valid-row",
    ),
    "binary": (b"\x7fELF\0\0\0" * 100, "file-binary"),
    "workbook": (b"PK\x03\x04" + bytes(range(256)), "file-binary"),
    "UTF-16 without a mark": (HEADER.encode("utf-16-le"), "file-encoding"),
    "Latin-1": (
        f"{HEADER}anna@example.com,pro,DE,Zo\xe9\n".encode("latin-1"),
        "file-encoding",
    ),
    "long line": (HEADER.encode() + b"x" * 10_000_000, "file-line-too-long"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_list_is_refused_whole(
    keeper: FakeKeeper, ada: Api, news: str, home: Path, name: str
) -> None:
    content, code = FILES[name]
    before = snapshot(news)
    mapping = {} if name == "no address column" else {"address": "E-mail"}
    import_id = ada.begin_import(news, mapping=mapping)

    answer = ada.put(f"/imports/{import_id}/file", content)

    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["hint"]
    assert snapshot(news) == before
    shown = ada.get(f"/imports/{import_id}").json
    assert (shown["state"], shown["code"]) == ("failed", code)
    assert shown["family"] == "malformed"
    assert keeper.tickets["t2"].end is not None
    assert not keeper.tickets["t2"].end.committed
    assert list((home / "staging").iterdir()) == []


def test_a_file_that_goes_bad_late_changes_nothing(ada: Api, news: str) -> None:
    before = snapshot(news)
    rows = "".join(f"u{i}@example.com,pro,DE,U\n" for i in range(10_000))

    answer = ada.send(news, f"{HEADER}{rows}".encode() + b"\xff\xff\n")

    assert answer.json["code"] == "file-encoding"
    assert snapshot(news) == before


def test_a_mapping_to_a_missing_column_is_refused(ada: Api, news: str) -> None:
    answer = ada.send(news, GOOD, mapping={"address": "Courriel"})

    assert (answer.status, answer.json["code"]) == (400, "file-header")


@pytest.mark.parametrize(
    "body",
    [
        {"format": "xlsx"},
        {"mapping": {"address": 7}},
        {"mapping": {"Not A Name": "E-mail"}},
        {"mapping": {"address": "anna@example.com"}},
        {"request": "../../etc"},
        {"files": []},
    ],
)
def test_a_wish_that_does_not_fit_is_refused(
    keeper: FakeKeeper, ada: Api, news: str, body: dict[str, object]
) -> None:
    answer = ada.post(f"/lists/{news}/imports", body)

    assert answer.status == 400
    assert "anna" not in answer.content.decode()
    assert keeper.calls.count("start_import") == 1


def test_an_unknown_list_is_not_found(ada: Api) -> None:
    answer = ada.post("/lists/nowhere/imports", {})

    assert (answer.status, answer.json["code"]) == (404, "not-found")
    assert answer.json["hint"]


def test_facets_that_identify_are_refused_and_named(ada: Api) -> None:
    list_id = ada.open_list(facets=["plan:text", "zip:text"])
    rows = "".join(f"u{i}@example.com,pro,{10_000 + i}\n" for i in range(200))

    answer = ada.send(list_id, f"email,plan,zip\n{rows}".encode(), mapping={})

    assert (answer.status, answer.json["code"]) == (403, "facet-identifies")
    assert "zip" in answer.json["detail"]
    assert snapshot(list_id) == []


def test_many_copies_of_a_row_do_not_hide_an_identifying_facet(ada: Api) -> None:
    list_id = ada.open_list(facets=["zip:text"])
    rows = "".join(f"u{i}@example.com,{10_000 + i}\n" * 5 for i in range(200))

    answer = ada.send(list_id, f"email,zip\n{rows}".encode(), mapping={})

    assert answer.json["code"] == "facet-identifies"


def test_small_files_do_not_add_up_to_an_identifying_list(ada: Api) -> None:
    list_id = ada.open_list(facets=["zip:text"])
    codes = []
    for start in range(0, 200, 50):
        rows = "".join(f"u{i}@example.com,{i}\n" for i in range(start, start + 50))
        answer = ada.send(list_id, f"email,zip\n{rows}".encode(), mapping={})
        codes.append(answer.status)

    assert codes[0] == 200
    assert codes[-1] == 403
    assert len(snapshot(list_id)) < 100


def test_a_signed_import_takes_the_very_file_and_no_other(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.grant_import(news, content=GOOD, rows=10)
    before = snapshot(news)

    other = ada.send(news, GOOD.replace(b"zoe", b"mia"), request=request)
    same = ada.send(news, GOOD, request=request)

    assert (other.status, other.json["code"]) == (400, "file-mismatch")
    assert same.status == 200
    assert len(snapshot(news)) == len(before) + 1


def test_more_rows_than_permitted_change_nothing(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.import_budget = 5_000
    before = snapshot(news)
    rows = "".join(f"u{i}@example.com,pro,DE,U\n" for i in range(9_000))

    answer = ada.send(news, f"{HEADER}{rows}".encode())

    assert (answer.status, answer.json["code"]) == (403, "budget-spent")
    assert snapshot(news) == before


@pytest.mark.parametrize(
    "step", ["start_import", "extend_list", "seal_rows", "suppress"]
)
def test_a_keeper_that_goes_away_leaves_the_list_as_it_was(
    keeper: FakeKeeper, ada: Api, news: str, step: str
) -> None:
    before = snapshot(news)
    keeper.break_at(step, UnavailableError("the keeper is not there"))
    content = b"E-mail,City,Status\nzoe@example.com,Bonn,unsubscribed\n"

    begun = ada.post(f"/lists/{news}/imports", {"mapping": {"address": "E-mail"}})
    answer = begun
    if begun.status == 201:
        answer = ada.put(f"/imports/{begun.json['id']}/file", content)

    assert (answer.status, answer.json["code"]) == (503, "keeper-unavailable")
    assert snapshot(news) == before


def test_an_outcome_the_keeper_did_not_hear_is_still_an_import(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.break_at("finish_import", UnavailableError("gone"))

    answer = ada.send(news, GOOD)

    assert answer.json["state"] == "done"
    assert len(snapshot(news)) == 5


def snapshot(list_id: str) -> list[bulk.Found]:
    """Read all there is of a list."""
    return bulk.read_rows(
        ["token", "batch_id", "position", "sealed", "facets", "status"],
        list_id,
        limit=100_000,
    )
