"""The freeze button: prepared here in a moment, signed in the keeper's inbox."""

import json
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from listkeep.console.web.doors import Visitor, personal
from listkeep.core.errors import Code, MalformedError
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

from .filling_in import answer_form

CLASSES: Final = (
    (
        "export+reveal",
        gettext_noop("Copies and reveals"),
        gettext_noop("nothing leaves as a file or on a screen"),
    ),
    (
        "campaigns",
        gettext_noop("Campaigns"),
        gettext_noop("no send to a segment goes on"),
    ),
    (
        "transactional",
        gettext_noop("Transactional mail"),
        gettext_noop("not even receipts and passwords"),
    ),
)
_ACTIONS = ("freeze", "unfreeze")


@personal("GET", "POST")
def freeze(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Prepare a freeze, or its end."""
    context = {
        "visitor": visitor,
        "classes": [
            (name, gettext(title), gettext(what)) for name, title, what in CLASSES
        ],
        "chosen": request.POST.getlist("class")
        or request.GET.getlist("class")
        or ["export+reveal"],
        "purpose": request.POST.get("purpose", gettext("something is wrong"))[:200],
        "action": request.POST.get("action") or request.GET.get("action", "freeze"),
    }
    return answer_form(
        *(request, "freeze", context), prepare=lambda: _prepare(request, visitor)
    )


def _prepare(request: HttpRequest, visitor: Visitor) -> m.RequestView:
    action = request.POST.get("action", "freeze")
    if action not in _ACTIONS:
        raise MalformedError(
            gettext_noop("there is no such act"), code=Code.REQUEST_INVALID
        )
    classes = sorted(set(request.POST.getlist("class")))
    return visitor.ways.keeper.draft_request(
        m.DraftRequest(
            session=visitor.session,
            action=action,
            purpose=request.POST.get("purpose", "").strip()[:200],
            subject=json.dumps({"classes": " ".join(classes)}, separators=(",", ":")),
        )
    )
