"""Templates of sends: kept by digest, and held against what people were shown.

People sign a digest and what they were told about it: From, links, who learns of the
reader. The keeper reads no mail, so that both say the same is seen to here, when a
template is handed over and again before it is sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.db import transaction

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.mail import Declared, Template, find_undeclared, parse_template
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.core.registry.sending import parse_send
from listkeep.dock.lists.access import enter_list
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from .models import StoredTemplate
from .requests import get_terms


class Told(Protocol):
    """What people were told about the templates of a send."""

    @property
    def templates(self) -> Sequence[str]:
        """Their digests."""

    @property
    def sender(self) -> str:
        """From."""

    @property
    def reply_to(self) -> str:
        """Reply-To, or nothing."""

    @property
    def title(self) -> str:
        """The subject as it is written."""

    @property
    def links(self) -> Sequence[str]:
        """The domains that links lead to."""

    @property
    def tracking(self) -> Sequence[str]:
        """The domains that learn of the reader."""

    @property
    def fields(self) -> Sequence[str]:
        """The sealed fields that are filled in."""


def store_template(
    caller: m.Caller, *, request: str, eml: bytes, keeper: Keeper, now: datetime
) -> Template:
    """Keep a template that the terms of a request name; again, it changes nothing.

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
    if len(eml) > MAX_BYTES:
        raise MalformedError("a template is longer", code=Code.BODY_TOO_LARGE)
    template = parse_template(eml)
    verify_template(template, parse_send(terms))
    with translated(), transaction.atomic():
        StoredTemplate.objects.get_or_create(
            list_id=visit.record.id,
            digest=template.digest,
            defaults={
                "eml": eml,
                "principal": visit.principal.id,
                "stored_at": now,
            },
        )
    return template


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
