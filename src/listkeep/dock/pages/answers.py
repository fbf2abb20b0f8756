"""Answers to browsers: a page, one that follows long work, or the way to another."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from listkeep.looks.answers import Answers

from .assets import LOOKS, SCRIPT, assets
from .headers import allow_script, headers

_SECONDS: Final = 2


def _shared() -> dict[str, str]:
    return {
        "looks": assets()[LOOKS].integrity,
        "app_origin": settings.LISTKEEP_APP_ORIGIN,
    }


answers = Answers("drop", headers=headers, shared=_shared)
show, go_to = answers.show, answers.go_to


def show_work(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    goes_on: bool,
    status: int = 200,
) -> HttpResponse:
    """Render the page of long work, which looks again by itself until it is over.

    That takes a script, the only one of these pages; its view is ``is_followed``.
    """
    if not goes_on:
        return show(request, template, context, status=status)
    script = assets()[SCRIPT].integrity
    followed = {**context, "script": script, "seconds": _SECONDS}
    response = show(request, template, followed, status=status)
    allow_script(response, script)
    return response
