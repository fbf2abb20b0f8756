"""What pages answer with: a page, a place to go on to, or a problem in our words."""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.core.grants import format_time

from .assets import assets
from .demo_file import SCRIPT as DEMO_SCRIPT
from .demo_file import read_demo

INBOX: Final = "/"
SIGN_IN: Final = "/sign-in"
_MAX_BODY: Final = 256 * 1024  # ten sealed rows of a reveal, with room
_MAX_DIGITS: Final = 20  # Python refuses very long ones with an error of its own
_M = TypeVar("_M", bound=msgspec.Struct)


def answer_page(
    request: HttpRequest, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Answer with a page."""
    files = assets()
    text = render_to_string(
        f"pages/{template}",
        {
            "looks": files["listkeep.css"].integrity,
            "style": files["seal.css"].integrity,
            "script": files["seal.js"].integrity,
            "demo_script": files[DEMO_SCRIPT].integrity if read_demo() else "",
            "path": request.path,
            **context,
        },
    )
    return HttpResponse(text, status=status)


def show_time(moment: datetime) -> str:
    """Write a moment for people; the page reads it back to the minute."""
    return f"{format_time(moment)[:16].replace('T', ' ')} UTC"


def go_on(place: str) -> HttpResponse:
    """Tell the page that posted where to go on."""
    return JsonResponse({"go": place})


def answer_problem(request: HttpRequest, error: ListkeepError) -> HttpResponse:
    """Say what is wrong: as a page, or to the page that posted."""
    status = 404 if error.code is Code.NOT_FOUND else error.status
    told = {"error": error.message, "hint": error.hint, "code": error.code.value}
    if request.method == "POST":
        return JsonResponse(told, status=status)
    return answer_page(request, "problem.html", status=status, **told)


def read_number(text: str, *, at_most: int = 10**9) -> int:
    """Read a number as somebody typed it.

    Raises:
        MalformedError: It is none, or outside of what can be used.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    if not (is_number and 0 < int(text) <= at_most):
        raise MalformedError(
            "this is not a number that can be used",
            code=Code.REQUEST_INVALID,
            hint=f"a whole number from 1 to {at_most:,}",
        )
    return int(text)


def read_body(request: HttpRequest, kind: type[_M]) -> _M:
    """Read what a page of ours posted.

    Raises:
        MalformedError: It is anything else. Nothing of it is repeated.
    """
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
        if size > _MAX_BODY or request.content_type != "application/json":
            raise MalformedError("this is not what the page sends")
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise MalformedError("this is not what the page sends") from error
