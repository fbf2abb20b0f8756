from datetime import timedelta

import pytest

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.key_copies import parse_key_copy
from tests.core.registry.scribe import NOON, Scribe, meet

DAY = timedelta(days=1)
ONE, TWO = (f"age1{letter * 58}" for letter in "qz")
UNTIL = format_time(NOON + timedelta(days=365))
SUBJECT = {"holders": f"cleo:{ONE} cyrus:{TWO}", "needed": "2", "until": UNTIL}


def test_a_copy_names_holders_shares_and_its_end() -> None:
    terms = parse_key_copy(SUBJECT, asked_at=NOON)

    assert terms.holders == {"cleo": ONE, "cyrus": TWO}
    assert terms.needed == 2
    assert terms.until == NOON + timedelta(days=365)
    assert terms.people == ()  # as earlier terms did
    named = parse_key_copy({**SUBJECT, "people": "p_one p_two"}, asked_at=NOON)
    assert named.people == ("p_one", "p_two")


@pytest.mark.parametrize(
    "change",
    [
        {"holders": f"cleo:{ONE}"},
        {"holders": f"cleo:{ONE} cyrus:{ONE}"},
        {"holders": f"cleo:{ONE} cleo:{TWO}"},
        {"holders": f"cyrus:{TWO} cleo:{ONE}"},
        {"holders": f"cleo:{ONE} cyrus:{TWO} "},
        {"holders": f"cleo {ONE} cyrus {TWO}"},
        {"holders": f"Cleo:{ONE} cyrus:{TWO}"},
        {"holders": f"cleo:{ONE} cyrus:age1short"},
        {"holders": ""},
        {"people": "p_one p_one"},
        {"people": "p_one"},
        {"people": "p_one p_two p_three"},
        {"needed": "1"},
        {"needed": "3"},
        {"needed": "02"},
        {"needed": "two"},
        {"until": format_time(NOON)},
        {"until": format_time(NOON + timedelta(days=401))},
        {"until": "next year"},
        {"note": "and another"},
    ],
)
def test_a_copy_that_says_anything_else_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_key_copy({**SUBJECT, **change}, asked_at=NOON)


def test_at_most_eight_hold_a_share() -> None:
    letters = "qpzry9x8g"
    holders = " ".join(f"h{n}:age1{c * 58}" for n, c in enumerate(letters))

    with pytest.raises(MalformedError, match="at most eight"):
        parse_key_copy({**SUBJECT, "holders": holders}, asked_at=NOON)


def asked() -> tuple[Scribe, dict[str, str]]:
    scribe = Scribe.begin()
    request = scribe.ask("cleo", "keys.backup", SUBJECT)
    fields = {"expires": UNTIL, "keys": "9", "needed": "2", "shares": "2"}
    return scribe, {"request": request.id, **fields, "sha256": "0f" * 32}


def test_the_ledger_tells_until_when_a_copy_is_kept() -> None:
    scribe, fields = asked()
    scribe.sign("cyrus", scribe.registry.requests[fields["request"]], "approve")
    scribe.write(Event.KEYS_BACKED_UP, fields)

    assert scribe.registry.key_copies == {"0f" * 32: NOON + timedelta(days=365)}
    assert scribe.registry.requests[fields["request"]].done


def people() -> dict[str, str]:
    return {"people": f"{meet('cleo').person} {meet('cyrus').person}"}


def copied(about: dict[str, str], *, after: timedelta, waited: timedelta) -> Scribe:
    """Have keys copied that long after the founding, and after both signed."""
    scribe = Scribe.begin()
    scribe.now += after
    request = scribe.ask("cleo", "keys.backup", about)
    scribe.sign("cyrus", request, "approve")
    scribe.now += waited
    fields = {"expires": UNTIL, "keys": "9", "needed": "2", "shares": "2"}
    entry = {"request": request.id, **fields, "sha256": "0f" * 32}
    scribe.write(Event.KEYS_BACKED_UP, entry)
    return scribe


def test_a_copy_waits_for_a_day_but_on_the_first() -> None:
    about, none = {**SUBJECT, **people()}, timedelta()

    with pytest.raises(VerificationError, match="without a grant"):
        copied(about, after=DAY, waited=DAY - timedelta(seconds=1))
    assert copied(about, after=DAY, waited=DAY).registry.key_copies
    early = DAY - timedelta(seconds=1)
    assert copied(about, after=early, waited=none).registry.key_copies


def test_a_copy_of_before_there_was_a_wait_still_reads() -> None:
    assert copied(SUBJECT, after=10 * DAY, waited=timedelta()).registry.key_copies


def test_a_copy_for_nobodys_hands_ends_the_reading() -> None:
    about = {**SUBJECT, "people": f"{meet('cleo').person} {meet('eve').person}"}

    with pytest.raises(VerificationError):
        copied(about, after=DAY, waited=DAY)


def test_a_copy_nobody_agreed_to_ends_the_reading() -> None:
    scribe, fields = asked()

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.KEYS_BACKED_UP, fields)


def test_a_copy_that_is_made_twice_ends_the_reading() -> None:
    scribe, fields = asked()
    scribe.sign("cyrus", scribe.registry.requests[fields["request"]], "approve")
    scribe.write(Event.KEYS_BACKED_UP, fields)

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.KEYS_BACKED_UP, {**fields, "sha256": "1f" * 32})


def test_a_copy_under_a_request_for_something_else_ends_the_reading() -> None:
    scribe, fields = asked()
    request = scribe.ask("cleo", "freeze", {"classes": "export+reveal"})

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.KEYS_BACKED_UP, {**fields, "request": request.id})


def test_a_copy_that_is_kept_longer_than_was_signed_ends_the_reading() -> None:
    scribe, fields = asked()
    scribe.sign("cyrus", scribe.registry.requests[fields["request"]], "approve")
    later = format_time(NOON + timedelta(days=900))

    with pytest.raises(VerificationError, match="longer than was signed"):
        scribe.write(Event.KEYS_BACKED_UP, {**fields, "expires": later})
