"""What owners and custodians agree on, in short verbs."""

from datetime import timedelta

from listkeep.core.grants import Right, format_time
from listkeep.keeper.gate import lists
from listkeep.wire import messages as m

from .world import World

CONSENT = "g_consentconse"


def give_consent(
    world: World,
    *people: str,
    by: str = "ada",
    days: int = 30,
    consent: str = CONSENT,
) -> m.RequestView:
    """Let support in, everybody if nobody is named."""
    subject = {
        "id": consent,
        "until": format_time(world.now + timedelta(days=days)),
        "people": " ".join(sorted(world.meet(name).person for name in people)),
    }
    return world.ask(by, "consent.give", subject)


def authorize(
    world: World, name: str, list_id: str, right: str = Right.VIEW
) -> m.Principal:
    message = m.Authorize(caller=world.caller(name), right=right, list=list_id)
    return lists.authorize(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )
