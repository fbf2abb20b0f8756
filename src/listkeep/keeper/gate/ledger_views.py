"""Who may read which entry: everybody may hash them all, few may read them."""

from listkeep.core.canonical import parse
from listkeep.core.grants import Right, Role
from listkeep.keeper.ledger.services import MAX_ENTRY_BYTES

from .facts import Person
from .registry import Registry
from .sessions import principal_of


def visible_body(registry: Registry, person: Person, body: bytes) -> bytes:
    """Give a body to those it concerns; nobody else gets more than its leaf hash.

    Custodians read every body, because they answer for the whole ledger; it holds no
    address. Owners read what is about their tenant. Others read nothing.
    """
    fields = parse(body, max_bytes=MAX_ENTRY_BYTES)
    if person.role is Role.CUSTODIAN:
        return body
    if Right.ADMINISTER not in principal_of(person).rights:
        return b""
    tenant = _tenant_of(registry, fields)
    return body if tenant == person.tenant else b""


def _tenant_of(registry: Registry, fields: dict[str, str]) -> str | None:
    """Find whom an entry is about; ``None`` when it is nobody's any more."""
    if "list" in fields and fields["list"] in registry.lists:
        return registry.lists[fields["list"]].tenant
    if "tenant" in fields:
        return fields["tenant"]
    if fields.get("request", "") in registry.requests:
        return registry.requests[fields["request"]].terms.tenant
    person = registry.people.get(fields.get("person", ""))
    return person.tenant if person else None
