"""The beginning of an instance: two custodians vouch for each other and the facts.

The digest of the facts is pinned in the key store. A database with another genesis,
another profile or other first custodians does not start.
"""

import re
from datetime import datetime

from listkeep.core.canonical import digest, encode
from listkeep.core.errors import Code, ConflictError, MalformedError
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.genesis import CONSOLE, CUSTODIANS, DOCK, genesis_facts
from listkeep.core.registry.passkeys import Assertion, encode_assertion
from listkeep.keeper.gate.contacts import CONTACTS_KEY
from listkeep.keeper.gate.sign_in.sessions import STATE_KEY
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.keeper.ledger.queries import read_head
from listkeep.keeper.ledger.services import LEDGER_KEY, locked_log

FIRST_KEYS = (LEDGER_KEY, STATE_KEY, CONTACTS_KEY)
_HOST = r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*"
_PORT = r"(?::[1-9][0-9]{0,4})?"
_ORIGIN = re.compile(
    rf"https://({_HOST}){_PORT}|http://((?:{_HOST}\.)?localhost){_PORT}"
)


def write_facts(  # noqa: PLR0913 - keyword-only, one fact each
    *,
    keeper: str,
    profile: str,
    seal_origin: str,
    custodians: tuple[dict[str, str], dict[str, str]],
    dock: dict[str, str],
    console: dict[str, str] | None = None,
    now: datetime,
) -> dict[str, str]:
    """Write the facts both custodians will sign.

    Passkeys belong to the host of the origin where people sign, and count there only.

    Raises:
        MalformedError: The seal origin is no origin.
    """
    return {
        "keeper": keeper,
        "profile": profile,
        "rp_id": rp_id_of(seal_origin),
        "origins": f"{seal_origin} {cli_origin(keeper)}",
        "created": format_time(now),
        **{
            name: encode(subject).decode()
            for name, subject in zip(CUSTODIANS, custodians, strict=True)
        },
        DOCK: encode(dock).decode(),
        **({CONSOLE: encode(console).decode()} if console else {}),
    }


def seal_genesis(
    store: KeyStore,
    facts: dict[str, str],
    assertions: tuple[Assertion, Assertion],
    *,
    now: datetime,
) -> Gate:
    """Make the first keys, pin the genesis, write entry 0, and read it back.

    Raises:
        ConflictError: The instance exists already.
        VerificationError: A custodian's signature does not verify.
    """
    size, _ = read_head()
    if size or store.was_written():  # also when its database was taken away
        raise _exists()
    for key_id in FIRST_KEYS:
        store.create(key_id)
    store.pin({"genesis": digest(genesis_facts(facts)), **_id(facts)})
    with locked_log(store, origin=facts["keeper"]) as log:
        if log.size:
            raise _exists()
        signatures = {
            f"assertion_{name}": encode_assertion(assertion)
            for name, assertion in zip(CUSTODIANS, assertions, strict=True)
        }
        log.append(Event.GENESIS_SEALED, {**facts, **signatures}, at=now)
    return Gate(store)


def _exists() -> ConflictError:
    return ConflictError(
        "this instance exists already",
        code=Code.ALREADY_EXISTS,
        hint="choose another LISTKEEP_HOME",
    )


def rp_id_of(origin: str) -> str:
    """Find the host that passkeys of an origin are made for.

    Raises:
        MalformedError: It is no origin, in its one spelling.
    """
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        raise MalformedError(
            "the seal origin is no origin",
            code=Code.CONFIG_INVALID,
            hint="seal_origin is https://HOST or https://HOST:PORT, lower case; "
            "http for hosts under .localhost only",
        )
    return found[1] or found[2]


def cli_origin(keeper: str) -> str:
    """Name the audience of signatures made without a browser."""
    return f"listkeep-cli://{keeper}"


def _id(facts: dict[str, str]) -> dict[str, str]:
    return {"keeper": facts["keeper"]}
