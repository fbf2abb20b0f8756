"""Tell the token of one exact address: budgeted and recorded, found or not."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from listkeep.core.addresses import Address, parse_address
from listkeep.core.errors import MalformedError, RefusedError
from listkeep.core.grants import Right
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import make_token
from listkeep.keeper.gate.custody.guests import admit_guest, as_guest, knock
from listkeep.keeper.gate.custody.lists import record_of, require_right
from listkeep.keeper.gate.custody.suppressions import read_all_known
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.decisions.items import item_digest
from listkeep.keeper.gate.refusals import Attempt, recorded_refusals
from listkeep.keeper.gate.sign_in.callers import reach, resolve_caller
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m

from .opening import fetch_index_keys


def look_up(
    gate: Gate, message: m.LookUp, *, carrier: Service, now: datetime
) -> m.FoundToken:
    """Compute the token of an address for a person who asks about one.

    Where the tenant holds several index keys, the tokens under all of them: one
    question, one charge. Who is suppressed has the token that is. Whoever may not know
    the list hears nothing about the address either.

    Raises:
        MalformedError: It is no address.
        RefusedError: A service asks, the right is missing, or the budget is spent.
    """
    with recorded_refusals(gate, "look-up", now=now) as attempt:
        asked = _Asked(message, carrier, attempt, now)
        address = _parse(gate, asked)
        with gate.turn(now) as turn:
            principal, found = asked.require(gate, turn.registry)
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
    record = record_of(found) if message.with_list else None
    *older, newest = tokens
    known = read_all_known(found, tokens) if older else {}
    for token in tokens:
        if token in known:
            return m.FoundToken(token=token, list=record)
    return m.FoundToken(token=newest, older=tuple(older), list=record)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question, and who asks it."""

    message: m.LookUp
    carrier: Service
    attempt: Attempt
    now: datetime

    def require(self, gate: Gate, registry: Registry) -> tuple[m.Principal, ListFacts]:
        """Require that this caller may look up in this list, by name or id."""
        name, now = self.message.list, self.now
        principal = resolve_caller(
            gate, registry, self.message.caller, carrier=self.carrier, now=now
        )
        # Of support without consent it is recorded where it knocked.
        self.attempt.what = "support"
        self.attempt.who, self.attempt.list_id = knock(registry, principal, name)
        most = reach(self.message.caller, carrier=self.carrier)
        principal = as_guest(registry, principal, name, reach=most, now=now)
        found = find_list(registry, name, tenant=principal.tenant)
        self.attempt.what = "look-up"
        self.attempt.who, self.attempt.list_id = principal.id, found.id
        require_right(principal, Right.LOOK_UP)
        if principal.kind != "person":
            raise RefusedError("look-ups are for people")
        return principal, found


def _parse(gate: Gate, asked: _Asked) -> Address:
    """Parse the address; a stranger is told that this is none of their business."""
    with suppress(MalformedError):
        return parse_address(asked.message.address)
    with gate.view(asked.now) as registry:
        asked.require(gate, registry)
    asked.attempt.who = ""  # a slip of the pen is nothing to record
    return parse_address(asked.message.address)
