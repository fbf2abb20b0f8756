"""The examples and tables of docs/formats.md are what the code does."""

import ast
import re

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from listkeep.core.addresses import index_form
from listkeep.core.grants import Action, Enrol, Genesis, Recovery, SignIn, Statement
from listkeep.core.ledger.events import Event
from listkeep.core.sealing import (
    OpenedRow,
    SealedRow,
    format_token,
    make_token,
    open_row,
    seal_rows,
)
from tests.house.sizes import ROOT

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
WIRE = ROOT / "src" / "listkeep" / "wire"
MESSAGES = tuple((WIRE / "messages").glob("[!_]*.py"))
BUILDINGS = ROOT / "src" / "listkeep" / "keeper"


def example(name: str) -> dict[str, str]:
    """Read one worked example: lines of `name = value` in a fenced block."""
    blocks = re.findall(
        rf"^```example {name}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert len(blocks) == 1
    return dict(line.split(" = ", maxsplit=1) for line in blocks[0].splitlines())


def first_cells(heading: str) -> set[str]:
    """Read what stands in code type in the first column of a table."""
    found = re.search(rf"^\| {heading} \|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found
    cells = [row.split(" | ")[0] for row in found[1].splitlines()[1:]]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_token_of_the_example_is_computed_as_the_page_says() -> None:
    row = example("row")

    token = make_token(bytes.fromhex(row["index key"]), row["index form"])

    assert index_form(row["address"]) == row["index form"]
    assert token.hex() == row["token"]
    assert format_token(token) == row["token text"]


def test_the_row_of_the_example_is_sealed_as_the_page_says() -> None:
    row = example("row")

    sealed = seal_rows(
        bytes.fromhex(row["list key"]),
        key_number=int(row["key number"]),
        list_id=row["list id"],
        batch_id=bytes.fromhex(row["batch id"]),
        row_version=int(row["row version"]),
        positions=[int(row["position"])],
        tokens=[bytes.fromhex(row["token"])],
        facets=[row["facets"]],
        rows=[OpenedRow(row["address"], row["fields"])],
    )

    assert [seal.hex() for seal in sealed] == [row["sealed"]]


def test_the_row_of_the_example_opens_and_its_key_is_derived_as_the_page_says() -> None:
    row = example("row")
    batch_id = bytes.fromhex(row["batch id"])
    info = b"listkeep/v1/batch" + batch_id

    derived = HKDF(SHA256(), 32, salt=None, info=info).derive(
        bytes.fromhex(row["list key"])
    )
    opened = open_row(
        bytes.fromhex(row["list key"]),
        (bytes.fromhex(row["index key"]),),
        list_id=row["list id"],
        row=stored(row, "sealed"),
    )

    assert derived.hex() == row["batch key"]
    assert opened == (row["address"], row["fields"])


def test_the_row_of_the_example_opens_also_as_it_was_sealed_before() -> None:
    row = example("row")

    opened = open_row(
        bytes.fromhex(row["list key"]),
        (bytes.fromhex(row["index key"]),),
        list_id=row["list id"],
        row=stored(row, "sealed in format 1"),
    )

    assert opened == (row["address"], row["fields"])


def stored(row: dict[str, str], sealed: str) -> SealedRow:
    return SealedRow(
        bytes.fromhex(row["token"]),
        bytes.fromhex(row["batch id"]),
        int(row["position"]),
        bytes.fromhex(row[sealed]),
        row["facets"],
    )


def test_the_challenge_of_the_example_is_computed_as_the_page_says() -> None:
    signed = example("statement")

    statement = Statement.parse(signed["body"].encode())

    assert statement.challenge().hex() == signed["challenge"]


def test_every_kind_of_statement_is_there_with_its_type() -> None:
    for kind in (Statement, SignIn, Enrol, Genesis, Recovery):
        assert f"| `{kind.__name__}` | `{kind.payload_type}` |" in PAGE


@pytest.mark.parametrize(
    ("heading", "known"),
    [("Event", set(Event)), ("Action", set(Action))],
    ids=["events", "actions"],
)
def test_a_table_has_every_member_and_no_other(heading: str, known: set[str]) -> None:
    assert first_cells(heading) == set(map(str, known))


def test_every_field_a_ledger_entry_is_given_is_named() -> None:
    """Fields are string keys of the dicts that stand in calls of `append`."""
    fields = set()
    for path in BUILDINGS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and is_append(node):
                fields |= {
                    key.value
                    for part in node.args
                    if isinstance(part, ast.Dict)
                    for key in part.keys
                    if isinstance(key, ast.Constant) and isinstance(key.value, str)
                }

    assert {"request", "items", "withheld"} <= fields
    assert sorted(field for field in fields if f"`{field}`" not in PAGE) == []


def is_append(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "append"


def test_every_message_of_the_wire_is_named() -> None:
    messages = {
        node.name
        for path in MESSAGES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }

    assert {"SealRows", "Problem"} <= messages
    assert sorted(name for name in messages if f"`{name}`" not in PAGE) == []


def test_every_path_of_the_keeper_is_in_the_table_and_no_other() -> None:
    paths = set()
    for path in BUILDINGS.rglob("api.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "_VIEWS"
            ):
                assert isinstance(node.value, ast.Dict)
                paths |= {ast.literal_eval(key) for key in node.value.keys if key}

    assert first_cells("Path") == paths
