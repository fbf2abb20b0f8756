"""A request in words: what the terms say, with the registry's names beside their ids.

Each value that stands in the terms says under which name, so that the page can hold
what it shows against the bytes it asks to be signed.
"""

from dataclasses import dataclass
from typing import Final

from listkeep.core.grants import Action, Decision, Terms, parse_time
from listkeep.core.registry.facts import Person, RequestFacts
from listkeep.core.registry.state import Registry
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.decisions.descriptions import describe_route, name_of

from .answers import show_time
from .consents import OWN_SUPPORT, say_consent, say_people

SAID: Final = {
    Decision.REQUEST: "asked",
    Decision.APPROVE: "approved",
    Decision.DENY: "denied",
}
_TITLES: Final = {
    Action.EXPORT: "A copy of {list}",
    Action.SEND: "Mail to {list}",
    Action.ROUTE_ADD: "Enrol a way out for mail",
    Action.ROUTE_REVOKE: "End a way out for mail",
    Action.DOMAIN_ADD: "Let mail be from another domain",
    Action.DOMAIN_REVOKE: "Let no mail be from a domain any more",
    Action.REVEAL: "See addresses of {list}",
    Action.IMPORT: "Add rows to {list}",
    Action.SUPPRESS: "Suppress entries of {list}",
    Action.LIST_RESTORE: "Take {list} back to an earlier time",
    Action.ENTRY_ERASE: "Erase one person from every list",
    Action.FREEZE: "Freeze releases",
    Action.UNFREEZE: "Lift a freeze",
    Action.PERSON_CONFIRM: "Confirm a person's passkeys",
    Action.PASSKEY_ADD: "Another passkey",
    Action.PASSKEY_REPLACE: "Other passkeys after a loss",
    Action.RECOVERY_CHOOSE: "Who may help after a loss",
    Action.KEYS_BACKUP: "Copy all keys for their holders",
    Action.CONSENT_GIVE: "Let support look",
    Action.CONSENT_WITHDRAW: "Let support look no more",
    Action.KEYS_RENEW: "Renew the key of a list",
    Action.LIST_SHRED: "Destroy a list for good",
    Action.INDEX_KEY_RENEW: "Give new entries tokens under a new key",
    Action.TENANT_CLOSE: "Close the tenant, and destroy all its lists for good",
}
_FOLLOWS: Final = {
    Action.TENANT_ADD: "Its owners do everything but reveal and export, until two "
    "custodians have heard the six words of their passkeys.",
    Action.PERSON_ADD: "Sign only if the person read these six words aloud to you, or "
    "to somebody you trust. Whoever holds these passkeys is this person from then on.",
    Action.PERSON_CONFIRM: "From then on {who}, and whoever {who} brought in, reveals "
    "and exports. Sign only if you heard these six words from {who} yourself, over "
    "the channel the contract names.",
    Action.PASSKEY_ADD: "From then on {who} signs with these as well. Sign only if "
    "{who} knows of it and reads the same six words.",
    Action.PASSKEY_REPLACE: "24 hours after the last approval every passkey {who} has "
    "now stops, with its sessions and signatures. Until then the old passkey, and "
    "every owner or custodian of the same side, can deny it. For another 72 hours "
    "{who} releases and approves nothing. Sign only if {who} read these six words "
    "aloud to you.",
    Action.RECOVERY_CHOOSE: "After a loss two of these people, and nobody else, ask "
    "for and approve other passkeys for {who}.",
    Action.KEYS_BACKUP: "Whoever brings together as many shares as are needed, and has "
    "a copy of the rows, opens every list of every tenant as it was then. Sign only if "
    "you know each holder, and each read you the end of their key.",
    Action.SEND: "Whoever these rows stand for gets this mail. What is typed into a "
    "template's slots is not shown here: its digest stands for the rest of it. The "
    "dock's pages show its text under that digest, and listkeep template check prints "
    "the digest of a file.",
    Action.ROUTE_ADD: "No tenant's mail takes it before an owner of that tenant has "
    "approved a send by it.",
    Action.ROUTE_REVOKE: "Sends that go by it end at once, for good.",
    Action.DOMAIN_ADD: "The keeper makes its keys. Mail is believed once the public "
    "halves stand in the DNS; `listkeep domain show` prints the records.",
    Action.DOMAIN_REVOKE: "Its keys are destroyed. If it has no others, sends from "
    "this domain end at once, for good.",
    Action.CONSENT_GIVE: "From then on they see tokens, facets and counts of the "
    "tenant's lists, and whether an address is in one. They open, change and take "
    "nothing. Each look is recorded, and every owner ends it at once.",
    Action.LIST_RESTORE: "Entries become what they were then, or go if they came "
    "later. Who was unsubscribed, bounced, complained or erased since stays so.",
    Action.ENTRY_ERASE: "The entry, and everything it was before, is removed from "
    "every list of the tenant. This cannot be taken back.",
    Action.KEYS_RENEW: "Rows are sealed under a new key while work goes on. A day "
    "later at the earliest the old one is destroyed, and no old copy of a row opens.",
    Action.INDEX_KEY_RENEW: "Whoever is new in a list of the tenant from then on gets "
    "a token under a new key. Everybody else keeps the one there is, and the older key "
    "stays for it. This cannot be taken back.",
    Action.LIST_SHRED: "Its keys are destroyed. Nothing of it opens again, in no "
    "backup and for nobody. {copies} This cannot be taken back.",
    Action.TENANT_CLOSE: "Every list of the tenant is destroyed with its keys, and its "
    "people, services and recipients are out. Seven days pass after the last "
    "signature; until then every owner can deny it. {copies} Then this cannot be taken "
    "back.",
    Action.CONSENT_WITHDRAW: "It ends the moment you sign, also for who is signed in.",
}
_LABELS: Final = {  # of a send
    "from": "mail is from",
    "reply_to": "answers go to",
    "title": "subject line",
    "links": "links lead to",
    "tracking": "who learns of the reader",
    "fields": "sealed fields filled in",
    "pace": "messages an hour at most",
    "mail_domain": "mail comes back to",
    "triggers": "set off by",
}
_ABOUT_SUPPORT: Final = (Action.CONSENT_GIVE, Action.CONSENT_WITHDRAW)
_VERBS: Final = {"add": "Add a {}", "revoke": "Remove a {}"}
_TECHNICAL: Final = frozenset({"proof"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: a label, what is shown, and where in the terms it stands."""

    label: str
    text: str
    term: str = ""  # a field of the terms, or of their subject as "subject.field"
    kind: str = "text"  # or count, time, words: how the page reads it back
    name: str = ""  # the registry's word for an id


def title_of(registry: Registry, terms: Terms) -> str:
    """Say in a few words what is asked for."""
    found = registry.lists.get(terms.list)
    title = _TITLES.get(terms.action)
    if title is not None:
        return title.format(list=found.name if found else "a list that is gone")
    noun, _, verb = terms.action.value.partition(".")
    return _VERBS.get(verb, "{}: " + verb).format(noun)


def facts_of(registry: Registry, terms: Terms) -> list[Fact]:
    """List what the terms say, in the order somebody asks."""
    found = registry.lists.get(terms.list)
    tenant = registry.tenants.get(terms.tenant)
    recipient = registry.recipients.get(terms.recipient)
    goes_to = recipient.name if recipient else describe_route(registry, terms.recipient)
    is_release = terms.action in (Action.EXPORT, Action.REVEAL)
    is_consent = terms.action in _ABOUT_SUPPORT
    facts = [
        Fact("why", terms.purpose, "purpose"),
        Fact("list", terms.list, "list", name=found.name if found else ""),
        Fact("rows", f"{terms.cap:,}" if terms.cap else "", "cap", "count"),
        Fact("which", terms.selection, "selection"),
        Fact(
            "by" if terms.action is Action.SEND else "to",
            terms.recipient,
            "recipient",
            name=goes_to,
        ),
        *(_consent(registry, terms) or _subject(registry, terms)),
        Fact(
            "tenant",
            terms.tenant,
            "tenant",
            name=tenant.name if tenant else "the operator",
        ),
        Fact(
            "to be signed until" if is_consent else "until",
            show_time(terms.expires),
            "expires",
            "time",
        ),
        Fact("from", show_time(terms.not_before), "not_before", "time"),
        Fact("action", terms.action.value, "action"),
    ]
    if is_release and not terms.recipient:
        facts.insert(4, Fact("to", "this browser's screen, once"))
    return [fact for fact in facts if fact.text or fact.term == "tenant"]


def follows(registry: Registry, terms: Terms) -> str:
    """Say what comes of it, where a name and six words do not tell it."""
    about = registry.about(terms)
    return _FOLLOWS.get(terms.action, "").format(
        who=about.name if about else "", copies=_copies(registry)
    )


def _copies(registry: Registry) -> str:
    """Say until when a copy of the key store could still open what is destroyed."""
    until = max(registry.key_copies.values(), default=None)
    if until is None:
        return "No copy of the keys was made with Listkeep."
    return (
        f"Copies of the keys are kept until {show_time(until)}; till then those who "
        "hold one can open it together."
    )


def steps_of(registry: Registry, request: RequestFacts) -> list[dict[str, str]]:
    """Tell who signed, as what, and when."""
    return [
        {
            "who": name_of(registry, signed.person),
            "role": describe_role(registry.people.get(signed.person)),
            "said": SAID[Decision(signed.decision)],
            "at": show_time(signed.at),
        }
        for signed in request.signed
    ]


def describe_role(person: Person | None) -> str:
    """Say what somebody is."""
    return person.role.value if person else "has left"


def _subject(registry: Registry, terms: Terms) -> list[Fact]:
    if not terms.subject:
        return []
    subject = terms.subject_fields()
    about = registry.about(terms) or registry.find_list(subject.get("id", ""))
    known = {
        "id": about.name if about else "",
        "recovery": ", ".join(
            name_of(registry, name)
            for name in terms.subject_fields().get("recovery", "").split()
        ),
    }
    return [
        _keys(value)
        if name == "keys"
        else Fact(
            _label(terms, name),
            value,
            f"subject.{name}",
            name=known.get(name, ""),
        )
        for name, value in _in_order(terms)
        if value and name not in _TECHNICAL
    ]


def _in_order(terms: Terms) -> list[tuple[str, str]]:
    """List a subject; of a send, first what a reader would see of the mail."""
    fields = terms.subject_fields()
    if terms.action is not Action.SEND:
        return list(fields.items())
    if fields["pace"] == "0":  # no limit: nought an hour would say the opposite
        fields = {name: value for name, value in fields.items() if name != "pace"}
    order = [*_LABELS, *fields]
    return sorted(fields.items(), key=lambda field: order.index(field[0]))


def _label(terms: Terms, name: str) -> str:
    label = _LABELS.get(name, "") if terms.action is Action.SEND else ""
    return label or name.replace("_", " ")


def _consent(registry: Registry, terms: Terms) -> list[Fact]:
    """Say who may look and until when, or what ends."""
    if terms.action not in _ABOUT_SUPPORT:
        return []
    subject = terms.subject_fields()
    known = registry.consents.get(subject["id"])
    ends = say_consent(registry, known) if known else ""
    if terms.action is Action.CONSENT_WITHDRAW:
        return [Fact("what ends", subject["id"], "subject.id", name=ends)]
    people = subject["people"].split()
    who = [
        Fact(
            "who may look",
            subject["people"],
            "subject.people",
            name=say_people(registry, people),
        )
    ]
    return [
        *(who if people else [Fact("who may look", OWN_SUPPORT)]),
        Fact(
            "may look until",
            show_time(parse_time(subject["until"])),
            "subject.until",
            "time",
        ),
        Fact("consent", subject["id"], "subject.id"),
    ]


def _keys(line: str) -> Fact:
    """Show passkeys by the words people compare; the page works them out again."""
    return Fact("six words", six_words(line), "subject.keys", "words")
