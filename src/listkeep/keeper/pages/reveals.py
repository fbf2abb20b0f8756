"""Rows of a granted reveal, in the clear, on the screen of who asked.

The sealed rows come in the part of the address that browsers keep to themselves; the
page takes them out of the address bar and posts them here.
"""

from typing import Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from listkeep.core.errors import Code, RefusedError
from listkeep.core.registry.passkeys import decode_base64url
from listkeep.keeper.gate.decisions.descriptions import may_see
from listkeep.keeper.release.reveals import show_reveal
from listkeep.wire import messages as m
from listkeep.wire.base import decode

from .answers import answer_page, read_body
from .guard import is_from_here, landing
from .visits import Visit, signed_in
from .wording import title_of

SECONDS: Final = 120


class SealedRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows as they came: base64url of a ``RowBatch``."""

    rows: str


@landing
def reveal(request: HttpRequest, name: str) -> HttpResponse:
    """Take rows that arrive, and open them for whoever asked for them.

    Arriving from elsewhere shows nothing: rows wait in this tab until a page of ours
    asks, and somebody presses the button.
    """
    if request.method != "POST" and not is_from_here(request):
        return answer_page(request, "rows_arriving.html", name=name)
    return _reveal(request, name=name)


@signed_in
def _reveal(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    if request.method == "POST":
        return _open(request, visit, name)
    with visit.gate.view(visit.now) as registry:
        found = registry.requests.get(name)
        if found is None or not may_see(registry, visit.person, found):
            raise RefusedError("there is no such request", code=Code.NOT_FOUND)
        title = title_of(registry, found.terms)
    return visit.page(
        request,
        "reveal.html",
        name=name,
        title=title,
        terms=found.terms,
        seconds=SECONDS,
        drop_origin=settings.CONFIG.drop_origin,
    )


def _open(request: HttpRequest, visit: Visit, name: str) -> HttpResponse:
    batch = decode(decode_base64url(read_body(request, SealedRows).rows), m.RowBatch)
    opened = show_reveal(
        visit.gate,
        m.RunReveal(session=visit.token, request=name, rows=batch),
        now=visit.now,
    )
    rows = [["" if value is None else str(value) for value in r] for r in opened.rows]
    return JsonResponse({"names": opened.names, "rows": rows})
