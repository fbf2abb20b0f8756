import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from tests.core.registry.scribe import (
    ACME,
    PRINTER,
    Scribe,
    meet,
)


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def test_authority_changes_only_by_a_granted_request(scribe: Scribe) -> None:
    about = {"id": "c_evileevileee", "name": "evil", "public_key": "age1" + "z" * 58}
    request = scribe.ask("ada", "recipient.add", about, tenant=ACME)

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.carry_out(Event.RECIPIENT_ADDED, request)
    assert set(scribe.registry.recipients) == {PRINTER}


def test_a_grant_is_carried_out_once(scribe: Scribe) -> None:
    request = scribe.add_person("ivan", "marketer")

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.carry_out(Event.PERSON_ADDED, request)


def test_a_denied_request_is_never_carried_out(scribe: Scribe) -> None:
    about = {"classes": "export+reveal"}
    request = scribe.ask("ada", "freeze", about, tenant=ACME)
    scribe.sign("amir", request, "deny")

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.carry_out(Event.RELEASES_FROZEN, request)


def test_one_passkey_does_not_sign_for_two_people(scribe: Scribe) -> None:
    eve = meet("eve")
    about = eve.subject(role="marketer")
    request = scribe.ask(
        "ada", "person.add", {**about, "id": "p_secondsecond"}, tenant=ACME
    )
    scribe.sign("amir", request, "approve")

    with pytest.raises(VerificationError, match="cannot be applied"):
        scribe.carry_out(Event.PERSON_ADDED, request)


def test_a_tenant_goes_with_everything_it_has_and_takes_nothing_of_others(
    scribe: Scribe,
) -> None:
    scribe.agree(
        Event.TENANT_REVOKED,
        *("cleo", "cyrus"),
        action="tenant.revoke",
        about={"id": ACME},
    )

    known = scribe.registry
    assert {person.name for person in known.people.values()} == {"cleo", "cyrus", "eve"}
    assert known.recipients == {}
    assert ACME in known.used_ids


def test_a_tenants_owners_remove_nobody_elsewhere(scribe: Scribe) -> None:
    about = {"id": meet("eve").person}
    scribe.agree(
        Event.PERSON_REVOKED,
        *("ada", "amir"),
        action="person.revoke",
        about=about,
        tenant=ACME,
    )

    assert meet("eve").person in scribe.registry.people


def test_the_announcement_of_a_change_does_not_say_what_changes(
    scribe: Scribe,
) -> None:
    """An entry that calls a freeze an unfreeze still freezes: the terms count."""
    about = {"classes": "export+reveal"}
    request = scribe.ask("ada", "freeze", about, tenant=ACME)
    scribe.carry_out(Event.RELEASES_UNFROZEN, request)

    assert scribe.registry.freezes == {(ACME, "export+reveal", "owner")}
