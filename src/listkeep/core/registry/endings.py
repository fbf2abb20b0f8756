"""What ends for good: a list that is shredded, a tenant that is closed.

Destroying the keys is what ends it: from then on nothing that is sealed under them
opens, in whichever copy. What people did stands in the ledger for good.
"""

from datetime import datetime

from listkeep.core.grants import Action

from .changes import revoke
from .facts import RequestFacts
from .fields import require_fields, untrusted
from .held_keys import index_key, index_numbers, list_key
from .state import Registry

ENDINGS = frozenset({Action.LIST_SHRED, Action.TENANT_CLOSE})


def end(registry: Registry, request: RequestFacts, *, at: datetime) -> None:
    """Carry out what a granted request ends.

    Raises:
        VerificationError: It ends what is not there, or is not this tenant's.
    """
    subject, tenant = request.terms.subject_fields(), request.terms.tenant
    require_fields(subject, {"id"})
    if request.terms.action is Action.TENANT_CLOSE:
        if subject["id"] != tenant or tenant not in registry.tenants:
            raise untrusted("a tenant was closed that is not there")
        _close_tenant(registry, tenant, at=at)
        return
    found = registry.lists.get(subject["id"])
    if found is None or found.tenant != tenant:
        raise untrusted("a list was shredded that is not there")
    _shred_list(registry, found.id, at=at)


def _shred_list(registry: Registry, list_id: str, *, at: datetime) -> None:
    found = registry.lists.pop(list_id)
    registry.shredded[list_id] = found
    for key in found.keys:
        registry.destroy_key(list_key(list_id, key.number), at=at)
    for table in (registry.suppressed, registry.entries, registry.holdings):
        table.pop(list_id, None)
    for ticket in [t for t in registry.tickets.values() if t.list_id == list_id]:
        registry.tickets.pop(ticket.id)
    for request in registry.requests.values():
        if request.terms.list == list_id and not request.done:
            request.denied = True


def _close_tenant(registry: Registry, tenant: str, *, at: datetime) -> None:
    for found in list(registry.lists.values()):
        if found.tenant == tenant:
            _shred_list(registry, found.id, at=at)
    for number in index_numbers(registry.index_keys.pop(tenant, ())):
        registry.destroy_key(index_key(tenant, number), at=at)
    registry.suppressed.pop(tenant, None)
    registry.erased.pop(tenant, None)
    revoke(registry, tenant, tenant="")
