"""Who may read which entry: everybody may hash them all, few may read them."""

from datetime import datetime

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, ConflictError, RefusedError
from listkeep.core.grants import Right, Role
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import prove_head
from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.callers import principal_of
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.ledger.queries import read_head
from listkeep.keeper.ledger.services import MAX_ENTRY_BYTES
from listkeep.wire import messages as m

_TRIES = 5


def visible_body(registry: Registry, person: Person, body: bytes) -> bytes:
    """Give a body to those it concerns; nobody else gets more than its leaf hash.

    Custodians read every body, because they answer for the whole ledger; it holds no
    address. Owners read what is about their tenant. Others read nothing.
    """
    fields = parse(body, max_bytes=MAX_ENTRY_BYTES)
    if fields["event"] == Event.LEDGER_RECOVERED:
        return body  # everybody has to know why an entry seen before is gone
    return body if may_read(person, _tenant_of(registry, fields)) else b""


def prove_list_head(
    gate: Gate, message: m.ReadListHead, *, now: datetime
) -> m.ListHeadProof:
    """Prove to those who read a list's entries which of them is the newest.

    The heads are those replayed from the ledger, not the rows of their table.

    Raises:
        RefusedError: There is no such list, as far as this person may know.
        ConflictError: Other processes append faster than this one can look.
    """
    for _ in range(_TRIES):
        with gate.view(now) as registry:
            person = resolve_session(
                gate, registry, message.session, service=DIRECT, now=now
            )
            found = registry.find_list(message.list)
            if found is None or not may_read(person, found.tenant):
                raise RefusedError("there is no such list", code=Code.NOT_FOUND)
            size, checkpoint = read_head()
            if size != registry.frontier.size:
                continue  # another process appended: these heads are not signed there
            proof = prove_head(registry.heads, found.id)
        return m.ListHeadProof(
            list=found.id,
            sequence=proof.head.sequence,
            digest=proof.head.digest,
            index=proof.index,
            lists=proof.lists,
            path=proof.path,
            checkpoint=checkpoint,
        )
    raise ConflictError("the ledger is busy", code=Code.BUSY, hint="try again")


def may_read(person: Person, tenant: str | None) -> bool:
    """Tell whether a person may read what is about this tenant."""
    if person.role is Role.CUSTODIAN:
        return True
    owner = Right.ADMINISTER in principal_of(person).rights
    return owner and tenant == person.tenant


def _tenant_of(registry: Registry, fields: dict[str, str]) -> str | None:
    """Find whom an entry is about; ``None`` when it is nobody's any more."""
    if found := registry.find_list(fields.get("list", "")):
        return found.tenant
    if "tenant" in fields:
        return fields["tenant"]
    if fields.get("request", "") in registry.requests:
        return registry.requests[fields["request"]].terms.tenant
    person = registry.people.get(fields.get("person", ""))
    return person.tenant if person else None
