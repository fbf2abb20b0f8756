"""Requests and entries in a few words, for lines of a table."""

import re
from dataclasses import dataclass
from typing import Final

from listkeep.core.grants import Terms
from listkeep.wire import messages as m

_TITLES: Final = {
    "export": "Copy of {list}",
    "reveal": "See addresses of {list}",
    "import": "Add rows to {list}",
    "suppress": "Suppress entries of {list}",
    "send": "Send to {list}",
    "list.restore": "Take {list} back",
    "entry.erase": "Erase one person",
    "freeze": "Freeze releases",
    "unfreeze": "Lift a freeze",
    "keys.renew": "Renew the key of a list",
    "keys.backup": "Copy all keys for their holders",
    "list.shred": "Destroy a list for good",
    "tenant.close": "Close the tenant",
    "index-key.renew": "Give new entries tokens under a new key",
    "policy.set": "Another policy",
    "budget.set": "Another ceiling",
    "person.confirm": "Confirm a first owner",
    "passkey.add": "Another passkey",
    "passkey.replace": "Other passkeys after a loss",
    "recovery.choose": "Choose who may help after a loss",
    "consent.give": "Let support look",
    "consent.withdraw": "Let support look no more",
    "route.add": "Enrol a way out for mail",
    "domain.add": "Let mail be from another domain",
    "agency.add": "Add an agency",
}
_ID: Final = re.compile("[a-z]_[a-z2-7]{12}")
_VERBS: Final = {
    "add": "Add a {}",
    "revoke": "Remove a {}",
    "give": "Give {}",
    "withdraw": "Withdraw {}",
}


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
        title=title_of(terms.action.value, view.facts.get("list", "a list")),
        state=view.state,
        rows=terms.cap,
        purpose=terms.purpose,
        who=first,
        missing=view.missing,
        expires=view.facts.get("until", ""),
        about=_about(view.facts),
    )


def _about(facts: dict[str, str]) -> str:
    """Say what it is about by name: ids stand on the request's own page."""
    said = facts.get("person") or facts.get("about", "")
    return " ".join(word for word in said.split() if not _ID.fullmatch(word))


def title_of(action: str, list_name: str) -> str:
    """Say in a few words what an action does."""
    if action in _TITLES:
        return _TITLES[action].format(list=list_name)
    noun, _, verb = action.partition(".")
    return _VERBS.get(verb, "{}: " + verb).format(noun)
