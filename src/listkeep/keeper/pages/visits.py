"""Somebody who is signed in, on one page, at one moment."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Role
from listkeep.core.registry.facts import Person
from listkeep.keeper.gate.endpoint import current_time, open_gate
from listkeep.keeper.gate.refusals import MisplacedSessionError, record_misplaced
from listkeep.keeper.gate.sign_in.sessions import DIRECT, resolve_session
from listkeep.keeper.gate.turns import Gate

from .answers import SIGN_IN, answer_page

COOKIE: Final = "__Host-listkeep"
FORM_HEADER: Final = "X-Listkeep-Form"


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who is there, by which session, and when."""

    gate: Gate
    person: Person
    tenant: str  # its name, or the operator
    token: str
    now: datetime

    @property
    def may_freeze(self) -> bool:
        """Whether this person's word stops releases."""
        return self.person.role in (Role.OWNER, Role.CUSTODIAN)

    def page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """Answer with a page for this person."""
        return answer_page(
            request, template, visit=self, form=form_token(self.token), **context
        )


_View = Callable[..., HttpResponse]


def signed_in(view: _View) -> _View:
    """Take who is signed in to a view; everybody else to the page for it."""

    @wraps(view)
    def visited(request: HttpRequest, **words: str) -> HttpResponse:
        token = request.COOKIES.get(COOKIE, "")
        if not token and request.method == "GET" and _is_from_elsewhere(request):
            # A strict cookie stays behind when a link elsewhere was followed. Asked
            # for once more by a page of ours, the same address brings it.
            return answer_page(request, "arriving.html")
        visit = _find_visit(token)
        if visit is None:
            if request.method == "GET":
                return HttpResponseRedirect(SIGN_IN, status=303)
            raise RefusedError(
                "not signed in, or the session has ended",
                code=Code.NOT_SIGNED_IN,
                hint="sign in again; what you typed is still here until then",
            )
        if request.method == "POST":
            _require_form(request, token)
        return view(request, visit, **words)

    return visited


def form_token(token: str) -> str:
    """Make what every form of a session carries; another session's is another."""
    return hmac.digest(token.encode(), b"listkeep form", hashlib.sha256).hex()


def _find_visit(token: str) -> Visit | None:
    gate, now = open_gate(), current_time()
    try:
        with gate.view(now) as registry:
            person = resolve_session(gate, registry, token, service=DIRECT, now=now)
            tenant = registry.tenants.get(person.tenant)
    except MisplacedSessionError as error:
        record_misplaced(gate, error, now=now)
        return None
    except RefusedError:
        return None
    name = tenant.name if tenant else "the operator"
    return Visit(gate=gate, person=person, tenant=name, token=token, now=now)


def _is_from_elsewhere(request: HttpRequest) -> bool:
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _require_form(request: HttpRequest, token: str) -> None:
    given = request.headers.get(FORM_HEADER, "")
    if not hmac.compare_digest(given.encode(), form_token(token).encode()):
        raise RefusedError(
            "this form is of another session", hint="open the page again"
        )
