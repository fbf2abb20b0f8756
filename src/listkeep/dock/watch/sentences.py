"""One sentence for each notice, and what to do about it."""

from typing import Final

from listkeep.core.grants import Action
from listkeep.core.ledger.events import Event
from listkeep.core.registry.incidents import IncidentKind
from listkeep.wire.messages import notices as n

_VERBS: Final = {"revoke": "remove"}  # others read as they are
_LINKS: Final = {
    **dict.fromkeys(("budget", "passkey", "recovery", "keys"), " of"),
    "consent": " for",
}
_ROWS: Final = {
    Action.EXPORT: "export up to {rows} rows of {list}",
    Action.SEND: "send mail to up to {rows} rows of {list}",
    Action.REVEAL: "reveal {rows} addresses of {list}",
    Action.IMPORT: "import up to {rows} rows into {list}",
    Action.SUPPRESS: "suppress up to {rows} addresses of {list}",
    Action.LIST_RESTORE: "take back changes of up to {rows} entries of {list}",
    Action.ENTRY_ERASE: "erase one person from every list",
}
_SIGNED: Final = {
    Event.REQUEST_MADE: "{who} asks to {what}",
    Event.REQUEST_APPROVED: "{who} agrees to {what}",
    Event.REQUEST_DENIED: "{who} denies the request to {what}",
}
_OTHER: Final = {
    Event.RELEASES_FROZEN: "{who} froze {about}",
    Event.RELEASES_UNFROZEN: "{who} lifted the freeze of {about}",
    Event.REVEAL_INTENDED: "{who} opens addresses of {list} for the first time",
    Event.EXPORT_INTENDED: "{who} takes a copy of {list} for the first time",
    Event.SEND_INTENDED: "{who} begins to send to {list} for the first time",
    Event.ADDRESS_LOOKED_UP: "{who} looks up an address of {list} for the first time",
    Event.IMPORT_STARTED: "{who} imports into {list} for the first time",
    Event.RESTORE_STARTED: "{who} takes back changes of {list} for the first time",
    Event.ENTRIES_SUPPRESSED: "{who} suppresses addresses of {list} for the first time",
    Event.SUPPORT_ADMITTED: "{who} of support looks at {list}, as a consent allows",
    Event.SIGN_IN_REFUSED: "a sign-in in {who}'s name was refused",
    Event.SESSION_REFUSED: "a session of {who} came from a service it is not for",
    Event.STATEMENT_REFUSED: "a signature in {who}'s name was refused",
    Event.LEDGER_RECOVERED: "the end of the ledger was lost: everything is frozen, and "
    "who was revoked since may be back",
    Event.RELEASE_REFUSED: "{who} was refused a {action}",
    Event.KEYS_BACKED_UP: "all keys were copied for their holders, as {who} asked",
    Event.KEYS_RESTORED: "all keys were put back from a copy, on the keeper's own host",
    Event.ROOT_ROTATED: "the root of all keys was replaced, on the keeper's own host",
    Event.INCIDENT_CLOSED: "{who} closed an incident: {incident}",
    Event.INCIDENT_OPENED: "{incident}",
}
INCIDENTS: Final = {
    IncidentKind.ROWS_INVALID: "rows of {list} do not open: they were edited, swapped "
    "or invented outside Listkeep",
    IncidentKind.ROWS_MISSING: "{list} has fewer entries than the ledger knows: rows "
    "were taken away outside Listkeep",
    IncidentKind.ROWS_EXTRA: "{list} has more entries than the ledger knows: rows were "
    "put there outside Listkeep",
    IncidentKind.ROWS_ROLLED_BACK: "nothing is left of the newest import into {list}: "
    "older rows were put back",
    IncidentKind.STATUS_BETTER: "rows of {list} are called subscribed though they are "
    "suppressed; nothing is sent or exported to them",
    IncidentKind.SCRUB_OVERDUE: "nobody looked over the rows of {list} for too long",
    IncidentKind.RETURNS_MANY: "of a send to {list} more came back than usual: until "
    "an owner has looked, no more are suppressed for it",
    IncidentKind.SCRUB_EDITED: "the dock's note of how far {list} was looked over was "
    "changed outside Listkeep",
    IncidentKind.RENEWAL_OVERDUE: "rows of {list} have been under an old key for too "
    "long: what was erased may still open from an old backup",
    IncidentKind.RETURNED_FLOOD: "so many bounces and complaints about {list} came by "
    "mail at once that they are held: they may be forged",
}
_CLASSES: Final = {
    "export+reveal": "exports and reveals",
    "transactional": "transactional mail",
}
_FREEZES: Final = frozenset({"freeze", "unfreeze"})
_WAITING: Final = frozenset({"waiting", "granted"})


def sentence(notice: n.Notice) -> str:
    """Say what happened, in one line without a full stop."""
    form = _SIGNED.get(notice.event) or _OTHER.get(notice.event)  # type: ignore[call-overload]
    text = (form or "it is done: {what}, as {who} asked").format(
        who=notice.person_name or "somebody",
        what=_what(notice),
        list=notice.list_name or "a list",
        about=_about(notice) or "everything",
        action=notice.action or "release",
        incident=describe_incident(notice.about, notice.list_name),
    )
    return (
        f"{text} (the {notice.times:,}th time that day)" if notice.times > 1 else text
    )


def describe_incident(kind: str, list_name: str) -> str:
    """Say what is wrong, also of a kind this code has no words for."""
    form = INCIDENTS.get(kind, "{kind}: {list}")  # type: ignore[call-overload]
    return str(form).format(list=list_name or "a list", kind=kind or "an incident")


def advice(notice: n.Notice, inbox: str) -> list[str]:
    """Say what to do, which is to look where a message cannot lead astray."""
    if notice.event == Event.INCIDENT_OPENED:
        return [
            "Find out who could write to the dock's database, and keep a copy of it as",
            "it is. `listkeep incident ls` shows what is known; an owner closes an",
            "incident of the tenant's, a custodian one of the operator's.",
        ]
    where = f"your inbox, {inbox}" if inbox else "your inbox on the keeper's pages"
    if notice.state in _WAITING and notice.event in _SIGNED:
        return [
            "If you expected this, there is nothing to do. If not, open",
            where,
            "by hand and deny the request: an owner can until it is carried out.",
        ]
    return [
        "If you expected this, there is nothing to do. If not, ask whoever is named",
        "here over another channel. An owner or custodian stops all exports, reveals",
        f"and campaigns at once with a freeze: {where}.",
    ]


def _about(notice: n.Notice) -> str:
    """Say what it is about, what a freeze stops in words."""
    if notice.action not in _FREEZES:
        return notice.about
    return ", ".join(_CLASSES.get(each, each) for each in notice.about.split())


def _what(notice: n.Notice) -> str:
    """Say what a request is for, also of actions this code has no words for."""
    form = _ROWS.get(notice.action)  # type: ignore[call-overload]
    if form is not None:
        return str(form).format(
            rows=f"{notice.rows:,}", list=notice.list_name or "a list"
        )
    noun, _, verb = notice.action.partition(".")
    link = _LINKS.get(noun, "")
    about = f"{link} {_about(notice)}" if notice.about else ""
    if verb:
        return f"{_VERBS.get(verb, verb)} the {noun}{about}"
    return f"{notice.action or 'change something'}{about}"
