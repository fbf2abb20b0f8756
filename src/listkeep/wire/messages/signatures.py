"""What people sign, and the sessions they have."""

from typing import Annotated, Literal

import msgspec

from listkeep.wire.base import Count, Credential, Id, Message, PolicyText, Text

RequestState = Literal["draft", "waiting", "granted", "done", "denied", "expired"]


class BeginSignIn(Message, frozen=True, kw_only=True):
    """Ask for a nonce to sign in with."""


class Nonce(Message, frozen=True, kw_only=True):
    """A value the keeper made and will accept once."""

    nonce: str


class Assertion(Message, frozen=True, kw_only=True):
    """What an authenticator returned (WebAuthn, section 5.2.2), plus what it signed."""

    statement: Annotated[bytes, msgspec.Meta(max_length=4096)]
    authenticator_data: Annotated[bytes, msgspec.Meta(max_length=1024)]
    client_data: Annotated[bytes, msgspec.Meta(max_length=4096)]
    signature: Annotated[bytes, msgspec.Meta(max_length=1024)]


class FinishSignIn(Message, frozen=True, kw_only=True):
    """Present a signed sign-in statement, and the id of the passkey that signed it."""

    credential: Annotated[str, msgspec.Meta(max_length=400)]
    assertion: Assertion


class Session(Message, frozen=True, kw_only=True):
    """A session for one person, carried by one service."""

    session: Credential
    person: Id
    name: str
    expires_at: str


class EndSession(Message, frozen=True, kw_only=True):
    """End a session at once."""

    session: Credential


class WhoAmI(Message, frozen=True, kw_only=True):
    """Ask whose session this is."""

    session: Credential


class DraftRequest(Message, frozen=True, kw_only=True):
    """Facts for a request; each new passkey in it comes with a proof, in its order."""

    session: Credential
    action: str
    purpose: Text
    tenant: str = ""
    list: str = ""
    selection: Text = ""
    cap: Count = 0
    recipient: str = ""
    subject: Text = ""
    proofs: Annotated[tuple[Assertion, ...], msgspec.Meta(max_length=8)] = ()
    destination: Annotated[str, msgspec.Meta(max_length=500)] = ""  # sealed there
    policy: PolicyText = ""  # the text whose SHA-256 the subject holds
    valid_seconds: Annotated[int, msgspec.Meta(ge=60, le=90 * 86400)] = 86400


class ShowRequest(Message, frozen=True, kw_only=True):
    """Ask for one request, or for those the caller may see."""

    session: Credential
    request: Id | None = None
    states: tuple[RequestState, ...] = ()  # nothing: in whatever state they are
    action: Annotated[str, msgspec.Meta(max_length=40)] = ""  # nothing: of any kind
    newest: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None  # nothing: all
    before: Id | None = None  # those that are older than this one
    # Tell as well which of those that wait would come further by the caller's approval.
    awaited: bool = False


class RequestView(Message, frozen=True, kw_only=True):
    """A request as the keeper holds it: the exact bytes, and what is missing."""

    id: Id
    terms: bytes
    state: RequestState
    missing: tuple[str, ...]
    facts: dict[str, str]  # names for ids, told by the keeper for the signer's eyes
    signed_by: tuple[str, ...]  # "ben (request)", in order
    policy: str = ""  # the text whose SHA-256 the terms hold
    awaits_you: bool = False  # told if it was asked for


class RequestViews(Message, frozen=True, kw_only=True):
    """Requests the caller may see, oldest first."""

    requests: tuple[RequestView, ...]
    counts: dict[str, int] = msgspec.field(
        default_factory=dict
    )  # of all the caller may see, by state
    older: int = 0  # in the states that were asked for, and not shown


class SubmitStatement(Message, frozen=True, kw_only=True):
    """Hand in a signed statement on a request."""

    request: Id
    assertion: Assertion
