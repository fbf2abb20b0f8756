"""The page that gives a browser the passkeys of a demo's people; others have none."""

from typing import Annotated

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from listkeep.core.errors import Code, RefusedError

from .answers import answer_page, read_body
from .demo_file import read_demo
from .guard import landing


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stood behind the hash of the address."""

    link: Annotated[str, msgspec.Meta(max_length=500)]


@landing
def demo(request: HttpRequest) -> HttpResponse:
    """Show the page, and give passkeys to whoever has the link.

    Raises:
        RefusedError: This is no demo, or that is not the link.
    """
    found = read_demo()
    if found is None:
        raise RefusedError("there is no such page", code=Code.NOT_FOUND)
    if request.method == "POST":
        found.require_link(read_body(request, Link).link)
        return JsonResponse({"people": msgspec.to_builtins(found.people)})
    return answer_page(
        request,
        "demo.html",
        console=settings.CONFIG.app_origin,
        letter=found.letter,
        file=found.file,
    )
