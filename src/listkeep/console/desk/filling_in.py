"""What forms of releases have in common: how a number is typed, and how many rows."""

from typing import Final

from listkeep.core.errors import Code, MalformedError
from listkeep.looks.marking import Filled, gettext_noop
from listkeep.wire.answers import DockCount

SEGMENT: Final = 1900
"""Characters of a segment; with a status behind it, what the dock reads."""


def read_number(text: str, sentence: str, *, least: int) -> int:
    """Read a number as people type it, with marks at thousands.

    ``sentence``: what is said of one that is none.

    Raises:
        MalformedError: It is none, or too small.
    """
    plain = text.replace(",", "").replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and int(plain) >= least):
        raise MalformedError(
            sentence,
            code=Code.REQUEST_INVALID,
            hint=Filled(gettext_noop("from {least} on"), least=str(least)),
        )
    return int(plain)


def read_cap(text: str, counted: DockCount | None) -> int:
    """Read how many rows at most; nothing typed is as many as there are now.

    Raises:
        MalformedError: It is no number, or nobody is in the segment.
    """
    if text or counted is None:
        said = gettext_noop("say how many rows at most, as a whole number")
        return read_number(text, said, least=1)
    if not counted.count:
        raise MalformedError(
            gettext_noop("nobody is in this segment"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop(
                "count again; what stands in a facet is shown on the list's page"
            ),
        )
    return counted.count
