"""What came back suppresses by rule, in the send it is of, and within its share."""

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.mail import Outcome
from listkeep.keeper.gate.custody import incidents
from listkeep.keeper.release import returned
from listkeep.wire.messages import incidents as i
from tests.keeper.instance import refusal
from tests.keeper.mailing import (
    codes,
    finish,
    open_rows,
    report,
    send_of,
    standing_send,
    with_sending,
)
from tests.keeper.world import Rows, World


def tokens(rows: Rows, *positions: int) -> list[bytes]:
    return [rows.sealed[position].token for position in positions]


def opened(world: World, count: int) -> tuple[Rows, str]:
    rows = with_sending(world, count)
    request = send_of(world, rows, count)
    for start in range(0, count, 256):
        batch = rows.batch(*range(start, min(count, start + 256)))
        assert set(codes(open_rows(world, request, batch))) == {""}
    return rows, request


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("hard-bounce", "bounced"),
        ("complaint", "complained"),
        ("unsubscribe", "unsubscribed"),
    ],
)
def test_what_says_that_mail_should_not_come_again_suppresses(
    anywhere: World, outcome: str, reason: str
) -> None:
    rows, request = opened(anywhere, 3)

    told = report(anywhere, request, tokens(rows, 1), outcome)

    assert told.suppressed == 1
    assert codes(open_rows(anywhere, request, rows.whole())) == ["", "suppressed", ""]
    entry = anywhere.newest("entries.suppressed")
    assert (entry["reason"], entry["rows"], entry["request"]) == (reason, "1", request)
    assert (entry["charged"], entry["principal"]) == ("no", "s_dockdockdock")
    text = anywhere.export("ben", anywhere.granted_export(rows), rows.whole())
    assert rows.addresses[1] not in text


@pytest.mark.parametrize(
    "outcome",
    ["delivered", "soft-bounce", "blocked", "auto-reply", "reply", "unknown"],
)
def test_what_says_less_suppresses_nobody(world: World, outcome: str) -> None:
    rows, request = opened(world, 3)

    told = report(world, request, tokens(rows, 0, 1), outcome)

    assert (told.counted, told.suppressed) == (2, 0)
    assert "entries.suppressed" not in world.events()


def test_said_again_it_changes_nothing(anywhere: World) -> None:
    rows, request = opened(anywhere, 3)
    report(anywhere, request, tokens(rows, 0), "complaint")
    before = anywhere.events()

    for outcome in ("complaint", "hard-bounce", "unsubscribe"):
        told = report(anywhere, request, tokens(rows, 0, 0), outcome)
        assert (told.known, told.suppressed) == (2, 0)
    anywhere.restart()
    assert report(anywhere, request, tokens(rows, 0), "complaint").known == 1

    assert anywhere.events() == before


def test_it_is_about_people_the_send_has_opened_and_nobody_else(world: World) -> None:
    rows, request = opened(world, 3)
    other = world.list_with_rows(3, "others")
    second = send_of(world, rows, 3)
    open_rows(world, second, rows.batch(0))

    assert report(world, second, tokens(rows, 0, 1)).unknown == 1
    assert report(world, request, tokens(other, 0, 1, 2)).unknown == 3
    assert report(world, "r_neverneverne", tokens(rows, 0)).unknown == 1
    assert report(world, request, [bytes(16)]).unknown == 1


def test_mail_of_a_standing_send_comes_back_for_any_of_its_triggers(
    world: World,
) -> None:
    rows = with_sending(world, 3)
    request = standing_send(world, rows)
    open_rows(world, request, rows.batch(0, 1), ["welcome", "basket"])

    told = report(world, request, tokens(rows, 0, 1, 2))

    assert (told.suppressed, told.unknown) == (2, 1)


def test_ninety_days_after_its_end_nothing_is_taken_any_more(world: World) -> None:
    rows, request = opened(world, 3)
    finish(world, request)

    world.wait(days=89)
    assert report(world, request, tokens(rows, 0)).suppressed == 1
    world.wait(days=1)
    assert report(world, request, tokens(rows, 1)).unknown == 1


def test_the_keeper_knows_every_outcome_that_mail_can_have() -> None:
    assert frozenset(Outcome) == returned.OUTCOMES


def test_more_than_its_share_is_held_and_told_of(world: World) -> None:
    rows, request = opened(world, 30)

    first = report(world, request, tokens(rows, *range(30)), "complaint")

    assert (first.suppressed, first.held) == (returned.LEAST, 10)
    again = report(world, request, tokens(rows, *range(30)), "complaint")
    assert (again.known, again.held) == (returned.LEAST, 10)
    kinds = [e["kind"] for e in world.entries() if e["event"] == "incident.opened"]
    assert kinds == ["returns-many"], "once, however often it is said"
    told = report(world, request, tokens(rows, *range(30)), "unsubscribe")
    assert told.suppressed == 10, "for another reason there is another share"


def test_once_an_owner_has_closed_the_incident_another_share_goes_through(
    world: World,
) -> None:
    rows, request = opened(world, 50)
    report(world, request, tokens(rows, *range(50)), "complaint")

    close(world, "ada")

    told = report(world, request, tokens(rows, *range(50)), "complaint")
    assert (told.known, told.suppressed, told.held) == (20, 20, 10)
    world.restart()
    assert report(world, request, tokens(rows, *range(50)), "complaint").held == 10


def test_a_large_send_has_a_large_share(world: World) -> None:
    rows, request = opened(world, 600)

    told = report(world, request, tokens(rows, *range(100)), "hard-bounce")

    assert (told.suppressed, told.held) == (60, 40)


def test_nobody_opens_such_an_incident_by_saying_so(world: World) -> None:
    """Otherwise owners would close what is none, and let the next share through."""
    rows, _ = opened(world, 3)
    message = i.OpenIncident(kind="returns-many", list=rows.list_id, found=3)

    with pytest.raises(MalformedError):
        incidents.report_incident(
            world.gate, message, carrier=world.service("dock"), now=world.now
        )


def test_an_outcome_nobody_knows_is_refused_as_a_whole(world: World) -> None:
    rows, request = opened(world, 3)

    code = refusal(report, world, request, tokens(rows, 0), "hard-bounce; drop")

    assert code == "message-invalid"


def close(world: World, name: str) -> None:
    [known] = [each for each in world.registry.incidents.values() if each.is_open]
    message = i.CloseIncident(
        caller=world.caller(name), incident=known.id, reason="an old list"
    )
    incidents.close_incident(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )
