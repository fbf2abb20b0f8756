"""The keeper's HTTP edge: one message in, one call, one message out."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import TypeVar

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from listkeep.core.errors import Code, MalformedError, RefusedError, UnavailableError
from listkeep.core.registry.facts import Service
from listkeep.keeper.gate.people.founding import open_founding
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_service
from listkeep.keeper.keys import FileProvider, KeyStore
from listkeep.wire.base import MEDIA_TYPE, decode, encode

from .turns import Gate

_M = TypeVar("_M", bound=msgspec.Struct)
_ROOT = "root.key"
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
    return Gate(store)


def open_store() -> KeyStore:
    """Open the key store under the configured provider."""
    return KeyStore(settings.KEY_STORE, FileProvider(settings.KEY_STORE / _ROOT))


def make_store() -> None:
    """Make the key store's folder and its root, unless they are there."""
    settings.KEY_STORE.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (settings.KEY_STORE / _ROOT).exists():
        FileProvider.create(settings.KEY_STORE / _ROOT)


def current_time() -> datetime:
    """Read the clock; below this edge it is a parameter."""
    return datetime.now(UTC)


def endpoint(
    kind: type[_M],
) -> Callable[[Callable[[Gate, _M, "Call"], msgspec.Struct]], View]:
    """Make a view of a function that takes one kind of message."""

    def wrap(handle: Callable[[Gate, _M, Call], msgspec.Struct]) -> View:
        @wraps(handle)
        def view(request: HttpRequest) -> HttpResponse:
            require_post(request)
            message = decode(_read_body(request), kind)
            answer = handle(open_gate(), message, Call(request))
            return HttpResponse(encode(answer), content_type=MEDIA_TYPE)

        return view

    return wrap


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


def require_message(request: HttpRequest) -> None:
    """Take messages only, the one way there is.

    Raises:
        MalformedError: Another method or media type.
    """
    if request.method != "POST" or request.content_type != MEDIA_TYPE:
        raise MalformedError("the keeper takes msgpack messages by POST")


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
        return service

    def audience(self) -> str:
        """Say which service carries the sessions presented on this line."""
        return self.service("dock", "console").id if self._bearer else DIRECT
