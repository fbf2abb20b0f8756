from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.grants import Action, Role
from listkeep.core.ledger.events import Event
from listkeep.core.registry.incidents import (
    IncidentKind,
    find_open,
    is_incident_open,
)
from listkeep.core.registry.state import Registry
from tests.core.registry.life import state
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe, meet, replay
from tests.core.registry.tellers import cast, enter, names

STOP = """@id("stop")
@says("no copy while an incident is open")
forbid (principal, action == Action::"export", resource)
when { context.incident_open };
"""


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def open_one(
    scribe: Scribe,
    name: str = "w_1",
    *,
    kind: str = "rows-missing",
    tenant: str = ACME,
    list_id: str = NEWS,
) -> None:
    fields = {"incident": name, "kind": kind, "tenant": tenant, "found": "3"}
    about = {"list": list_id} if list_id else {}
    scribe.write(Event.INCIDENT_OPENED, {**fields, **about, "by": "keeper"})


def close(scribe: Scribe, name: str = "w_1", **more: str) -> None:
    fields = {"incident": name, "kind": "rows-missing", "tenant": ACME, "list": NEWS}
    closed = {"person": meet("ada").person, "reason": "put back", **more}
    scribe.write(Event.INCIDENT_CLOSED, {**fields, **closed})


def test_an_incident_is_open_until_somebody_closes_it(scribe: Scribe) -> None:
    assert not is_incident_open(scribe.registry, ACME)
    open_one(scribe)
    assert is_incident_open(scribe.registry, ACME)
    assert not is_incident_open(scribe.registry, OTHER)
    scribe.wait(hours=1)
    close(scribe)

    known = scribe.registry.incidents["w_1"]
    assert not is_incident_open(scribe.registry, ACME)
    assert known.closed_at == known.opened_at + timedelta(hours=1)
    assert (known.closed_by, known.reason) == (meet("ada").person, "put back")
    assert (known.kind, known.found) == (IncidentKind.ROWS_MISSING, 3)


def test_an_incident_of_the_operator_is_everybodys(scribe: Scribe) -> None:
    open_one(scribe, tenant="", list_id="")

    assert is_incident_open(scribe.registry, ACME)
    assert is_incident_open(scribe.registry, OTHER)


def test_a_finding_belongs_to_the_open_incident_of_its_kind_and_list(
    scribe: Scribe,
) -> None:
    open_one(scribe)

    def find(kind: IncidentKind, list_id: str = NEWS) -> bool:
        found = find_open(scribe.registry, kind, tenant=ACME, list_id=list_id)
        return found is not None

    assert find(IncidentKind.ROWS_MISSING)
    assert not find(IncidentKind.ROWS_EXTRA)
    assert not find(IncidentKind.ROWS_MISSING, "l_else")
    close(scribe)
    assert not find(IncidentKind.ROWS_MISSING)


def test_who_closes_one_twice_or_opens_it_twice_wrote_no_honest_ledger(
    scribe: Scribe,
) -> None:
    open_one(scribe)
    with pytest.raises(VerificationError, match="opened twice"):
        open_one(scribe)
    close(scribe)
    with pytest.raises(VerificationError, match="closed twice"):
        close(scribe)
    with pytest.raises(VerificationError, match="cannot be applied"):
        close(scribe, "w_unknown")
    with pytest.raises(VerificationError, match="cannot be applied"):
        open_one(scribe, "w_2", kind="bad-mood")


@pytest.mark.parametrize("name", ["ben", "eve", "cleo"])
def test_whose_it_is_not_closes_it_in_no_honest_ledger(
    scribe: Scribe, name: str
) -> None:
    open_one(scribe)

    with pytest.raises(VerificationError, match="whose it is not"):
        close(scribe, person=meet(name).person)


def test_no_more_is_accepted_than_was_found(scribe: Scribe) -> None:
    open_one(scribe)
    open_one(scribe, "w_2", kind="rows-invalid")

    for name, more in (
        ("w_1", {"removed": "4"}),
        ("w_1", {"added": "3"}),
        ("w_1", {"removed": "3", "list": "l_else"}),
        ("w_2", {"removed": "3"}),
    ):
        with pytest.raises(VerificationError, match="more was accepted"):
            close(scribe, name, **more)
    close(scribe, removed="3")


def test_a_policy_that_stops_copies_does_while_one_is_open(scribe: Scribe) -> None:
    registry = scribe.registry
    registry.policy = registry.policy.with_text(STOP, tenant=ACME, side=Role.OWNER)
    request = scribe.ask_export(cap=10)
    scribe.sign("ada", request, "approve")
    assert registry.decide(request, now=scribe.now).granted

    open_one(scribe)
    assert not registry.decide(request, now=scribe.now).granted
    close(scribe)
    assert registry.decide(request, now=scribe.now).granted
    assert request.terms.action is Action.EXPORT


def test_a_copy_taken_while_one_was_open_is_judged_the_same_when_replayed(
    scribe: Scribe,
) -> None:
    open_one(scribe)
    request = scribe.ask_export(cap=10)
    scribe.sign("ada", request, "approve")
    scribe.write(Event.EXPORT_INTENDED, {"request": request.id, "list": NEWS})
    close(scribe)

    again = replay(scribe.bodies, scribe.registry.pinned)
    assert state(again) == state(scribe.registry)


# --- who is told ------------------------------------------------------------------


@pytest.fixture
def registry() -> Registry:
    return cast()


FIELDS = {"incident": "w_1", "kind": "rows-invalid", "tenant": "t_acme", "found": "7"}


def test_the_tenants_and_the_operators_contacts_are_told_at_once(
    registry: Registry,
) -> None:
    notice = enter(registry, "incident.opened", **FIELDS, list="l_news", by="keeper")

    assert notice
    assert names(notice) == ["desk", "noc"]
    assert (notice.severity, notice.about, notice.rows) == ("alarm", "rows-invalid", 7)
    assert (notice.tenant_name, notice.list_name) == ("acme", "news")


def test_they_are_told_who_closed_it(registry: Registry) -> None:
    notice = enter(registry, "incident.closed", **FIELDS, list="l_news", person="p_ada")

    assert names(notice) == ["desk", "noc"]
    assert notice
    assert (notice.severity, notice.person_name) == ("warning", "ada")


def test_an_incident_of_the_operator_is_told_its_own_contacts(
    registry: Registry,
) -> None:
    notice = enter(registry, "incident.opened", **{**FIELDS, "tenant": ""}, by="keeper")

    assert names(notice) == ["noc"]


def test_a_hundred_of_one_kind_are_told_eleven_times(registry: Registry) -> None:
    told = [
        enter(registry, "incident.opened", **FIELDS, list=f"l_{number}", by="keeper")
        for number in range(100)
    ]

    assert len([each for each in told if each]) == 11
    other = {**FIELDS, "kind": "rows-missing"}
    assert enter(registry, "incident.opened", **other, list="l_news", by="keeper")


def test_closing_one_is_no_touch_of_the_list(registry: Registry) -> None:
    """Else whoever closed one would have touched it before taking a copy."""
    enter(registry, "incident.closed", **FIELDS, list="l_news", person="p_ada")

    assert registry.book.touched == set()
