"""Texts that people read stand in catalogues, and no translation does more than say."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tests.house import messages
from tests.house.messages import BUILDINGS, Building
from tests.house.translations import find_faults


@pytest.mark.parametrize("building", BUILDINGS, ids=lambda one: one.name)
def test_the_list_of_english_texts_is_that_of_the_source(building: Building) -> None:
    found = messages.format_catalog(messages.collect(building))

    assert building.source.read_text("utf-8") == found, "run `make messages`"


def test_each_language_is_whole_and_says_what_the_english_says() -> None:
    faults = [
        fault
        for building in BUILDINGS
        for path in messages.translations(building)
        for fault in find_faults(
            path, messages.read_catalog(path), messages.collect(building)
        )
    ]

    assert not faults, "run `make messages`, translate what is new, run it again"


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("%(count)s rows", "%(count)s Zeilen %(token)s"),
        ("%(count)s rows", "Zeilen"),
        ("%(count)s rows", "%(count)d Zeilen"),
        ("Copy of {list}", "Kopie von {list.__class__}"),
        ("Copy of {list}", "Kopie von {list!r}"),
        ("Copy of {list}", "Kopie von {0}"),
        ("Sign out", "Abmelden %"),
        ("Sign out", "Abmelden<script>alert(1)</script>"),
        ("Sign out", 'Abmelden" onclick="alert(1)'),
        ("Sign out", "Abmelden &lt;"),
        ("<b>Look</b> twice", '<b onclick="x()">Zweimal</b> hinsehen'),
        ('<a href="%(to)s">Go</a>', '<a href="https://evil.example">Los</a>'),
        ("Sign out", ""),
    ],
)
def test_a_translator_cannot_bring_in_markup_or_other_values(
    english: str, other: str, tmp_path: Path
) -> None:
    faults = list(_faults_of(english, other, tmp_path))

    assert len(faults) == 1
    assert faults[0].startswith(("other places", "not translated"))


def test_a_translation_with_the_same_places_and_tags_is_taken(tmp_path: Path) -> None:
    english = '<a href="%(to)s">%(count)s rows</a> of {list}'
    other = '{list}: <a href="%(to)s">%(count)s Zeilen</a>'

    assert not list(_faults_of(english, other, tmp_path))


def test_a_compiled_catalogue_that_somebody_edited_is_found(tmp_path: Path) -> None:
    catalog, path = _catalog("Sign out", "Abmelden", tmp_path)
    edited = path.with_suffix(".mo").read_bytes().replace(b"Abmelden", b"Anmelden")
    path.with_suffix(".mo").write_bytes(edited)

    assert list(find_faults(path, catalog, catalog)) == [
        "the compiled catalogue is another one"
    ]


def test_a_text_that_is_new_or_gone_is_missed(tmp_path: Path) -> None:
    catalog, path = _catalog("Sign out", "Abmelden", tmp_path)
    found = Catalog()
    found.add("Sign in")

    assert list(find_faults(path, catalog, found)) == [
        "not in the catalogue: 'Sign in'",
        "gone from the source: 'Sign out'",
    ]


def _catalog(english: str, other: str, folder: Path) -> tuple[Catalog, Path]:
    catalog, path = Catalog(locale="de"), folder / "django.po"
    catalog.add(english, other)
    path.with_suffix(".mo").write_bytes(messages.compile_catalog(catalog))
    return catalog, path


def _faults_of(english: str, other: str, folder: Path) -> list[str]:
    catalog, path = _catalog(english, other, folder)
    return list(find_faults(path, catalog, catalog))
