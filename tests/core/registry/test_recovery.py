"""The end of the ledger is lost: who may go on from what is left, and with what."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from msgspec.structs import replace

from listkeep.core.canonical import digest
from listkeep.core.errors import RefusedError, VerificationError
from listkeep.core.grants import Genesis, Recovery
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import DAY, Measure
from listkeep.core.registry.passkeys import Assertion, encode_assertion
from listkeep.core.registry.recovery import (
    custodians,
    verify_recovery,
    write_recovery_facts,
)
from tests.core.registry.scribe import ACME, KEEPER, OTHER, Scribe, meet


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def facts_of(scribe: Scribe, known: Mapping[str, str] | None = None) -> dict[str, str]:
    return write_recovery_facts(
        scribe.registry,
        lost_size=900,
        lost_root=b"\x0f" * 32,
        known=known,
    )


def signature(name: str, facts: Mapping[str, str]) -> Assertion:
    return meet(name).sign_recovery(keeper=KEEPER, recovery=digest(dict(facts)))


def recovered(
    scribe: Scribe, facts: Mapping[str, str], *names: str, **changes: str
) -> None:
    first, second = (encode_assertion(signature(name, facts)) for name in names)
    signed = {"assertion_custodian_1": first, "assertion_custodian_2": second}
    scribe.write(Event.LEDGER_RECOVERED, {**facts, **signed, **changes})


def test_two_custodians_go_on_from_what_is_left(scribe: Scribe) -> None:
    facts = facts_of(scribe)
    recovered(scribe, facts, "cleo", "cyrus")

    assert facts["kept_size"] == str(len(scribe.bodies) - 1)
    assert scribe.registry.epoch == 1
    assert scribe.registry.is_void(scribe.now)
    assert not scribe.registry.is_void(scribe.now + timedelta(seconds=1))
    assert {person.name for person in custodians(scribe.registry)} == {"cleo", "cyrus"}


def test_everything_is_frozen_for_each_side(scribe: Scribe) -> None:
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")

    assert scribe.registry.freezes == {
        (scope, kind, side)
        for scope, side in (("", "custodian"), (ACME, "owner"), (OTHER, "owner"))
        for kind in ("export+reveal", "campaigns")
    }


def test_what_was_asked_for_before_is_void(scribe: Scribe) -> None:
    request = scribe.ask_export()
    scribe.sign("ada", request, "approve")
    older = scribe.terms("export", {}, tenant=ACME, list="l_news", selection="all")
    scribe.write(
        Event.IMPORT_STARTED,
        {
            "ticket": "i_1",
            "list": "l_news",
            "principal": meet("ada").person,
            "request": "",
            "max_rows": "9",
        },
    )
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")

    assert request.denied
    assert scribe.registry.is_void(older.not_before)
    assert scribe.registry.tickets == {}
    with pytest.raises(VerificationError):
        scribe.ask("ben", "export", {}, tenant=ACME, list="l_news", cap=1)
    scribe.wait(seconds=1)
    assert not scribe.ask_export().denied


def test_what_was_done_stays_done(scribe: Scribe) -> None:
    before = [each.id for each in scribe.registry.requests.values() if each.done]
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")

    assert before
    assert not any(scribe.registry.requests[name].denied for name in before)


def test_budgets_count_as_spent_till_their_window_has_passed(scribe: Scribe) -> None:
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")
    ben, charges = meet("ben").person, scribe.registry.charges

    for measure in (Measure.LOOK_UPS, Measure.REVEALS, Measure.ROWS_ADDED):
        with pytest.raises(RefusedError):
            scribe.registry.require_budget(ben, measure, now=scribe.now, amount=1)
    assert charges.is_exhausted(Measure.ROWS_CHANGED, now=scribe.now)
    known = charges.used(ben, Measure.ROWS_CHANGED, now=scribe.now, is_known_only=True)
    assert known == 0
    scribe.wait(hours=24)
    assert charges.used(ben, Measure.LOOK_UPS, now=scribe.now, window=DAY) == 0


def test_one_custodian_alone_recovers_nothing(scribe: Scribe) -> None:
    with pytest.raises(VerificationError, match="one custodian alone"):
        recovered(scribe, facts_of(scribe), "cleo", "cleo")


@pytest.mark.parametrize("other", ["ada", "eve"])
def test_an_owner_does_not_stand_in_for_a_custodian(scribe: Scribe, other: str) -> None:
    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        recovered(scribe, facts_of(scribe), "cleo", other)


def test_a_stranger_is_nobody(scribe: Scribe) -> None:
    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        verify_recovery(
            scribe.registry, facts_of(scribe), signature("nobody", facts_of(scribe))
        )


def test_a_passkey_that_is_not_the_persons_signs_nothing(scribe: Scribe) -> None:
    facts = facts_of(scribe)
    cleo = meet("cleo")
    assertion = cleo.sign(
        Recovery(
            keeper=KEEPER,
            person=cleo.person,
            credential=meet("cyrus").credential,
            recovery=digest(facts),
        )
    )

    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        verify_recovery(scribe.registry, facts, assertion)


def test_a_signature_on_another_loss_does_not_count(scribe: Scribe) -> None:
    facts = facts_of(scribe)

    with pytest.raises(VerificationError, match="another loss"):
        verify_recovery(
            scribe.registry, facts, signature("cleo", {**facts, "lost_size": "901"})
        )


def test_a_signature_of_another_kind_does_not_count(scribe: Scribe) -> None:
    """It was made for a founding of the same digest."""
    facts = facts_of(scribe)
    cleo = meet("cleo")
    genesis = cleo.sign(
        Genesis(
            keeper=KEEPER,
            person=cleo.person,
            credential=cleo.credential,
            genesis=digest(facts),
        )
    )
    presented = replace(genesis, statement=signature("cleo", facts).statement)

    with pytest.raises(VerificationError):
        verify_recovery(scribe.registry, facts, presented)


@pytest.mark.parametrize(
    "changes",
    [
        {"keeper": "k_other"},
        {"epoch": "2"},
        {"kept_size": "3"},
        {"kept_root": "0f" * 32},
        {"lost_size": "5"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_recovery_from_another_loss_is_none(
    scribe: Scribe, changes: dict[str, str]
) -> None:
    facts = {**facts_of(scribe), **changes}

    with pytest.raises(VerificationError, match="another loss"):
        recovered(scribe, facts, "cleo", "cyrus")


def test_a_recovery_is_good_for_one_loss_only(scribe: Scribe) -> None:
    facts = facts_of(scribe)
    recovered(scribe, facts, "cleo", "cyrus")

    with pytest.raises(VerificationError, match="another loss"):
        recovered(scribe, facts, "cleo", "cyrus")
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")
    assert scribe.registry.epoch == 2


def test_a_custodian_who_was_revoked_in_the_lost_part_is_gone(scribe: Scribe) -> None:
    scribe.agree(
        Event.PERSON_ADDED,
        *("cleo", "cyrus"),
        action="person.add",
        about=meet("carl").subject(role="custodian"),
    )
    known = {meet(name).person: meet(name).credential for name in ("cleo", "carl")}
    facts = facts_of(scribe, known)

    with pytest.raises(VerificationError, match="nobody who was a custodian"):
        recovered(scribe, facts, "cleo", "cyrus")
    recovered(scribe, facts, "cleo", "carl")

    assert {person.name for person in custodians(scribe.registry)} == {"cleo", "carl"}
    assert meet("cyrus").person not in scribe.registry.people


def test_everybody_outside_is_told(scribe: Scribe) -> None:
    recovered(scribe, facts_of(scribe), "cleo", "cyrus")
    notice = scribe.registry.book.notices[-1]

    assert notice.event == "ledger.recovered"
    assert notice.severity == "alarm"
