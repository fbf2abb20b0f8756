"""Errors as they leave the dock: RFC 9457 problem documents, made in one place.

Nothing of what was sent is repeated: of a body that does not fit, the names of
known fields are told, and of what we did not foresee, nothing.
"""

import re
from http import HTTPStatus
from typing import ClassVar

import msgspec
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.dock.lists import bulk
from listkeep.dock.lists.access import not_found, not_signed_in

log = structlog.get_logger("listkeep.dock")

MEDIA_TYPE = "application/problem+json"
_STATUSES = {
    Code.NOT_SIGNED_IN: HTTPStatus.UNAUTHORIZED,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
}
_FIELD = re.compile(r"[a-z_]{1,40}")


class BodyTooLargeError(MalformedError):
    """A JSON body is larger than any that makes sense."""

    status: ClassVar[int] = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = Code.BODY_TOO_LARGE


class MethodError(MalformedError):
    """The address exists, but not for this method."""

    status: ClassVar[int] = HTTPStatus.METHOD_NOT_ALLOWED


def render_problem(error: ListkeepError) -> HttpResponse:
    """Write an error as a problem document."""
    status = HTTPStatus(_STATUSES.get(error.code, error.status))
    document = {
        "type": f"urn:listkeep:problem:{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": error.message,
        "code": error.code.value,
        "hint": error.hint,
    }
    response = HttpResponse(
        msgspec.json.encode(document), status=status, content_type=MEDIA_TYPE
    )
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def render_unforeseen(error: BaseException | None) -> HttpResponse:
    """Log what nobody foresaw, and say no more than that it happened.

    A database that is away or full is nobody's fault here, and passes.
    """
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database.failed", exc_info=error)
        return render_problem(bulk.describe_fault(error))
    log.error("request.broken", exc_info=error)
    return render_problem(
        ListkeepError("something went wrong here", hint="the dock's log says where")
    )


def add_handlers(api: NinjaAPI) -> None:
    """Have an API answer each error with a problem document."""
    api.add_exception_handler(ListkeepError, _ours)
    api.add_exception_handler(AuthenticationError, _unauthenticated)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _unreadable)
    api.add_exception_handler(RequestDataTooBig, _too_large)
    api.add_exception_handler(Http404, _missing)
    api.add_exception_handler(Exception, _unforeseen)


def too_large() -> BodyTooLargeError:
    """Refuse a JSON body without reading it."""
    return BodyTooLargeError(
        "the body is larger than 1 MiB",
        hint="send fewer at once; files go to /v1/imports/{id}/file",
    )


def no_such_page() -> ListkeepError:
    """Refuse an address that does not exist."""
    error = not_found("address here")
    error.hint = "look at /v1/docs"
    return error


def _ours(_request: HttpRequest, error: object) -> HttpResponse:
    if isinstance(error, ListkeepError) and type(error) is not ListkeepError:
        return render_problem(error)
    return _unforeseen(_request, error)  # our own fault: details only in the log


def _unauthenticated(_request: HttpRequest, _error: object) -> HttpResponse:
    return render_problem(not_signed_in())


def _invalid(_request: HttpRequest, error: object) -> HttpResponse:
    faults = error.errors if isinstance(error, ValidationError) else []
    places = {_place(fault.get("loc", ())) for fault in faults}
    return render_problem(
        MalformedError(
            f"the request does not fit at {', '.join(sorted(places))}",
            hint="compare it with /v1/docs",
        )
    )


def _place(location: tuple[object, ...]) -> str:
    """Name a field; a name of the sender's own making may be anything."""
    parts = [str(part) for part in location if part != "body"]
    return ".".join(
        part if _FIELD.fullmatch(part) or part.isdigit() else "?" for part in parts
    )


def _unreadable(_request: HttpRequest, _error: object) -> HttpResponse:
    return render_problem(
        MalformedError(
            "the body is not JSON, or names a member twice",
            hint="send one JSON object, each member once, in UTF-8",
        )
    )


def _too_large(_request: HttpRequest, _error: object) -> HttpResponse:
    return render_problem(too_large())


def _missing(_request: HttpRequest, _error: object) -> HttpResponse:
    return render_problem(no_such_page())


def _unforeseen(_request: HttpRequest, error: object) -> HttpResponse:
    return render_unforeseen(error if isinstance(error, BaseException) else None)
