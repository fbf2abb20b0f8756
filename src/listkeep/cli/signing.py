"""Show what is to be signed, sign exactly that, and say what is still missing.

What is shown comes from the bytes that are signed; the keeper's words are used for
names only. The digest is computed here, over the bytes that were shown.
"""

import base64
import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from listkeep.core.canonical import parse
from listkeep.core.errors import Code, VerificationError
from listkeep.core.grants import Action, Decision, Terms, format_time
from listkeep.core.registry.words import six_words
from listkeep.wire import messages as m

from .home import Instance
from .output import WrongUsage, ask, format_facts, hint, is_interactive, note
from .sessions import StoredSession

if TYPE_CHECKING:
    from listkeep.drill.people import SoftwarePerson
    from listkeep.wire.keeper import KeeperClient

_DEMO = "demo"
_LONGEST_LIST_OF_TOKENS = 10


class KeyKind(StrEnum):
    """Where a person's passkey is."""

    SOFTWARE = "software"
    HARDWARE = "hardware"


class Passkey(Protocol):
    """What signs a decision for its person."""

    def sign_request(self, *, keeper: str, request: str, decision: str) -> m.Assertion:
        """Sign a decision on the terms with this digest."""


def choose_passkey(
    instance: Instance, session: StoredSession, kind: KeyKind | None = None
) -> Passkey:
    """Take the passkey that was asked for, or whichever the person has.

    Raises:
        UnavailableError: The person has none of that kind here.
    """
    has_file = (instance.people / f"{session.name}.json").exists()
    if kind is KeyKind.SOFTWARE or (kind is None and has_file):
        return load_passkey(instance, session.name)
    # USB libraries cost more time than most commands take.
    from .hardware import load_hardware  # noqa: PLC0415

    return load_hardware(instance, session.keeper)


def load_passkey(instance: Instance, name: str) -> "SoftwarePerson":
    """Load a person's passkey, saying what kind it is.

    Raises:
        UnavailableError: The person has none here.
    """
    from listkeep.drill.people import SoftwarePerson  # noqa: PLC0415

    person = SoftwarePerson.load(instance.people, name)
    note(f"signing with a software passkey: this instance is a {_DEMO}")
    return person


def read_terms(instance: Instance, view: m.RequestView) -> Terms:
    """Read the exact terms, and check that they are of this keeper and this request.

    Raises:
        VerificationError: The keeper shows one request under the name of another.
    """
    terms = Terms.parse(view.terms)
    body = hashlib.sha256(view.terms).digest()
    name = f"r_{base64.b32encode(body).decode().lower()[:12]}"
    if terms.keeper != instance.config.keeper or name != view.id:
        raise VerificationError(
            "the terms are not those of this request",
            code=Code.PROOF_INVALID,
            hint="do not sign; tell the people who run the keeper",
        )
    if terms.action is Action.POLICY_SET:
        text = hashlib.sha256(view.policy.encode()).hexdigest()
        if text != terms.subject_fields().get("sha256"):
            raise VerificationError(
                "the policy text is not the one in these terms",
                code=Code.PROOF_INVALID,
                hint="do not sign; tell the people who run the keeper",
            )
    return terms


def show_terms(view: m.RequestView, terms: Terms) -> None:
    """Show people what they are about to sign."""
    note(f"request {view.id}: {terms.action.value} ({view.state})")
    for line in format_facts(describe_terms(view, terms)):
        note(f"  {line}")
    for line in view.policy.splitlines():
        note(f"  | {line}".rstrip())


def describe_terms(view: m.RequestView, terms: Terms) -> dict[str, Any]:
    """Put terms into words: the signed values, with the keeper's names for ids."""
    names = view.facts
    facts: dict[str, Any] = {
        "tenant": _named(names.get("tenant", ""), terms.tenant),
        "list": _named(names.get("list", ""), terms.list),
        "rows": _rows(terms),
        "tokens": _tokens(terms),
        "for": _recipient(names, terms),
        "by": _named(names.get("route", ""), terms.recipient)
        if terms.action is Action.SEND
        else "",
        **_send(terms),
        "new": names.get("new", "").splitlines(),
        "last like it": names.get("last like it", ""),
        "changed": names.get("changed", "").splitlines(),
        "about": _subject(terms, names.get("person", "")),
        "words": _words(terms),
        "purpose": terms.purpose,
        "valid": f"{format_time(terms.not_before)} until {format_time(terms.expires)}",
        "signed by": list(view.signed_by),
        "missing": list(view.missing),
    }
    return {name: value for name, value in facts.items() if value not in ("", [], [""])}


def confirm(terms: Terms, decision: Decision, *, yes: bool, rows: int | None) -> None:
    """Have the person agree; approving an export or send takes its row count typed.

    Raises:
        WrongUsage: Nobody is there to answer, or the count is another.
    """
    if decision is Decision.APPROVE and terms.action in _COUNTED:
        _confirm_rows(terms, rows)
        if rows is not None and not yes:
            _confirm(decision)
        return
    if not yes:
        _confirm(decision)


def sign(
    instance: Instance,
    keeper: "KeeperClient",
    view: m.RequestView,
    *,
    passkey: Passkey,
    decision: Decision,
) -> m.RequestView:
    """Sign a decision on the bytes of a request and hand it in."""
    read_terms(instance, view)
    assertion = passkey.sign_request(
        keeper=instance.config.keeper,
        request=hashlib.sha256(view.terms).hexdigest(),
        decision=decision.value,
    )
    return keeper.submit_statement(
        m.SubmitStatement(request=view.id, assertion=assertion)
    )


def say_what_is_next(view: m.RequestView) -> None:
    """Say how far a request has come, and what the next person does."""
    if view.state == "done":
        note(f"request {view.id} is done")
        return
    state = "a draft" if view.state == "draft" else view.state
    note(f"request {view.id} is {state}")
    if view.state in ("denied", "expired"):
        return
    if not view.signed_by:
        hint(f"read it and sign it with `listkeep sign {view.id}`")
        return
    for missing in view.missing:
        note(f"still missing: {missing}")
    if view.missing:
        hint(f"whoever approves runs `listkeep approve {view.id} --as NAME`")
        return
    command = _COMMANDS.get(Action(view.facts.get("action", "")))
    if command:
        hint(f"go on with `{command.format(view.id)}`")


def describe_view(view: m.RequestView, terms: Terms) -> dict[str, Any]:
    """Describe a request to software."""
    return {
        "id": view.id,
        "action": terms.action.value,
        "state": view.state,
        "tenant": terms.tenant,
        "list": terms.list,
        "selection": terms.selection,
        "rows": terms.cap,
        "purpose": terms.purpose,
        "recipient": terms.recipient,
        "subject": terms.subject,
        "not_before": format_time(terms.not_before),
        "expires": format_time(terms.expires),
        "sha256": hashlib.sha256(view.terms).hexdigest(),
        "signed_by": list(view.signed_by),
        "missing": list(view.missing),
        "facts": dict(view.facts),
    }


_COMMANDS = {
    Action.REVEAL: "listkeep reveal {0}",
    Action.EXPORT: "listkeep export {0} --output FILE.age",
    Action.IMPORT: "listkeep import LIST FILE --request {0}",
    Action.SUPPRESS: "listkeep suppress LIST TOKEN… --request {0}",
    Action.LIST_RESTORE: "listkeep restore LIST --to TIME --request {0}",
    Action.ENTRY_ERASE: "listkeep erase --token TOKEN --request {0}",
}


_COUNTED = frozenset({Action.EXPORT, Action.SEND})


def _confirm_rows(terms: Terms, rows: int | None) -> None:
    if rows is None:
        _require_somebody("add --rows with the number of rows, after reading the terms")
        typed = ask(f"type the number of rows that may leave ({terms.cap:,} at most):")
        rows = int(typed) if typed.isascii() and typed.isdigit() else -1
    if rows != terms.cap:
        raise WrongUsage(
            "this is not the number of rows in the terms; nothing was signed",
            hint="read the terms again with `listkeep request show`",
        )


def _confirm(decision: Decision) -> None:
    _require_somebody("add --yes, after reading the terms")
    if ask(f"{decision.value} this? type yes:").lower() not in ("y", "yes"):
        raise WrongUsage("nothing was signed")


def _require_somebody(advice: str) -> None:
    if not is_interactive():
        raise WrongUsage("nobody is there to confirm this", hint=advice)


def _named(name: str, identity: str) -> str:
    return f"{name} ({identity})" if name and identity else name or identity


def _rows(terms: Terms) -> str:
    if not terms.cap:
        return ""
    if terms.action in _COUNTED:
        return f"at most {terms.cap:,} of: {terms.selection}"
    return f"at most {terms.cap:,}"


def _send(terms: Terms) -> dict[str, Any]:
    """Spell out what a send says of its mail, from the signed terms."""
    if terms.action is not Action.SEND:
        return {}
    subject = dict(terms.subject_fields())
    pace = subject["pace"]
    return {
        "kind": subject["kind"],
        "mail is from": subject["from"],
        "answers go to": subject["reply_to"],
        "subject line": subject["title"],
        "links": subject["links"].split(),
        "tracking": subject["tracking"].split(),
        "fields": subject["fields"].split(),
        "template": subject["templates"].split(),
        "triggers": subject.get("triggers", "").split(),
        "pace": f"{pace} messages an hour at most" if pace != "0" else "",
    }


def _tokens(terms: Terms) -> list[str]:
    if terms.action is not Action.REVEAL:
        return []
    return terms.selection.split()[:_LONGEST_LIST_OF_TOKENS]


def _recipient(names: dict[str, str], terms: Terms) -> str:
    if terms.action is Action.SEND:
        return ""
    if terms.action is Action.REVEAL:
        return f"the device with key {terms.recipient}"
    return _named(names.get("recipient", ""), terms.recipient)


def _words(terms: Terms) -> str:
    """Say the words of new passkeys, or those a custodian heard."""
    if terms.action is Action.IMPORT or not terms.subject:
        return ""
    subject = terms.subject_fields()
    return six_words(subject["keys"]) if "keys" in subject else subject.get("words", "")


def _subject(terms: Terms, person: str) -> str:
    """Say what an authority change is about, down to the owners a tenant gets."""
    if not terms.subject:
        return ""
    subject = dict(terms.subject_fields())
    if terms.action is Action.SEND:
        return ""
    owners = [
        parse(subject.pop(name).encode())
        for name in ("owner_1", "owner_2")
        if subject.get(name)
    ]
    if terms.action is Action.IMPORT:
        return f"the file with SHA-256 {subject['sha256']}"
    if terms.action is Action.ENTRY_ERASE:
        stays = "a mark stays" if subject["keep"] == "yes" else "no mark stays"
        return f"one person, in every list; {stays}"
    if terms.action is Action.POLICY_SET:
        return f"the policy text with SHA-256 {subject['sha256']}"
    words = [person] if person else []
    words += [subject[key] for key in _TOLD if subject.get(key)]
    words += [f"with owner {owner['name']} ({owner['id']})" for owner in owners]
    return " ".join(words)


_TOLD = (
    *("kind", "role", "name", "team", "id", "classes", "public_key", "reason"),
    *("recovery", "moment", "host", "port", "tls", "sources", "mail_domain"),
    *("token_domain", "selector", "algorithms"),
)
