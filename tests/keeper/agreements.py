"""What owners and custodians agree on, in short verbs."""

from datetime import timedelta

from listkeep.core.grants import Right, format_time
from listkeep.keeper.gate.custody import lists
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


AGENCY = "a_studiostudio"


def agency_subject(world: World, **facts: object) -> dict[str, str]:
    days = facts.pop("days", 90)
    assert isinstance(days, int)
    return {
        "id": AGENCY,
        "name": "studio",
        "until": format_time(world.now + timedelta(days=days)),
        "look_ups": "50",
        "reveals": "20",
        "rows_exported": "1000",
        **{name: str(value) for name, value in facts.items()},
    }


def add_agency(
    world: World,
    *agents: str,
    by: tuple[str, str] = ("ada", "amir"),
    role: str = "agent",
    **facts: object,
) -> m.RequestView:
    """Take an agency on, with some of its people."""
    subject = agency_subject(world, **facts)
    view = world.sign(by[1], world.ask(by[0], "agency.add", subject), "approve")
    for name in agents:
        person = world.subject(name, role, subject["id"])
        asked = world.ask(by[0], "person.add", person)
        assert world.sign(by[1], asked, "approve").state == "done"
    return view
