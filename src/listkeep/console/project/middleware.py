"""Around every request: one line of log without its words, and safe headers."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from listkeep.console.web.answers import show
from listkeep.console.web.headers import harden
from listkeep.core.errors import Code, RefusedError
from listkeep.looks.headers import is_page
from listkeep.looks.marking import gettext_noop

log = logging.getLogger("listkeep.console.access")
_METHODS = frozenset({"GET", "HEAD", "POST"})


def guard(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Guard a request."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        response = get_response(request)
        if response.status_code == 404 and not is_page(response):
            error = RefusedError(
                gettext_noop("there is no such page"),
                code=Code.NOT_FOUND,
                hint=gettext_noop("go to the start"),
            )
            response = show(request, "error", {"error": error}, status=404)
        harden(response)
        match = request.resolver_match
        log.info(
            "request.answered method=%s route=%s status=%d milliseconds=%d",
            request.method if request.method in _METHODS else "other",
            match.route if match else "none",  # paths hold names
            response.status_code,
            round((time.monotonic() - started) * 1000),
        )
        return response

    return handle
