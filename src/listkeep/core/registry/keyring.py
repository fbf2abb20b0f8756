"""A person's passkeys as one line of text, and which kinds a role may hold.

The line is what stands in terms, what its digest and six words are made from, and
what people compare; it has one spelling: ``kind:credential-id:public-key``, both
base64url, a space between two keys.
"""

import hashlib
from collections.abc import Iterable, Sequence

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Role

from .passkeys import (
    Credential,
    Kind,
    decode_base64url,
    encode_base64url,
    parse_public_key,
)

MOST_KEYS = 4
DEMO = "demo"
_MOST_ID = 340  # characters: no authenticator in use makes longer ones
# Whose one signature too many would be one release too many.
_IN_HARDWARE = frozenset({Role.OWNER, Role.CUSTODIAN})
_LEAST_IN_HARDWARE = 2
_HARDWARE = frozenset({Kind.HARDWARE})


def format_keys(keys: Iterable[Credential]) -> str:
    """Write passkeys as one line."""
    return " ".join(
        f"{key.kind}:{key.id}:{encode_base64url(key.public_key)}" for key in keys
    )


def parse_keys(text: str) -> tuple[Credential, ...]:
    """Read one to four different passkeys.

    Raises:
        MalformedError: Anything else, or another spelling.
    """
    keys = tuple(_parse_key(each) for each in text.split(" "))
    if len(keys) > MOST_KEYS:
        raise _invalid(f"has more than {MOST_KEYS} passkeys")
    require_distinct(keys)
    return keys


def keys_digest(keys: Iterable[Credential]) -> str:
    """Name passkeys by the SHA-256 of their line, in hexadecimal."""
    return hashlib.sha256(format_keys(keys).encode()).hexdigest()


def require_distinct(keys: Sequence[Credential]) -> None:
    """Require that no id and no public key stands there twice.

    Raises:
        MalformedError: One does.
    """
    for column in (
        [key.id for key in keys],
        [key.public_key for key in keys],
    ):
        if len(set(column)) < len(column):
            raise _invalid("names one passkey twice")


def allowed_kinds(*, role: Role, profile: str) -> frozenset[Kind]:
    """Name the kinds of passkeys a role may hold under the profile."""
    if profile == DEMO:
        return frozenset(Kind)
    return _HARDWARE if role in _IN_HARDWARE else _HARDWARE | {Kind.SYNCED}


def least_keys(*, role: Role, profile: str) -> int:
    """Say how many passkeys a role has at least under the profile."""
    return _LEAST_IN_HARDWARE if profile != DEMO and role in _IN_HARDWARE else 1


def require_kinds(keys: Iterable[Credential], *, role: Role, profile: str) -> None:
    """Require kinds of passkeys that the role may hold under the profile.

    A synced passkey is as safe as its owner's account with the provider, which a
    stranger may talk a help desk out of; a file is as safe as the file.

    Raises:
        RefusedError: One of them is of no such kind.
    """
    allowed = allowed_kinds(role=role, profile=profile)
    for key in keys:
        if key.kind not in allowed:
            raise RefusedError(
                f"a {key.kind} passkey does not count for a person of role {role} "
                "outside the demo profile",
                hint="enrol a hardware key",
            )


def require_enough(keys: Sequence[Credential], *, role: Role, profile: str) -> None:
    """Require a second hardware key of those who could not be helped without one.

    Raises:
        RefusedError: There is one only.
    """
    if len(keys) < least_keys(role=role, profile=profile):
        raise RefusedError(
            f"a person of role {role} has two hardware keys outside the demo profile",
            hint="enrol a second one, and keep it elsewhere",
        )


def _parse_key(text: str) -> Credential:
    parts = text.split(":")
    if len(parts) != 3 or parts[0] not in frozenset(Kind):
        raise _invalid("has no passkeys of the form kind:id:key")
    kind, name, key = parts
    if not 0 < len(name) <= _MOST_ID:
        raise _invalid("has a passkey without a usable id")
    decode_base64url(name)
    public_key = decode_base64url(key)
    parse_public_key(public_key)
    return Credential(id=name, public_key=public_key, kind=Kind(kind))


def _invalid(what: str) -> MalformedError:
    return MalformedError(f"the subject {what}", code=Code.REQUEST_INVALID)
