from datetime import UTC, datetime, timedelta

import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.registry.agreements import (
    parse_agency,
    parse_budget,
    parse_classes,
    parse_consent,
    parse_contact,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

CONTACT = {
    "id": "d_oncalloncall",
    "name": "on-call",
    "kind": "mail",
    "sealed": "A" * 40,
}


def test_a_contact_is_read() -> None:
    contact = parse_contact(CONTACT, tenant="t_acmeacmeacme")

    assert (contact.name, contact.tenant) == ("on-call", "t_acmeacmeacme")


@pytest.mark.parametrize(
    "spoil",
    [
        {"kind": "fax"},
        {"sealed": ""},
        {"sealed": "on.call@example.com" * 3},
        {"id": "p_oncalloncall"},
        {"tenant": "t_acmeacmeacme"},
    ],
    ids=str,
)
def test_a_contact_that_is_spoilt_is_refused(spoil: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_contact({**CONTACT, **spoil}, tenant="")


CONSENT = {"id": "g_consentconse", "until": "2026-01-06T12:00:00Z", "people": ""}


def test_a_consent_is_read() -> None:
    two = {**CONSENT, "people": "p_aaaaaaaaaaaa p_bbbbbbbbbbbb"}
    consent = parse_consent(two, tenant="t_acmeacmeacme", given_at=NOON)

    assert consent.until == NOON + timedelta(days=1)
    assert consent.people == {"p_aaaaaaaaaaaa", "p_bbbbbbbbbbbb"}
    assert not parse_consent(CONSENT, tenant="t_x", given_at=NOON).people


@pytest.mark.parametrize(
    "spoil",
    [
        {"until": "2026-01-05T12:00:00Z"},
        {"until": "2026-02-04T12:00:01Z"},
        {"until": "tomorrow"},
        {"people": "p_bbbbbbbbbbbb p_aaaaaaaaaaaa"},
        {"people": "p_aaaaaaaaaaaa p_aaaaaaaaaaaa"},
        {"people": "sam"},
        {"id": "d_consentconse"},
        {"tenant": "t_acmeacmeacme"},
    ],
    ids=str,
)
def test_a_consent_that_is_spoilt_is_refused(spoil: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_consent({**CONSENT, **spoil}, tenant="", given_at=NOON)


@pytest.mark.parametrize("classes", ["campaigns", "campaigns export+reveal"])
def test_classes_are_read(classes: str) -> None:
    assert list(parse_classes({"classes": classes})) == classes.split()


@pytest.mark.parametrize("classes", ["", " ", "all", "export+reveal campaigns"])
def test_classes_have_one_spelling(classes: str) -> None:
    with pytest.raises(MalformedError, match="names its classes"):
        parse_classes({"classes": classes})


AGENCY = {
    "id": "a_studiostudio",
    "name": "studio",
    "until": "2027-01-05T12:00:00Z",
    "look_ups": "50",
    "reveals": "0",
    "rows_exported": "1000",
}


def test_an_agency_is_read() -> None:
    agency = parse_agency(AGENCY, tenant="t_acmeacmeacme", added_at=NOON)

    assert agency.until == NOON + timedelta(days=365)
    ceilings = {"look_ups": 50, "reveals": 0, "rows_exported": 1000, "rows_sent": 0}
    assert agency.ceilings == ceilings
    sends = parse_agency({**AGENCY, "rows_sent": "70"}, tenant="", added_at=NOON)
    assert sends.ceilings["rows_sent"] == 70


@pytest.mark.parametrize(
    "spoil",
    [
        {"until": "2026-01-05T12:00:00Z"},
        {"until": "2027-01-05T12:00:01Z"},
        {"look_ups": "-1"},
        {"reveals": ""},
        {"rows_exported": "1e9"},
        {"name": "The Studio"},
        {"id": "p_studiostudio"},
        {"rows_added": "1"},
        {"rows_sent": "many"},
    ],
    ids=str,
)
def test_an_agency_that_is_spoilt_is_refused(spoil: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_agency({**AGENCY, **spoil}, tenant="", added_at=NOON)


BUDGET = {"measure": "reveals", "ceiling": "20", "who": "everybody"}


@pytest.mark.parametrize("who", ["everybody", "marketer", "p_adaadaadaada"])
def test_a_budget_is_read(who: str) -> None:
    scope, ceiling = parse_budget({**BUDGET, "who": who}, tenant="t_acmeacmeacme")

    assert (scope.who, scope.default, ceiling) == (who, 20, 20)


@pytest.mark.parametrize(
    "spoil",
    [
        {"ceiling": "21"},
        {"ceiling": ""},
        {"measure": "rows_exported"},
        {"measure": "contacts_opened"},
        {"measure": "hourly_share"},
        {"who": "support"},
        {"who": "nobody"},
        {"who": "t_acmeacmeacme"},
        {"id": "p_adaadaadaada"},
    ],
    ids=str,
)
def test_a_budget_that_is_spoilt_is_refused(spoil: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_budget({**BUDGET, **spoil}, tenant="t_acmeacmeacme")
