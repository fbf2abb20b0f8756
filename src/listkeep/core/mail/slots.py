"""The places of a template that are filled in for each addressee, and their types.

    [[alias]]                      this message's alias; allowed in links
    [[alias]]/[[proof]]            with the proof to leave a list or to confirm by
    [[points:number]]              the application's, with each message
    [[until:date]]
    [[greeting:text|Good day]]     at most 200 characters
    [[first_name:sealed|reader]]   a sealed field, which only the keeper can open

Behind ``|`` stands what is written where there is no value, or none that fits.

A value is a phrase and nothing else. What a mail client would turn into a link, an
address or a line of its own is no value: otherwise whoever fills in the sign-up form
or the application's database would write links into somebody else's mail.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .faults import Findings

MAX_TEXT_CHARACTERS = 200

_OPENING = "[["
_SLOT = re.compile(r"\[\[([^\[\]]{1,160})\]\]")
_INNER = re.compile(
    r"([a-z][a-z0-9_]{0,39})(?::(text|number|date|sealed)(?:\|([^\[\]|<>&\"']{0,50}))?)?"
)
_ADDRESS_NAMES = {"address", "email", "e_mail", "mail", "email_address", "recipient"}
_NUMBER = re.compile(
    r"-?(?:[0-9]{1,12}|[0-9]{1,3}(?:[., '\u00a0\u202f][0-9]{3}){1,3})"
    r"(?:[.,][0-9]{1,4})?"
)
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"),
)
# What clients make links of: a scheme, an address, a name that ends like a domain.
_LINK_LIKE = re.compile(
    r"://|[@\uff20\ufe6b]|\bwww\.|\w[.\u3002\uff0e\uff61][^\W\d_]{2}", re.IGNORECASE
)
# Where fixed text and value together would read as a domain or a path.
_WORD_BEFORE = re.compile(r"[\w./@]")
_WORD_BEHIND = re.compile(r"[\w/@]|\.\w")
# Joiners belong to scripts and to emoji; all else that cannot be seen is refused.
_JOINERS = "\u200c\u200d"
_BREAKS = {"Zl", "Zp"}


class Kind(StrEnum):
    """What a slot takes; public and append-only."""

    ALIAS = "alias"
    DATE = "date"
    NUMBER = "number"
    PROOF = "proof"
    SEALED = "sealed"
    TEXT = "text"


# Made by us for each message, and never taken from anybody.
OURS = frozenset({Kind.ALIAS, Kind.PROOF})


@dataclass(frozen=True, slots=True)
class Slot:
    """One place to fill in."""

    name: str
    kind: Kind
    fallback: str = ""


Piece = str | Slot
"""A stretch of fixed text, or a place to fill in."""


@dataclass(frozen=True, slots=True)
class Found:
    """A slot and where it stands in its text."""

    slot: Slot
    start: int
    end: int


def find_slots(text: str, findings: Findings, *, place: str) -> list[Found]:
    """Find the slots of a text, in order; note what only looks like one."""
    found: list[Found] = []
    end = 0
    while not findings.is_full and (start := text.find(_OPENING, end)) >= 0:
        match = _SLOT.match(text, start)
        slot = _read_slot(match[1]) if match else None
        end = match.end() if match else start + len(_OPENING)
        touches = bool(found) and found[-1].end == start
        if fault := _fault_of(
            slot, text[max(0, start - 1) : start], text[end : end + 2]
        ):
            findings.add(place_of(place, text, start), *fault)
        elif touches:
            fault = ("two slots touch", "put a space or a word between them")
            findings.add(place_of(place, text, start), *fault)
        if slot is not None:
            found.append(Found(slot, start, end))
    return found


def _fault_of(slot: Slot | None, before: str, behind: str) -> tuple[str, str] | None:
    if slot is None:
        return (
            "two square brackets that are no slot",
            "write [[name:text]], number, date or sealed, or [[alias]]",
        )
    if slot.name in _ADDRESS_NAMES:
        return (
            "the address is no merge field",
            "greet by a name; links carry [[alias]]",
        )
    in_word = _WORD_BEFORE.search(before) or _WORD_BEHIND.match(behind)
    if in_word and slot.kind not in OURS:
        return (
            "a slot inside of a word, where a value could become a link",
            "put a space before it and behind it",
        )
    return None


def split_text(text: str, found: Iterable[Found]) -> tuple[Piece, ...]:
    """Cut a text at its slots; the first and the last piece are text."""
    pieces: list[Piece] = []
    end = 0
    for one in found:
        pieces += [text[end : one.start], one.slot]
        end = one.end
    return (*pieces, text[end:])


def slots_in(pieces: Iterable[Piece]) -> Iterator[Slot]:
    """Yield the slots among the pieces."""
    return (piece for piece in pieces if isinstance(piece, Slot))


def format_slot(slot: Slot) -> str:
    """Write a slot as it stands in a template."""
    if slot.kind in OURS:
        return f"[[{slot.kind}]]"
    fallback = f"|{slot.fallback}" if slot.fallback else ""
    return f"[[{slot.name}:{slot.kind}{fallback}]]"


def format_pieces(pieces: Iterable[Piece]) -> str:
    """Write a text with its slots as it stands in a template.

    Slots and text cannot be confused: two opening brackets are always a slot.
    """
    return "".join(p if isinstance(p, str) else format_slot(p) for p in pieces)


def headline(title: str) -> str:
    """Write a subject line as a heading: each slot by what stands for it.

    For people who look, never for terms: two subject lines can share a heading.
    """
    return _SLOT.sub(lambda found: f"{{{_stands_for(found[1])}}}", title)


def _stands_for(inner: str) -> str:
    name, _, fallback = inner.partition("|")
    return fallback or name.partition(":")[0].replace("_", " ")


def fits(kind: Kind, value: str) -> bool:
    """Say whether a value may stand in a slot of this kind."""
    if kind is Kind.NUMBER:
        return _NUMBER.fullmatch(value) is not None
    if kind is Kind.DATE:
        return value.isascii() and _is_date(value)
    if kind in OURS:
        return False
    return is_phrase(value)


def is_phrase(value: str) -> bool:
    """Say whether a text is one short visible line that nothing turns into a link."""
    return (
        0 < len(value.strip()) <= len(value) <= MAX_TEXT_CHARACTERS
        and is_line(value)
        and not _LINK_LIKE.search(unicodedata.normalize("NFKC", value))
    )


def is_line(text: str) -> bool:
    """Say whether every sign of a text is visible, so that it is one line at most."""
    return text.isprintable() if text.isascii() else all(map(is_visible, text))


def is_visible(sign: str) -> bool:
    """Say whether a character can be seen, or joins ones that can."""
    if sign.isascii():
        return sign.isprintable()
    category = unicodedata.category(sign)
    return sign in _JOINERS or not (category.startswith("C") or category in _BREAKS)


def place_of(place: str, text: str, position: int) -> str:
    """Name a position by its line."""
    return f"{place}, line {text.count(chr(10), 0, position) + 1}"


def _read_slot(inner: str) -> Slot | None:
    match = _INNER.fullmatch(inner)
    if match is None:
        return None
    name, kind, fallback = match[1], match[2], match[3] or ""
    if name in OURS:
        return None if kind else Slot(name, Kind(name))
    if not kind or (fallback and not is_phrase(fallback)):
        return None
    if fallback and kind in {Kind.NUMBER, Kind.DATE} and not fits(Kind(kind), fallback):
        return None
    return Slot(name, Kind(kind), fallback)


def _is_date(value: str) -> bool:
    for form in _DATES:
        if match := form.fullmatch(value):
            try:
                date(int(match["year"]), int(match["month"]), int(match["day"]))
            except ValueError:
                continue
            return True
    return False
