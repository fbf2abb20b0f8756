"""Invite somebody: to a place here, to another passkey, or to new ones after a loss.

A link is shown once, to whoever made it, and passed on by them. What comes of it is
asked for here as well, once its six words were compared.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action, Role
from listkeep.core.registry.facts import OWNERS, Person
from listkeep.core.registry.standing import may_recover
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.requests import draft_request
from listkeep.keeper.gate.people.enrolments import (
    EnrolmentView,
    invite,
    show_enrolments,
    subject_of,
)
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id

from .answers import go_on, read_body, show_time
from .visits import Visit, signed_in

_A_WEEK: Final = 7 * 24 * 3600


class Invited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to get a link: somebody known, or a name and a role."""

    person: str = ""
    role: str = ""
    name: str = ""
    tenant: str = ""
    team: str = ""


class Enrolled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose place to ask for; a new tenant may have two first owners."""

    enrolment: str
    purpose: str
    second: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One invitation, and what may be done with it now."""

    view: EnrolmentView
    what: str
    until: str
    is_ready: bool
    others: list[EnrolmentView]  # who could own the same new tenant


@signed_in
def invitations(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what came of links, and a form for another one; make one."""
    if request.method == "POST":
        return _make_link(visit, read_body(request, Invited))
    with visit.gate.view(visit.now) as registry:
        people, roles = _helped(registry, visit.person), _roles(visit.person)
    views = show_enrolments(visit.gate, visit.person, now=visit.now)
    return visit.page(
        request,
        "invitations.html",
        lines=[_line(view, views) for view in reversed(views)],
        people=people,
        roles=[role.value for role in roles],
    )


@signed_in
def ask_for_place(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Have the keeper write the terms for what was enrolled over a link."""
    asked = read_body(request, Enrolled)
    views = {each.id: each for each in _ready(visit)}
    if asked.enrolment not in views:
        raise RefusedError("there is nothing to ask for", code=Code.NOT_FOUND)
    view = views[asked.enrolment]
    names = [asked.enrolment, *([asked.second] if asked.second else [])]
    draft = draft_request(
        visit.gate,
        m.DraftRequest(
            session=visit.token,
            action=view.action,
            purpose=asked.purpose,
            subject=encode(_subject(visit, view, names)).decode(),
            valid_seconds=_A_WEEK,
        ),
        now=visit.now,
    )
    return go_on(f"/requests/{draft.id}")


def _make_link(visit: Visit, asked: Invited) -> HttpResponse:
    role, name = asked.role, asked.name
    if asked.person:
        with visit.gate.view(visit.now) as registry:
            known = registry.people.get(asked.person)
        if known is None or known.tenant != visit.person.tenant:
            raise RefusedError("there is no such person", code=Code.NOT_FOUND)
        role, name = known.role.value, known.name
    invitation = invite(
        visit.gate,
        visit.person,
        tenant=asked.tenant.strip(),
        role=role,
        name=name.strip(),
        team=asked.team.strip(),
        now=visit.now,
    )
    seal_origin, *_ = visit.gate.party.origins
    return JsonResponse(
        {
            "link": invitation.link(seal_origin),
            "until": show_time(invitation.expires_at),
        }
    )


def _ready(visit: Visit) -> list[EnrolmentView]:
    views = show_enrolments(visit.gate, visit.person, now=visit.now)
    return [view for view in views if view.state == "finished"]


def _subject(visit: Visit, view: EnrolmentView, names: list[str]) -> dict[str, str]:
    """Write a subject from one enrolment; of a new tenant from those of its owners."""
    parts = [subject_of(visit.gate, name) for name in names]
    if view.action != Action.TENANT_ADD:
        return parts[0]
    owners = [encode(part).decode() for part in parts]
    return {
        "id": new_id("t"),
        "name": view.tenant_name,
        **dict(zip(OWNERS, (*owners, ""), strict=False)),
    }


def _line(view: EnrolmentView, views: list[EnrolmentView]) -> Line:
    what = {
        Action.PASSKEY_ADD.value: "another passkey",
        Action.PASSKEY_REPLACE.value: "new passkeys after a loss",
        Action.TENANT_ADD.value: f"first owner of {view.tenant_name}",
    }
    return Line(
        view=view,
        what=what.get(view.action, f"{view.role} at {view.tenant_name}"),
        until=show_time(view.expires_at),
        is_ready=view.state == "finished",
        others=[
            each
            for each in views
            if view.action == each.action == Action.TENANT_ADD
            and each.tenant_name == view.tenant_name
            and each.state == "finished"
            and each.id != view.id
        ],
    )


def _roles(person: Person) -> list[Role]:
    """List the roles somebody invites to, the smallest first; the keeper judges it."""
    match person.role:
        case Role.OWNER:
            return [Role.MARKETER, Role.AGENT, Role.OWNER]
        case Role.CUSTODIAN:
            return [Role.SUPPORT, Role.CUSTODIAN, Role.OWNER]
        case _:
            return []


def _helped(registry: Registry, person: Person) -> list[tuple[str, str]]:
    """List who could get passkeys by this person: oneself, and whom one may help."""
    return [
        (f"{each.name} (myself)" if each == person else each.name, each.id)
        for each in sorted(registry.people.values(), key=lambda each: each.name)
        if each == person or may_recover(registry.people, each, person)
    ]
