"""Requests and entries in a few words, for lines of a table."""

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from listkeep.core.grants import Terms
from listkeep.looks.marking import gettext_noop
from listkeep.wire import messages as m

_TITLES: Final = {
    "export": gettext_noop("Copy of {list}"),
    "reveal": gettext_noop("See addresses of {list}"),
    "import": gettext_noop("Add rows to {list}"),
    "suppress": gettext_noop("Suppress entries of {list}"),
    "send": gettext_noop("Send to {list}"),
    "list.restore": gettext_noop("Take {list} back"),
    "entry.erase": gettext_noop("Erase one person"),
    "freeze": gettext_noop("Freeze releases"),
    "unfreeze": gettext_noop("Lift a freeze"),
    "keys.renew": gettext_noop("Renew the key of a list"),
    "keys.backup": gettext_noop("Copy all keys for their holders"),
    "list.shred": gettext_noop("Destroy a list for good"),
    "tenant.close": gettext_noop("Close the tenant"),
    "index-key.renew": gettext_noop("Give new entries tokens under a new key"),
    "tenant.add": gettext_noop("Add a tenant"),
    "tenant.revoke": gettext_noop("Remove a tenant"),
    "person.add": gettext_noop("Add a person"),
    "person.revoke": gettext_noop("Remove a person"),
    "service.add": gettext_noop("Add a service"),
    "service.revoke": gettext_noop("Remove a service"),
    "recipient.add": gettext_noop("Add a recipient"),
    "recipient.revoke": gettext_noop("Remove a recipient"),
    "contact.add": gettext_noop("Add a contact"),
    "contact.revoke": gettext_noop("Remove a contact"),
    "agency.add": gettext_noop("Add an agency"),
    "agency.revoke": gettext_noop("Remove an agency"),
    "route.add": gettext_noop("Enrol a way out for mail"),
    "route.revoke": gettext_noop("End a way out for mail"),
    "domain.add": gettext_noop("Let mail be from a domain"),
    "domain.revoke": gettext_noop("Remove a domain"),
    "consent.give": gettext_noop("Let support look"),
    "consent.withdraw": gettext_noop("Let support look no more"),
    "person.confirm": gettext_noop("Confirm a first owner"),
    "passkey.add": gettext_noop("Another passkey"),
    "passkey.replace": gettext_noop("Other passkeys after a loss"),
    "recovery.choose": gettext_noop("Choose who helps after a loss"),
    "policy.set": gettext_noop("Another policy"),
    "budget.set": gettext_noop("Another ceiling"),
}

_ID: Final = re.compile("[a-z]_[a-z2-7]{12}")


@dataclass(frozen=True, slots=True)
class Line:
    """A request as a line."""

    id: str
    title: str
    state: str
    rows: int
    purpose: str
    who: str
    missing: tuple[str, ...]
    expires: str
    about: str
    awaits_you: bool

    @property
    def is_open(self) -> bool:
        """Whether somebody can still do something about it."""
        return self.state in ("waiting", "granted", "draft")


def line_of(view: m.RequestView) -> Line:
    """Put a request into a line."""
    terms = Terms.parse(view.terms)
    first = view.signed_by[0].rpartition(" (")[0] if view.signed_by else ""
    return Line(
        id=view.id,
        title=title_of(terms.action.value, view.facts.get("list") or gettext("a list")),
        state=view.state,
        rows=terms.cap,
        purpose=terms.purpose,
        who=first,
        missing=view.missing,
        expires=view.facts.get("until", ""),
        about=_about(view.facts),
        awaits_you=view.awaits_you,
    )


def _about(facts: dict[str, str]) -> str:
    """Say what it is about by name: ids stand on the request's own page."""
    said = facts.get("person") or facts.get("about", "")
    return " ".join(word for word in said.split() if not _ID.fullmatch(word))


def title_of(action: str, list_name: str) -> str:
    """Say in a few words what an action does."""
    if action in _TITLES:
        return gettext(_TITLES[action]).format(list=list_name)
    return action
