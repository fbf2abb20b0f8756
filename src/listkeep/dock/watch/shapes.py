"""JSON that the watch takes."""

from typing import Annotated

from pydantic import Field

from listkeep.dock.lists.shapes import Shape

# No note and no reason holds an at sign: an address would stand where none may be.
NoteText = Annotated[
    str, Field(min_length=1, max_length=500, pattern=r"^[^@\x00-\x1f\x7f]+$")
]
ReasonText = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^@\x00-\x1f\x7f]+$")
]


class Note(Shape):
    """What somebody found out."""

    text: NoteText


class Closing(Shape):
    """Why an incident is closed, and whether what was found is so from now on."""

    reason: ReasonText
    accept: bool = False
