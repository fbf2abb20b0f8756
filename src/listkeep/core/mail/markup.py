"""Read the HTML of a template so strictly that every program reads the same.

An HTML5 parser repairs whatever it gets, each mail client a little differently; what
one of them repairs into a link, another shows as text (ADR 0041). So nothing is
repaired here. What is taken:

- tags and quoted attributes of `tags.py`, the doctype, comments without ``<``;
- ``<style>`` and ``<title>`` without ``<``, styles as `styles.py` says;
- conditional comments that hold boxes and no link;
- slots in text; ``[[alias]]`` also as a piece of a link's or an image's path or query.

There is no other element in which a parser changes its way of reading, and no ``<``
that does not begin a tag, so the tags found here are those every tokenizer finds.
"""

import re
from bisect import bisect
from dataclasses import dataclass, field
from html import unescape

from . import tags
from .faults import Findings
from .links import (
    UNREADABLE_LINK,
    Link,
    decode_attribute,
    find_links,
    read_href,
    read_source,
)
from .slots import OURS, Found, Piece, find_slots, place_of, split_text
from .styles import faults_in_style

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]*)")
_ATTRIBUTE = re.compile(
    r"[ \t\n]++([A-Za-z][A-Za-z0-9:_-]*+)"
    r"(?:[ \t\n]*+=[ \t\n]*+(?:\"([^\"<>]*+)\"|'([^'<>]*+)'|([A-Za-z0-9#%.,_+-]++)))?+"
)
_TAG_END = re.compile(r"[ \t\n]*+(/?)>")
_DOCTYPE = re.compile(r"<!doctype\s+html(?:\s[^<>\[\]]*)?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--((?:(?!--)[^<>])*)-->")
_CONDITIONAL = re.compile(
    r"<!--\[if [a-zA-Z0-9 |&!()]{1,60}\]>"
    r"(?P<inner>(?:(?!--)(?!<!)(?s:.))*)<!\[endif\]\s*-->"
)
# What all but Outlook read: the comment opens and closes again around it.
_REVEALED = re.compile(
    r"<!--\[if [a-zA-Z0-9 |&!()]{1,60}\]><!--(?: --)?>|<!-- ?<!\[endif\]-->"
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML, cut at its slots, and where its links and images lead."""

    pieces: tuple[Piece, ...]
    links: tuple[Link, ...]


def read_markup(html: str, findings: Findings, *, place: str) -> Markup:
    """Read a template's HTML; what is refused is noted in ``findings``."""
    reader = _Reader(html, findings, place)
    reader.read()
    return Markup(split_text(html, reader.place_slots()), tuple(reader.links))


@dataclass(slots=True)
class _Reader:
    text: str
    findings: Findings
    place: str
    conditional: bool = False
    links: list[Link] = field(default_factory=list)
    texts: list[tuple[int, int]] = field(default_factory=list)
    urls: list[tuple[int, int]] = field(default_factory=list)

    def read(self) -> None:
        position = 0
        while position < len(self.text) and not self.findings.is_full:
            if self.text[position] != "<":
                end = self.text.find("<", position)
                end = len(self.text) if end < 0 else end
                self._read_text(position, end)
                position = end
            elif self.text.startswith("<!", position):
                position = self._read_declaration(position)
            else:
                position = self._read_tag(position)

    def place_slots(self) -> list[Found]:
        """Find the slots, and refuse those that stand where they may not."""
        found = find_slots(self.text, self.findings, place=self.place)
        for one in found:
            in_url = _is_inside(one, self.urls) and one.slot.kind in OURS
            if not (in_url or _is_inside(one, self.texts)):
                self._fault(
                    one.start,
                    "a slot may stand in text only",
                    "no slot in attributes, styles, comments or titles; "
                    "[[alias]] also in the path or query of a link",
                )
        return found

    def _fault(self, position: int, message: str, hint: str = "") -> None:
        self.findings.add(place_of(self.place, self.text, position), message, hint)

    def _read_text(self, start: int, end: int) -> None:
        self.texts.append((start, end))
        for _, link in find_links(unescape(self.text[start:end])):
            if link is None:
                self._fault(start, *UNREADABLE_LINK)
            else:
                self.links.append(link)

    def _read_declaration(self, position: int) -> int:
        for pattern in (_DOCTYPE, _COMMENT, _REVEALED, _CONDITIONAL):
            match = pattern.match(self.text, position)
            if match:
                if pattern is _CONDITIONAL:
                    self._read_conditional(match)
                return match.end()
        self._fault(
            position,
            "a comment or declaration that programs read in different ways",
            "take it out: comments hold no < and no >, conditional comments only boxes",
        )
        return self._skip(position)

    def _skip(self, position: int) -> int:
        end = self.text.find(">", position)
        return len(self.text) if end < 0 else end + 1

    def _read_conditional(self, match: re.Match[str]) -> None:
        line = self.text.count("\n", 0, match.start("inner"))
        text = "\n" * line + match["inner"]
        _Reader(text, self.findings, self.place, conditional=True).read()

    def _read_tag(self, start: int) -> int:
        match = _TAG.match(self.text, start)
        if match is None:
            self._fault(start, "a < that begins no tag", "write it as &lt;")
            return start + 1
        name, is_end = match[2].lower(), bool(match[1])
        attributes, position = self._read_attributes(match.end())
        closing = _TAG_END.match(self.text, position)
        if closing is None or (is_end and (attributes or closing[1])):
            self._fault(
                start,
                "a tag that programs read in different ways",
                'write attributes as name="value", without < and > inside',
            )
            return self._skip(position)
        self._judge(name, start)
        self._judge_attributes(name, attributes)
        end = closing.end()
        return (
            self._read_raw(name, end) if name in tags.RAW_TEXT and not is_end else end
        )

    def _read_attributes(self, position: int) -> tuple[list[re.Match[str]], int]:
        found = []
        while match := _ATTRIBUTE.match(self.text, position):
            found.append(match)
            position = match.end()
        return found, position

    def _judge(self, name: str, position: int) -> None:
        if name not in (tags.CONDITIONAL if self.conditional else tags.ELEMENTS):
            self._fault(position, tags.why_no_element(name), "take it out")

    def _judge_attributes(self, element: str, found: list[re.Match[str]]) -> None:
        values: dict[str, str] = {}
        for match in found:
            name = match[1].lower()
            why = tags.why_no_attribute(element, name)
            if why:
                self._fault(match.start(1), why, "take it out")
            elif name in values:
                self._fault(match.start(1), f"the attribute {name} stands there twice")
            group = next((g for g in (2, 3, 4) if match[g] is not None), 0)
            value = decode_attribute(match[group] if group else "")
            if value is None:
                self._fault(
                    match.start(1),
                    "an & that programs read in different ways",
                    "write & as &amp;",
                )
                value = ""
            values[name] = value
            if tags.SOURCES.get(element) == name:
                self._read_url(element, value, match.span(group))
            elif name == "style":
                self._judge_style(value, match.start(1))
        if element == "meta":
            self._judge_meta(values, found)

    def _read_url(self, element: str, url: str, span: tuple[int, int]) -> None:
        link = read_href(url.strip()) if element == "a" else read_source(url.strip())
        if link is None or self.conditional:
            self._fault(span[0], *UNREADABLE_LINK)
        else:
            self.links.append(link)
            self.urls.append(span)

    def _judge_style(self, css: str, position: int) -> None:
        for fault in faults_in_style(css):
            self._fault(position, f"the style {fault}", "take it out")

    def _judge_meta(self, values: dict[str, str], found: list[re.Match[str]]) -> None:
        position = found[0].start() if found else 0
        kind = values.get("http-equiv", "").strip().lower()
        if kind not in {"", "content-type", "x-ua-compatible"}:
            why = "leads to another page" if kind == "refresh" else "is not taken"
            self._fault(position, f"<meta http-equiv> {why}", "take it out")
        stated = _CHARSET.search(values.get("content", "")) if kind else None
        charset = values.get("charset") or (stated[1] if stated else "utf-8")
        if charset.strip().lower() not in {"utf-8", "utf8"}:
            self._fault(position, "<meta> names another charset", "write utf-8")

    def _read_raw(self, name: str, start: int) -> int:
        end = self.text.find("<", start)
        end = len(self.text) if end < 0 else end
        closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).match(self.text, end)
        if closing is None:
            self._fault(
                start,
                f"<{name}> does not end before the next <",
                f"close it: </{name}>",
            )
            return end
        if name == "style":
            self._judge_style(self.text[start:end], start)
        return closing.end()


def _is_inside(found: Found, spans: list[tuple[int, int]]) -> bool:
    """Say whether a slot lies in one of the spans, which are in order."""
    place = bisect(spans, found.start, key=lambda span: span[0])
    return place > 0 and found.end <= spans[place - 1][1]
