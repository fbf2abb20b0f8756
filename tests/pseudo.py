"""A language nobody speaks, which shows what was not looked up in a catalogue.

`en-XA`: accents, brackets around each text, a third longer. It is made anew for each
test from the texts of the source, and shipped to nobody.
"""

import re
from collections.abc import Collection, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog

from tests.house.messages import Building, collect, compile_catalog

CODE: Final = "en-xa"
LANGUAGES: Final = [("en", "English"), (CODE, "Pseudo")]
_KEPT: Final = re.compile(r"(<[^<>]*>|%\([^)]*\)s|\{[^{}]*\}|&[a-z]+;)")
_ACCENTS: Final = str.maketrans("aceinouyACEINOUY", "àçéîñôûýÀÇÉÎÑÔÛÝ")
_VOID: Final = frozenset({"meta", "link", "input", "br", "rect", "path", "hr", "img"})
_UNREAD: Final = frozenset({"script", "style"})
_DATA: Final = frozenset({"code", "pre", "time", "kbd"})
_SPOKEN: Final = ("title", "aria-label", "placeholder", "alt")
_LETTER: Final = re.compile(r"[^\W\d_]")


def write_catalogue(folder: Path, buildings: Iterable[Building]) -> None:
    """Write the language for some buildings into a folder of catalogues."""
    catalog = Catalog(locale="en")
    for building in buildings:
        for message in collect(building):
            if message.id:
                catalog.add(message.id, _each(message.id))
    path = folder / "en_XA" / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(compile_catalog(catalog))


def stretch(text: str) -> str:
    """Write a text in the language; tags and places stay as they are."""
    parts = _KEPT.split(text)
    parts[::2] = [part.translate(_ACCENTS) for part in parts[::2]]
    longer = " ~" * (sum(map(len, parts[::2])) // 6)
    return f"⟦{''.join(parts)}{longer}⟧"


def find_english(page: str, *, data: Collection[str]) -> list[str]:
    """List what a page says in no language of a catalogue.

    Names, numbers, codes and what is marked as being in another language are not meant.
    """
    reader = _Reader()
    reader.feed(page)
    known = re.compile("|".join(map(re.escape, sorted(data, key=len, reverse=True))))
    found = ("".join(text).strip() for text in reader.loose)
    return [text for text in found if _LETTER.search(known.sub("", text))]


def _each(text: str | tuple[str, ...] | list[str]) -> str | tuple[str, ...]:
    return stretch(text) if isinstance(text, str) else tuple(map(stretch, text))


class _Reader(HTMLParser):
    """Collect what stands outside brackets, and is not marked as data."""

    def __init__(self) -> None:
        super().__init__()
        self.loose: list[list[str]] = []
        self._open: list[tuple[str, bool]] = []  # name, whether it holds data
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "").split()
        is_quoted = tag != "html" and "lang" in given
        is_data = tag in _DATA or tag in _UNREAD or "mono" in classes or is_quoted
        within = bool(self._open) and self._open[-1][1]
        if tag not in _VOID:
            self._open.append((tag, is_data or within))
        if not (is_data or within):
            self._read_attributes(given)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        is_data = bool(self._open) and self._open[-1][1]
        self._read(data, keeps=not is_data)

    def _read_attributes(self, given: dict[str, str]) -> None:
        depth, self._depth = self._depth, 0
        for name in _SPOKEN:
            self._read(given.get(name, ""), keeps=True)
        if given.get("type") in ("submit", "button"):
            self._read(given.get("value", ""), keeps=True)
        self._depth = depth

    def _read(self, text: str, *, keeps: bool) -> None:
        loose: list[str] = []
        for letter in text:
            self._depth += (letter == "⟦") - (letter == "⟧")
            if self._depth == 0 and letter != "⟧":
                loose.append(letter)
        if keeps and loose:
            self.loose.append(loose)
