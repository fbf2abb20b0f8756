"""Tell the token of one exact address: budgeted and recorded, found or not."""

from datetime import datetime

from listkeep.core.addresses import parse_address
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Right
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service
from listkeep.core.registry.held_keys import index_key
from listkeep.core.sealing import make_token
from listkeep.keeper.gate.custody.guests import admit_guest, as_guest
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.sessions import resolve_caller
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m


def look_up(
    gate: Gate, message: m.LookUp, *, carrier: Service, now: datetime
) -> m.FoundToken:
    """Compute the token of an address for a person who asks about one.

    Raises:
        MalformedError: It is no address.
        RefusedError: A service asks, the right is missing, or the budget is spent.
    """
    address = parse_address(message.address)
    with (
        recorded_refusals(gate, "look-up", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        principal = resolve_caller(
            gate, turn.registry, message.caller, carrier=carrier, now=now
        )
        principal = as_guest(turn.registry, principal, message.list, now=now)
        found = find_list(turn.registry, message.list, tenant=principal.tenant)
        attempt.who, attempt.list_id = principal.id, found.id
        require_right(principal, Right.LOOK_UP)
        if principal.kind != "person":
            raise RefusedError("look-ups are for people")
        token = make_token(gate.store.get(index_key(found.tenant)), address.index_form)
        item = item_digest(gate.store, token)
        turn.registry.require_budget(
            principal.id, Measure.LOOK_UPS, now=now, items=(item,)
        )
        admit_guest(turn, principal, found, Right.LOOK_UP)
        turn.append(
            Event.ADDRESS_LOOKED_UP,
            {"person": principal.id, "item": item},
            list_id=found.id,
        )
    return m.FoundToken(token=token)
