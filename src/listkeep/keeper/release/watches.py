"""Whether a send may go on, known at each call and decided when it could have changed.

A decision verifies every signature again, which costs more than opening a row. So it
is kept with the size of the ledger it was made from. A longer ledger is looked at
before the next row opens (freeze, denial, suppressions), and decided from again at
most a second later; without any change it is decided anew each minute.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from listkeep.core.errors import Code, ListkeepError, RefusedError, VerificationError
from listkeep.core.grants import Action, Terms
from listkeep.core.registry.agreements import CAMPAIGNS, TRANSACTIONAL
from listkeep.core.registry.facts import ListFacts, RequestFacts
from listkeep.core.registry.sending import (
    Route,
    SendFacts,
    SendingDomain,
    SendKind,
    SendTerms,
    parse_send,
)
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.decisions.sending import find_domains
from listkeep.keeper.gate.decisions.standing import (
    require_not_denied,
    require_not_frozen,
    require_standing,
)
from listkeep.keeper.gate.turns import Gate

from .blocked import Blocked, BlockedPeople, counts_of
from .opening import Opener, Shape
from .selections import Selection

_DECIDE_SECONDS = 1.0  # a revocation counts within five
_ANEW_SECONDS = 60.0
_SEND = frozenset({Action.SEND})


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One send as it stands at a size of the ledger."""

    request: RequestFacts
    facts: SendFacts
    send: SendTerms
    found: ListFacts
    route: Route
    domains: tuple[SendingDomain, ...]
    opener: Opener
    selection: Selection
    blocked: Blocked

    @property
    def terms(self) -> Terms:
        """What was signed."""
        return self.request.terms


class Watch:
    """One send in one process; safe to share between threads."""

    def __init__(self, watches: "Watches", gate: Gate, request: str) -> None:
        """Look at nothing yet."""
        self._watches, self._gate, self._request = watches, gate, request
        self._lock = threading.Lock()
        self._sight: Sight | None = None
        self._failure: ListkeepError | None = None
        self._seen = self._decided = (-1, -1)  # versions of the gate
        self._decided_at = 0.0

    def require(self, now: datetime) -> Sight:
        """Say how the send stands, or why nothing opens under it.

        Raises:
            RefusedError: It is frozen, denied, expired, ended or never began, or what
                it relies on is not there any more.
            VerificationError: The suppressions are not what the ledger says they are.
        """
        with self._lock:
            moment = time.monotonic()
            version = self._gate.version
            if self._is_due(version, moment) or (
                version != self._seen and not self._look(now)
            ):
                self._decide(now, moment)
            failure, sight = self._failure, self._sight
        if sight is None:
            raise _again(failure)
        require_window(sight.terms, now)
        return sight

    def _is_due(self, version: tuple[int, int], moment: float) -> bool:
        if self._sight is None and self._failure is None:
            return True
        if version[0] != self._decided[0]:  # what was seen then is no more
            return True
        has_grown = version != self._decided or self._sight is None
        longest = _DECIDE_SECONDS if has_grown else _ANEW_SECONDS
        return moment - self._decided_at > longest

    def _decide(self, now: datetime, moment: float) -> None:
        """Verify everything again, as when it began."""
        before, self._sight = self._sight, None
        try:
            with self._gate.view(now) as registry:
                self._seen = self._decided = self._gate.version
                self._decided_at = moment
                seen = _see(self._gate, registry, self._request, before, now=now)
                counts = counts_of(registry, seen.found)
            people = self._watches.people_of(seen.found.id)
            blocked = people.look(seen.found, counts, now=now)
        except (RefusedError, VerificationError) as error:
            self._failure = error
            return
        self._sight = replace(seen, blocked=blocked)

    def _look(self, now: datetime) -> bool:
        """Look at what may have changed since the decision, without making it again.

        Tells whether that is enough: a list with other keys has to be looked at anew.
        """
        with self._gate.view(now) as registry:
            self._seen = self._gate.version
            if self._sight is None:
                return True
            try:
                require_open(registry, self._sight.request, self._sight.send)
            except RefusedError as error:
                self._sight, self._failure = None, error
                return True
            if registry.lists.get(self._sight.found.id) != self._sight.found:
                return False
            counts = counts_of(registry, self._sight.found)
        people = self._watches.people_of(self._sight.found.id)
        blocked = people.look(self._sight.found, counts, now=now)
        self._sight = replace(self._sight, blocked=blocked)
        return True


class Watches:
    """The sends that one process opens rows for."""

    def __init__(self, gate: Gate) -> None:
        """Begin with none."""
        self._gate = gate
        self._lock = threading.Lock()
        self._watches: dict[str, Watch] = {}
        self._people: dict[str, BlockedPeople] = {}  # by list

    def of(self, request: str) -> Watch:
        """Get the watch over one send; there is none over what never began.

        Raises:
            RefusedError: There is no such send.
        """
        watch = self._watches.get(request)
        if watch is None:
            with self._gate.look() as registry:
                if request not in registry.sends:
                    raise unknown_send()
            with self._lock:
                watch = self._watches.setdefault(
                    request, Watch(self, self._gate, request)
                )
        return watch

    def people_of(self, list_id: str) -> BlockedPeople:
        """Get who of a list must not be written to."""
        with self._lock:
            return self._people.setdefault(list_id, BlockedPeople(self._gate))

    def keep(self, requests: Mapping[str, str]) -> None:
        """Forget all sends but these, and all lists but theirs."""
        with self._lock:
            for request in self._watches.keys() - requests.keys():
                del self._watches[request]
            for list_id in self._people.keys() - set(requests.values()):
                del self._people[list_id]


def watches_of(gate: Gate) -> Watches:
    """Get the watches of one gate."""
    found = gate.kept.setdefault("sends", Watches(gate))
    return cast("Watches", found)


def require_sending(
    registry: Registry, request_id: str, *, now: datetime
) -> RequestFacts:
    """Require a send that may go on now, verifying every signature again.

    Raises:
        RefusedError: It may not.
        VerificationError: A statement's signature does not verify.
    """
    known = registry.requests.get(request_id)
    if known is not None and known.terms.action is Action.SEND:
        require_window(known.terms, now)
    request = require_standing(registry, request_id, actions=_SEND, now=now)
    require_open(registry, request, parse_send(request.terms))
    return request


def require_open(registry: Registry, request: RequestFacts, send: SendTerms) -> None:
    """Require that nobody stopped a send: by denying, by freezing, or as its end.

    Raises:
        RefusedError: Somebody did.
    """
    facts = registry.sends.get(request.id)
    if request.done or (facts is not None and facts.ended):
        raise RefusedError("this send has ended", code=Code.REPLAYED)
    require_not_denied(request)
    kind = TRANSACTIONAL if send.kind is SendKind.STANDING else CAMPAIGNS
    require_not_frozen(registry, request.terms.tenant, frozen=kind)


def require_window(terms: Terms, now: datetime) -> None:
    """Require that a send's time has come, and has not passed.

    Raises:
        RefusedError: It is too early or too late.
    """
    if now >= terms.expires:
        raise RefusedError("the time of this send has passed", code=Code.EXPIRED)
    if now < terms.not_before:
        raise RefusedError("the time of this send has not come", code=Code.NOT_GRANTED)


def unknown_send() -> RefusedError:
    """Say that nothing of the kind was begun."""
    return RefusedError(
        "there is no such send",
        code=Code.NOT_FOUND,
        hint="a send is begun before its first row opens",
    )


def _see(
    gate: Gate,
    registry: Registry,
    request_id: str,
    before: Sight | None,
    *,
    now: datetime,
) -> Sight:
    request = require_sending(registry, request_id, now=now)
    facts, terms = registry.sends.get(request_id), request.terms
    found, send = registry.lists.get(terms.list), parse_send(terms)
    route = registry.routes.get(terms.recipient)
    if facts is None:
        raise unknown_send()
    if found is None or not found.keys or route is None:
        raise RefusedError("what this send relies on is gone", code=Code.FACTS_CHANGED)
    if before is not None and before.found == found:
        opener, selection = before.opener, before.selection
    else:
        opener = Opener(gate.store, found, look_again=_ListOf(gate, found))
        selection = Selection(terms.selection, found, Shape(found), send.fields)
    return Sight(
        request=request,
        facts=facts,
        send=send,
        found=found,
        route=route,
        domains=tuple(find_domains(registry, send, tenant=terms.tenant)),
        opener=opener,
        selection=selection,
        blocked=Blocked(found, {}, is_behind=True),
    )


@dataclass(frozen=True, slots=True)
class _ListOf:
    """Finds a list as it is now: it may have got a newer key."""

    gate: Gate
    found: ListFacts

    def __call__(self) -> ListFacts:
        with self.gate.look() as registry:
            return registry.lists.get(self.found.id, self.found)


def _again(failure: ListkeepError | None) -> ListkeepError:
    """Say the same once more; an error that is raised twice grows by its tracebacks."""
    if failure is None:
        return unknown_send()
    return type(failure)(failure.message, code=failure.code, hint=failure.hint)
