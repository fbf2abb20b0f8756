"""Extract what people read, as catalogues for translators (`make messages`).

Templates are read by Django's own parser: what is extracted is what is looked up when a
page is made. Of code, calls of `gettext`, `gettext_noop` and `ngettext` are read.
"""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template import Engine, Template
from django.template.base import Node
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "listkeep"
_KEYWORDS: Final = {"gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
# Dates and versions would make each run of the command a change; names are in git.
_HEADERS: Final = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Project-Id-Version'
    r'|Report-Msgid-Bugs-To|Last-Translator|Language-Team): .*"\n',
    re.MULTILINE,
)
_NO_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)

Message = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Building:
    """Where a building's texts are, and its catalogues."""

    name: str
    code: str  # folder whose Python files are read
    catalogues: str  # folder that Django reads them from
    templates: str = ""
    filters: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where its catalogues are."""
        return SOURCE / self.catalogues / "locale"

    @property
    def source(self) -> Path:
        """Where its English texts are listed."""
        return self.folder / "django.pot"


BUILDINGS: Final = (
    Building("looks", "looks", "looks"),
    Building(
        "console",
        "console",
        "console/desk",
        "console/desk/templates",
        ("listkeep.console.desk.templatetags.words",),
    ),
    Building("dock", "dock/pages", "dock/pages", "dock/pages/templates"),
)


def main() -> int:
    """Write all catalogues anew, and begin those of a language that is named."""
    for building in BUILDINGS:
        found = collect(building)
        building.folder.mkdir(exist_ok=True)
        building.source.write_text(format_catalog(found), encoding="utf-8")
        for name in sys.argv[1:]:
            begin(building, name)
        for path in translations(building):
            bring_up_to_date(path, found)
    return 0


def collect(building: Building) -> Catalog:
    """Find all texts of a building, in the order of its files."""
    catalog = Catalog(
        project="Listkeep", fuzzy=False, creation_date=_NO_DATE, charset="utf-8"
    )
    for path, message, comments in _read(building):
        place = (path.relative_to(SOURCE).as_posix(), 1)
        catalog.add(message, locations=[place], auto_comments=comments)
    return catalog


def format_catalog(catalog: Catalog) -> str:
    """Write a catalogue as translators read it."""
    catalog.header_comment = "# Listkeep: what people read on its pages"
    file = io.BytesIO()
    write_po(file, catalog, width=88, include_lineno=False, sort_output=True)
    return _HEADERS.sub("", file.getvalue().decode())


def compile_catalog(catalog: Catalog) -> bytes:
    """Write a catalogue as programs read it."""
    catalog.creation_date = catalog.revision_date = _NO_DATE
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def translations(building: Building) -> list[Path]:
    """List the catalogues of a building that are translated."""
    return sorted(building.folder.glob("*/LC_MESSAGES/django.po"))


def begin(building: Building, name: str) -> None:
    """Begin a catalogue in another language."""
    path = building.folder / name / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(format_catalog(Catalog(locale=name, fuzzy=False)), "utf-8")


def read_catalog(path: Path) -> Catalog:
    """Read a catalogue; its folder is named after its language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def bring_up_to_date(path: Path, found: Catalog) -> None:
    """Put new texts into a catalogue, take out those that are gone, and compile it."""
    catalog = read_catalog(path)
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.write_text(format_catalog(catalog), "utf-8")
    path.with_suffix(".mo").write_bytes(compile_catalog(catalog))


def _read(building: Building) -> Iterator[tuple[Path, Message, list[str]]]:
    for path in sorted((SOURCE / building.code).rglob("*.py")):
        with path.open("rb") as file:
            for _line, message, comments, _context in extract(
                "python", file, keywords=_KEYWORDS, comment_tags=("Translators:",)
            ):
                yield path, message, comments
    if building.templates:
        engine = Engine(
            builtins=[
                "django.templatetags.i18n",
                "listkeep.looks.said",
                *building.filters,
            ]
        )
        for path in sorted((SOURCE / building.templates).rglob("*.html")):
            for message in _read_template(path.read_text("utf-8"), engine):
                yield path, message, []


def _read_template(source: str, engine: Engine) -> Iterator[Message]:
    for node in Template(source, engine=engine).nodelist.get_nodes_by_type(Node):
        if isinstance(node, TranslateNode):
            yield str(node.filter_expression.var.literal)
        elif isinstance(node, BlockTranslateNode):
            singular, _ = node.render_token_list(node.singular)
            plural, _ = node.render_token_list(node.plural or [])
            yield (str(singular), str(plural)) if node.plural else str(singular)


if __name__ == "__main__":
    sys.exit(main())
