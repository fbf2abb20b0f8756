"""The beginning of an instance in browsers: two links, two people, one genesis.

There is no ledger yet, so what is known stands in the key store: which two links
there are, whose passkeys came of them, and who signed. Each custodian enrols over the
own link as anybody does, both compare the six words of both, and each signs the
facts. The second signature seals them.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from listkeep.core.canonical import digest, encode, parse
from listkeep.core.errors import Code, ConflictError, RefusedError, UnavailableError
from listkeep.core.grants import Role, format_time, parse_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import EnrolmentFacts, parse_person
from listkeep.core.registry.genesis import CUSTODIANS, verify_genesis
from listkeep.core.registry.passkeys import (
    Assertion,
    RelyingParty,
    decode_assertion,
    encode_assertion,
)
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.turns import Gate, Turn
from listkeep.keeper.keys import KeyStore
from listkeep.wire.identifiers import new_id, new_secret

from .enrolment_rows import create_row, find_row, is_finished, not_valid
from .enrolments import VALIDITY, Invitation
from .genesis import FIRST_KEYS, cli_origin, rp_id_of, seal_genesis, write_facts
from .invitations import OPERATOR, subject_from

GENESIS = "genesis"
_NOTES = "founding"


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the two first custodians, as both are shown."""

    name: str
    person: str
    words: str  # empty until the passkeys are made
    has_signed: bool


@dataclass(frozen=True, slots=True)
class FoundingView:
    """How far the beginning has come, for one of the two."""

    me: str  # the person id behind the link
    founders: tuple[Founder, ...]
    facts: Mapping[str, str]  # what both sign; empty until both have passkeys

    @property
    def digest(self) -> str:
        """Name the facts as the statement does; empty until there are some."""
        return digest(self.facts) if self.facts else ""


def begin_founding(  # noqa: PLR0913 - keyword-only, one fact each
    store: KeyStore,
    *,
    keeper: str,
    profile: str,
    seal_origin: str,
    custodians: tuple[str, str],
    dock: Mapping[str, str],
    console: Mapping[str, str],
    now: datetime,
) -> tuple[Invitation, Invitation]:
    """Prepare an instance and make the two links.

    Raises:
        ConflictError: The instance exists, or was begun, already.
        MalformedError: The seal origin is no origin.
    """
    if store.was_written() or store.recall(_NOTES) is not None:
        raise ConflictError(
            "this instance exists already",
            code=Code.ALREADY_EXISTS,
            hint="choose another LISTKEEP_HOME",
        )
    rp_id_of(seal_origin)
    for key_id in FIRST_KEYS:
        store.create(key_id)
    notes = {
        "keeper": keeper,
        "profile": profile,
        "seal_origin": seal_origin,
        "created": format_time(now),
        "dock": encode(dict(dock)).decode(),
        "console": encode(dict(console)).decode(),
    }
    ends_at = now.replace(microsecond=0) + VALIDITY
    with transaction.atomic(durable=True):
        first, second = (
            _prepare_link(store, notes, place, name, ends_at)
            for place, name in zip(CUSTODIANS, custodians, strict=True)
        )
        store.keep(_NOTES, notes)
    return first, second


def _prepare_link(
    store: KeyStore, notes: dict[str, str], place: str, name: str, ends_at: datetime
) -> Invitation:
    invitation = Invitation(new_id("e"), new_secret(), ends_at)
    row = Enrolment(
        id=invitation.id,
        action=GENESIS,
        person=new_id("p"),
        tenant_name=OPERATOR,
        role=Role.CUSTODIAN,
        name=name,
        expires_at=ends_at,
    )
    create_row(store, row, secret=invitation.secret)
    notes |= {f"link_{place}": row.id, f"person_{place}": row.person}
    return invitation


def open_founding(store: KeyStore) -> "Founding | None":
    """Open a beginning that is not sealed yet, if there is one."""
    if store.was_written() or store.recall(_NOTES) is None:
        return None
    return Founding(store)


class Founding(Gate):
    """What stands in for the gate until there is a ledger.

    Enrolments work with it as they do with the gate.
    """

    def __init__(self, store: KeyStore) -> None:
        """Begin from what the key store says; nothing is replayed.

        Raises:
            UnavailableError: No beginning was prepared.
        """
        self.store = store
        self.recent_refusals: dict[str, deque[datetime]] = {}
        self._lock = threading.RLock()
        self.origin = self.read_notes()["keeper"]

    def read_notes(self) -> dict[str, str]:
        """Read what is known so far.

        Raises:
            UnavailableError: Nothing: the instance was founded, or never begun.
        """
        notes = self.store.recall(_NOTES)
        if notes is None:
            raise UnavailableError(
                "nobody is founding an instance here",
                hint="see `listkeep init --links`",
            )
        return notes

    def note(self, more: Mapping[str, str]) -> dict[str, str]:
        """Remember more, and give all that is known then."""
        with self._locked_notes() as notes:
            notes.update(more)
        return notes

    @contextmanager
    def turn(self, now: datetime) -> Iterator[Turn]:
        """Hold the beginning for one step."""
        with self._locked_notes() as notes:
            yield Turn(_registry_of(notes), _Journal(notes), self.store, now)

    @contextmanager
    def _locked_notes(self) -> Iterator[dict[str, str]]:
        """Let nobody else read and write until these notes are kept."""
        with self._lock, transaction.atomic(durable=True):
            rows = Enrolment.objects.select_for_update().filter(action=GENESIS)
            if len(rows) != len(CUSTODIANS):
                raise not_valid()
            notes = self.read_notes()
            before = dict(notes)
            yield notes
            if notes != before:
                self.store.keep(_NOTES, notes)

    @contextmanager
    def view(self, now: datetime) -> Iterator[Registry]:
        """Look at what is known so far."""
        del now  # there is no newest entry it could stand before
        with self.look() as registry:
            yield registry

    @contextmanager
    def look(self) -> Iterator[Registry]:
        """Look at what is known so far."""
        yield _registry_of(self.read_notes())


def founding_facts(founding: Founding, link: str, *, now: datetime) -> FoundingView:
    """Show one of the two what both will sign, with the six words of both.

    Raises:
        RefusedError: It is none of the two links, or too old.
    """
    with founding.view(now) as registry:
        row = find_row(founding.store, registry, link)
        if now >= row.expires_at:
            raise not_valid()
        return _show(founding, registry, founding.read_notes(), me=row.person)


def sign_founding(
    founding: Founding, link: str, assertion: Assertion, *, now: datetime
) -> bool:
    """Take one custodian's signature; with both, seal the genesis and say so.

    Raises:
        RefusedError: None of the two links, or not both have passkeys yet.
        VerificationError: It is not this custodian's signature on these facts.
    """
    view = founding_facts(founding, link, now=now)
    if not view.facts:
        raise RefusedError(
            "the other custodian has no passkey yet",
            code=Code.NOT_GRANTED,
            hint="wait until both have, and compare the words of both",
        )
    people = {
        name: parse_person(parse(view.facts[name].encode()), tenant="")
        for name in CUSTODIANS
    }
    (place,) = (name for name, person in people.items() if person.id == view.me)
    with founding.view(now) as registry:
        verify_genesis(view.facts, people[place], assertion, party=registry.party)
    notes = founding.note({f"assertion_{place}": encode_assertion(assertion)})
    signed = [notes.get(f"assertion_{name}", "") for name in CUSTODIANS]
    if not all(signed):
        return False
    first, second = map(decode_assertion, signed)
    seal_genesis(founding.store, dict(view.facts), (first, second), now=now)
    Enrolment.objects.filter(action=GENESIS).delete()
    founding.store.destroy(_NOTES)
    return True


class _Journal:
    """Keep of the events what the key store has to remember."""

    def __init__(self, notes: dict[str, str]) -> None:
        self._notes = notes

    def append(
        self,
        event: Event,
        fields: Mapping[str, str],
        *,
        at: datetime,
        list_id: str = "",
    ) -> int:
        """Note which passkeys came of a link."""
        del event, at, list_id  # a link that is finished is all there is to tell
        self._notes[f"keys_{fields['enrolment']}"] = fields["keys_sha256"]
        return 0


def _registry_of(notes: Mapping[str, str]) -> Registry:
    registry = Registry({})
    registry.keeper, registry.profile = notes["keeper"], notes["profile"]
    registry.party = RelyingParty(
        rp_id=rp_id_of(notes["seal_origin"]),
        origins=(notes["seal_origin"], cli_origin(notes["keeper"])),
    )
    for place in CUSTODIANS:
        link = notes[f"link_{place}"]
        registry.enrolments[link] = EnrolmentFacts(
            id=link,
            person=notes[f"person_{place}"],
            inviter="",
            opened_at=parse_time(notes["created"]),
            keys=notes.get(f"keys_{link}", ""),
        )
    return registry


def _show(
    founding: Founding, registry: Registry, notes: Mapping[str, str], *, me: str
) -> FoundingView:
    rows = [Enrolment.objects.get(id=notes[f"link_{place}"]) for place in CUSTODIANS]
    done = [is_finished(founding.store, registry, row) for row in rows]
    founders = tuple(
        Founder(
            name=row.name,
            person=row.person,
            words=six_words(row.keys) if is_done else "",
            has_signed=f"assertion_{place}" in notes,
        )
        for place, row, is_done in zip(CUSTODIANS, rows, done, strict=True)
    )
    facts: Mapping[str, str] = {}
    if all(done):
        first, second = map(subject_from, rows)
        facts = write_facts(
            keeper=notes["keeper"],
            profile=notes["profile"],
            seal_origin=notes["seal_origin"],
            custodians=(first, second),
            dock=parse(notes["dock"].encode()),
            console=parse(notes["console"].encode()) if "console" in notes else None,
            now=parse_time(notes["created"]),
        )
    return FoundingView(me, founders, facts)
