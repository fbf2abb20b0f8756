"""Answers to browsers: a page, a part of one, or the way to another."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string

from .assets import assets
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
    shared = {
        "files": {
            name.replace(".", "_").replace("-", "_"): each.integrity
            for name, each in assets().items()
        },
        "path": request.path,
        "seal_origin": settings.LISTKEEP_SEAL_ORIGIN,
        "drop_origin": settings.LISTKEEP_DROP_ORIGIN,
    }
    content = render_to_string(f"desk/{template}.html", shared | (context or {}))
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


def give_csv(name: str, content: str) -> HttpResponse:
    """Give a table as a file to keep."""
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    harden(response)
    return response
