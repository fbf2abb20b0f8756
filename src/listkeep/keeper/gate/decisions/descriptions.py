"""What people are shown of a request: the keeper's own facts, in words."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from listkeep.core.grants import OPERATOR_ROLES, Action, Role, format_time
from listkeep.core.registry.comparing_sends import Change, compare_with_last
from listkeep.core.registry.facts import Person, RequestFacts
from listkeep.core.registry.habits import Habits, looks_at_twice
from listkeep.core.registry.sending import SendFacts
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from listkeep.wire import messages as m

_SPELT_OUT = (  # of a subject, beside what it is about
    *("until", "people", "who", "measure", "ceiling", "parent"),
    *("look_ups", "reveals", "rows_exported", "rows_sent"),
    *("holders", "needed"),
)


def may_see(registry: Registry, person: Person, request: RequestFacts) -> bool:
    """Let a request be seen by its tenant, by custodians, and by who signed it."""
    tenant = request.terms.tenant
    if person.role is Role.AGENT:  # what the tenant's own people ask is not theirs
        askers = (registry.people.get(signed.person) for signed in request.signed[:1])
        return any(asker and asker.company == person.company for asker in askers)
    return (
        person.tenant == tenant
        or person.role in OPERATOR_ROLES - {"support"}
        or any(signed.person == person.id for signed in request.signed)
    ) and (not tenant or tenant in registry.tenants)


class Standing(NamedTuple):
    """How far a request has come, and what it still misses if it is open."""

    state: m.RequestState
    missing: tuple[str, ...] = ()


def standing_of(
    registry: Registry, request: RequestFacts, *, now: datetime
) -> Standing:
    """Say how far a request has come. Only one that is open has to be decided."""
    if request.done:
        return Standing("done")
    if request.denied:
        return Standing("denied")
    if now >= request.terms.expires:
        return Standing("expired")
    outcome = registry.decide(request, now=now)
    if not request.signed:
        return Standing("draft", outcome.missing)
    return (
        Standing("granted") if outcome.granted else Standing("waiting", outcome.missing)
    )


def view_request(
    registry: Registry,
    request: RequestFacts,
    *,
    now: datetime,
    standing: Standing | None = None,
) -> m.RequestView:
    """Show a request: exact bytes, names for ids, who signed, what is missing.

    ``standing`` is how far it has come, if that was found out a moment ago.
    """
    state, missing = standing or standing_of(registry, request, now=now)
    return m.RequestView(
        id=request.id,
        terms=request.terms.format(),
        policy=request.policy,
        state=state,
        missing=missing,
        facts=_facts(registry, request, now=now),
        signed_by=tuple(
            f"{name_of(registry, signed.person)} ({signed.decision})"
            for signed in request.signed
        ),
    )


def name_of(registry: Registry, person_id: str) -> str:
    """Name a person, also one who has left."""
    person = registry.people.get(person_id)
    return person.name if person else f"{person_id} (left)"


def _about_send(
    registry: Registry, request: RequestFacts, *, now: datetime
) -> dict[str, str]:
    """Say what is new about a send, and what differs from the last one like it."""
    terms = request.terms
    if terms.action is not Action.SEND:
        return {}
    habits = registry.habits.get(terms.tenant, Habits())
    last = compare_with_last(registry, request, now=now)
    changes = last.changes if last else ()
    return {
        "route": describe_route(registry, terms.recipient),
        "new": _lines(looks_at_twice(habits, request, now=now)),
        "last like it": f"{last.request} of {format_time(last.began_at)}"
        if last
        else "",
        "changed": _lines(map(say_change, changes)),
        **_begun(registry.sends.get(request.id)),
    }


def _lines(items: Iterable[str]) -> str:
    """Put each into a line of its own, whatever a subject or a link holds."""
    return "\n".join(" ".join(item.split()) for item in items)


def _begun(send: SendFacts | None) -> dict[str, str]:
    """Say since when a send goes on, and how many rows the keeper has counted."""
    if send is None:
        return {}
    counted = send.completed if send.ended_at else send.reserved
    ended = format_time(send.ended_at) if send.ended_at else ""
    return {
        "began": format_time(send.started_at),
        "counted": str(counted),
        "ended": ended,
    }


def describe_route(registry: Registry, name: str) -> str:
    """Name a way out and where it leads, also one that has ended."""
    route = registry.routes.get(name) or registry.ended_routes.get(name)
    if route is None:
        return ""
    where = f"{route.host}:{route.port}" if route.host else "each addressee's own host"
    return f"{route.name}, to {where} ({route.tls})"


def say_change(change: Change) -> str:
    """Say in one line what is otherwise than the last time."""
    if change.was and change.now:
        return f"{change.label}: {change.now}, before {change.was}"
    verb = "new" if change.now else "no longer"
    return f"{change.label}: {verb} {change.now or change.was}"


def _facts(
    registry: Registry, request: RequestFacts, *, now: datetime
) -> dict[str, str]:
    terms = request.terms
    tenant = registry.tenants.get(terms.tenant)
    found = registry.lists.get(terms.list)
    recipient = registry.recipients.get(terms.recipient)
    facts = {
        "action": terms.action.value,
        "tenant": tenant.name if tenant else "the operator",
        "list": found.name if found else "",
        "rows": str(terms.cap) if terms.cap else "",
        "recipient": recipient.name if recipient else "",
        "purpose": terms.purpose,
        "until": format_time(terms.expires),
        **_about_send(registry, request, now=now),
    }
    if terms.subject:
        subject = terms.subject_fields()
        facts["about"] = " ".join(
            subject[key]
            for key in ("name", "kind", "role", "id", "classes")
            if key in subject
        )
        facts |= {name: subject[name] for name in _SPELT_OUT if name in subject}
        agency = registry.agencies.get(subject.get("team", ""))
        facts["agency"] = agency.name if agency else ""
        about = registry.about(terms)
        facts["person"] = about.name if about else ""
        # The words of a first owner are heard on the telephone, not read from here.
        facts["words"] = six_words(subject["keys"]) if "keys" in subject else ""
    return {key: value for key, value in facts.items() if value}
