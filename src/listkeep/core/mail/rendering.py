"""Put values into a template's slots, each so that it stays what it is.

A value goes into text as text: in HTML its signs are escaped, in a header it is one
visible line. The alias alone goes into links, and it has no sign that means anything
there. A sealed value that is no phrase counts as missing: what somebody typed as
a name years ago must not stop a send, and must not become a link in it either.
"""

from collections.abc import Mapping
from html import escape

from listkeep.core.errors import Code, MalformedError

from .slots import Kind, Piece, Slot, fits

Values = Mapping[str, str]


def choose_value(slot: Slot, values: Values, *, alias: str, proof: str = "") -> str:
    """Give what stands in a slot: the alias, the value, or what the template says.

    Raises:
        MalformedError: The application's value is not of the slot's type. The message
            does not repeat it.
    """
    if slot.kind is Kind.ALIAS:
        return alias
    if slot.kind is Kind.PROOF:
        return _require(proof)
    value = values.get(slot.name, "")
    if fits(slot.kind, value):
        return value
    if value and slot.kind is not Kind.SEALED:
        raise MalformedError(
            f"the value of slot {slot.name} is no {slot.kind}",
            code=Code.MAIL_INVALID,
            hint="one line of at most 200 characters, and nothing like a link",
        )
    return slot.fallback


def render(
    pieces: tuple[Piece, ...],
    values: Values,
    *,
    alias: str,
    proof: str = "",
    is_html: bool,
) -> str:
    """Write a text with its slots filled in.

    Raises:
        MalformedError: A value is not of its slot's type.
    """
    return "".join(
        piece
        if isinstance(piece, str)
        else _write(
            choose_value(piece, values, alias=alias, proof=proof), is_html=is_html
        )
        for piece in pieces
    )


def _require(proof: str) -> str:
    """Let no message out whose link to leave the list leads nowhere."""
    if not proof:
        raise MalformedError("the message has no proof", code=Code.MAIL_INVALID)
    return proof


def _write(value: str, *, is_html: bool) -> str:
    return escape(value) if is_html else value
