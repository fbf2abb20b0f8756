# ruff: noqa: RUF001 - look-alikes are the point
import csv
import io
import json

import pytest

from listkeep.core.files.audience import open_audience
from listkeep.core.files.writers import (
    ROWS_PER_CHUNK,
    disarm_formula,
    write_csv,
    write_jsonl,
)

HEADER = ("email", "name")


def test_csv_is_rfc_4180() -> None:
    data = b"".join(write_csv(HEADER, [("ada@example.com", 'a, "b"\nc'), ("", "é")]))

    assert data == 'email,name\r\nada@example.com,"a, ""b""\nc"\r\n,é\r\n'.encode()


def test_what_was_written_is_read_back() -> None:
    rows = [("ada@example.com", 'x, "y"\nz'), ("ben@example.com", "")]
    for data in (write_csv(HEADER, rows), write_jsonl(HEADER, rows)):
        (batch,) = open_audience(data).batches()
        texts = batch.addresses
        names = [fields[0] for fields in batch.fields]
        assert list(zip(texts, names, strict=True)) == rows


def test_long_lists_come_in_chunks() -> None:
    rows = [("ada@example.com", "Ada")] * (2 * ROWS_PER_CHUNK + 1)

    assert len(list(write_csv(HEADER, rows))) == 4
    assert len(list(write_jsonl(HEADER, rows))) == 3
    assert list(write_csv(HEADER, [])) == [b"email,name\r\n"]
    assert list(write_jsonl(HEADER, [])) == []


def test_json_lines_are_objects_of_strings() -> None:
    (data,) = write_jsonl(HEADER, [("ada@example.com", "Ä\n")])

    assert data == '{"email":"ada@example.com","name":"Ä\\n"}\n'.encode()
    assert json.loads(data)["name"] == "Ä\n"


def test_a_row_of_another_width_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(write_jsonl(HEADER, [("ada@example.com",)]))


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1"],
)
def test_a_formula_is_disarmed_unless_software_reads_the_file(cell: str) -> None:
    safe = b"".join(write_csv(HEADER, [("", cell)])).decode()
    raw = b"".join(write_csv(HEADER, [("", cell)], spreadsheet_safe=False)).decode()

    assert next(csv.reader(io.StringIO(safe.split("\r\n", 1)[1], newline="")))[1] == (
        f"'{cell}"
    )
    assert next(csv.reader(io.StringIO(raw.split("\r\n", 1)[1], newline="")))[1] == cell


@pytest.mark.parametrize(
    "cell",
    ["", "Ada", "-5", "+49 30 1234567", "+1 (555) 010-9999", "3=3", "ada@x.test"],
)
def test_numbers_telephones_and_plain_text_stay_as_they_are(cell: str) -> None:
    assert disarm_formula(cell) == cell
