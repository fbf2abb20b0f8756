"""Templates of sends: kept by digest, and held against what people were shown.

People sign a digest and what they were told about it: From, links, who learns of the
reader. The keeper reads no mail, so that both say the same is seen to here, when a
template is handed over and again before it is sent. One that is handed over before
anybody asked for a send of it lies on the shelf of its list, to be chosen from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol, Self

from django.db import transaction

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.mail import (
    Declared,
    Template,
    declare,
    find_undeclared,
    parse_template,
)
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.core.registry.send_subjects import Said
from listkeep.core.registry.sending import parse_send
from listkeep.dock.lists.access import Visit, enter_list, not_found
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from .models import StoredTemplate
from .requests import get_terms

MOST_KEPT: Final = 200
"""How many templates a list's shelf holds; each has at most 2 MiB."""
_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """A template on a list's shelf, and what it says of itself."""

    digest: str
    stored_at: datetime
    declared: Declared

    @classmethod
    def of(cls, template: Template, *, stored_at: datetime) -> Self:
        """Say what a template tells of itself."""
        return cls(template.digest, stored_at, declare(template))


class Told(Said, Protocol):
    """What people were told about the templates of a send, as of one."""

    @property
    def templates(self) -> Sequence[str]:
        """Their digests."""


def store_template(
    caller: m.Caller, *, request: str, eml: bytes, keeper: Keeper, now: datetime
) -> Template:
    """Keep a template that the terms of a request name; again, it stays for longer.

    Raises:
        RefusedError: There is no such request for this caller, its terms name another
            template, or people were told something else about it.
        MalformedError: It is no template, or the request is for something else.
        UnavailableError: The disk is full, or the database does not answer.
    """
    terms = get_terms(caller, request=request, action=Action.SEND, keeper=keeper)
    visit = enter_list(
        keeper, caller, list_name=terms.list, right="send", what="request"
    )
    template = _read(eml)
    verify_template(template, parse_send(terms))
    _store(visit, template, eml, now=now)
    return template


def shelve_template(visit: Visit, *, eml: bytes, now: datetime) -> Template:
    """Keep a template that somebody may ask to send; again, it stays for longer.

    The caller has the right to send.

    Raises:
        MalformedError: It is no template, with every reason.
        RefusedError: The shelf is full.
        UnavailableError: The disk is full, or the database does not answer.
    """
    template = _read(eml)
    kept = StoredTemplate.objects.filter(list_id=visit.record.id)
    with translated():
        is_full = kept.count() >= MOST_KEPT
        if is_full and not kept.filter(digest=template.digest).exists():
            raise RefusedError(
                f"{MOST_KEPT} templates of this list are kept already",
                hint="hand others over with their send: `listkeep send --template`",
            )
    _store(visit, template, eml, now=now)
    return template


def find_kept(list_id: str) -> list[Kept]:
    """Find the newest templates of a list's shelf."""
    rows = StoredTemplate.objects.filter(list_id=list_id).order_by("-stored_at")
    found = rows.values_list("digest", "stored_at")[:_SHOWN]
    return [
        Kept.of(_template_of(list_id, digest), stored_at=stored_at)
        for digest, stored_at in found
    ]


def get_kept(list_id: str, digest: str) -> Template:
    """Get a template of a list's shelf, to show what it says.

    Raises:
        RefusedError: There is none of this digest, or the table holds another.
    """
    if not StoredTemplate.objects.filter(list_id=list_id, digest=digest).exists():
        raise not_found("template")
    return _template_of(list_id, digest)


@lru_cache(maxsize=2 * _SHOWN)
def _template_of(list_id: str, digest: str) -> Template:
    """Read a template once; what a digest names does not change."""
    row = StoredTemplate.objects.get(list_id=list_id, digest=digest)
    template = parse_template(bytes(row.eml))
    if template.digest != digest:  # somebody changed the table
        raise _differs("it is not the template that was handed over")
    return template


def _read(eml: bytes) -> Template:
    if len(eml) > MAX_BYTES:
        raise MalformedError("a template is longer", code=Code.BODY_TOO_LARGE)
    return parse_template(eml)


def _store(visit: Visit, template: Template, eml: bytes, *, now: datetime) -> None:
    with translated(), transaction.atomic():
        row, is_new = StoredTemplate.objects.get_or_create(
            list_id=visit.record.id,
            digest=template.digest,
            defaults={
                "eml": eml,
                "principal": visit.principal.id,
                "stored_at": now,
            },
        )
        if not is_new:  # somebody means to send it: it stays as long as a new one
            row.stored_at = now
            row.save(update_fields=["stored_at"])


def verify_template(template: Template, told: Told) -> None:
    """Hold a template against what was signed.

    Raises:
        RefusedError: It is another, or says something else than people were told.
    """
    if template.digest not in told.templates:
        raise _differs("it is not the template that was signed for")
    declared = Declared(
        sender=told.sender,
        reply_to=told.reply_to,
        title=told.title,
        links=tuple(told.links),
        tracking=tuple(told.tracking),
        fields=tuple(told.fields),
    )
    if found := find_undeclared(template, declared):
        raise _differs(f"it has what was not signed for: {'; '.join(found)}")


def _differs(what: str) -> RefusedError:
    return RefusedError(
        what,
        code=Code.TEMPLATE_DIFFERS,
        hint="ask for a send of this template; `listkeep template check` shows it",
    )
