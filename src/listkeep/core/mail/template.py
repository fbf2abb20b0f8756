"""Templates: what a send may say, as people sign it.

A template is an .eml file, or HTML and text. It becomes a decoded tree, every piece of
which is fixed or a typed slot; everything that could fetch, run, hide or lead somewhere
else is refused, with all reasons at once. The **digest** names that tree: sender, reply
address, subject, structure, texts, images and attachments. Encodings, boundaries, line
ends, dates and the headers of mail programs are no part of it, since every message is
built anew from the tree (`message.py`).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from listkeep.core import canonical

from .faults import Findings, TemplateError
from .headers import Mailbox, decode_text, is_name, parse_mailbox
from .links import UNREADABLE_LINK, Link, find_links
from .markup import read_markup
from .mime import (
    MAX_TEXT_CHARACTERS,
    Branch,
    File,
    Mail,
    Part,
    Text,
    clean_text,
    decode_mail,
)
from .slots import (
    OURS,
    Kind,
    Piece,
    Slot,
    find_slots,
    format_pieces,
    place_of,
    slots_in,
    split_text,
)

DIGEST_TYPE = "application/vnd.listkeep.template.v1+json"
MAX_SUBJECT_CHARACTERS = 200
MAX_SLOTS = 100

# Copies to others, and requests to answer to others: never, whatever they say.
_FORBIDDEN_FIELDS = """
    cc bcc sender apparently-to disposition-notification-to return-receipt-to
    x-confirm-reading-to errors-to return-path resent-to resent-cc resent-bcc
    resent-from resent-sender mail-reply-to mail-followup-to
"""
FORBIDDEN_FIELDS = frozenset(_FORBIDDEN_FIELDS.split())


@dataclass(frozen=True, slots=True)
class Letter:
    """A part people read, cut at its slots."""

    content_type: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Parts in their order."""

    content_type: str
    parts: tuple["Node", ...]


Node = Letter | File | Fork


@dataclass(frozen=True)
class Template:
    """What was signed for: everything fixed, and the slots."""

    sender: Mailbox
    reply_to: Mailbox | None
    to_name: tuple[Piece, ...]
    subject: tuple[Piece, ...]
    body: Node
    links: tuple[Link, ...]
    dropped: tuple[str, ...] = ()
    """Names of header fields that are not taken over; no part of the digest."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 by which terms name this template, in hex."""
        body = canonical.encode(self._as_json())
        return hashlib.sha256(canonical.pae(DIGEST_TYPE, body)).hexdigest()

    @cached_property
    def slots(self) -> Mapping[str, Slot]:
        """The slots by their names, in the order of their first use."""
        pieces = (*self.subject, *self.to_name)
        found = {slot.name: slot for slot in slots_in(pieces)}
        for letter in self.letters:
            found |= {s.name: found.get(s.name, s) for s in slots_in(letter.pieces)}
        return found

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        """The parts people read."""
        return tuple(node for node in walk(self.body) if isinstance(node, Letter))

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Images and attachments."""
        return tuple(node for node in walk(self.body) if isinstance(node, File))

    @property
    def subject_text(self) -> str:
        """The subject as it was written, slots included."""
        return format_pieces(self.subject)

    @property
    def to_name_text(self) -> str:
        """The name in ``To`` as it was written, slots included."""
        return format_pieces(self.to_name)

    @property
    def link_domains(self) -> tuple[str, ...]:
        """Where links lead, sorted."""
        found = {link.domain for link in self.links if link.kind == "link"}
        return tuple(sorted(found - {""}))

    @property
    def tracking_domains(self) -> tuple[str, ...]:
        """Who learns of the reader: by an image that is fetched, or from the alias."""
        found = {
            link.domain
            for link in self.links
            if link.kind == "image" or link.bears_alias
        }
        return tuple(sorted(found - {""}))

    def _as_json(self) -> dict[str, Any]:
        return {
            "body": _describe(self.body),
            "from": _describe_mailbox(self.sender),
            "reply_to": _describe_mailbox(self.reply_to) if self.reply_to else None,
            "subject": self.subject_text,
            "to_name": self.to_name_text,
        }


def parse_template(data: bytes) -> Template:
    """Read a template from the bytes of an .eml file.

    Raises:
        TemplateError: It is refused; ``faults`` has every reason.
    """
    findings = Findings()
    mail = decode_mail(data, findings)
    if mail is None:
        raise TemplateError(findings.faults)
    return _make(_read_fields(mail, findings), mail.body, findings)


@dataclass(frozen=True, slots=True)
class Draft:
    """A template as two texts and its headers, as somebody typed them."""

    html: str
    text: str
    sender: str
    subject: str
    reply_to: str = ""
    to_name: str = ""


def make_template(draft: Draft) -> Template:
    """Make a template from HTML, the same as text, and its headers.

    Raises:
        TemplateError: It is refused; ``faults`` has every reason.
    """
    parts: list[Part] = [
        Text(kind, clean_text(content))
        for kind, content in (("text/plain", draft.text), ("text/html", draft.html))
        if content.strip()
    ]
    body = (
        parts[0] if len(parts) == 1 else Branch("multipart/alternative", tuple(parts))
    )
    fields = {
        "from": draft.sender,
        "subject": draft.subject,
        "reply-to": draft.reply_to,
        "to": draft.to_name,
    }
    findings = Findings()
    if max(len(draft.html), len(draft.text)) > MAX_TEXT_CHARACTERS:
        findings.add("the template", "is longer than 512 KiB")
        findings.require_none()
    return _make(_Fields(fields), body, findings)


@dataclass(frozen=True, slots=True)
class _Fields:
    raw: Mapping[str, str]
    dropped: tuple[str, ...] = ()


def _read_fields(mail: Mail, findings: Findings) -> _Fields:
    raw = {
        name: "".join(mail.find_all(name)[:1])
        for name in ("from", "subject", "reply-to")
    }
    # Only the name in front of the address, and only if it has slots in it.
    to = "".join(mail.find_all("to")[:1]).rpartition("<")[0].strip().strip('"')
    raw["to"] = to if "[[" in (decode_text(to) or to) else ""
    dropped = []
    for name, _ in mail.fields:
        known = name.lower()
        if known in FORBIDDEN_FIELDS or known.startswith("resent-"):
            findings.add(
                f"header {known}",
                "would send copies or answers to somebody else",
                "take the header out",
            )
        elif known not in raw and not known.startswith(("content-", "mime-")):
            dropped.append(name)
    return _Fields(raw, tuple(dict.fromkeys(dropped)))


def _make(fields: _Fields, body: Part, findings: Findings) -> Template:
    sender = _read_mailbox("from", fields, findings)
    reply_to = _read_mailbox("reply-to", fields, findings)
    subject = _read_line("subject", fields, findings)
    to_name = _read_line("to", fields, findings)
    links: list[Link] = []
    node = _read_node(body, findings, place="part 1", links=links)
    template = Template(
        sender or Mailbox(""),
        reply_to,
        to_name,
        subject,
        node,
        tuple(links),
        fields.dropped,
    )
    _judge(template, findings)
    findings.require_none()
    return template


def _read_mailbox(name: str, fields: _Fields, findings: Findings) -> Mailbox | None:
    raw = fields.raw[name]
    if not raw and name != "from":
        return None
    mailbox = parse_mailbox(raw)
    if mailbox is None:
        findings.add(
            f"header {name}", "does not name one mailbox", "write Name <name@domain>"
        )
    return mailbox


def _read_line(name: str, fields: _Fields, findings: Findings) -> tuple[Piece, ...]:
    place = f"header {name}"
    text = decode_text(fields.raw[name])
    if text is None or len(text) > MAX_SUBJECT_CHARACTERS:
        findings.add(
            place, "is no short line of visible text", "200 characters, one line"
        )
        return ("",)
    if not text and name == "subject":
        findings.add(place, "is empty", "write a subject")
    found = find_slots(text, findings, place=place)
    if any(one.slot.kind in OURS for one in found):
        findings.add(place, "the alias is for links and texts", "take [[alias]] out")
    pieces = split_text(text, found)
    fixed = "".join(piece for piece in pieces if isinstance(piece, str))
    if name == "to" and not is_name(fixed):
        findings.add(place, "the name in front of the address has signs of one")
    return pieces


def _read_node(
    part: Part, findings: Findings, *, place: str, links: list[Link]
) -> Node:
    if isinstance(part, File):
        return part
    if isinstance(part, Branch):
        parts = [
            _read_node(child, findings, place=f"{place}.{number}", links=links)
            for number, child in enumerate(part.parts, start=1)
        ]
        return Fork(part.content_type, tuple(parts))
    if part.content_type == "text/html":
        markup = read_markup(part.text, findings, place=place)
        links += markup.links
        return Letter(part.content_type, markup.pieces)
    found = find_slots(part.text, findings, place=place)
    for position, link in find_links(part.text):
        if link is None and not findings.is_full:
            findings.add(place_of(place, part.text, position), *UNREADABLE_LINK)
        elif link is not None:
            links.append(link)
    return Letter(part.content_type, split_text(part.text, found))


def _judge(template: Template, findings: Findings) -> None:
    kinds: dict[str, Kind] = {}
    pieces = [*template.subject, *template.to_name]
    pieces += [piece for letter in template.letters for piece in letter.pieces]
    for slot in slots_in(pieces):
        if kinds.setdefault(slot.name, slot.kind) != slot.kind:
            findings.add(f"slot {slot.name}", "has two types", "give it one of them")
    if sum(1 for _ in slots_in(pieces)) > MAX_SLOTS:
        findings.add("the template", "has more than 100 slots")
    if not template.letters:
        findings.add("the template", "has no text", "write text/plain or text/html")
    shown = {link.content_id for link in template.links if link.scheme == "cid"}
    there = [file.content_id for file in template.files if file.content_id]
    if shown - set(there) or len(set(there)) < len(there):
        findings.add(
            "the template",
            "shows an image that is not in it, or is in it twice",
            "each cid: names the Content-ID of one image",
        )


def walk(node: Node) -> Iterator[Letter | File]:
    """Yield the leaves of a tree, in order."""
    if isinstance(node, Fork):
        for child in node.parts:
            yield from walk(child)
    else:
        yield node


def _describe(node: Node) -> dict[str, Any]:
    if isinstance(node, Fork):
        return {
            "parts": [_describe(child) for child in node.parts],
            "type": node.content_type,
        }
    if isinstance(node, Letter):
        return {"text": format_pieces(node.pieces), "type": node.content_type}
    return {
        "attached": node.is_attached,
        "content_id": node.content_id,
        "name": node.name,
        "sha256": hashlib.sha256(node.data).hexdigest(),
        "type": node.content_type,
    }


def _describe_mailbox(mailbox: Mailbox) -> dict[str, str]:
    return {"address": mailbox.address, "name": mailbox.name}
