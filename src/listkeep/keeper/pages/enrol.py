"""The page behind a link: passkeys are made here, and an instance is founded here.

The secret of a link stands behind the hash of its address. No browser sends that to a
server; the page's script reads it and posts it in a body, and nothing here repeats it.
Whatever is wrong with a link is told with one sentence.
"""

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action, Role
from listkeep.core.registry.keyring import (
    DEMO,
    MOST_KEYS,
    allowed_kinds,
    least_keys,
)
from listkeep.core.registry.passkeys import Kind, decode_base64url, encode_base64url
from listkeep.keeper.gate.endpoint import current_time, open_gate, open_store
from listkeep.keeper.gate.people.enrolments import (
    Attested,
    OpenEnrolment,
    add_key,
    finish_enrolment,
    open_enrolment,
    statement_to_sign,
)
from listkeep.keeper.gate.people.founding import (
    GENESIS,
    Founding,
    FoundingView,
    founding_facts,
    open_founding,
    sign_founding,
)
from listkeep.keeper.gate.turns import Gate

from .answers import answer_page, read_body
from .guard import landing
from .sign_in import Signature

_SAYS: Final = {
    GENESIS: "You are one of the two people this keeper begins with.",
    Action.TENANT_ADD.value: "{inviter} invites you: the lists of {where} will be "
    "yours to look after.",
    Action.PERSON_ADD.value: "{inviter} invites you to {where}.",
    Action.PASSKEY_ADD.value: "Make another passkey for yourself. Those you have stay.",
    Action.PASSKEY_REPLACE.value: "{inviter} helps you to new passkeys. They will take "
    "the place of all you have now.",
}
_NEXT: Final = {
    GENESIS: "Read your six words aloud to the other custodian, and hear theirs.",
    Action.TENANT_ADD.value: "Write them down. The operator's custodians call you over "
    "the channel your contract names, and you read the words to them. Until then you "
    "do everything but see addresses and take copies.",
    Action.PERSON_ADD.value: "Tell {inviter} that you are done, and read the words "
    "aloud, on the telephone or in person. {inviter} compares them and asks for your "
    "place; a second person agrees. Then you sign in here.",
    Action.PASSKEY_ADD.value: "Sign in with a passkey you have, open “Invitations” "
    "under “Ask” and ask for this one. Compare the words there with these.",
    Action.PASSKEY_REPLACE.value: "Read the words aloud to {inviter}, and to whoever "
    "else approves. 24 hours after that your new passkeys work, and the old ones stop. "
    "For 72 hours more you release and approve nothing.",
}


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stood behind the hash of the address."""

    link: str


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey that was made; bytes in base64url."""

    link: str
    client_data: str
    attestation_object: str

    def attested(self) -> Attested:
        """Read it as the gate takes it.

        Raises:
            MalformedError: A part is not base64url.
        """
        return Attested(
            decode_base64url(self.client_data),
            decode_base64url(self.attestation_object),
        )


class Proven(Made, frozen=True, forbid_unknown_fields=True):
    """The same, and what it signed to prove that it can."""

    proof: Signature


class Vouched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A founder's signature over the beginning."""

    link: str
    signature: Signature


class Beginning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of a genesis somebody has signed."""

    genesis: str


@landing
def enrol(request: HttpRequest) -> HttpResponse:
    """Show the page; tell it what its link is for."""
    if request.method != "POST":
        return answer_page(request, "enrol.html")
    link, gate, now = read_body(request, Link).link, _gate(), current_time()
    if isinstance(gate, Founding):
        view = founding_facts(gate, link, now=now)
        mine = next(each for each in view.founders if each.person == view.me)
        told = _tell_founding(gate, view)
        if mine.words:
            return JsonResponse(told)
        return JsonResponse(told | _tell(gate, open_enrolment(gate, link, now=now)))
    return JsonResponse(_tell(gate, open_enrolment(gate, link, now=now)))


@landing
def write_statement(request: HttpRequest) -> HttpResponse:
    """Write what a passkey that was just made signs, to prove that it can."""
    made = read_body(request, Made)
    statement = statement_to_sign(
        _gate(), made.link, made.attested(), now=current_time()
    )
    return JsonResponse({"statement": statement.decode()})


@landing
def add(request: HttpRequest) -> HttpResponse:
    """Take a passkey that proved itself."""
    made, gate = read_body(request, Proven), _gate()
    opened = add_key(
        gate,
        made.link,
        made.attested(),
        made.proof.assertion(),
        now=current_time(),
    )
    return JsonResponse(_tell(gate, opened))


@landing
def finish(request: HttpRequest) -> HttpResponse:
    """Close the link, and tell the six words of what was made over it."""
    link, gate, now = read_body(request, Link).link, _gate(), current_time()
    opened = open_enrolment(gate, link, now=now)
    words = finish_enrolment(gate, link, now=now)
    return JsonResponse({"words": words, "next": _say(_NEXT, opened)})


@landing
def vouch(request: HttpRequest) -> HttpResponse:
    """Take a founder's signature; the second one seals the genesis."""
    given, now = read_body(request, Vouched), current_time()
    founding = open_founding(open_store())
    if founding is None:
        raise RefusedError(
            "nothing is being founded here",
            code=Code.NOT_FOUND,
            hint="the instance has begun, or was never prepared",
        )
    assertion = given.signature.assertion()
    return JsonResponse(
        {"founded": sign_founding(founding, given.link, assertion, now=now)}
    )


@landing
def founded(request: HttpRequest) -> HttpResponse:
    """Tell somebody who signed a genesis whether the instance began with it."""
    genesis = read_body(request, Beginning).genesis
    store = open_store()
    is_ours = store.was_written() and store.pinned()["genesis"] == genesis
    return JsonResponse({"founded": is_ours})


def _gate() -> Gate:
    return open_founding(open_store()) or open_gate()


def _tell(gate: Gate, opened: OpenEnrolment) -> dict[str, Any]:
    """Tell the page what it needs to make the next passkey."""
    role = Role(opened.role)
    is_further = opened.action == Action.PASSKEY_ADD
    kinds = allowed_kinds(role=role, profile=opened.profile)
    with gate.look() as registry:
        rp_id = registry.party.rp_id
    return {
        "id": opened.id,
        "keeper": opened.keeper,
        "rp_id": rp_id,
        "person": opened.person_id,
        "name": opened.name,
        "role": role.value,
        "where": opened.tenant_name,
        "says": _say(_SAYS, opened),
        "challenge": encode_base64url(opened.challenge),
        "keys": [{"id": key.id, "kind": key.kind.value} for key in opened.keys],
        "least": 1 if is_further else least_keys(role=role, profile=opened.profile),
        "most": MOST_KEYS,
        "only_hardware": Kind.SYNCED not in kinds,
        "is_demo": opened.profile == DEMO,
    }


def _tell_founding(founding: Founding, view: FoundingView) -> dict[str, Any]:
    """Tell a founder how far both have come, and what both sign."""
    with founding.look() as registry:
        keeper, rp_id = registry.keeper, registry.party.rp_id
    return {
        "keeper": keeper,
        "rp_id": rp_id,
        "person": view.me,
        "keys": [],
        "founders": [
            {
                "name": each.name,
                "is_me": each.person == view.me,
                "words": each.words,
                "has_signed": each.has_signed,
            }
            for each in view.founders
        ],
        "facts": encode(dict(view.facts)).decode() if view.facts else "",
        "genesis": view.digest,
    }


def _say(texts: dict[str, str], opened: OpenEnrolment) -> str:
    return texts[opened.action].format(
        inviter=opened.inviter or "whoever invited you", where=opened.tenant_name
    )
