"""Ask for something: a form, from which the keeper writes the exact terms.

Which forms somebody is offered is a kindness; what may be asked for is decided where
the terms are written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from listkeep.core.canonical import encode
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Action, Role
from listkeep.core.registry.agreements import FREEZE_CLASSES, TRANSACTIONAL
from listkeep.core.registry.facts import (
    OPERATOR_SERVICES,
    TENANT_SERVICES,
    Person,
)
from listkeep.core.registry.standing import may_be_chosen
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.requests import draft_request
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id

from .answers import go_on, read_body, read_number
from .consents import choose_support, in_force, say_consent, write_consent
from .visits import Visit, signed_in

_WORKERS: Final = frozenset({"owner", "marketer", "agent"})
_OWNERS: Final = frozenset({Role.OWNER.value})
_SIDES: Final = frozenset({Role.OWNER.value, Role.CUSTODIAN.value})
_CUSTODIANS: Final = frozenset({Role.CUSTODIAN.value})
_EVERYBODY: Final = frozenset(role.value for role in Role)
_USUAL_FREEZE: Final = (
    "all but standing sends",
    " ".join(sorted(FREEZE_CLASSES - {TRANSACTIONAL})),
)
_MAX_HOURS: Final = 90 * 24


@dataclass(frozen=True, slots=True)
class Form:
    """What can be asked for, by whom, and which fields it takes besides the purpose."""

    action: Action
    title: str
    about: str
    roles: frozenset[str]
    fields: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()


FORMS: Final = {
    form.action.value: form
    for form in (
        Form(
            Action.EXPORT,
            "A copy",
            "A file that only an enrolled recipient can open.",
            _WORKERS,
            ("list", "selection", "cap", "recipient"),
        ),
        Form(
            Action.REVEAL,
            "See addresses",
            "Up to ten, in this browser, once. They disappear after two minutes.",
            _WORKERS,
            ("list", "tokens"),
        ),
        Form(
            Action.RECIPIENT_ADD,
            "Enrol a recipient",
            "Whom copies may be encrypted to.",
            _OWNERS,
            subject=("id", "name", "public_key"),
        ),
        Form(
            Action.RECIPIENT_REVOKE,
            "Remove a recipient",
            "Grants for this key end at once.",
            _OWNERS,
            subject=("recipient",),
        ),
        Form(
            Action.PERSON_REVOKE,
            "Remove a person",
            "Sessions, signatures and grants of this person end at once.",
            _SIDES,
            subject=("person",),
        ),
        Form(
            Action.SERVICE_ADD,
            "Enrol software",
            "It reads tokens or brings rows. Its key is made in this browser.",
            _SIDES,
            subject=("id", "name", "kind", "verifier"),
        ),
        Form(
            Action.SERVICE_REVOKE,
            "Remove software",
            "Its key stops working at once.",
            _SIDES,
            subject=("service",),
        ),
        Form(
            Action.PERSON_CONFIRM,
            "Confirm a first owner",
            "You called them up and heard six words. Another custodian does the same.",
            _CUSTODIANS,
            subject=("waiting", "words"),
        ),
        Form(
            Action.RECOVERY_CHOOSE,
            "Choose who may help",
            "Two of them give you other passkeys, should you lose yours.",
            _EVERYBODY,
            subject=("helpers",),
        ),
        Form(
            Action.CONSENT_GIVE,
            "Let support look",
            "At the tenant's lists, until an end. It opens and changes nothing.",
            _OWNERS,
            subject=("people", "until"),
        ),
        Form(
            Action.CONSENT_WITHDRAW,
            "Let support look no more",
            "It ends at once, whoever of the owners gave it.",
            _OWNERS,
            subject=("consent",),
        ),
        Form(
            Action.FREEZE,
            "Freeze releases",
            "Nothing leaves any more, until two of the same side lift it.",
            _SIDES,
            subject=("classes",),
        ),
        Form(
            Action.UNFREEZE,
            "Lift a freeze",
            "Two of the side that set it have to sign.",
            _SIDES,
            subject=("classes",),
        ),
    )
}


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was filled in; the keeper looks at each value again."""

    purpose: str
    hours: str
    list: str = ""
    selection: str = ""
    tokens: str = ""
    cap: str = ""
    recipient: str = ""
    tenant: str = ""
    subject: dict[str, str] = {}


@signed_in
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what this person may ask for."""
    forms = [form for form in FORMS.values() if visit.person.role in form.roles]
    console = settings.CONFIG.app_origin if visit.person.role in _WORKERS else ""
    return visit.page(request, "ask.html", forms=forms, console=console)


@signed_in
def ask_for(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    """Show a form; have the keeper write terms from what was filled in."""
    form = FORMS.get(name)
    if form is None:
        raise RefusedError("there is nothing of this kind to ask for")
    if request.method == "POST":
        view = draft_request(
            visit.gate,
            _message(visit, form, read_body(request, Asked)),
            now=visit.now,
            on_screen=True,
        )
        return go_on(f"/requests/{view.id}")
    with visit.gate.view(visit.now) as registry:
        options = _options(registry, visit.person)
        options["support"] = choose_support(registry, visit.person)
        options["consents"] = [
            (say_consent(registry, each), each.id)
            for each in in_force(registry, visit.person, now=visit.now)
        ]
    return visit.page(request, "form.html", asked=form, **options)


def _message(visit: Visit, form: Form, asked: Asked) -> m.DraftRequest:
    hours = read_number(asked.hours, at_most=_MAX_HOURS)
    subject = {name: value.strip() for name, value in asked.subject.items()}
    tenant = asked.tenant
    if form.action is Action.RECIPIENT_ADD:
        subject["id"] = new_id("c")
    elif form.action is Action.CONSENT_GIVE:
        subject = write_consent(subject, now=visit.now)
    elif form.action is Action.RECOVERY_CHOOSE:
        subject["id"] = visit.person.id
    elif form.action is Action.PERSON_CONFIRM:
        tenant = _home_of(visit, subject.get("id", ""))
        subject["words"] = " ".join(subject.get("words", "").lower().split())
    return m.DraftRequest(
        session=visit.token,
        action=form.action.value,
        purpose=asked.purpose,
        tenant=tenant,
        list=asked.list,
        selection=asked.tokens or asked.selection,
        cap=read_number(asked.cap) if "cap" in form.fields else 0,
        recipient=asked.recipient,
        subject=encode(subject).decode() if subject else "",
        valid_seconds=hours * 3600,
    )


def _home_of(visit: Visit, person: str) -> str:
    with visit.gate.view(visit.now) as registry:
        known = registry.people.get(person)
        return known.tenant if known else ""


def _options(registry: Registry, person: Person) -> dict[str, list[tuple[str, str]]]:
    """List what there is to choose from, of this person's own side only."""

    def named(rows: Iterable[object]) -> list[tuple[str, str]]:
        mine = (row for row in rows if getattr(row, "tenant", "") == person.tenant)
        return sorted((getattr(r, "name", ""), getattr(r, "id", "")) for r in mine)

    kinds = TENANT_SERVICES if person.tenant else OPERATOR_SERVICES
    return {
        "lists": named(registry.lists.values()) if person.tenant else [],
        "recipients": named(registry.recipients.values()),
        "people": named(registry.people.values()),
        "services": named(registry.services.values()),
        "waiting": _waiting(registry, person),
        "helpers": [
            (each.name, each.id)
            for each in registry.people.values()
            if may_be_chosen(person, each)
        ],
        "tenants": [] if person.tenant else named_all(registry),
        "kinds": [(kind, kind) for kind in sorted(kinds)],
        "classes": [_USUAL_FREEZE, *((kind, kind) for kind in sorted(FREEZE_CLASSES))],
    }


def _waiting(registry: Registry, person: Person) -> list[tuple[str, str]]:
    """List whom somebody has to call up, and where they are."""
    if person.role is not Role.CUSTODIAN:
        return []
    return [
        (f"{each.name}, {registry.tenants[each.tenant].name}", each.id)
        for each in registry.people.values()
        if each.id in each.waits_for
    ]


def named_all(registry: Registry) -> list[tuple[str, str]]:
    """List the tenants there are, for the operator's own."""
    return sorted((row.name, row.id) for row in registry.tenants.values())
