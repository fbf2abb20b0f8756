"""Tell the token of one exact address: budgeted and recorded, found or not."""

from datetime import datetime

from listkeep.core.addresses import parse_address
from listkeep.core.errors import RefusedError
from listkeep.core.grants import Right
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service
from listkeep.core.sealing import make_token
from listkeep.keeper.gate.custody.guests import admit_guest, as_guest
from listkeep.keeper.gate.custody.lists import require_right
from listkeep.keeper.gate.custody.suppressions import read_all_known
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import reach, resolve_caller
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .opening import fetch_index_keys


def look_up(
    gate: Gate, message: m.LookUp, *, carrier: Service, now: datetime
) -> m.FoundToken:
    """Compute the token of an address for a person who asks about one.

    Where the tenant holds several index keys, the tokens under all of them: one
    question, one charge. Who is suppressed has the token that is.

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
        most = reach(message.caller, carrier=carrier)
        principal = as_guest(
            turn.registry, principal, message.list, reach=most, now=now
        )
        found = find_list(turn.registry, message.list, tenant=principal.tenant)
        attempt.who, attempt.list_id = principal.id, found.id
        require_right(principal, Right.LOOK_UP)
        if principal.kind != "person":
            raise RefusedError("look-ups are for people")
        tokens = [
            make_token(key, address.index_form)
            for key in fetch_index_keys(gate.store, found)
        ]
        item = item_digest(gate.store, tokens[0])  # the same after every renewal
        turn.registry.require_budget(
            principal.id, Measure.LOOK_UPS, now=now, items=(item,)
        )
        admit_guest(turn, principal, found, Right.LOOK_UP)
        turn.append(
            Event.ADDRESS_LOOKED_UP,
            {"person": principal.id, "item": item},
            list_id=found.id,
        )
    *older, newest = tokens
    known = read_all_known(found, tokens) if older else {}
    for token in tokens:
        if token in known:
            return m.FoundToken(token=token)
    return m.FoundToken(token=newest, older=tuple(older))
