"""Begin and end sends, and tell the dock which there are.

The intent is in the ledger before the first row opens: from then on the cap is spent,
whatever comes of it. A send that nobody closed is closed once its time has passed.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from listkeep.core.errors import Code, RefusedError, VerificationError
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import Route, SendFacts, parse_send
from listkeep.core.registry.sends import TAG_DIGITS
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.descriptions import may_see
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m
from listkeep.wire.messages import sends as d

from .openings import forget_marks, keep_marks
from .send_calls import SendCall
from .tallies import split_keys
from .watches import require_sending, unknown_send, watches_of

KEPT = timedelta(days=90)  # after its end: until then mail may come back
MOST_TOLD = 200  # ended ones in one answer
_FORGOTTEN, _ENDED = "forgotten sends", "ended sends"


def start_send(
    gate: Gate, message: d.StartSend, *, carrier: Service, now: datetime
) -> d.Send:
    """Begin a granted send: its whole cap is charged, and its aliases get a key.

    Raises:
        RefusedError: There is no such request for this person, it is not granted, the
            budget is spent, or sends are frozen.
    """
    with (
        recorded_refusals(gate, "send", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        registry = turn.registry
        person = resolve_session(
            gate, registry, message.session, service=carrier.id, now=now
        )
        attempt.who = person.id
        known = registry.requests.get(message.request)
        if known is not None and not (
            known.terms.tenant == person.tenant and may_see(registry, person, known)
        ):
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        request = require_sending(registry, message.request, now=now)
        attempt.request, attempt.list_id = request.id, request.terms.list
        if not request.intended:
            cap = request.terms.cap
            registry.require_budget(
                request.signed[0].person, Measure.ROWS_SENT, now=now, amount=cap
            )
            gate.store.create(alias_key(request.id))
            turn.append(
                Event.SEND_INTENDED,
                {
                    "request": request.id,
                    "person": person.id,
                    "route": request.terms.recipient,
                    "cap": str(cap),
                    "tag": _new_tag(registry),
                },
                list_id=request.terms.list,
            )
    return next(_describe(gate, [message.request], now=now))


def read_sends(
    gate: Gate,
    message: d.ReadSends,
    *,
    carrier: Service,
    spool: Path,
    now: datetime,
) -> d.Sends:
    """Tell which sends go on, and which ended so lately that mail may come back.

    Those whose time has passed are closed, and what is kept of old ones is forgotten.
    Of those that ended the next page is told. Who knows of more than there are has
    heard of them from a ledger that was lost, and begins anew.
    """
    with gate.view(now) as registry:
        known = dict(registry.sends)
        over = [f for f in known.values() if not f.ended and _is_over(registry, f, now)]
    call = SendCall(gate, carrier, spool, now)
    for facts in over:
        _close(call, facts)
    _sweep(call, known)
    with gate.view(now) as registry:
        ended = [registry.sends[request] for request in registry.ended_sends]
        going = [f.request for f in registry.sends.values() if not f.ended]
    old = list(takewhile(lambda facts: _is_forgotten(facts, now), ended))
    _forget(gate, old)
    start = max(len(old), message.known if message.known <= len(ended) else 0)
    page = [facts.request for facts in ended[start : start + MOST_TOLD]]
    sends = tuple(_describe(gate, going, now=now))
    # Of the others keys and suppressions leave the memory.
    watches_of(gate).keep({s.request: s.list for s in sends if s.state != "ended"})
    return d.Sends(
        sends=sends,
        ended=tuple(_describe(gate, page, now=now)),
        start=start,
        kept=len(old),
        known=start + len(page),
        has_more=start + len(page) < len(ended),
    )


def finish_send(
    gate: Gate, message: d.FinishSend, *, carrier: Service, spool: Path, now: datetime
) -> m.Empty:
    """Close a send: nothing more opens under it. Closed already, it stays as it was.

    Raises:
        RefusedError: There is no such send.
    """
    with gate.view(now) as registry:
        facts = registry.sends.get(message.request)
        if facts is None:
            raise unknown_send()
    _close(SendCall(gate, carrier, spool, now), facts, said=message)
    return m.Empty()


def alias_key(request: str) -> str:
    """Name the key of a send's aliases in the key store."""
    return f"send-{request}"


def _new_tag(registry: Registry) -> str:
    taken = {facts.tag for facts in registry.sends.values()}
    while (tag := secrets.token_hex(TAG_DIGITS // 2)) in taken:
        pass
    return tag


def _is_over(registry: Registry, facts: SendFacts, now: datetime) -> bool:
    request = registry.requests[facts.request]
    return request.denied or now >= request.terms.expires


def _is_forgotten(facts: SendFacts, now: datetime) -> bool:
    return facts.ended_at is not None and now >= facts.ended_at + KEPT


def _close(
    call: SendCall, facts: SendFacts, *, said: d.FinishSend | None = None
) -> None:
    """Record the end of a send, with what was opened by the keeper's own count."""
    with call.hold(facts) as tally:
        keep_marks(facts.tag, (*split_keys(tally.state.keys), *tally.under_way))
        with call.gate.turn(call.now) as turn:
            if not turn.registry.sends[facts.request].ended:
                turn.append(
                    Event.SEND_COMPLETED,
                    {
                        "request": facts.request,
                        "service": call.carrier.id,
                        "opened": str(tally.state.counted),
                        "delivered": str(said.delivered) if said else "",
                        "failed": str(said.failed) if said else "",
                    },
                    list_id=turn.registry.requests[facts.request].terms.list,
                )
        call.tally_of(facts.request).unlink(missing_ok=True)


def _sweep(call: SendCall, known: dict[str, SendFacts]) -> None:
    """Remove counts of sends that ended; a keeper that died left them behind."""
    for path in call.spool.glob("*.send"):
        facts = known.get(path.stem)
        if facts is not None and facts.ended:
            with call.hold(facts):
                path.unlink(missing_ok=True)


def _forget(gate: Gate, over: list[SendFacts]) -> None:
    """Destroy what joins aliases to tokens, once nothing is expected back.

    An old key store that is put back has the key again, until this is asked again.
    """
    done = cast("set[str]", gate.kept.setdefault(_FORGOTTEN, set()))
    new = [facts for facts in over if facts.request not in done]
    for facts in new:
        gate.store.destroy(alias_key(facts.request))
        _ended(gate).pop(facts.request, None)
        if forget_marks(facts.tag):  # else the rest when this is asked again
            done.add(facts.request)


def _describe(gate: Gate, requests: list[str], *, now: datetime) -> Iterator[d.Send]:
    """Tell of sends; of those that ended once, as nothing about them changes."""
    ended = _ended(gate)
    for name in requests:
        send = ended.get(name)
        if send is None:
            state = _state(gate, name, now=now)
            with gate.view(now) as registry:
                key = gate.store.get(alias_key(name))
                send = replace(_view(registry, name, key=key), state=state)
                if registry.sends[name].ended:
                    ended[name] = send
        yield send


def _ended(gate: Gate) -> dict[str, d.Send]:
    return cast("dict[str, d.Send]", gate.kept.setdefault(_ENDED, {}))


def _state(gate: Gate, request: str, *, now: datetime) -> str:
    try:
        watches_of(gate).of(request).require(now)
    except RefusedError as error:
        return "frozen" if error.code is Code.FROZEN else "ended"
    except VerificationError:  # of one list; the sends of others go on
        return "frozen"
    return "live"


def _view(registry: Registry, request: str, *, key: bytes) -> d.Send:
    facts, terms = registry.sends[request], registry.requests[request].terms
    send, found = parse_send(terms), registry.find_list(terms.list)
    route = registry.routes.get(terms.recipient)
    route = route or registry.ended_routes[terms.recipient]
    return d.Send(
        request=request,
        tenant=terms.tenant,
        list=terms.list,
        list_name=found.name if found else "-",
        kind=send.kind.value,
        state="",
        tag=bytes.fromhex(facts.tag),
        alias_key=key,
        route=_show_route(route),
        templates=send.templates,
        sender=send.sender,
        reply_to=send.reply_to,
        title=send.title,
        links=send.links,
        tracking=send.tracking,
        fields=send.fields,
        selection=terms.selection,
        triggers=send.triggers,
        cap=terms.cap,
        reserved=facts.reserved,
        pace=send.pace,
        mail_domain=send.mail_domain,
        token_domain=route.token_domain,
        signing=tuple(
            d.SigningKey(
                algorithm=algorithm.value,
                domain=domain.name,
                selector=domain.selector_of(algorithm),
            )
            for domain in registry.domains_of(terms.tenant, send.sender_domain)
            for algorithm in domain.algorithms
        ),
        not_before=format_time(terms.not_before),
        expires=format_time(terms.expires),
        facets=found.facets if found else (),
    )


def _show_route(route: Route) -> d.RouteView:
    return d.RouteView(
        id=route.id,
        name=route.name,
        kind=route.kind.value,
        host=route.host,
        port=route.port,
        tls=route.tls,
        sources=route.sources,
        mail_domain=route.mail_domain,
        token_domain=route.token_domain,
    )
