"""A registry that is told of entries nobody signed, and what it makes of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Role, Statement, Terms
from listkeep.core.registry.agreements import Contact
from listkeep.core.registry.facts import (
    ListFacts,
    Person,
    RequestFacts,
    Service,
    Signed,
    Tenant,
)
from listkeep.core.registry.held_keys import first_key
from listkeep.core.registry.notices import Notice
from listkeep.core.registry.passkeys import Credential, Kind
from listkeep.core.registry.state import Registry
from listkeep.core.registry.telling import tell

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PEOPLE = {
    "ada": ("t_acme", Role.OWNER),
    "amir": ("t_acme", Role.OWNER),
    "ben": ("t_acme", Role.MARKETER),
    "cleo": ("", Role.CUSTODIAN),
}


@dataclass(frozen=True)
class Unsigned:
    """A statement under which no signature stands: nobody verifies here."""

    statement: bytes
    authenticator_data: bytes = b""
    client_data: bytes = b""
    signature: bytes = b""


def person(name: str) -> Person:
    tenant, role = PEOPLE[name]
    key = Credential(id=f"key-{name}", public_key=b"", kind=Kind.SOFTWARE)
    return Person(
        id=f"p_{name}", name=name, tenant=tenant, role=role, team="", credentials=(key,)
    )


def stated(name: str, decision: str) -> Signed:
    statement = Statement(
        keeper="k",
        person=f"p_{name}",
        credential=f"key-{name}",
        decision=decision,
        request="",
    )
    return Signed(f"p_{name}", decision, NOON, Unsigned(statement.format()))


def contact(name: str, tenant: str) -> Contact:
    return Contact(id=f"d_{name}", tenant=tenant, name=name, kind="mail", sealed="x")


def cast() -> Registry:
    """Put the cast, a list and three contacts into place."""
    state = Registry({})
    state.tenants["t_acme"] = Tenant(id="t_acme", name="acme")
    state.people = {f"p_{name}": person(name) for name in PEOPLE}
    state.services["s_app"] = Service(
        id="s_app", name="shop", kind="app", tenant="t_acme", verifier=""
    )
    state.lists["l_news"] = ListFacts(
        id="l_news",
        tenant="t_acme",
        name="news",
        facets=(),
        fields=(),
        created_at=NOON,
        keys=first_key(NOON),
    )
    for name, tenant in (("desk", "t_acme"), ("noc", ""), ("else", "t_other")):
        state.contacts[f"d_{name}"] = contact(name, tenant)
    state.book.contacts = dict(state.contacts)
    return state


def ask(
    registry: Registry,
    action: Action,
    by: str = "ben",
    *,
    tenant: str = "t_acme",
    cap: int = 0,
    **subject: str,
) -> RequestFacts:
    """Put a request into place, signed by one person, and tell of it."""
    terms = Terms(
        keeper="k",
        action=action,
        tenant=tenant,
        list="l_news" if cap else "",
        selection="all",
        cap=cap,
        purpose="because",
        recipient="",
        subject=encode(subject).decode() if subject else "",
        not_before=NOON,
        expires=NOON + timedelta(days=1),
        nonce="n",
        facts="f",
    )
    request = RequestFacts(id=f"r_{registry.book.size}", terms=terms)
    registry.requests[request.id] = request
    sign(registry, request, "request.made", by)
    return request


def sign(registry: Registry, request: RequestFacts, event: str, by: str) -> None:
    decision = {"request.made": "request", "request.approved": "approve"}
    request.signed.append(stated(by, decision.get(event, "deny")))
    about = {"list": request.terms.list} if request.terms.list else {}
    enter(registry, event, request=request.id, person=f"p_{by}", **about)


def enter(registry: Registry, event: str, **fields: str) -> Notice | None:
    """Tell of one entry; give the notice made of it."""
    before = registry.book.notices[-1:]
    tell(registry, {"event": event, **fields}, NOON)
    after = registry.book.notices[-1:]
    return after[0] if after != before else None


def names(notice: Notice | None) -> list[str]:
    assert notice
    return sorted(contact.name for contact in notice.contacts)


def newest(registry: Registry) -> Notice:
    return registry.book.notices[-1]
