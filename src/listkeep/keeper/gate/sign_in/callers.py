"""Who is calling, and how far that reaches.

A building speaks for a person by the session it carries, or for a tenant's software by
its key. The console reaches less than any other: whatever it says it says by a session
that is bound to it, and with its own key beside when it asks the dock, and all that
gives is to look. Root on the console's host touches nothing.
"""

import hashlib
import hmac
from datetime import datetime

import msgspec

from listkeep.core.grants import RIGHTS, Right
from listkeep.core.registry.facts import Person, Service
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .sessions import not_signed_in, resolve_session
from .uses import note_use

_CONSOLE = "console"
_CONSOLE_RIGHTS = frozenset({Right.VIEW})
_SERVICE_RIGHTS = {
    "app": frozenset({Right.VIEW, Right.TOUCH}),
    "intake": frozenset({Right.TOUCH}),
    "mta": frozenset({Right.SEND}),
}


def resolve_service(registry: Registry, key: str, *, now: datetime) -> Service:
    """Say which service a key belongs to.

    Raises:
        RefusedError: Unknown, revoked, or of an agency whose time has ended.
    """
    service_id = key[4:18] if key.startswith("lkk_") else ""
    service = registry.find_service(service_id, now=now)
    verifier = hashlib.sha256(key.encode()).hexdigest()
    if service is None or not hmac.compare_digest(verifier, service.verifier):
        raise not_signed_in()
    return service


def resolve_caller(
    gate: Gate, registry: Registry, caller: m.Caller, *, carrier: Service, now: datetime
) -> m.Principal:
    """Say who a building speaks for, and which rights that gives in which tenant.

    Raises:
        RefusedError: Neither a live session of the carrier, nor one of the console
            with the console's key beside it, nor a tenant's service key.
    """
    if caller.session:
        person = resolve_reader(gate, registry, caller, carrier=carrier, now=now)
        found = principal_of(person)
        rights = reach(caller, carrier=carrier).intersection(found.rights)
        return msgspec.structs.replace(found, rights=tuple(sorted(rights)))
    service = resolve_service(registry, caller.service_key, now=now)
    note_use(gate, service.id, now=now)
    return m.Principal(
        kind=service.kind,
        id=service.id,
        name=service.name,
        tenant=service.tenant,
        rights=tuple(sorted(_SERVICE_RIGHTS.get(service.kind, frozenset()))),
    )


def resolve_reader(
    gate: Gate, registry: Registry, caller: m.Caller, *, carrier: Service, now: datetime
) -> Person:
    """Say which person wants to read: by the carrier's session, or the console's.

    A session of the console counts at the dock only beside the console's own key, so
    a stolen one is worth nothing there.

    Raises:
        RefusedError: No live session, or not of whoever presents it.
    """
    service = carrier
    if caller.service_key:
        service = resolve_service(registry, caller.service_key, now=now)
        if service.kind != _CONSOLE:
            raise not_signed_in()
    return resolve_session(gate, registry, caller.session, service=service.id, now=now)


def reach(caller: m.Caller, *, carrier: Service) -> frozenset[Right]:
    """Say what may be done at most on this way, whoever it is done for."""
    is_console = carrier.kind == _CONSOLE or bool(caller.session and caller.service_key)
    return _CONSOLE_RIGHTS if is_console else frozenset(Right)


def principal_of(person: Person) -> m.Principal:
    """Describe a person with the rights of the role."""
    return m.Principal(
        kind="person",
        id=person.id,
        name=person.name,
        tenant=person.tenant,
        rights=tuple(sorted(RIGHTS[person.role])),
    )
