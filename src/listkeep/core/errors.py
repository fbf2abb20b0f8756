"""One error for every edge: five families, one public code, one hint.

A message or hint never holds an address, a token or a key: errors travel to
logs, terminals and other people's screens. The code of an error is the same in
the wire frame, the RFC 9457 problem document, the CLI line and the ledger.
"""

from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """Public error codes, append-only: software outside may depend on them."""

    INTERNAL = "internal"
    # verification
    CREDENTIAL_UNKNOWN = "credential-unknown"
    LEDGER_INVALID = "ledger-invalid"
    PLAINTEXT_REMAINS = "plaintext-remains"
    PROOF_INVALID = "proof-invalid"
    ROW_INVALID = "row-invalid"
    SIGNATURE_INVALID = "signature-invalid"
    # malformed
    ADDRESS_INVALID = "address-invalid"
    BODY_TOO_LARGE = "body-too-large"
    CONFIG_INVALID = "config-invalid"
    FACET_INVALID = "facet-invalid"
    FILE_BINARY = "file-binary"
    FILE_EMPTY = "file-empty"
    FILE_ENCODING = "file-encoding"
    FILE_HEADER = "file-header"
    FILE_INCOMPLETE = "file-incomplete"
    FILE_LINE_TOO_LONG = "file-line-too-long"
    FILE_MISMATCH = "file-mismatch"
    FILE_NO_VALID_ROW = "file-no-valid-row"
    JSON_NOT_CANONICAL = "json-not-canonical"
    MESSAGE_INVALID = "message-invalid"
    POLICY_INVALID = "policy-invalid"
    REQUEST_INVALID = "request-invalid"
    SEGMENT_INVALID = "segment-invalid"
    MAIL_INVALID = "mail-invalid"
    TEMPLATE_INVALID = "template-invalid"
    TOKEN_INVALID = "token-invalid"  # noqa: S105 - a name, not a secret
    # refused
    ALREADY_SENT = "already-sent"
    BUDGET_SPENT = "budget-spent"
    CAP_EXCEEDED = "cap-exceeded"
    COUNT_DIFFERS = "count-differs"
    EXPIRED = "expired"
    FACET_IDENTIFIES = "facet-identifies"
    FACTS_CHANGED = "facts-changed"
    FROZEN = "frozen"
    NOT_FOUND = "not-found"
    NOT_GRANTED = "not-granted"
    NOT_PERMITTED = "not-permitted"
    NOT_SIGNED_IN = "not-signed-in"
    OVER_PACE = "over-pace"
    POLICY_LOCKS_OUT = "policy-locks-out"
    REPLAYED = "replayed"
    SELF_APPROVAL = "self-approval"
    SUPPRESSED = "suppressed"
    TEMPLATE_DIFFERS = "template-differs"
    UNREPORTED = "unreported"
    # conflict
    ALREADY_EXISTS = "already-exists"
    BUSY = "busy"
    NEWER_VERSION = "newer-version"
    NOT_WAITING = "not-waiting"
    OLDER_VERSION = "older-version"
    # unavailable
    CLOCK_MOVED_BACK = "clock-moved-back"
    DOCK_UNAVAILABLE = "dock-unavailable"
    KEEPER_UNAVAILABLE = "keeper-unavailable"
    KEY_UNAVAILABLE = "key-unavailable"
    TEMPLATE_MISSING = "template-missing"


class ListkeepError(Exception):
    """Our own fault when raised as such; details belong in the log only."""

    status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 70
    family: ClassVar[str] = "internal"
    default_code: ClassVar[Code] = Code.INTERNAL

    def __init__(
        self, message: str, *, code: Code | None = None, hint: str = ""
    ) -> None:
        """Keep the sentence for people, the code for software, and what to do next."""
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint


class VerificationError(ListkeepError):
    """A proof, signature or tag is wrong."""

    status = 422
    exit_status = 1
    family = "verification"
    default_code = Code.PROOF_INVALID


class MalformedError(ListkeepError):
    """Bytes do not follow their format."""

    status = 400
    exit_status = 3
    family = "malformed"
    default_code = Code.MESSAGE_INVALID


class RefusedError(ListkeepError):
    """Policy says no."""

    status = 403
    exit_status = 4
    family = "refused"
    default_code = Code.NOT_PERMITTED


class ConflictError(ListkeepError):
    """Something changed under us; read again."""

    status = 409
    exit_status = 5
    family = "conflict"
    default_code = Code.BUSY


class UnavailableError(ListkeepError):
    """Keeper, dock or key provider did not answer."""

    status = 503
    exit_status = 6
    family = "unavailable"
    default_code = Code.KEEPER_UNAVAILABLE


FAMILIES: dict[str, type[ListkeepError]] = {
    family.family: family
    for family in (
        ListkeepError,
        VerificationError,
        MalformedError,
        RefusedError,
        ConflictError,
        UnavailableError,
    )
}
