"""The keeper's HTTP edge: one message in, one call, one message out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, wraps
from typing import Protocol, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from msgspec import Struct

from listkeep.core.errors import Code, MalformedError, RefusedError, UnavailableError
from listkeep.core.registry.facts import Service
from listkeep.keeper.gate.people.founding import open_founding
from listkeep.keeper.gate.sign_in.callers import resolve_service
from listkeep.keeper.gate.sign_in.sessions import DIRECT
from listkeep.keeper.gate.sign_in.uses import note_use
from listkeep.keeper.keys import KeyStore, Roots
from listkeep.wire.base import MEDIA_TYPE, decode, encode

from .turns import Gate

_M = TypeVar("_M", bound=Struct)
_C_contra = TypeVar("_C_contra", bound=Struct, contravariant=True)
View = Callable[[HttpRequest], HttpResponse]


@lru_cache(maxsize=1)
def open_gate() -> Gate:
    """Open the gate once per process: reads and verifies the whole ledger.

    Raises:
        UnavailableError: The instance is being founded.
    """
    store = open_store()
    if open_founding(store) is not None:
        raise UnavailableError(
            "this instance has not been founded yet",
            hint="both custodians open their links, compare the words and sign",
        )
    return Gate(
        store,
        scrub_period=timedelta(days=settings.SCRUB_DAYS),
        renew_period=timedelta(days=settings.KEY_RENEW_DAYS),
    )


def open_store() -> KeyStore:
    """Open the key store under the root that keeper.toml names.

    Raises:
        MalformedError: It names none that could be.
    """
    return KeyStore(settings.KEY_STORE, open_roots())


def open_roots() -> Roots:
    """Find out which root is in force.

    Raises:
        MalformedError: keeper.toml names none that could be.
    """
    return Roots(settings.KEEPER_TOML, settings.KEY_STORE)


def make_store() -> None:
    """Make the key store's folder and its root, unless they are there."""
    settings.KEY_STORE.mkdir(mode=0o700, parents=True, exist_ok=True)
    open_roots().make()


def current_time() -> datetime:
    """Read the clock; below this edge it is a parameter."""
    return datetime.now(UTC)


def endpoint(
    kind: type[_M],
) -> Callable[[Callable[[Gate, _M, "Call"], Struct]], View]:
    """Make a view of a function that takes one kind of message."""

    def wrap(handle: Callable[[Gate, _M, Call], Struct]) -> View:
        @wraps(handle)
        def view(request: HttpRequest) -> HttpResponse:
            require_post(request)
            message = decode(_read_body(request), kind)
            answer = handle(open_gate(), message, Call(request))
            return HttpResponse(encode(answer), content_type=MEDIA_TYPE)

        return view

    return wrap


class _Direct(Protocol[_C_contra]):
    def __call__(
        self, gate: Gate, message: _C_contra, /, *, now: datetime
    ) -> Struct: ...


class _Carried(Protocol[_C_contra]):
    def __call__(
        self, gate: Gate, message: _C_contra, /, *, carrier: Service, now: datetime
    ) -> Struct: ...


class _Audible(Protocol[_C_contra]):
    def __call__(
        self, gate: Gate, message: _C_contra, /, *, service: str, now: datetime
    ) -> Struct: ...


def direct(kind: type[_M], act: _Direct[_M]) -> View:
    """Make a view of what persons ask for themselves, by session or signature."""
    return endpoint(kind)(lambda gate, message, call: act(gate, message, now=call.now))


def carried(kind: type[_M], act: _Carried[_M], *kinds: str) -> View:
    """Make a view of what only these services of the operator may carry here."""
    return endpoint(kind)(
        lambda gate, message, call: act(
            gate, message, carrier=call.service(*kinds), now=call.now
        )
    )


def audible(kind: type[_M], act: _Audible[_M]) -> View:
    """Make a view of what a session made for whoever is on the line may hear."""
    return endpoint(kind)(
        lambda gate, message, call: act(
            gate, message, service=call.audience(), now=call.now
        )
    )


def require_post(request: HttpRequest) -> None:
    """Take nothing a page of another origin could send by itself.

    Raises:
        MalformedError: It is no POST of our own media type.
    """
    if request.method != "POST" or request.content_type != MEDIA_TYPE:
        raise MalformedError("the keeper takes msgpack messages by POST")


def _read_body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise MalformedError(
            "a message is too long", code=Code.BODY_TOO_LARGE
        ) from error


class Call:
    """Who is on the line, and when."""

    def __init__(self, request: HttpRequest) -> None:
        """Take the time once; resolve the caller when asked."""
        self.now = current_time()
        self._bearer = request.headers.get("authorization", "").removeprefix("Bearer ")

    def service(self, *kinds: str) -> Service:
        """Require one of the operator's services on the line.

        Raises:
            RefusedError: A person, an unknown key, or a service of another kind.
        """
        with open_gate().view(self.now) as registry:
            service = resolve_service(registry, self._bearer, now=self.now)
        if service.kind not in kinds:
            raise RefusedError(
                "this service may not ask for that", code=Code.NOT_PERMITTED
            )
        note_use(open_gate(), service.id, now=self.now)
        return service

    def audience(self, *kinds: str) -> str:
        """Say which service carries the sessions presented on this line.

        Raises:
            RefusedError: It is of none of these kinds; without any, of no building.
        """
        if not self._bearer:
            return DIRECT
        return self.service(*(kinds or ("dock", "console"))).id
