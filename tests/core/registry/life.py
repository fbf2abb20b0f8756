"""A ledger with nearly every kind of entry in it, and the state it leads to."""

from datetime import timedelta
from typing import Any

from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.state import Registry
from tests.core.registry.scribe import ACME, AGE_KEY, NEWS, Scribe, meet


def state(registry: Registry) -> dict[str, Any]:
    """Everything a registry knows, comparable."""
    return {
        name: sorted(map(repr, value)) if isinstance(value, set) else repr(value)
        for name, value in vars(registry).items()
        if name != "charges"
    } | {
        "charges": {
            account: (list(spent.items.items()), list(spent.amounts))
            for account, spent in registry.charges._spent.items()
        }
    }


def life() -> Scribe:
    """A ledger with every kind of entry in it."""
    scribe = Scribe.with_cast()
    ben, ada = meet("ben").person, meet("ada").person
    _renew_a_key(scribe)
    scribe.write(
        Event.SESSION_STARTED,
        {
            "session": "n_1",
            "person": ben,
            "service": "keeper",
            "credential": meet("ben").credential,
            "counter": "40",
            "nonce": "1.aa.bb",
        },
    )
    scribe.write(
        Event.ADDRESS_LOOKED_UP,
        {"list": NEWS, "person": ben, "item": "0f", "found": "yes"},
    )
    _bring_rows_in(scribe, ada)
    _take_rows_back(scribe, ada)
    _let_rows_out(scribe, ben)
    _copy_keys(scribe)
    rotated = {"from": "file", "to": "pkcs11", "keys": "9"}
    scribe.write(Event.ROOT_ROTATED, rotated)
    scribe.write(Event.KEY_DESTROYED, {"list": NEWS, "key": "0", "rows": "2"})
    _find_rows_missing(scribe, ada)
    scribe.agree(
        Event.SERVICE_ADDED,
        *("ada", "amir"),
        action="service.add",
        about={
            "id": "s_appappappapp",
            "name": "app",
            "kind": "app",
            "verifier": "0f" * 32,
        },
        tenant=ACME,
    )
    _freeze(scribe)
    about = {"id": ben}
    request = scribe.ask("ada", "person.revoke", about, tenant=ACME)
    scribe.carry_out(Event.PERSON_REVOKED, request)
    scribe.write(Event.SESSION_ENDED, {"session": "n_1", "person": ben})
    opened = {"contact": "d_deskdeskdesk", "about": "7"}
    scribe.write(Event.CONTACT_OPENED, opened)
    scribe.write(Event.RELEASE_REFUSED, {"what": "export", "code": "not-granted"})
    return scribe


def _renew_a_key(scribe: Scribe) -> None:
    scribe.wait(days=1)
    renewed = {"list": NEWS, "principal": "s_dockdockdock", "request": ""}
    scribe.write(Event.KEY_RENEWED, {**renewed, "key": "1"})
    scribe.wait(days=1)


def _bring_rows_in(scribe: Scribe, who: str) -> None:
    ticket = {"ticket": "i_1", "list": NEWS, "principal": who, "request": ""}
    scribe.write(Event.IMPORT_STARTED, {**ticket, "max_rows": "100"})
    scribe.write(Event.ROWS_RESERVED, {"ticket": "i_1", "list": NEWS, "rows": "30"})
    scribe.write(Event.LIST_EXTENDED, {"list": NEWS, "fields": "last city"})
    suppressed = {
        "list": NEWS,
        "principal": who,
        "total": "3",
        "check": "0f" * 32,
        "rows": "3",
        "request": "",
    }
    scribe.write(
        Event.ENTRIES_SUPPRESSED, {**suppressed, "charged": "yes", "ticket": "i_1"}
    )
    back = {**suppressed, "total": "2", "check": "0e" * 32, "ticket": "i_1"}
    scribe.write(Event.ENTRY_READMITTED, back)
    scribe.write(Event.IMPORT_FINISHED, {"ticket": "i_1", "list": NEWS})
    signed = scribe.ask("ada", "import", {}, tenant=ACME, list=NEWS, cap=50)
    ticket = {**ticket, "ticket": "i_2", "request": signed.id}
    scribe.write(Event.IMPORT_STARTED, {**ticket, "max_rows": "50"})
    scribe.write(Event.ROWS_RESERVED, {"ticket": "i_2", "list": NEWS, "rows": "50"})
    scribe.write(Event.IMPORT_FINISHED, {"ticket": "i_2", "list": NEWS})
    many = scribe.ask("ada", "suppress", {}, tenant=ACME, list=NEWS, cap=4)
    for total in ("5", "7"):
        more = {**suppressed, "total": total, "rows": "2", "request": many.id}
        scribe.write(Event.ENTRIES_SUPPRESSED, {**more, "charged": "", "ticket": ""})


def _take_rows_back(scribe: Scribe, who: str) -> None:
    fields = {"list": NEWS, "principal": who, "moment": "2026-01-05T12:00:00Z"}
    few = {**fields, "ticket": "i_3", "request": "", "rows": "2"}
    scribe.write(Event.RESTORE_STARTED, few)
    scribe.write(Event.RESTORE_ABANDONED, {"ticket": "i_3", "list": NEWS})
    moment = {"moment": fields["moment"]}
    signed = scribe.ask("ada", "list.restore", moment, tenant=ACME, list=NEWS, cap=50)
    many = {**fields, "ticket": "i_4", "request": signed.id, "rows": "50"}
    scribe.write(Event.RESTORE_STARTED, many)
    scribe.write(Event.LIST_RESTORED, {"ticket": "i_4", "list": NEWS})
    for check, item in (("0f" * 32, "aa"), ("", "bb")):
        gone = scribe.ask("ada", "entry.erase", {}, tenant=ACME, selection=item)
        erased = {"list": NEWS, "request": gone.id, "item": item, "check": check}
        for _ in range(2):  # in two lists
            scribe.write(Event.ENTRY_ERASED, {**erased, "total": "1"})


def _let_rows_out(scribe: Scribe, who: str) -> None:
    export = scribe.ask_export()
    scribe.sign("ada", export, "approve")
    scribe.write(Event.STATEMENT_REFUSED, {"request": export.id, "code": "expired"})
    for _ in range(2):  # the first run died
        scribe.write(Event.EXPORT_INTENDED, {"request": export.id, "list": NEWS})
    scribe.write(Event.EXPORT_COMPLETED, {"request": export.id, "list": NEWS})
    reveal = scribe.ask(
        "ben", "reveal", {}, tenant=ACME, list=NEWS, selection="aa", cap=1
    )
    intent = {"request": reveal.id, "list": NEWS, "person": who, "items": "aa bb"}
    scribe.write(Event.REVEAL_INTENDED, intent)
    scribe.write(Event.REVEAL_COMPLETED, {"request": reveal.id, "list": NEWS})
    scribe.sign("amir", scribe.ask_export(), "deny")


def _find_rows_missing(scribe: Scribe, who: str) -> None:
    scribe.write(Event.LIST_SCRUBBED, {"list": NEWS, "rows": "29"})
    about = {"incident": "w_1", "kind": "rows-missing", "tenant": ACME, "list": NEWS}
    scribe.write(Event.INCIDENT_OPENED, {**about, "found": "1", "by": "keeper"})
    closed = {**about, "person": who, "reason": "a test", "removed": "1"}
    scribe.write(Event.INCIDENT_CLOSED, closed)


def _freeze(scribe: Scribe) -> None:
    about = {"classes": "export+reveal"}
    for who, tenant in (("ada", ACME), ("cleo", "")):
        request = scribe.ask(who, "freeze", about, tenant=tenant)
        scribe.carry_out(Event.RELEASES_FROZEN, request)
    scribe.agree(
        Event.RELEASES_UNFROZEN,
        *("ada", "amir"),
        action="unfreeze",
        about=about,
        tenant=ACME,
    )


def _copy_keys(scribe: Scribe) -> None:
    until = format_time(scribe.now + timedelta(days=30))
    holders = f"cleo:{AGE_KEY} cyrus:age1{'z' * 58}"
    about = {"holders": holders, "needed": "2", "until": until}
    request = scribe.ask("cleo", "keys.backup", about)
    scribe.sign("cyrus", request, "approve")
    copy = {"expires": until, "keys": "9", "needed": "2", "shares": "2"}
    fields = {"request": request.id, **copy, "sha256": "0f" * 32}
    scribe.write(Event.KEYS_BACKED_UP, fields)
    back = {"sha256": "0f" * 32, "keys": "9", "withheld": "0", "missing": "0"}
    scribe.write(Event.KEYS_RESTORED, back)
