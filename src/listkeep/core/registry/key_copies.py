"""Copies of all keys that leave the keeper, sealed for holders who open them together.

Two custodians sign who holds a share, how many shares open the copy, and until when it
is kept. Each holder is another of the operator's own people: two shares in one hand are
a copy that one person opens. The ledger tells of every copy, so everybody can see when
the last of them ends: until then whatever the keys of its day sealed can be opened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, format_time, parse_time

from .authority import is_granted
from .fields import NAME, invalid, require_fields, untrusted
from .state import Registry

LONGEST_COPY = timedelta(days=400)
MOST_HOLDERS = 8
_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_FEW = re.compile(r"[2-8]")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyCopyTerms:
    """What two custodians sign about a copy."""

    holders: Mapping[str, str]  # name: age key; sorted by name
    needed: int
    until: datetime
    people: tuple[str, ...] = ()  # ids, in the order of the holders


def parse_key_copy(subject: Mapping[str, str], *, asked_at: datetime) -> KeyCopyTerms:
    """Read the subject of ``keys.backup``.

    Raises:
        MalformedError: A field is missing, two holders are one, or it is kept too long.
    """
    require_fields(subject, {"holders", "needed", "until"}, optional={"people"})
    pairs = [tuple(each.split(":")) for each in subject["holders"].split(" ")]
    if any(len(pair) != 2 for pair in pairs):
        raise invalid("names a holder by something else than name:key")
    names, keys = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not all(map(NAME.fullmatch, names)) or not all(map(_AGE_KEY.fullmatch, keys)):
        raise invalid("names a holder by something else than name:key")
    if names != sorted(set(names)) or len(set(keys)) < len(keys):
        raise invalid("names a holder twice, or not in order")
    people = tuple(subject.get("people", "").split())
    if people and not len(names) == len(people) == len(set(people)):
        raise invalid("names one person for two holders, or none for one")
    if not _FEW.fullmatch(subject["needed"]) or not (
        int(subject["needed"]) <= len(names) <= MOST_HOLDERS
    ):
        raise MalformedError(
            "two or more of at most eight holders open a copy of the keys together",
            code=Code.REQUEST_INVALID,
            hint="name more holders, or need fewer of them",
        )
    until = parse_time(subject["until"])
    if not asked_at < until <= asked_at + LONGEST_COPY:
        raise MalformedError(
            "a copy of the keys is kept for at most 400 days",
            code=Code.REQUEST_INVALID,
            hint="make another one before it ends",
        )
    return KeyCopyTerms(
        holders=dict(zip(names, keys, strict=True)),
        needed=int(subject["needed"]),
        until=until,
        people=people,
    )


def require_people(registry: Registry, terms: KeyCopyTerms, *, now: datetime) -> None:
    """Require that each holder is one of the operator's own people, and still here.

    Raises:
        RefusedError: One of them is somebody else, or nobody says who it is.
    """
    people = [registry.find_present(each, now=now) for each in terms.people]
    own = [p.name for p in people if p is not None and not (p.tenant or p.company)]
    if own != list(terms.holders):
        raise RefusedError(
            "a holder of a share is none of the operator's own people",
            code=Code.NOT_PERMITTED,
            hint="enrol who is to hold one with `listkeep person add`; somebody in the "
            "role of support sees nothing of any list",
        )


def keep_key_copy(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    """Take the entry of a copy that was made, deciding once more as of then.

    Raises:
        VerificationError: Nobody agreed to this copy, or it was made twice.
    """
    request = registry.requests[fields["request"]]
    is_asked = request.terms.action is Action.KEYS_BACKUP and not request.done
    if not is_asked or not is_granted(registry, request, at):
        raise untrusted("keys were copied without a grant")
    terms = parse_key_copy(
        request.terms.subject_fields(), asked_at=request.terms.not_before
    )
    if fields["expires"] != format_time(terms.until):
        raise untrusted("a copy of the keys is kept for longer than was signed")
    if terms.people:  # earlier terms named none
        require_people(registry, terms, now=at)
    request.done = request.intended = True
    registry.key_copies[fields["sha256"]] = terms.until
