"""What owners and custodians agree on beyond people and keys, as values.

- **Contacts**: where notices go outside the instance. The destination is sealed by
  the keeper before it enters the terms, so the ledger never holds it.
- **Freezes** name classes of releases; each is set and lifted for itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from listkeep.core.errors import Code, MalformedError

from .fields import invalid, read_id, read_name, require_fields

RELEASES = "export+reveal"
FREEZE_CLASSES = frozenset({RELEASES, "campaigns", "transactional"})
CONTACT_KINDS = frozenset({"mail", "webhook"})
_SEALED = re.compile(r"[A-Za-z0-9_-]{40,1200}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Where notices go: a mailbox or a webhook. An empty tenant: the operator's."""

    id: str
    tenant: str
    name: str
    kind: str
    sealed: str  # base64url, under a key of the key store


def parse_contact(subject: Mapping[str, str], *, tenant: str) -> Contact:
    """Read the subject of ``contact.add``.

    Raises:
        MalformedError: A field is missing, or the destination is not sealed.
    """
    require_fields(subject, {"id", "name", "kind", "sealed"})
    if subject["kind"] not in CONTACT_KINDS:
        raise invalid("has a kind of contact that does not exist")
    if not _SEALED.fullmatch(subject["sealed"]):
        raise invalid("has no sealed destination")
    return Contact(
        id=read_id(subject, "d"),
        tenant=tenant,
        name=read_name(subject),
        kind=subject["kind"],
        sealed=subject["sealed"],
    )


def parse_classes(subject: Mapping[str, str]) -> tuple[str, ...]:
    """Read which classes of releases a freeze is about, sorted.

    Raises:
        MalformedError: None, an unknown one, or spelt in another way.
    """
    require_fields(subject, {"classes"})
    classes = tuple(subject["classes"].split(" "))
    if not set(classes) <= FREEZE_CLASSES or list(classes) != sorted(set(classes)):
        raise MalformedError(
            "a freeze names its classes, sorted, with spaces between",
            code=Code.REQUEST_INVALID,
            hint=f"one or more of {', '.join(sorted(FREEZE_CLASSES))}",
        )
    return classes
