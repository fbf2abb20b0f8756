"""Erase one person from every list of a tenant, under an owner's signature.

The ledger names the person by a keyed digest and says from how many lists; it never
holds the address, nor the token. With a kept suppression nobody brings the person back;
without one, nothing but that digest is left here, and it keeps earlier rows away.
"""

from datetime import datetime

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts, Service
from listkeep.core.registry.state import Registry
from listkeep.core.segments import Status
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.decisions.requests import unknown_request
from listkeep.keeper.gate.decisions.standing import require_granted
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.wire import messages as m
from listkeep.wire.messages import erasures as e

from .suppressions import add_suppressions, read_known

_ERASE = frozenset({Action.ENTRY_ERASE})


def erase_entry(
    gate: Gate, message: e.EraseEntry, *, carrier: Service, now: datetime
) -> m.Empty:
    """Record that the person of a granted request is erased, and suppress for good.

    Asked again for the same request it does nothing, so that a dock that died before
    it had removed the rows can; not once entries came to a list, for whoever came anew
    is another erasure.

    Raises:
        RefusedError: Not granted, used up, another person's token, or another tenant's
            list.
        MalformedError: A list is named twice.
    """
    with (
        recorded_refusals(gate, "erase", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        registry = turn.registry
        person = resolve_session(
            gate, registry, message.session, service=carrier.id, now=now
        )
        attempt.who = person.id
        known = registry.requests.get(message.request)
        if known is None or known.terms.tenant != person.tenant:
            raise unknown_request()
        attempt.request = known.id
        if known.terms.selection != item_digest(gate.store, message.token):
            raise RefusedError(
                "the request is about somebody else", code=Code.NOT_GRANTED
            )
        if _is_repeated(registry, known, message, now=now):
            return m.Empty()
        request = require_granted(turn, message.request, actions=_ERASE)
        _require_own_lists(registry, message, tenant=person.tenant)
        _record(turn, request, message, principal=person.id)
    return m.Empty()


def _is_repeated(
    registry: Registry, known: RequestFacts, message: e.EraseEntry, *, now: datetime
) -> bool:
    """Tell whether this is recorded already, list by list, and nobody came since."""
    is_open = now < known.terms.expires and not known.denied
    return (
        known.terms.action in _ERASE
        and known.done
        and is_open
        and all(
            each.list in registry.holdings
            and known.id in registry.holdings[each.list].erasures
            for each in message.lists
        )
    )


def _require_own_lists(
    registry: Registry, message: e.EraseEntry, *, tenant: str
) -> None:
    if len({each.list for each in message.lists}) < len(message.lists):
        raise MalformedError("a person is erased from each list once")
    for each in message.lists:
        found = registry.lists.get(each.list)
        if found is None or found.tenant != tenant:
            raise RefusedError("there is no such list", code=Code.NOT_FOUND)


def _record(
    turn: Turn, request: RequestFacts, message: e.EraseEntry, *, principal: str
) -> None:
    terms = request.terms
    keep = terms.subject_fields()["keep"]
    after = {"total": "", "check": ""}
    if keep == "yes" and not read_known(terms.tenant, [message.token]):
        after = add_suppressions(
            turn, terms.tenant, new=[message.token], reason=Status.ERASED
        )
    fields = {
        "request": request.id,
        "principal": principal,
        "item": terms.selection,
        "keep": keep,
        "lists": str(len(message.lists)),
        **after,
    }
    for each in message.lists:
        more = {"added": "0", "removed": "1" if each.removed else "0"}
        turn.append(Event.ENTRY_ERASED, {**fields, **more}, list_id=each.list)
    if not message.lists:  # somebody who is in no list, and is to be kept away
        turn.append(Event.ENTRY_ERASED, fields)
