"""Errors at the keeper's edge: ours as they are, everything else without a word."""

import logging
import traceback
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from listkeep.core.errors import ListkeepError
from listkeep.keeper.gate.endpoint import current_time, open_gate
from listkeep.keeper.gate.refusals import MisplacedSessionError, record_misplaced
from listkeep.keeper.ledger.services import describe_failure
from listkeep.keeper.pages.answers import answer_problem
from listkeep.wire.base import MEDIA_TYPE, encode
from listkeep.wire.problems import problem_of

log = logging.getLogger("listkeep.keeper")


class ProblemMiddleware:
    """Turn exceptions into problem messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the views."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Answer with the error's code, or with ``internal`` for one that is not ours.

        The texts of foreign exceptions can hold what was being worked on, so only
        their kind and the lines they passed are logged.
        """
        if isinstance(error, MisplacedSessionError):
            error = _recorded(error)
        if not isinstance(error, ListkeepError):
            frames = traceback.extract_tb(error.__traceback__)
            places = " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames))
            log.error("%s at %s", type(error).__name__, places)
            error = (
                describe_failure(error)
                if isinstance(error, OperationalError)
                else ListkeepError("the keeper failed", hint="its log says where")
            )
        return self._answer(request, error)

    def _answer(self, _request: HttpRequest, error: ListkeepError) -> HttpResponse:
        return HttpResponse(
            encode(problem_of(error)), status=error.status, content_type=MEDIA_TYPE
        )


def _recorded(error: MisplacedSessionError) -> Exception:
    """Have it stand in the ledger; what keeps it from that is the error then."""
    try:
        record_misplaced(open_gate(), error, now=current_time())
    except (ListkeepError, OperationalError) as failure:
        return failure
    return error


class PageProblemMiddleware(ProblemMiddleware):
    """The same for people, on the keeper's pages."""

    def _answer(self, request: HttpRequest, error: ListkeepError) -> HttpResponse:
        return answer_problem(request, error)
