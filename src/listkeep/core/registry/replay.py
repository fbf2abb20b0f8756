"""Replay: apply ledger entries to the registry, one kind after the other.

Rules of the room:

- Nothing is believed because an entry says it: what needs a grant is decided again
  (``authority``, ``custody``).
- Applying never refuses half-way: an entry that cannot be applied makes the whole
  ledger untrusted, and the keeper does not start.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from listkeep.core.canonical import digest, parse
from listkeep.core.errors import (
    ConflictError,
    MalformedError,
    RefusedError,
)
from listkeep.core.grants import parse_time
from listkeep.core.ledger.events import Event
from listkeep.core.ledger.heads import ListHead
from listkeep.core.ledger.tree import leaf_hash

from .authority import HANDLERS as AUTHORITY
from .authority import add_person, add_service
from .custody import HANDLERS as CUSTODY
from .facts import (
    EnrolmentFacts,
    StartedSession,
    parse_person,
    parse_service,
)
from .fields import untrusted
from .genesis import CONSOLE, CUSTODIANS, DOCK, genesis_facts, verify_genesis
from .holdings import HANDLERS as HOLDINGS
from .holdings import count_entries
from .incidents import HANDLERS as INCIDENTS
from .key_copies import keep_key_copy
from .passkeys import RelyingParty, decode_assertion
from .recovery import recover_ledger
from .sends import HANDLERS as SENDS
from .state import Registry
from .telling import open_contact, tell

_OURS = (MalformedError, RefusedError, ConflictError)


def apply_body(registry: Registry, body: bytes) -> None:
    """Apply one entry's bytes and advance the frontier.

    Raises:
        VerificationError: It cannot have been written by an honest keeper.
    """
    try:
        fields = parse(body, max_bytes=65_536)
    except MalformedError as error:
        raise untrusted("an entry is no entry") from error
    apply(registry, fields)
    registry.frontier, _ = registry.frontier.append(leaf_hash(body))


def apply(registry: Registry, fields: Mapping[str, str]) -> None:
    """Apply one entry.

    Raises:
        VerificationError: It cannot have been written by an honest keeper.
    """
    try:
        _apply(registry, fields)
    except (KeyError, ValueError, *_OURS) as error:
        raise untrusted("an entry cannot be applied") from error


def _apply(registry: Registry, fields: Mapping[str, str]) -> None:
    at = parse_time(fields["at"])
    event = Event(fields["event"])
    if (event is Event.GENESIS_SEALED) == bool(registry.keeper):
        raise untrusted("it does not begin with its genesis")
    handler = _HANDLERS.get(event)
    if handler is not None:
        handler(registry, fields, at)
    count_entries(registry, fields)
    if "list_sequence" in fields:
        registry.heads[fields["list"]] = ListHead(
            int(fields["list_sequence"]), digest(fields)
        )
    registry.latest_at = max(at, registry.latest_at or at)
    tell(registry, fields, at)


def _seal_genesis(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    facts = genesis_facts(fields)
    if digest(facts) != registry.pinned["genesis"]:
        raise untrusted("its genesis is not the one this key store pinned")
    registry.keeper, registry.profile = facts["keeper"], facts["profile"]
    registry.founded_at = at
    registry.party = RelyingParty(
        rp_id=facts["rp_id"], origins=tuple(facts["origins"].split(" "))
    )
    for name in CUSTODIANS:
        person = parse_person(parse(facts[name].encode()), tenant="")
        assertion = decode_assertion(fields[f"assertion_{name}"])
        verify_genesis(facts, person, assertion, party=registry.party)
        add_person(registry, person)
    for name in (DOCK, CONSOLE):
        if name in facts:
            service = parse_service(parse(facts[name].encode()), tenant="")
            if service.kind != name:
                raise untrusted(f"its genesis names a {name} that is none")
            add_service(registry, service)


def _start_session(registry: Registry, fields: Mapping[str, str], at: datetime) -> None:
    registry.sessions[fields["session"]] = StartedSession(
        fields["person"], fields["service"], at
    )
    registry.nonces.add(fields["nonce"])
    registry.counters[fields["credential"]] = int(fields["counter"])


def _refuse_sign_in(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    if "nonce" in fields:  # a code was burned
        registry.nonces.add(fields["nonce"])


def _end_session(registry: Registry, fields: Mapping[str, str], _at: datetime) -> None:
    registry.sessions.pop(fields["session"], None)
    registry.ended_sessions.add(fields["session"])


def _open_enrolment(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> None:
    registry.enrolments[fields["enrolment"]] = EnrolmentFacts(
        id=fields["enrolment"],
        person=fields["for_person"],
        inviter=fields["person"],
        opened_at=at,
    )


def _complete_enrolment(
    registry: Registry, fields: Mapping[str, str], _at: datetime
) -> None:
    opened = registry.enrolments[fields["enrolment"]]
    registry.enrolments[opened.id] = replace(opened, keys=fields["keys_sha256"])


_HANDLERS = {
    **AUTHORITY,
    **CUSTODY,
    **HOLDINGS,
    **INCIDENTS,
    **SENDS,
    Event.GENESIS_SEALED: _seal_genesis,
    Event.SESSION_STARTED: _start_session,
    Event.SESSION_ENDED: _end_session,
    Event.SIGN_IN_REFUSED: _refuse_sign_in,
    Event.ENROLMENT_OPENED: _open_enrolment,
    Event.ENROLMENT_COMPLETED: _complete_enrolment,
    Event.CONTACT_OPENED: open_contact,
    Event.LEDGER_RECOVERED: recover_ledger,
    Event.KEYS_BACKED_UP: keep_key_copy,
}
