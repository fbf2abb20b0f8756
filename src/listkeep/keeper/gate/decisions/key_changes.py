"""Record what a granted request changes; where keys come or go, with what that takes.

The ledger says first which keys are gone, and every process destroys them when it
reads that (``turns``); so a keeper that dies in between goes on where it was.
"""

from listkeep.core.errors import Code, ConflictError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts, RequestFacts
from listkeep.core.registry.held_keys import index_key, list_key
from listkeep.core.registry.sending import parse_domain
from listkeep.core.registry.tickets import running_imports
from listkeep.keeper.gate.models import Suppression
from listkeep.keeper.gate.turns import Turn
from listkeep.keeper.keys import make_mail_keys

from .list_keys import fetch_newest_key, find_later_key


def begin_key(turn: Turn, found: ListFacts, *, principal: str, request: str) -> None:
    """Make a list's next key; whatever is sealed after this turn is under it.

    The key is in the key store before the ledger says so: one that a turn left
    behind when it failed was never used, and is taken the next time. So are those of
    which the end of the ledger told, if it was lost, with the rows that are under them.

    Raises:
        UnavailableError: The list's newest key is gone, and there is none after it.
    """
    number = find_later_key(turn.store, found)
    if number is None:
        fetch_newest_key(turn.store, found)  # who was shredded gets no other key
        number = found.newest_key + 1
    turn.store.create(list_key(found.id, number))
    turn.append(
        Event.KEY_RENEWED,
        {"key": str(number), "principal": principal, "request": request},
        list_id=found.id,
    )


def record_change(turn: Turn, request: RequestFacts, event: Event) -> None:
    """Record that a granted change was carried out."""
    registry, terms = turn.registry, request.terms
    fields = {"request": request.id, "tenant": terms.tenant}
    match terms.action:
        case Action.KEYS_RENEW:
            found = registry.lists[terms.subject_fields()["id"]]
            asked = request.signed[0].person
            begin_key(turn, found, principal=asked, request=request.id)
        case Action.INDEX_KEY_RENEW:
            number = _begin_index_key(turn, terms.tenant)
            turn.append(event, {**fields, "key": str(number)})
        case Action.DOMAIN_ADD:
            domain = parse_domain(
                terms.subject_fields(), tenant=terms.tenant, public={}
            )
            public = make_mail_keys(turn.store, domain.id, domain.algorithms)
            turn.append(event, {**fields, **public})
        case Action.LIST_SHRED:
            list_id = terms.subject_fields()["id"]
            _forget_suppressions(list_id)
            turn.append(event, fields, list_id=list_id)
        case Action.TENANT_CLOSE:
            mine = [f.id for f in registry.lists.values() if f.tenant == terms.tenant]
            _forget_suppressions(terms.tenant, *mine)
            turn.append(event, fields)
        case _:
            turn.append(event, fields)


def _begin_index_key(turn: Turn, tenant: str) -> int:
    """Make a tenant's next index key, and give its number.

    An import knows the same keys from its first row to its last: otherwise a person
    who stands in its file twice, or in two files, could get two tokens.

    Raises:
        ConflictError: An import into a list of this tenant is running.
    """
    registry = turn.registry
    if running_imports(registry, tenant=tenant, now=turn.now):
        raise ConflictError(
            "an import into a list of this tenant is running",
            code=Code.BUSY,
            hint="sign when it is done",
        )
    number = registry.index_keys[tenant][-1].number + 1
    turn.store.create(index_key(tenant, number))
    return number


def _forget_suppressions(*scopes: str) -> None:
    """Drop what only names whom a list must not be sent to that nobody can open."""
    Suppression.objects.filter(list_id__in=scopes).delete()
