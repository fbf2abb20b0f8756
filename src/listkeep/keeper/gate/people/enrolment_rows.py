"""Rows of enrolments: bound by MACs to their ids, and by the ledger to what happened.

A row that was planted, swapped with another or edited by hand is no row; one that was
put back is older than what the ledger says of it.
"""

import hashlib
import hmac
from datetime import datetime

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import format_time
from listkeep.core.registry.keyring import parse_keys
from listkeep.core.registry.passkeys import Credential
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.keys import KeyStore

_BOUND = (
    *("id", "action", "person", "inviter", "tenant", "tenant_name"),
    *("role", "name", "team", "keys"),
)


def create_row(store: KeyStore, row: Enrolment, *, secret: str) -> None:
    """Store a new row under a link's secret."""
    row.verifier = _verifier(store, row.id, secret)
    row.mac = _mac(store, row)
    row.save(force_insert=True)


def save_row(store: KeyStore, row: Enrolment) -> None:
    """Store what was added to a row."""
    row.mac = _mac(store, row)
    row.save(update_fields=["keys", "mac"])


def find_open(
    store: KeyStore, registry: Registry, link: str, *, now: datetime
) -> Enrolment:
    """Find the row of a link that may still be used.

    Raises:
        RefusedError: It is none. One message for all causes.
    """
    row = find_row(store, registry, link)
    if now >= row.expires_at or registry.enrolments[row.id].keys:
        raise not_valid()
    return row


def find_row(store: KeyStore, registry: Registry, link: str) -> Enrolment:
    """Find the row of a link, used or not.

    Raises:
        RefusedError: It is none of this instance. One message for all causes.
    """
    name, _, secret = link.rpartition("#")[2].partition(".")
    row = Enrolment.objects.filter(id=name).first()
    if row is None or not is_genuine(store, registry, row):
        raise not_valid()
    if not hmac.compare_digest(_verifier(store, name, secret), bytes(row.verifier)):
        raise not_valid()
    return row


def is_genuine(store: KeyStore, registry: Registry, row: Enrolment) -> bool:
    """Tell whether a row is as it was written, of an enrolment the ledger knows."""
    opened = registry.enrolments.get(row.id)
    is_ours = hmac.compare_digest(_mac(store, row), bytes(row.mac))
    return is_ours and opened is not None and opened.person == row.person


def is_finished(store: KeyStore, registry: Registry, row: Enrolment) -> bool:
    """Tell whether the ledger says that the row's passkeys are all there are."""
    return is_genuine(store, registry, row) and registry.enrolments[
        row.id
    ].keys == line_digest(row.keys)


def read_keys(row: Enrolment) -> tuple[Credential, ...]:
    """Read the passkeys a row holds so far."""
    return parse_keys(row.keys) if row.keys else ()


def line_digest(keys: str) -> str:
    """Name a line of passkeys by its SHA-256, in hexadecimal."""
    return hashlib.sha256(keys.encode()).hexdigest()


def make_challenge(store: KeyStore, row: Enrolment) -> bytes:
    """Compute what the next passkey of a row is made for."""
    count = str(len(read_keys(row)))
    return _hmac(store, "enrolment-challenge", row.id, row.person, count)


def not_valid() -> RefusedError:
    """Say that a link is not valid, and no more."""
    return RefusedError(
        "this link is not valid, or not any more",
        code=Code.NOT_FOUND,
        hint="ask whoever invited you for a new one",
    )


def _verifier(store: KeyStore, name: str, secret: str) -> bytes:
    return _hmac(store, "enrolment-secret", name, secret)


def _mac(store: KeyStore, row: Enrolment) -> bytes:
    parts = [getattr(row, name) for name in _BOUND]
    verifier = bytes(row.verifier).hex()
    return _hmac(store, "enrolment", *parts, format_time(row.expires_at), verifier)


def _hmac(store: KeyStore, *parts: str) -> bytes:
    text = "\x00".join(parts).encode()
    return hmac.digest(store.get(STATE_KEY), text, "sha256")
