"""Refusals are recorded too: whoever probes the policy leaves a trace of each try.

Only refusals of people and services that are known, and of one of them no more than
ten a minute: a stranger, or a loop, must not be able to fill the ledger.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from listkeep.core.errors import (
    Code,
    ConflictError,
    ListkeepError,
    MalformedError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from listkeep.core.ledger.events import Event

from .turns import Gate

_WINDOW = timedelta(minutes=1)
_CLAIM_WINDOW = timedelta(hours=1)
_RECORDED_IN_WINDOW = 10
_RARELY = timedelta(minutes=10)


@dataclass(slots=True)
class Attempt:
    """What is known of an attempt so far; nobody known, nothing recorded."""

    what: str
    who: str = ""
    request: str = ""
    list_id: str = ""


@contextmanager
def recorded_refusals(gate: Gate, what: str, *, now: datetime) -> Iterator[Attempt]:
    """Record why the block refused, after everything it did was taken back."""
    attempt = Attempt(what)
    try:
        yield attempt
    except (RefusedError, VerificationError, MalformedError) as error:
        if attempt.who and _may_record(gate, attempt.who, now=now):
            record_refusal(gate, attempt, error, now=now)
        raise


@dataclass(slots=True)
class Claim:
    """Whose passkey a sign-in claims to be signed by, and for which service."""

    person: str = ""
    service: str = ""


@contextmanager
def recorded_claims(gate: Gate, *, now: datetime) -> Iterator[Claim]:
    """Record why a sign-in in somebody's name was refused.

    What it claims is not proven, and the sign-in page is open to the world: ten an
    hour in one person's name, so that nobody who knows an id can fill the ledger.
    """
    claim = Claim()
    try:
        yield claim
    except (RefusedError, VerificationError) as error:
        key = f"sign-in {claim.person}"
        if claim.person and _may_record(gate, key, now=now, window=_CLAIM_WINDOW):
            fields = {"person": claim.person, "service": claim.service}
            with gate.turn(now) as turn:
                turn.append(Event.SIGN_IN_REFUSED, {**fields, "code": error.code.value})
        raise


class MisplacedSessionError(RefusedError):
    """A live session in other hands than it was made for; to them it is none."""

    def __init__(
        self, told: RefusedError, *, session: str, person: str, service: str
    ) -> None:
        """Say no more than of any other that is none; remember whose it is."""
        super().__init__(told.message, code=told.code, hint=told.hint)
        self.fields = {"session": session, "person": person, "service": service}


def record_misplaced(
    gate: Gate, error: MisplacedSessionError, *, now: datetime
) -> None:
    """Record that a session was taken somewhere else: somebody has it who should not.

    Ten an hour for one person, like all that is recorded of those who only claim.
    """
    key = f"session {error.fields['person']}"
    if _may_record(gate, key, now=now, window=_CLAIM_WINDOW):
        with gate.turn(now) as turn:
            turn.append(
                Event.SESSION_REFUSED, {**error.fields, "code": error.code.value}
            )


def record_rarely(gate: Gate, attempt: Attempt, code: Code, *, now: datetime) -> None:
    """Record why rows of a release are refused, once in ten minutes for each reason.

    What is refused day by day is no attempt at anything: who is suppressed, and what
    comes faster than its pace.
    """
    if code in (Code.SUPPRESSED, Code.OVER_PACE):
        return
    key = f"{attempt.request} {code}"
    if not _may_record(gate, key, now=now, window=_RARELY, most=1):
        return
    with suppress(UnavailableError, ConflictError):  # rows are refused all the same
        record_refusal(gate, attempt, RefusedError("", code=code), now=now)


def record_refusal(
    gate: Gate, attempt: Attempt, error: ListkeepError, *, now: datetime
) -> None:
    """Record one refusal, whoever it was; for what comes after a recorded intent."""
    with gate.turn(now) as turn:
        turn.append(
            Event.RELEASE_REFUSED,
            {
                "what": attempt.what,
                "person": attempt.who,
                "request": attempt.request,
                "code": error.code.value,
            },
            list_id=attempt.list_id,
        )


def _may_record(
    gate: Gate,
    who: str,
    *,
    now: datetime,
    window: timedelta = _WINDOW,
    most: int = _RECORDED_IN_WINDOW,
) -> bool:
    times = gate.recent_refusals.setdefault(who, deque())
    while times and times[0] <= now - window:
        times.popleft()
    if len(times) >= most:
        return False
    times.append(now)
    return True
