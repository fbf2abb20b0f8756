"""Around every request: limits before, one line of log and safe headers after."""

import time
from collections.abc import Callable
from typing import cast

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.translation import override

from listkeep.dock.pages.uploads import is_form_with_file
from listkeep.looks.headers import is_page

from .problems import MEDIA_TYPE, MethodError, no_such_page, render_problem, too_large

log = structlog.get_logger("listkeep.dock.access")

_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


def guard(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Guard a request: refuse large bodies, log without its words, set headers."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        if _is_too_large(request):
            response: HttpResponseBase = render_problem(too_large())
        elif "\0" in request.path:  # PostgreSQL knows no text with one in it
            response = render_problem(no_such_page())
        else:
            response = _as_problem(get_response(request))
        is_docs = request.path.startswith("/v1/docs")
        # The pages for people bring their own, which are stricter.
        policy = _DOCS_POLICY if is_docs else _API_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        if not is_docs:
            response.headers.setdefault("Cache-Control", "no-store")
        log.info(
            "request.answered",
            method=request.method if request.method in _METHODS else "other",
            route=_route(request),
            status=response.status_code,
            milliseconds=round((time.monotonic() - started) * 1000),
        )
        return response

    return handle


def speak(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let pages be in the reader's language; software is answered in English."""
    pages = LocaleMiddleware(get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/v1/"):
            with override(settings.LANGUAGE_CODE):
                return get_response(request)
        return cast("HttpResponseBase", pages(request))  # nothing here is async

    return handle


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _is_upload(request: HttpRequest) -> bool:
    by_api = request.method == "PUT" and request.path.endswith("/file")
    return by_api or (request.method == "POST" and is_form_with_file(request.path))


def _is_too_large(request: HttpRequest) -> bool:
    length = request.META.get("CONTENT_LENGTH") or ""
    if _is_upload(request) or not length.isdigit():
        return False
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return len(length) > 15 or int(length) > limit


def _route(request: HttpRequest) -> str:
    """Name the pattern, not the path: paths hold tokens."""
    match = request.resolver_match
    return match.route if match else "none"


def _as_problem(response: HttpResponseBase) -> HttpResponseBase:
    """Give Django's own plain errors the form of all others."""
    is_ours = response.headers.get("Content-Type", "") == MEDIA_TYPE
    if response.status_code < 400 or is_ours or is_page(response):
        return response
    if response.status_code == 405:
        allowed = response.headers.get("Allow", "")
        error = MethodError("the method is not for this address", hint="see /v1/docs")
        problem: HttpResponse = render_problem(error)
        problem["Allow"] = allowed
        return problem
    if response.status_code == 404:
        return render_problem(no_such_page())
    return response
