"""The shape of every message: strict, typed, msgpack."""

import re
from typing import Annotated, Any, TypeVar

import msgspec

from listkeep.core.errors import MalformedError

MEDIA_TYPE = "application/vnd.listkeep+msgpack"
FRAME_BYTES = 4  # a streamed message is preceded by its length
MAX_ROWS = 4096
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
PolicyText = Annotated[str, msgspec.Meta(max_length=32_768)]
Token = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Credential = Annotated[str, msgspec.Meta(max_length=600)]  # a bearer secret


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message: immutable, named fields, nothing unknown."""


_UNKNOWN = re.compile("Object contains unknown field")
_PLACE = re.compile(r" - at `(\$[^`@]*)`$")
M = TypeVar("M", bound=msgspec.Struct)


def encode(message: msgspec.Struct | list[Any]) -> bytes:
    """Write a message as msgpack."""
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[M]) -> M:
    """Read a message of one known kind.

    Raises:
        MalformedError: It is anything else. The text names the field, never a value.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.ValidationError as error:
        # msgspec quotes names of unknown fields, which are the sender's text and
        # may look like a place.
        path = None if _UNKNOWN.match(str(error)) else _PLACE.search(str(error))
        where = f"at {path[1]}" if path else "in its fields"
        raise MalformedError(f"a message does not fit its kind {where}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("a message is not msgpack") from error
