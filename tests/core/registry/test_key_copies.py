from datetime import timedelta

import pytest

from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.key_copies import parse_key_copy
from tests.core.registry.scribe import NOON, Scribe

ONE, TWO = (f"age1{letter * 58}" for letter in "qz")
UNTIL = format_time(NOON + timedelta(days=365))
SUBJECT = {"holders": f"cleo:{ONE} cyrus:{TWO}", "needed": "2", "until": UNTIL}


def test_a_copy_names_holders_shares_and_its_end() -> None:
    terms = parse_key_copy(SUBJECT, asked_at=NOON)

    assert terms.holders == {"cleo": ONE, "cyrus": TWO}
    assert terms.needed == 2
    assert terms.until == NOON + timedelta(days=365)


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
