"""What an entry rests on before rows come in or keys go: decided once more.

Without this, whoever manages to append an entry could open an import that nobody asked
for, or have every process destroy a key that rows are still under. No signature stands
behind some of these entries; then they have at least to be in their place.
"""

from collections.abc import Mapping
from datetime import datetime

from listkeep.core.grants import Action

from .authority import is_granted
from .facts import ListFacts, RequestFacts, Ticket
from .fields import untrusted
from .held_keys import LEAST_AGE
from .state import Registry

RUNS = 3  # of an import under one signature, so that one that died can be repeated


def require_new_list(registry: Registry, fields: Mapping[str, str]) -> None:
    """Require a list that was never there, of a tenant that is.

    Raises:
        VerificationError: It would take the place of another, and its keys with it.
    """
    if (
        registry.find_list(fields["list"]) is not None
        or fields["tenant"] not in registry.tenants
    ):
        raise untrusted("a list was made in the place of another, or for nobody")


def require_import(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> RequestFacts | None:
    """Require that somebody of the list's tenant imports, and the grant, if it is one.

    Raises:
        VerificationError: It is nobody, or was not signed for like this.
    """
    found = registry.lists[fields["list"]]
    if fields["ticket"] in registry.tickets:
        raise untrusted("an import began twice")
    if _importer_tenant(registry, fields["principal"], at) != found.tenant:
        raise untrusted("rows came in by nobody who belongs to the list")
    if not fields["request"]:
        return None
    request = require_signed(registry, fields, Action.IMPORT, at)
    if int(fields["max_rows"]) > request.terms.cap:
        raise untrusted("more rows came in than were signed for")
    return request


def require_reserved(
    registry: Registry, ticket: Ticket, *, rows: int, charged: int
) -> None:
    """Require that rows were paid for, or stay within what was signed.

    Raises:
        VerificationError: They were not, or do not.
    """
    if not ticket.request:
        if ticket.charged + charged < ticket.reserved + rows or charged < 0:
            raise untrusted("rows came in that nobody was charged for")
        return
    request = registry.requests[ticket.request]
    if (
        ticket.reserved + rows > ticket.max_rows
        or request.rows_used + rows > RUNS * request.terms.cap
    ):
        raise untrusted("more rows came in than were signed for")


def require_ticket(
    registry: Registry, fields: Mapping[str, str], *, restore: bool = False
) -> Ticket:
    """Get the ticket an entry names, of this list and for this kind of work.

    Raises:
        VerificationError: It is another list's, or for something else.
    """
    ticket = registry.tickets[fields["ticket"]]
    if ticket.list_id != fields["list"] or bool(ticket.moment) != restore:
        raise untrusted("a ticket was used for something else")
    return ticket


def require_suppressing(
    registry: Registry, fields: Mapping[str, str], at: datetime
) -> RequestFacts:
    """Require the grant of a signed suppression, and that it covers these rows.

    Raises:
        VerificationError: There is none, or it does not.
    """
    request = require_signed(registry, fields, Action.SUPPRESS, at)
    if request.rows_used + int(fields["rows"]) > request.terms.cap:
        raise untrusted("more rows were suppressed than were signed for")
    return request


def require_signed(
    registry: Registry, fields: Mapping[str, str], action: Action, at: datetime
) -> RequestFacts:
    """Get the unused request about this list that an entry rests on, if it is granted.

    Raises:
        VerificationError: It is not.
    """
    request = registry.requests[fields["request"]]
    terms = request.terms
    about = terms.list or terms.subject_fields().get("id", "")
    if (
        terms.action is not action
        or about != fields["list"]
        or terms.tenant != registry.lists[about].tenant
        or request.done
        or not is_granted(registry, request, at)
    ):
        raise untrusted("a list was changed otherwise than was signed for")
    return request


def require_renewal(
    registry: Registry, found: ListFacts, fields: Mapping[str, str], at: datetime
) -> RequestFacts | None:
    """Require the grant of a renewal, or a dock and that it is not ahead of its time.

    Raises:
        VerificationError: Neither is there.
    """
    if fields["request"]:
        return require_signed(registry, fields, Action.KEYS_RENEW, at)
    service = registry.find_service(fields["principal"], now=at)
    is_dock = service is not None and service.kind == "dock"
    if not is_dock or len(found.keys) > 1 or at < found.keys[-1].since + LEAST_AGE:
        raise untrusted("a key was renewed by nobody, or ahead of its time")
    return None


def require_outlived(found: ListFacts, at: datetime) -> None:
    """Require that the newest key of a list is a day old, before an older one goes.

    Raises:
        VerificationError: It is not.
    """
    if at < found.keys[-1].since + LEAST_AGE:
        raise untrusted("a key was destroyed before its successor was a day old")


def _importer_tenant(registry: Registry, principal: str, at: datetime) -> str:
    person = registry.find_present(principal, now=at)
    if person is not None:
        return person.tenant
    service = registry.find_service(principal, now=at)
    return service.tenant if service is not None and service.kind == "intake" else ""
