"""Consents in words: whom of support the owners let look, until when, how it ends."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Role, format_time
from listkeep.core.registry.agreements import Consent
from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.descriptions import name_of
from listkeep.wire.identifiers import new_id

from .answers import read_number, show_time

ALL: Final = "all"
OWN_SUPPORT: Final = "all of the operator's own support"
_MAX_HOURS: Final = 90 * 24  # the gate says how long a consent may last


def write_consent(filled_in: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """Write the subject of ``consent.give`` from what a form says.

    Raises:
        MalformedError: It names nobody, or something else than the form has.
    """
    if not filled_in.keys() <= {"people", "hours"}:
        raise MalformedError("this is not what the page sends")
    people = sorted(set(filled_in.get("people", "").split()))
    if not people or (ALL in people and people != [ALL]):
        raise MalformedError(
            "a consent says who may look",
            code=Code.REQUEST_INVALID,
            hint=f"{OWN_SUPPORT}, or some of them by name",
        )
    hours = read_number(filled_in.get("hours", ""), at_most=_MAX_HOURS)
    until = now.replace(microsecond=0) + timedelta(hours=hours)
    return {
        "id": new_id("g"),
        "until": format_time(until),
        "people": "" if people == [ALL] else " ".join(people),
    }


def in_force(registry: Registry, person: Person, *, now: datetime) -> list[Consent]:
    """List who may look at an owner's tenant now; to nobody else it is told here."""
    if person.role is not Role.OWNER:
        return []
    mine = (row for row in registry.consents.values() if row.tenant == person.tenant)
    return sorted((row for row in mine if now < row.until), key=lambda row: row.until)


def say_consent(registry: Registry, consent: Consent) -> str:
    """Say whom a consent lets look, and until when."""
    who = say_people(registry, consent.people)
    return f"{who}, until {show_time(consent.until)}"


def say_people(registry: Registry, people: Iterable[str]) -> str:
    """Name people of support, or say that nobody is named."""
    return ", ".join(sorted(name_of(registry, each) for each in people)) or OWN_SUPPORT


def choose_support(registry: Registry, person: Person) -> list[tuple[str, str]]:
    """List whom an owner can let in; a subcontractor's people say whose they are."""
    if person.role is not Role.OWNER:
        return []
    support = (row for row in registry.people.values() if row.role is Role.SUPPORT)
    return sorted((_with_company(registry, row), row.id) for row in support)


def _with_company(registry: Registry, person: Person) -> str:
    company = registry.agencies.get(person.company)
    return f"{person.name}, of {company.name}" if company else person.name
