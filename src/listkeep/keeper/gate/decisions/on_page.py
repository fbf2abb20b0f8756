"""What a statement from one of the keeper's own pages has to fulfil besides."""

from dataclasses import dataclass

from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import Action, Decision, Statement, Terms

_COUNTED = frozenset({Action.EXPORT, Action.SEND})


@dataclass(frozen=True, kw_only=True, slots=True)
class OnPage:
    """Who is signed in on the page a statement comes from, and what was typed there."""

    person: str
    typed_rows: str


def require_on_page(terms: Terms, statement: Statement, page: OnPage) -> None:
    """Require the passkey of who is signed in, and the count of what is approved.

    A number is typed, not confirmed: it has to be read first.

    Raises:
        RefusedError: Somebody else's passkey, or another number.
    """
    if statement.person != page.person:
        raise RefusedError(
            "this passkey is somebody else's than who is signed in",
            hint="sign out, and sign in with this passkey",
        )
    if needs_count(terms, statement.decision) and page.typed_rows != str(terms.cap):
        raise RefusedError(
            "the number of rows that was typed is not the one in the terms",
            code=Code.COUNT_DIFFERS,
            hint="read the terms again, then type how many rows may leave",
        )


def needs_count(terms: Terms, decision: str) -> bool:
    """Tell whether whoever decides so has to type how many rows may leave."""
    return decision == Decision.APPROVE and terms.action in _COUNTED


def claimed_person(statement: bytes) -> str:
    """Tell who is said to have signed; nobody, if it is no statement on a request."""
    try:
        return Statement.parse(statement).person
    except MalformedError:
        return ""
