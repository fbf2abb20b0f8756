"""What a translation may not do: leave something out, or bring something in.

A text of a catalogue stands on a page unescaped, with values put into its places. So a
translation has the places, the tags and the marks of its English text, and no others.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from tests.house.messages import compile_catalog

_PLACES = re.compile(r"%\([^)]*\)[^a-zA-Z]*[a-zA-Z]|%%|%|\{[^{}]*\}|[{}]")
_TAGS = re.compile(r"<[^<>]*>")
_MARKS = frozenset('<>&"')


def find_faults(path: Path, catalog: Catalog, found: Catalog) -> Iterator[str]:
    """Say what is wrong with a catalogue, beside the texts that were found."""
    ids = {message.id for message in found if message.id}
    known = {message.id for message in catalog if message.id}
    yield from (f"not in the catalogue: {each!r}" for each in ids - known)
    yield from (f"gone from the source: {each!r}" for each in known - ids)
    for message in catalog:
        if message.id:
            yield from _compare(message, catalog.num_plurals)
    if path.with_suffix(".mo").read_bytes() != compile_catalog(catalog):
        yield "the compiled catalogue is another one"


def _compare(message: Message, plurals: int) -> Iterator[str]:
    ids, forms = _each(message.id), _each(message.string)
    if len(forms) != (plurals if len(ids) > 1 else 1) or not all(forms):
        yield f"not translated: {ids[0]!r}"
        return
    for form in forms:
        # One of many may say "a row" where the others count them, as English does.
        if not any(_shape(form) == _shape(one) for one in ids):
            yield f"other places, tags or marks: {ids[0]!r}"


def _each(text: object) -> tuple[str, ...]:
    """Give a text and its plurals."""
    many = text if isinstance(text, list | tuple) else (text,)
    return tuple(str(one or "") for one in many)


def _shape(text: str) -> tuple[Counter[str], Counter[str], Counter[str]]:
    rest = _TAGS.sub("", text)
    marks = Counter(mark for mark in rest if mark in _MARKS)
    return Counter(_PLACES.findall(text)), Counter(_TAGS.findall(text)), marks
