"""Each table of the console is a file as well, with no fewer rows."""

import csv
import io
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from tests.console.conftest import Buildings, Desk
from tests.console.everything import fill
from tests.console.test_other_languages import PAGES

# By the first heading of the table.
WITHOUT: dict[str, str] = {
    "Address": "a few examples, always the same: rows in a file are a copy, which is "
    "asked for and signed",
}
VOID = frozenset({"input", "meta", "link", "br", "img", "hr", "path", "rect"})


@dataclass
class Part:
    """A section of a page, or the page: what is in it, but not in a part of it."""

    tables: list["Table"] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A table: its first heading, and how many rows its body has."""

    first: str = ""
    rows: int = 0


class Page(HTMLParser):
    """Reads a page into its parts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts = [Part()]
        self._open: list[str] = []
        self._sections = [self.parts[0]]
        self._link = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        if tag == "section":
            self.parts.append(Part())
            self._sections.append(self.parts[-1])
        elif tag == "table":
            self._sections[-1].tables.append(Table())
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""
        elif tag == "tr" and "thead" not in self._open and "table" in self._open:
            self._sections[-1].tables[-1].rows += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "section":
            self._sections.pop()

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        if self._open[-1:] == ["a"] and data == "CSV":
            self._sections[-1].files.append(self._link)
        table = (self._sections[-1].tables or [Table()])[-1]
        if "th" in self._open and not table.first:
            table.first = data.strip()


@pytest.mark.parametrize("path", PAGES)
def test_each_table_is_a_file_with_all_its_rows(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    fill(buildings, monkeypatch)
    page = Page(ada.get(path).content.decode())

    for part in page.parts:
        for table in part.tables:
            if table.first in WITHOUT:
                continue
            assert part.files, (path, table)
            sizes = [_rows(ada, path, file) for file in part.files]
            assert max(sizes) >= table.rows > 0, (path, table)


def _rows(ada: Desk, path: str, file: str) -> int:
    place = f"{path.partition('?')[0]}{file}" if file.startswith("?") else file
    answer = ada.get(place)
    assert answer.headers["content-type"].startswith("text/csv"), place
    _, *rows = csv.reader(io.StringIO(answer.content.decode()))
    return len(rows)


def test_a_table_without_a_file_is_found() -> None:
    text = """<main><section><h2>a <a href="?as=a">CSV</a></h2><table><thead><tr>
    <th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></section>
    <section><table><tr><th>B</th></tr></table></section></main>"""

    parts = Page(text).parts

    assert [(len(each.tables), each.files) for each in parts] == [
        *((0, []), (1, ["?as=a"]), (1, [])),
    ]
    assert parts[1].tables == [Table("A", 1)]


def test_the_tables_of_the_console_are_seen(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that finds no table finds no table without a file."""
    fill(buildings, monkeypatch)

    found = [
        table
        for path in PAGES
        for part in Page(ada.get(path).content.decode()).parts
        for table in part.tables
    ]

    assert len(found) >= 25
    assert set(WITHOUT) <= {table.first for table in found}


def test_a_facet_as_a_file_has_what_the_picture_leaves_out(
    ada: Desk, buildings: Buildings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(buildings, monkeypatch)

    text = ada.get("/lists/news?as=facet&facet=plan").content.decode()

    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["pro", "12"],
        ["", "1"],
        ["others", "3"],
    ]
    assert ada.get("/lists/news?as=facet&facet=first_name").status_code == 404
    assert ada.get("/lists/news?as=facet").status_code == 404
