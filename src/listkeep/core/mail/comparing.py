"""Hold a message against the template that was signed for, and read its values.

The application and the mail server hand over a whole message. All that is believed of
it are the values in its typed slots; everything else has to be the template, sign for
sign, in the decoded tree. The message that goes out is built from the template and
these values (`message.py`), so what is overlooked here still does not go out.

Sealed slots have to come through as they are; they are filled in later. Where the
template says ``[[alias]]``, whatever stands for this addressee is taken; ``[[proof]]``
comes through as it is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape

from listkeep.core.errors import Code, RefusedError

from .headers import Mailbox, decode_text, parse_mailbox
from .mime import Branch, Mail, Part, Text
from .slots import MAX_TEXT_CHARACTERS, OURS, Kind, Piece, Slot, fits, format_slot
from .template import FORBIDDEN_FIELDS, Fork, Letter, Node, Template

_PROOFS = ("[[proof]]", "%5b%5bproof%5d%5d")  # only we can make one
_REFUSED_FIELDS = FORBIDDEN_FIELDS - {"sender", "return-path", "errors-to"}
_MAX_RAW = 8 * MAX_TEXT_CHARACTERS  # as character references


def read_values(
    template: Template, mail: Mail, *, stands_for: Collection[str]
) -> dict[str, str]:
    """Read the values an application put into the slots of a template.

    ``stands_for`` has what may stand for this addressee: the alias and the token, bare
    and as addresses. Whoever else is named in ``To`` is refused.

    Raises:
        RefusedError: The message is not the template's; the message says where, and
            repeats nothing of it.
    """
    reading = _Reading(_spellings(stands_for))
    _compare_fields(template, mail, stands_for)
    reading.match(template.subject, _text_of(mail, "subject"), place="its subject")
    reading.compare(template.body, mail.body, place="part 1")
    return reading.values


def _compare_fields(
    template: Template, mail: Mail, stands_for: Collection[str]
) -> None:
    for name, _ in mail.fields:
        if name.lower() in _REFUSED_FIELDS:
            raise _differs(f"it has a header {name.lower()}")
    for name, expected in (("from", template.sender), ("reply-to", template.reply_to)):
        raw = mail.find_all(name)
        if len(raw) != (1 if expected else 0) or not all(
            _is_mailbox(value, expected) for value in raw
        ):
            raise _differs(f"its {name} is another one")
    raw = mail.find_all("to")
    to = parse_mailbox(raw[0]) if len(raw) == 1 else None
    if to is None or to.address.lower() not in stands_for:
        raise _differs("it is to somebody else, or to several")


def _is_mailbox(raw: str, expected: Mailbox | None) -> bool:
    """Say whether a field names the template's mailbox; mostly that shows at once."""
    return expected is not None and (
        raw == _usual_form(expected) or parse_mailbox(raw) == expected
    )


@lru_cache(maxsize=64)  # the same for each addressee of a send
def _usual_form(mailbox: Mailbox) -> str | None:
    """Write a mailbox as most programs do, if that says it and nothing else."""
    form = f"{mailbox.name} <{mailbox.address}>" if mailbox.name else mailbox.address
    return form if parse_mailbox(form) == mailbox else None


def _text_of(mail: Mail, name: str) -> str:
    raw = mail.find_all(name)
    text = decode_text(raw[0]) if len(raw) == 1 else None
    if text is None:
        raise _differs(f"its {name} is not one line of text")
    return text


def _spellings(stands_for: Collection[str]) -> tuple[str, ...]:
    """Give all ways to write what stands for the addressee, the longest first."""
    found = {format_slot(Slot(Kind.ALIAS, Kind.ALIAS))}
    for text in stands_for:
        found |= {text.lower(), text.lower().replace("@", "%40")}
    return tuple(sorted(found, key=len, reverse=True))


@dataclass(slots=True)
class _Reading:
    aliases: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)

    def compare(self, node: Node, part: Part, *, place: str) -> None:
        if isinstance(node, Fork) and isinstance(part, Branch):
            if node.content_type != part.content_type or len(node.parts) != len(
                part.parts
            ):
                raise _differs(f"{place} has other parts")
            pairs = zip(node.parts, part.parts, strict=True)
            for number, (expected, found) in enumerate(pairs, start=1):
                self.compare(expected, found, place=f"{place}.{number}")
        elif isinstance(node, Letter) and isinstance(part, Text):
            if node.content_type != part.content_type:
                raise _differs(f"{place} is of another type")
            is_html = node.content_type == "text/html"
            self.match(node.pieces, part.text, place=place, is_html=is_html)
        elif node != part:
            raise _differs(f"{place} is another file, or none")

    def match(
        self,
        pieces: tuple[Piece, ...],
        text: str,
        *,
        place: str,
        is_html: bool = False,
    ) -> None:
        position = 0
        steps = _steps(pieces)
        for number, step in enumerate(steps):
            if isinstance(step, str):
                if not text.startswith(step, position):
                    raise _differs(f"{place} differs in its text")
                position += len(step)
            elif step.kind in OURS:
                spellings = self.aliases if step.kind is Kind.ALIAS else _PROOFS
                position += self._ours_at(text, position, spellings, place)
            else:
                # A slot is followed by fixed text, or by the end.
                behind = steps[number + 1] if number + 1 < len(steps) else ""
                end = _find_end(text, position, str(behind))
                self._take(step, text[position:end], place=place, is_html=is_html)
                position = end
        if position != len(text):
            raise _differs(f"{place} goes on where the template ends")

    @staticmethod
    def _ours_at(
        text: str, position: int, spellings: tuple[str, ...], place: str
    ) -> int:
        longest = max(map(len, spellings))
        found = text[position : position + longest].lower()
        for known in spellings:
            if found.startswith(known):
                return len(known)
        raise _differs(f"{place} names somebody else")

    def _take(self, slot: Slot, raw: str, *, place: str, is_html: bool) -> None:
        value = "" if raw == format_slot(slot) else raw
        value = unescape(value) if is_html else value
        has_tag = is_html and "<" in raw
        if has_tag or (value and not fits(slot.kind, value)):
            raise _differs(f"{place} has no {slot.kind} in slot {slot.name}")
        if self.values.setdefault(slot.name, value) != value:
            raise _differs(f"{place} has another value in slot {slot.name}")


@lru_cache(maxsize=256)
def _steps(pieces: tuple[Piece, ...]) -> tuple[str | Slot, ...]:
    """Join what is fixed: texts, and sealed slots as they are written."""
    return tuple(_joined(pieces))


def _joined(pieces: tuple[Piece, ...]) -> Iterator[str | Slot]:
    fixed = ""
    for piece in pieces:
        if isinstance(piece, str):
            fixed += piece
        elif piece.kind is Kind.SEALED:
            fixed += format_slot(piece)
        else:
            if fixed:
                yield fixed
            yield piece
            fixed = ""
    if fixed:
        yield fixed


def _find_end(text: str, start: int, behind: str) -> int:
    if not behind:
        return len(text)
    end = text.find(behind, start, start + _MAX_RAW + len(behind))
    return len(text) if end < 0 else end


def _differs(where: str) -> RefusedError:
    return RefusedError(
        f"the message is not the template that was signed for: {where}",
        code=Code.TEMPLATE_DIFFERS,
        hint="send the template as it was signed, or ask for another send",
    )
