"""People at the keeper's pages: they open a link and make passkeys there."""

import hashlib

from listkeep.core.grants import Statement
from listkeep.keeper.gate.people import enrolments
from listkeep.keeper.gate.people.enrolments import Attested, Invitation, OpenEnrolment
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m
from tests.fakes.authenticator import Authenticator

from .instance import KEEPER, SEAL_ORIGIN
from .world import World


def invite(
    world: World,
    by: str,
    name: str,
    role: str,
    *,
    tenant: str = "",
    team: str = "",
) -> Invitation:
    person = world.registry.people[world.meet(by).person]
    return enrolments.invite(
        world.gate,
        person,
        tenant=tenant,
        role=role,
        name=name,
        team=team,
        now=world.now,
    )


def link_of(invitation: Invitation) -> str:
    return invitation.link(SEAL_ORIGIN)


def look(world: World, link: str, *, gate: Gate | None = None) -> OpenEnrolment:
    return enrolments.open_enrolment(gate or world.gate, link, now=world.now)


def make(
    world: World, link: str, device: Authenticator, *, gate: Gate | None = None
) -> OpenEnrolment:
    """Make one passkey over a link, and prove that it can sign."""
    shown = look(world, link, gate=gate)
    return enrolments.add_key(
        gate or world.gate,
        link,
        Attested(*device.make(shown.challenge)),
        device.prove(keeper=shown.keeper, person=shown.person_id),
        now=world.now,
    )


def finish(world: World, link: str, *, gate: Gate | None = None) -> str:
    return enrolments.finish_enrolment(gate or world.gate, link, now=world.now)


def enrol(world: World, link: str, *devices: Authenticator) -> str:
    """Make passkeys over a link and finish; tells the six words."""
    for device in devices:
        make(world, link, device)
    return finish(world, link)


def sign_with(
    world: World,
    device: Authenticator,
    person: str,
    view: m.RequestView,
    decision: str,
) -> m.RequestView:
    """Sign a request with a passkey that was enrolled in a browser."""
    assertion = device.sign(
        Statement(
            keeper=KEEPER,
            person=person,
            credential=device.id,
            decision=decision,
            request=hashlib.sha256(view.terms).hexdigest(),
        )
    )
    return world.submit(view, assertion)
