from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import RequestFacts, Signed
from listkeep.core.registry.state import Registry
from tests.core.registry.scribe import ACME, AGE_KEY, NOON, OTHER, Scribe, meet


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def missing(scribe: Scribe, request: RequestFacts) -> str:
    return "; ".join(scribe.registry.decide(request, now=scribe.now).missing)


def test_nobody_is_known_before_the_genesis() -> None:
    registry = Registry({"genesis": ""})

    assert registry.find_person("") is None
    assert registry.owners("") == []
    assert registry.latest_at is None


def test_a_credential_leads_to_one_person(scribe: Scribe) -> None:
    ada = meet("ada")

    found = scribe.registry.find_person(ada.credential)
    assert found is not None
    assert found.id == ada.person
    assert scribe.registry.find_person("nobody's") is None


def test_owners_are_those_of_one_tenant_only(scribe: Scribe) -> None:
    names = {person.name for person in scribe.registry.owners(ACME)}

    assert names == {"ada", "amir"}
    assert [p.name for p in scribe.registry.owners(OTHER)] == ["eve"]
    assert scribe.registry.owners("") == []


def test_a_request_is_granted_once_everybody_needed_signed(scribe: Scribe) -> None:
    request = scribe.ask_export()
    assert "another owner" in missing(scribe, request)

    scribe.sign("ada", request, "approve")
    assert missing(scribe, request) == ""


def test_somebody_who_was_revoked_signs_no_more(scribe: Scribe) -> None:
    request = scribe.ask_export()
    scribe.sign("ada", request, "approve")

    scribe.registry.people.pop(meet("ada").person)

    assert "another owner" in missing(scribe, request)
    scribe.registry.people.pop(meet("ben").person)
    assert "requester's own signature" in missing(scribe, request)


def test_the_newest_word_of_a_person_counts(scribe: Scribe) -> None:
    """Who approved and then denied does not stand among the approvals any more."""
    request = scribe.ask_export()
    scribe.sign("ada", request, "approve")
    scribe.sign("ada", request, "deny")

    assert "another owner" in missing(scribe, request)


def test_a_signature_on_other_terms_is_none_on_these(scribe: Scribe) -> None:
    one, two = scribe.ask_export(cap=1), scribe.ask_export(cap=9)
    signed = one.signed[0]
    ben = scribe.registry.people[meet("ben").person]

    assert scribe.registry.verify_signed(one, ben, signed) > 0
    with pytest.raises(VerificationError, match="something else"):
        scribe.registry.verify_signed(two, ben, signed)


def test_nobody_signs_for_somebody_else_or_says_another_word(scribe: Scribe) -> None:
    request = scribe.ask_export()
    ben, ada = (scribe.registry.people[meet(name).person] for name in ("ben", "ada"))
    signed = request.signed[0]
    approval = Signed(ben.id, "approve", signed.at, signed.assertion)

    with pytest.raises(VerificationError):
        scribe.registry.verify_signed(request, ada, signed)
    with pytest.raises(VerificationError):
        scribe.registry.verify_signed(request, ben, approval)


def test_copies_add_up_over_thirty_days_for_the_key_and_for_who_asks(
    scribe: Scribe,
) -> None:
    first = scribe.ask_export(cap=900)
    scribe.sign("ada", first, "approve")
    scribe.write(Event.EXPORT_INTENDED, {"request": first.id})
    charges = scribe.registry.charges
    assert scribe.registry.custodians_of(first) == (AGE_KEY, meet("ben").person)
    for who in (AGE_KEY, meet("ben").person):
        assert charges.used(who, Measure.ROWS_EXPORTED, now=scribe.now) == 900

    second = scribe.ask_export(cap=101)
    scribe.sign("ada", second, "approve")
    assert "another custodian" in missing(scribe, second)
    assert missing(scribe, first) == ""  # its own rows are charged already

    scribe.wait(days=30)
    third = scribe.ask_export(cap=101)
    scribe.sign("ada", third, "approve")
    assert missing(scribe, third) == ""


def test_one_key_enrolled_twice_makes_no_two_recipients(scribe: Scribe) -> None:
    about = {"id": "c_secondsecond", "name": "second", "public_key": AGE_KEY}
    scribe.agree(
        Event.RECIPIENT_ADDED,
        *("ada", "amir"),
        action="recipient.add",
        about=about,
        tenant=ACME,
    )
    terms = {"list": "l_news", "selection": "all", "tenant": ACME, "cap": 1}
    one = scribe.ask("ben", "export", {}, recipient="c_printerprint", **terms)
    two = scribe.ask("ben", "export", {}, recipient="c_secondsecond", **terms)

    assert scribe.registry.custodians_of(one) == scribe.registry.custodians_of(two)


def test_removing_an_owner_takes_more_than_one_owner(scribe: Scribe) -> None:
    about = {"id": meet("amir").person}
    owner = scribe.ask("ada", "person.revoke", about, tenant=ACME)
    marketer = scribe.ask(
        "ada", "person.revoke", {"id": meet("ben").person}, tenant=ACME
    )

    assert missing(scribe, marketer) == ""
    assert "another owner" in missing(scribe, owner)
    scribe.now = NOON + timedelta(hours=25)
    assert missing(scribe, owner) == ""  # amir had a day to deny it
