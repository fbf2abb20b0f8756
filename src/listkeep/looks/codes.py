"""Codes that are read as words: states, kinds, names of columns.

Each is a public code of the wire. Tests fetch the pages in a language that is not
English, and find a code that is missing here.
"""

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext

from .marking import gettext_noop

_WORDS: Final = (
    # of requests, sends, incidents
    *(gettext_noop("waiting"), gettext_noop("granted"), gettext_noop("denied")),
    *(gettext_noop("expired"), gettext_noop("done"), gettext_noop("draft")),
    *(gettext_noop("running"), gettext_noop("paused"), gettext_noop("stopped")),
    *(gettext_noop("open"), gettext_noop("acknowledged"), gettext_noop("closed")),
    # of entries and messages
    *(gettext_noop("subscribed"), gettext_noop("unsubscribed")),
    *(gettext_noop("bounced"), gettext_noop("complained"), gettext_noop("erased")),
    *(gettext_noop("delivered"), gettext_noop("deferred"), gettext_noop("failed")),
    # what came back
    *(gettext_noop("hard bounce"), gettext_noop("soft bounce")),
    *(gettext_noop("blocked"), gettext_noop("complaint")),
    *(gettext_noop("unsubscribe"), gettext_noop("auto reply")),
    *(gettext_noop("reply"), gettext_noop("unknown")),
    # what changed a list or an incident
    *(gettext_noop("import"), gettext_noop("status"), gettext_noop("restore")),
    *(gettext_noop("erase"), gettext_noop("opened"), gettext_noop("note")),
    *(gettext_noop("noted"), gettext_noop("found")),
    # of a policy
    *(gettext_noop("permit"), gettext_noop("forbid")),
    # kinds and roles
    *(gettext_noop("person"), gettext_noop("agency"), gettext_noop("service")),
    *(gettext_noop("recipient"), gettext_noop("owner"), gettext_noop("marketer")),
    *(gettext_noop("agent"), gettext_noop("custodian"), gettext_noop("support")),
    *(gettext_noop("active"), gettext_noop("left")),
    *(gettext_noop("app"), gettext_noop("intake"), gettext_noop("dock")),
    *(gettext_noop("console"), gettext_noop("mta"), gettext_noop("sink")),
    *(gettext_noop("mail"), gettext_noop("webhook")),
    # rights, and what a signature says
    *(gettext_noop("view"), gettext_noop("touch"), gettext_noop("look up")),
    *(gettext_noop("reveal"), gettext_noop("send"), gettext_noop("export")),
    *(gettext_noop("administer"), gettext_noop("request")),
    *(gettext_noop("approve"), gettext_noop("deny")),
    # of the details of an entry of the ledger
    *(gettext_noop("cap"), gettext_noop("code"), gettext_noop("reason")),
    *(gettext_noop("decision"), gettext_noop("added"), gettext_noop("updated")),
    # of the facts of a request, and of columns
    *(gettext_noop("action"), gettext_noop("tenant"), gettext_noop("list")),
    *(gettext_noop("rows"), gettext_noop("purpose"), gettext_noop("until")),
    *(gettext_noop("about"), gettext_noop("words"), gettext_noop("route")),
    *(gettext_noop("new"), gettext_noop("last like it"), gettext_noop("changed")),
    *(gettext_noop("began"), gettext_noop("counted"), gettext_noop("ended")),
    *(gettext_noop("people"), gettext_noop("who"), gettext_noop("measure")),
    *(gettext_noop("ceiling"), gettext_noop("parent"), gettext_noop("look ups")),
    *(gettext_noop("reveals"), gettext_noop("rows exported")),
    *(gettext_noop("rows sent"), gettext_noop("holders"), gettext_noop("needed")),
    *(gettext_noop("id"), gettext_noop("name"), gettext_noop("role")),
    *(gettext_noop("team"), gettext_noop("passkey"), gettext_noop("state")),
    *(gettext_noop("kind"), gettext_noop("public key"), gettext_noop("class")),
    *(gettext_noop("set by"), gettext_noop("default"), gettext_noop("last used")),
    *(gettext_noop("reach"),),
)
_KNOWN: Final = frozenset(_WORDS)


def word_of(code: str) -> str:
    """Write a code in the reader's language; one that is not known as it is."""
    plain = code.replace("_", " ").replace("-", " ")
    return gettext(plain) if plain in _KNOWN else plain


def rights_of(codes: Iterable[str]) -> str:
    """Write rights in a row."""
    return ", ".join(map(word_of, codes))


def signer_of(text: str) -> str:
    """Write who signed, and what the signature says: `name (decision)`."""
    name, _, decision = text.rpartition(" (")
    return f"{name} ({word_of(decision[:-1])})" if name else text
