import csv
import io
import json
from collections.abc import Sequence

import pytest

from listkeep.core.files import tools
from listkeep.core.files.tools import Subscriber, Tool, Value, write_subscribers

FACETS = ("plan", "age", "vip")
ADDRESS = "abcdefghijklmnopqrstuvwxy2@p3.tok.example.com"


def written(
    tool: Tool, *rows: tuple[Value, ...], facets: Sequence[str] = FACETS
) -> str:
    pages = [[Subscriber(ADDRESS, "subscribed", row)] for row in rows]
    return b"".join(write_subscribers(tool, facets, pages)).decode()


def test_mautic_gets_a_column_for_each_facet() -> None:
    text = written(Tool.MAUTIC, ("pro", 30, True), (None, None, False))

    assert text == f"email,plan,age,vip\n{ADDRESS},pro,30,1\n{ADDRESS},,,0\n"


def test_listmonk_gets_attributes_in_json_and_a_name_that_is_no_token() -> None:
    text = written(Tool.LISTMONK, ('p"r,o', 30, True), (None, None, None))

    header, first, second = csv.reader(io.StringIO(text))
    assert header == ["email", "name", "attributes"]
    assert first[:2] == [ADDRESS, "subscriber"]
    assert json.loads(first[2]) == {"plan": 'p"r,o', "age": 30, "vip": True}
    assert json.loads(second[2]) == {}


def test_mailman_gets_an_address_a_line_and_nothing_else() -> None:
    assert written(Tool.MAILMAN, ("pro", 1, True)) == f"{ADDRESS}\n"


def test_any_other_tool_gets_the_status_as_well() -> None:
    text = written(Tool.CSV, ("pro", 30, False))

    assert text == f"email,status,plan,age,vip\n{ADDRESS},subscribed,pro,30,false\n"
    assert [tool for tool in Tool if tool.takes_all] == [Tool.CSV]


def test_a_spreadsheet_runs_no_facet_and_software_gets_it_as_it_is() -> None:
    row = ("=1+1", None, None)

    assert "'=1+1" in written(Tool.CSV, row)
    assert ",=1+1," in written(Tool.MAUTIC, row)


@pytest.mark.parametrize("name", ["email", "name", "attributes"])
def test_a_facet_is_not_taken_for_a_column_that_means_something_else(name: str) -> None:
    text = written(Tool.CSV, ("x",), facets=[name])

    assert text.startswith(f"email,status,{name}_facet\n")


@pytest.mark.parametrize("tool", Tool)
def test_an_empty_list_is_a_header(tool: Tool) -> None:
    text = b"".join(write_subscribers(tool, FACETS, [[], []])).decode()

    assert text.count("\n") == int(tool is not Tool.MAILMAN)


def test_a_list_without_facets_has_no_empty_column() -> None:
    assert written(Tool.MAUTIC, (), facets=()) == f"email\n{ADDRESS}\n"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_KEPT", 2)

    text = written(Tool.MAUTIC, *[(number,) for number in range(9)], facets=["n"])

    assert text.splitlines()[1:] == [f"{ADDRESS},{number}" for number in range(9)]
