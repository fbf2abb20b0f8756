"""The exact terms of a release or an authority change, as bytes people sign.

Bytes are canonical JSON (flat, ASCII keys, string values, at most 4 KiB), so that
what was shown, what was signed and what is done are one and the same string.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import Code, MalformedError

VERSION = "1"
MAX_BYTES = 4096
MAX_CAP = 1_000_000_000
MAX_WINDOW = timedelta(days=90)
_CAP = re.compile(r"0|[1-9][0-9]{0,9}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Action(StrEnum):
    """What a request asks for."""

    REVEAL = "reveal"
    EXPORT = "export"
    IMPORT = "import"
    SUPPRESS = "suppress"
    TENANT_ADD = "tenant.add"
    TENANT_REVOKE = "tenant.revoke"
    PERSON_ADD = "person.add"
    PERSON_REVOKE = "person.revoke"
    SERVICE_ADD = "service.add"
    SERVICE_REVOKE = "service.revoke"
    RECIPIENT_ADD = "recipient.add"
    RECIPIENT_REVOKE = "recipient.revoke"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CONTACT_ADD = "contact.add"
    CONTACT_REVOKE = "contact.revoke"
    CONSENT_GIVE = "consent.give"
    CONSENT_WITHDRAW = "consent.withdraw"
    AGENCY_ADD = "agency.add"
    AGENCY_REVOKE = "agency.revoke"
    BUDGET_SET = "budget.set"
    POLICY_SET = "policy.set"
    PERSON_CONFIRM = "person.confirm"
    PASSKEY_ADD = "passkey.add"
    PASSKEY_REPLACE = "passkey.replace"
    RECOVERY_CHOOSE = "recovery.choose"
    LIST_RESTORE = "list.restore"
    ENTRY_ERASE = "entry.erase"
    KEYS_BACKUP = "keys.backup"
    KEYS_RENEW = "keys.renew"
    LIST_SHRED = "list.shred"
    TENANT_CLOSE = "tenant.close"
    INDEX_KEY_RENEW = "index-key.renew"
    SEND = "send"
    ROUTE_ADD = "route.add"
    ROUTE_REVOKE = "route.revoke"
    DOMAIN_ADD = "domain.add"
    DOMAIN_REVOKE = "domain.revoke"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """One request: who may do what, with which rows, for whom, until when.

    ``subject`` holds the canonical JSON of what an authority change is about (a
    person, a service, a recipient), of the file an import brings or of the mail that
    is sent.
    """

    keeper: str
    action: Action
    tenant: str  # empty: the operator
    list: str
    selection: str  # canonical segment, or tokens of a reveal joined by a space
    cap: int  # rows at most
    purpose: str
    recipient: str
    subject: str
    not_before: datetime
    expires: datetime  # exclusive
    nonce: str
    facts: str  # digest of the registry facts and policy this decision uses

    @classmethod
    def parse(cls, data: bytes) -> "Terms":
        """Read terms, accepting only their one canonical spelling.

        Raises:
            MalformedError: Not canonical, a field is missing, unknown or unusable.
        """
        fields = parse(data, max_bytes=MAX_BYTES)
        if set(fields) != _FIELDS:
            raise _invalid("has missing or unknown fields")
        if fields.pop("version") != VERSION:
            raise _invalid("is of an unknown version")
        if fields["action"] not in frozenset(Action):
            raise _invalid("asks for an unknown action")
        if not _CAP.fullmatch(fields["cap"]):
            raise _invalid("has a cap that is no plain number")
        terms = cls(
            **{key: fields[key] for key in _TEXTS},
            action=Action(fields["action"]),
            cap=int(fields["cap"]),
            not_before=parse_time(fields["not_before"]),
            expires=parse_time(fields["expires"]),
        )
        terms._check()
        return terms

    def format(self) -> bytes:
        """Write the one canonical spelling of these terms.

        Raises:
            MalformedError: The terms contradict themselves or exceed 4 KiB.
        """
        self._check()
        data = encode(
            {
                "version": VERSION,
                **{key: getattr(self, key) for key in _TEXTS},
                "action": self.action.value,
                "cap": str(self.cap),
                "not_before": format_time(self.not_before),
                "expires": format_time(self.expires),
            }
        )
        if len(data) > MAX_BYTES:
            raise _invalid(
                "is larger than 4 KiB", hint="ask for fewer rows, or shorter names"
            )
        return data

    def digest(self) -> str:
        """Name these terms by the SHA-256 of their bytes, in hexadecimal."""
        return _digest(self)

    def subject_fields(self) -> Mapping[str, str]:
        """Read ``subject`` as the flat object it is.

        Raises:
            MalformedError: It is not canonical.
        """
        return parse(self.subject.encode(), max_bytes=MAX_BYTES)

    def _check(self) -> None:
        if self.not_before.microsecond or self.expires.microsecond:
            raise _invalid("has times that are not whole seconds")
        if not self.not_before < self.expires:
            raise _invalid("ends before it starts")
        if self.expires - self.not_before > MAX_WINDOW:
            raise _invalid("is valid for more than 90 days")
        if not 0 <= self.cap <= MAX_CAP:
            raise _invalid("has an impossible cap")
        if not self.purpose.strip() or len(self.purpose) > 200:
            raise _invalid("needs a purpose of at most 200 characters")
        if not all(getattr(self, name).isprintable() for name in _TEXTS):
            # Control and direction marks could show a signer something else.
            raise _invalid("holds characters that cannot be shown")
        if not all(map(_is_nfc, (getattr(self, name) for name in _TEXTS))):
            raise _invalid("holds text that is not in Unicode NFC")


@lru_cache(maxsize=16)  # each of the people who sign names the same terms
def _digest(terms: Terms) -> str:
    return hashlib.sha256(terms.format()).hexdigest()


_TEXTS = (
    *("keeper", "tenant", "list", "selection", "purpose"),
    *("recipient", "subject", "nonce", "facts"),
)
_FIELDS = {"version", "action", "cap", "not_before", "expires", *_TEXTS}


def format_time(moment: datetime) -> str:
    """Write a moment as whole seconds UTC (RFC 3339)."""
    return moment.astimezone(UTC).strftime(_TIME)


def parse_time(text: str) -> datetime:
    """Read a moment written by ``format_time``.

    Raises:
        MalformedError: The text is spelt any other way.
    """
    moment = _find_time(text)
    if moment is None or format_time(moment) != text:
        raise MalformedError("a time is not whole seconds UTC")
    return moment


def _find_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:  # it quotes the text, so nothing is raised from it
        return None


def _is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _invalid(what: str, *, hint: str = "") -> MalformedError:
    return MalformedError(f"the request {what}", code=Code.REQUEST_INVALID, hint=hint)
