"""What becomes of each kind of ledger entry: it is told, or silent for a reason.

Whoever adds an event decides here; a test fails until it stands in one of the two
tables. What is silent still stands in the ledger, and most of it in the day's numbers.
"""

from enum import Enum, auto
from typing import Final

from listkeep.core.ledger.events import Event


class Telling(Enum):
    """How entries of one kind are told."""

    SIGNED = auto()  # somebody signed a request; a flood of small ones is damped
    REFUSED = auto()  # somebody was refused; a flood is damped
    TOUCH = auto()  # somebody touched a list: told if that person never did before
    VISIT = auto()  # support touched a tenant's list: told once a day
    CHANGE = auto()  # authority changed
    INCIDENT = auto()  # something is wrong; a flood of one kind is damped


TOLD: Final[dict[Event, Telling]] = {
    Event.REQUEST_MADE: Telling.SIGNED,
    Event.REQUEST_APPROVED: Telling.SIGNED,
    Event.REQUEST_DENIED: Telling.SIGNED,
    Event.STATEMENT_REFUSED: Telling.REFUSED,
    Event.RELEASE_REFUSED: Telling.REFUSED,
    Event.SIGN_IN_REFUSED: Telling.REFUSED,
    Event.SESSION_REFUSED: Telling.REFUSED,
    Event.ADDRESS_LOOKED_UP: Telling.TOUCH,
    Event.IMPORT_STARTED: Telling.TOUCH,
    Event.ENTRIES_SUPPRESSED: Telling.TOUCH,
    Event.RESTORE_STARTED: Telling.TOUCH,
    Event.REVEAL_INTENDED: Telling.TOUCH,
    Event.EXPORT_INTENDED: Telling.TOUCH,
    Event.SEND_INTENDED: Telling.TOUCH,
    Event.SUPPORT_ADMITTED: Telling.VISIT,
    Event.TENANT_ADDED: Telling.CHANGE,
    Event.TENANT_REVOKED: Telling.CHANGE,
    Event.PERSON_ADDED: Telling.CHANGE,
    Event.PERSON_REVOKED: Telling.CHANGE,
    Event.SERVICE_ADDED: Telling.CHANGE,
    Event.SERVICE_REVOKED: Telling.CHANGE,
    Event.RECIPIENT_ADDED: Telling.CHANGE,
    Event.RECIPIENT_REVOKED: Telling.CHANGE,
    Event.RELEASES_FROZEN: Telling.CHANGE,
    Event.RELEASES_UNFROZEN: Telling.CHANGE,
    Event.CONTACT_ADDED: Telling.CHANGE,
    Event.CONTACT_REVOKED: Telling.CHANGE,
    Event.CONSENT_GIVEN: Telling.CHANGE,
    Event.CONSENT_WITHDRAWN: Telling.CHANGE,
    Event.AGENCY_ADDED: Telling.CHANGE,
    Event.AGENCY_REVOKED: Telling.CHANGE,
    Event.BUDGET_SET: Telling.CHANGE,
    Event.POLICY_SET: Telling.CHANGE,
    Event.PERSON_CONFIRMED: Telling.CHANGE,
    Event.PASSKEY_ADDED: Telling.CHANGE,
    Event.PASSKEY_REPLACED: Telling.CHANGE,
    Event.RECOVERY_CHOSEN: Telling.CHANGE,
    Event.LIST_SHREDDED: Telling.CHANGE,
    Event.TENANT_CLOSED: Telling.CHANGE,
    Event.INDEX_KEY_RENEWED: Telling.CHANGE,
    Event.ROUTE_ADDED: Telling.CHANGE,
    Event.ROUTE_REVOKED: Telling.CHANGE,
    Event.DOMAIN_ADDED: Telling.CHANGE,
    Event.DOMAIN_REVOKED: Telling.CHANGE,
    Event.LEDGER_RECOVERED: Telling.CHANGE,
    Event.INCIDENT_OPENED: Telling.INCIDENT,
    Event.INCIDENT_CLOSED: Telling.INCIDENT,
    Event.ROOT_ROTATED: Telling.CHANGE,
    Event.KEYS_BACKED_UP: Telling.CHANGE,
    Event.KEYS_RESTORED: Telling.CHANGE,
}

_OF_ITS_REQUEST = "its request was told, and the day's numbers count it"
_OF_ITS_IMPORT = "the start of the import is told, if somebody is new there"
SILENT: Final[dict[Event, str]] = {
    Event.GENESIS_SEALED: "there is nobody to tell yet",
    Event.SESSION_STARTED: "signing in opens nothing; what follows is told",
    Event.SESSION_ENDED: "it takes away and gives nothing",
    Event.LIST_CREATED: "there is nobody in the list yet",
    Event.LIST_EXTENDED: "a field more holds nothing before an import",
    Event.ROWS_RESERVED: _OF_ITS_IMPORT,
    Event.IMPORT_FINISHED: _OF_ITS_IMPORT,
    Event.IMPORT_ABANDONED: _OF_ITS_IMPORT,
    Event.LIST_RESTORED: "the start of the restore is told, if somebody is new there",
    Event.RESTORE_ABANDONED: "nothing came of it",
    Event.ENTRY_READMITTED: "the person signed up anew and confirmed it",
    Event.ENTRY_ERASED: _OF_ITS_REQUEST,
    Event.REVEAL_COMPLETED: _OF_ITS_REQUEST,
    Event.EXPORT_COMPLETED: _OF_ITS_REQUEST,
    Event.SEND_LEASED: "its send was told",
    Event.SEND_COMPLETED: _OF_ITS_REQUEST,
    Event.ENROLMENT_OPENED: "passkeys count after a request, and that is told",
    Event.ENROLMENT_COMPLETED: "passkeys count after a request, and that is told",
    Event.CONTACT_OPENED: "telling of telling would never end",
    Event.KEY_RENEWED: "nothing of the list changes for anybody",
    Event.KEY_DESTROYED: "every row it sealed is sealed under a newer one",
    Event.LIST_SCRUBBED: "what it finds opens an incident, and that is told",
}
