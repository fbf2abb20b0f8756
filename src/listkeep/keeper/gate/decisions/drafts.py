"""From what a person typed to the terms of a request.

Names become ids; segments and tokens get their one spelling.
"""

import re
from datetime import UTC, datetime

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.grants import OPERATOR_ROLES, Action, Terms, parse_time
from listkeep.core.registry.facts import ListFacts, Person, Recipient
from listkeep.core.registry.state import Registry
from listkeep.core.sealing import format_token, parse_token
from listkeep.core.segments import WORSE, Schema, parse_segment
from listkeep.wire import messages as m

from .age_keys import parse_age_recipient
from .sending import fill_route, find_route

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ABOUT_A_LIST = frozenset(
    {
        *(Action.REVEAL, Action.EXPORT, Action.IMPORT, Action.SUPPRESS),
        *(Action.LIST_RESTORE, Action.SEND),
    }
)
PREPARABLE = frozenset(
    {
        *(Action.EXPORT, Action.SEND, Action.LIST_RESTORE),
        *(Action.FREEZE, Action.UNFREEZE),
        *(Action.PERSON_REVOKE, Action.SERVICE_REVOKE, Action.RECIPIENT_REVOKE),
        *(Action.AGENCY_REVOKE, Action.CONTACT_REVOKE),
        *(Action.CONSENT_GIVE, Action.CONSENT_WITHDRAW),
        *(Action.BUDGET_SET, Action.KEYS_RENEW),
    }
)
_BY_SEGMENT = frozenset({Action.EXPORT, Action.SEND})
_WORSE = tuple({"reason": status.value} for status in WORSE)
_KEPT = ({"keep": "yes"}, {"keep": "no"})


def fill_terms(
    registry: Registry,
    person: Person,
    message: m.DraftRequest,
    *,
    on_screen: bool = False,
) -> Terms:
    """Write everything of the terms but window, nonce and facts.

    ``on_screen``: a reveal may name no recipient; the keeper's own page shows it.

    Raises:
        RefusedError: Something named is not there for this person.
        MalformedError: Something typed cannot be used.
    """
    if message.action not in frozenset(Action):
        raise MalformedError(
            "there is no such action",
            code=Code.REQUEST_INVALID,
            hint=f"one of {', '.join(sorted(Action))}",
        )
    action = Action(message.action)
    found: ListFacts | None = None
    if action in _ABOUT_A_LIST:
        found = find_list(registry, message.list, tenant=person.tenant)
    _check_subject(action, message)
    tenant = _tenant(registry, person, message.tenant)
    selection, cap = _selection(action, message, found)
    recipient, subject = "", message.subject
    if not (on_screen and action is Action.REVEAL):
        recipient = _recipient(registry, action, message.recipient, tenant)
    if action is Action.SEND:
        subject = fill_route(registry, subject, recipient, tenant=tenant)
    return Terms(
        keeper=registry.keeper,
        action=action,
        tenant=tenant,
        list=found.id if found else "",
        selection=selection,
        cap=cap,
        purpose=message.purpose.strip(),
        recipient=recipient,
        subject=subject,
        not_before=_EPOCH,
        expires=_EPOCH.replace(hour=1),
        nonce="",
        facts="",
    )


def require_preparable(action: str) -> None:
    """Require something the console may put into a person's inbox.

    Nothing with an address of a list in it, and nobody's new key. A send names its
    sender, which the reader of the mail sees.

    Raises:
        RefusedError: It is prepared on the keeper's pages or on the command line.
    """
    if action not in PREPARABLE:
        raise RefusedError(
            "the console does not prepare this",
            hint="ask for it on the keeper's pages, or with `listkeep request`",
        )


def find_list(registry: Registry, name: str, *, tenant: str) -> ListFacts:
    """Find a tenant's list by id or name.

    An id wins over another list that was given that id for a name.

    Raises:
        RefusedError: There is none, as far as this tenant may know.
    """
    found = registry.lists.get(name)
    if found is not None and found.tenant == tenant:
        return found
    for found in registry.lists.values():
        if found.tenant == tenant and found.name == name:
            return found
    raise RefusedError(
        "there is no such list", code=Code.NOT_FOUND, hint="see `listkeep list ls`"
    )


def _tenant(registry: Registry, person: Person, name: str) -> str:
    """Resolve the tenant: people of a tenant speak for their own only."""
    if not name:
        return person.tenant
    for tenant in registry.tenants.values():
        mine = tenant.id == person.tenant or person.role in OPERATOR_ROLES
        if mine and name in (tenant.id, tenant.name):
            return tenant.id
    raise RefusedError("there is no such tenant", code=Code.NOT_FOUND)


def _check_subject(action: Action, message: m.DraftRequest) -> None:
    """Let each action on rows name what it is about, and no action more than that.

    What an authority change is about is checked where it is carried out.
    """
    if message.policy and action is not Action.POLICY_SET:
        raise MalformedError(
            "this action has no policy text", code=Code.REQUEST_INVALID
        )
    says, hint = _SUBJECTS.get(action, ("", ""))
    if says:
        if not _is_subject(action, message):
            raise MalformedError(says, code=Code.REQUEST_INVALID, hint=hint)
    elif action is Action.KEYS_BACKUP:
        _check_holders(message.subject)
    elif action in _ABOUT_A_LIST - {Action.SEND} and message.subject:
        raise MalformedError("this action has no subject", code=Code.REQUEST_INVALID)


_SUBJECTS = {
    Action.IMPORT: (
        "an import is signed for by its file's SHA-256 and row count",
        "`listkeep request import LIST FILE` computes both",
    ),
    Action.SUPPRESS: (
        "a suppression is signed for by its reason",
        f"one of {', '.join(WORSE)}",
    ),
    Action.LIST_RESTORE: (
        "a restore is signed for by the time it goes back to",
        "`listkeep request restore LIST --to TIME`",
    ),
    Action.ENTRY_ERASE: (
        "an erasure says whether a mark stays that keeps the person away",
        "`listkeep erase` asks for it",
    ),
}


def _is_subject(action: Action, message: m.DraftRequest) -> bool:
    if action is Action.SUPPRESS and not message.subject:
        return True
    subject = parse(message.subject.encode())
    match action:
        case Action.SUPPRESS:
            return subject in _WORSE
        case Action.IMPORT:
            digest = subject.get("sha256", "")
            expected = {"sha256": digest, "rows": str(message.cap)}
            return subject == expected and bool(_SHA256.fullmatch(digest))
        case Action.LIST_RESTORE:
            parse_time(subject.get("moment", ""))
            return len(subject) == 1
        case _:
            return subject in _KEPT


def _check_holders(subject: str) -> None:
    """Refuse a holder whose key could not be encrypted to."""
    holders = parse(subject.encode()).get("holders", "")
    for holder in holders.split(" "):
        parse_age_recipient(holder.partition(":")[2])


def _selection(
    action: Action, message: m.DraftRequest, found: ListFacts | None
) -> tuple[str, int]:
    if action is Action.REVEAL:
        tokens = {format_token(parse_token(t)) for t in message.selection.split()}
        if not tokens:
            raise MalformedError(
                "a reveal names the tokens it opens", code=Code.REQUEST_INVALID
            )
        return " ".join(sorted(tokens)), len(tokens)
    if action is Action.ENTRY_ERASE:  # the drafter puts a name for the ledger there
        return format_token(parse_token(message.selection)), 1
    if action in _BY_SEGMENT and found is not None:
        schema = Schema.parse(found.facets)
        if message.cap < 1:
            raise MalformedError(
                f"this {action} says how many rows at most",
                code=Code.REQUEST_INVALID,
                hint="add --rows N, or --cap N for a send",
            )
        return parse_segment(message.selection or "all", schema).format(), message.cap
    return "", message.cap


def _recipient(registry: Registry, action: Action, name: str, tenant: str) -> str:
    """Resolve whom the rows are encrypted to.

    A reveal goes to a key the requester's own device made for this one request; an
    export goes to an enrolled recipient of the tenant. A send leaves by a route.
    """
    if action is Action.REVEAL:
        parse_age_recipient(name)
        return name
    if action is Action.SEND:
        return find_route(registry, name, tenant=tenant).id
    if action is not Action.EXPORT:
        return ""
    known: Recipient
    for known in registry.recipients.values():
        if known.tenant == tenant and name in (known.id, known.name):
            return known.id
    raise RefusedError(
        "there is no such recipient",
        code=Code.NOT_FOUND,
        hint="see `listkeep recipient ls`; owners enrol one with `recipient add`",
    )
