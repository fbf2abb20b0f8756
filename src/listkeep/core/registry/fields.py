"""Read the fields of a subject: what an authority change is about."""

import re
from collections.abc import Iterable, Mapping

from listkeep.core.errors import Code, MalformedError, VerificationError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_ID = re.compile(r"[a-z]_[a-z2-7]{12}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


def require_fields(
    subject: Mapping[str, str], names: Iterable[str], *, optional: Iterable[str] = ()
) -> None:
    """Require exactly these fields, and no other but the optional ones.

    Raises:
        MalformedError: One is missing or there is another.
    """
    wanted = set(names)
    if not wanted <= set(subject) <= wanted | set(optional):
        raise invalid("has missing or unknown fields")


def is_id(text: str, prefix: str) -> bool:
    """Tell whether a text is an id of this kind."""
    return bool(_ID.fullmatch(text)) and text[0] == prefix


def read_id(subject: Mapping[str, str], prefix: str, *, name: str = "id") -> str:
    """Read an id of one kind.

    Raises:
        MalformedError: It is no id, or of another kind.
    """
    if not is_id(subject[name], prefix):
        raise invalid("has an id of the wrong kind")
    return subject[name]


def read_name(subject: Mapping[str, str]) -> str:
    """Read a name that has one spelling.

    Raises:
        MalformedError: It could be read in more than one way.
    """
    if not NAME.fullmatch(subject["name"]):
        raise invalid("needs a name of a-z, 0-9, dot, dash or underscore")
    return subject["name"]


def read_number(subject: Mapping[str, str], name: str) -> int:
    """Read a plain number below a billion.

    Raises:
        MalformedError: It is spelt any other way.
    """
    if not _NUMBER.fullmatch(subject[name]):
        raise invalid("has a ceiling that is no plain number")
    return int(subject[name])


def invalid(what: str) -> MalformedError:
    """Say what is wrong with a subject."""
    return MalformedError(f"the subject {what}", code=Code.REQUEST_INVALID)


def untrusted(what: str) -> VerificationError:
    """Say that no honest keeper wrote this ledger."""
    return VerificationError(
        f"the ledger cannot be trusted: {what}", code=Code.LEDGER_INVALID
    )
