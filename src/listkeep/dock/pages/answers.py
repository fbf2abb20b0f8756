"""Answers to browsers: a page, or the way to another one."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string

from .assets import stylesheet
from .headers import harden, policy


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    form_targets: str = "'self'",
) -> HttpResponse:
    """Render a page; templates escape whatever is put into them."""
    shared = {"looks": stylesheet().integrity, "path": request.path}
    content = render_to_string(f"drop/{template}.html", shared | (context or {}))
    response = HttpResponse(content, status=status)
    response["Content-Security-Policy"] = policy(form_targets)
    harden(response)
    return response


def go_to(path: str) -> HttpResponse:
    """Send the browser on after a form, to a page of ours."""
    response = HttpResponseRedirect(path)
    response.status_code = 303
    harden(response)
    return response
