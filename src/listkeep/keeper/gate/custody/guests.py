"""Support as a guest: what an owner's consent lets the operator's people do.

A guest keeps the own name in everything that is recorded; nobody acts as somebody
else. Every touch is a ledger entry about the list, so that its owners see it, and
spends from a budget of distinct tenants.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import GUEST_RIGHTS, Right, Role
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.turns import Turn
from listkeep.wire import messages as m


def as_guest(
    registry: Registry,
    principal: m.Principal,
    name: str,
    *,
    reach: frozenset[Right],
    now: datetime,
) -> m.Principal:
    """Give a person of support a guest's rights on one list, where there is consent.

    ``reach`` is the most that the way of the call gives. Anybody else, and support
    without consent, stays who they are.
    """
    person = registry.people.get(principal.id)
    if person is None:
        return principal
    hosts = registry.hosts(person, now=now)
    lists = [known for known in registry.lists.values() if known.tenant in hosts]
    found = _only_one(lists, name)
    if found is None:
        return principal
    return msgspec.structs.replace(
        principal, tenant=found.tenant, rights=tuple(sorted(GUEST_RIGHTS & reach))
    )


def knock(registry: Registry, principal: m.Principal, name: str) -> tuple[str, str]:
    """Say of a person of support who they are and which list they want to look at.

    Of a refusal both are recorded, so that owners read who came without consent, or
    after it had ended. A list that cannot be told is recorded as none, and not left
    out: the size of the ledger would tell which names there are.
    """
    person = registry.people.get(principal.id)
    if person is None or person.role is not Role.SUPPORT:
        return "", ""
    wanted = _only_one(registry.lists.values(), name)
    return person.id, wanted.id if wanted else ""


def is_guest(registry: Registry, principal: m.Principal) -> bool:
    """Tell whether a person looks at a tenant that is not the own one."""
    person = registry.people.get(principal.id)
    return person is not None and person.tenant != principal.tenant


def admit_guest(
    turn: Turn, principal: m.Principal, found: ListFacts, right: str
) -> None:
    """Charge and record a guest's touch; of others nothing is charged here.

    Raises:
        RefusedError: The consent is gone, or the day's tenants are spent.
    """
    if not is_guest(turn.registry, principal):
        return
    person = turn.registry.people[principal.id]
    if found.tenant not in turn.registry.hosts(person, now=turn.now):
        raise RefusedError("there is no such list", code=Code.NOT_FOUND)
    turn.registry.require_budget(
        principal.id, Measure.TENANTS, now=turn.now, items=(found.tenant,)
    )
    turn.append(
        Event.SUPPORT_ADMITTED,
        {"person": principal.id, "tenant": found.tenant, "right": Right(right).value},
        list_id=found.id,
    )


def _only_one(lists: Iterable[ListFacts], name: str) -> ListFacts | None:
    """Find a list by id or name, across tenants.

    An id wins over other lists that were given that id for a name; a name that two
    tenants use means neither.
    """
    known = list(lists)
    found = [row for row in known if row.id == name] or [
        row for row in known if row.name == name
    ]
    return found[0] if len(found) == 1 else None
