"""Answers to browsers: a page, the way to another one, or a file of the looks."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string

from .headers import Headers
from .pins import Asset


class Answers:
    """The answers of one building, each with its headers."""

    def __init__(
        self, folder: str, *, headers: Headers, shared: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Prepare them.

        ``folder``: where the building's templates are. ``shared``: what all of them
        are given.
        """
        self._folder = folder
        self._headers = headers
        self._shared = shared

    def show(
        self,
        request: HttpRequest,
        template: str,
        context: dict[str, Any] | None = None,
        *,
        status: int = 200,
        form_targets: str = "'self'",
    ) -> HttpResponse:
        """Render a page; templates escape whatever is put into them."""
        given = {"path": request.path, **self._shared(), **(context or {})}
        content = render_to_string(f"{self._folder}/{template}.html", given)
        response = HttpResponse(content, status=status)
        response["Content-Security-Policy"] = self._headers.policy(form_targets)
        self._headers.harden(response)
        return response

    def go_to(self, path: str) -> HttpResponse:
        """Send the browser on after a form, to a page of ours or of the keeper's."""
        response = HttpResponseRedirect(path)
        response.status_code = 303
        self._headers.harden(response)
        return response

    def give_csv(self, name: str, content: str) -> HttpResponse:
        """Give a table as a file to keep."""
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        self._headers.harden(response)
        return response

    def give_asset(self, asset: Asset) -> HttpResponse:
        """Give one of the few files a page loads."""
        response = HttpResponse(asset.data, content_type=asset.kind)
        response["Cache-Control"] = "max-age=3600"
        self._headers.harden(response)
        return response
