"""Every call the keeper answers; all of them POST one message."""

from typing import NoReturn

from django.http import HttpRequest
from django.urls import include, path, re_path

from listkeep.core.errors import Code, RefusedError


def refuse_unknown(_request: HttpRequest) -> NoReturn:
    """Tell a client, maybe a newer one, in our own words that there is no such call.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError(
        "the keeper answers no such call",
        code=Code.NOT_FOUND,
        hint="client and keeper should be of one version",
    )


urlpatterns = [
    path("v1/", include("listkeep.keeper.release.api")),
    path("v1/", include("listkeep.keeper.gate.api")),
    re_path("", refuse_unknown),
]
