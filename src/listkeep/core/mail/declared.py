"""What the terms of a send say of its templates, and whether a template keeps to it.

Who signs reads sender, subject line and link domains in the terms, and a digest that
says nothing to the eye. So whoever takes a template for a send holds it against the
terms: otherwise a requester could write harmless domains beside the digest of a phish.
"""

from dataclasses import dataclass

from .headers import Mailbox
from .slots import Kind
from .slots import headline as write_headline
from .template import Template

_BETWEEN_TITLES = " / "  # as registry.send_subjects writes it


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What is said of one template or several, each part in its one spelling."""

    sender: str
    reply_to: str
    title: str
    links: tuple[str, ...]
    tracking: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The title for people who look, its slots by what stands for them."""
        return write_headline(self.title)


def declare(template: Template) -> Declared:
    """Say of a template what the terms of a send say of theirs."""
    sealed = (s.name for s in template.slots.values() if s.kind is Kind.SEALED)
    return Declared(
        sender=format_mailbox(template.sender),
        reply_to=format_mailbox(template.reply_to),
        title=template.subject_text,
        links=template.link_domains,
        tracking=template.tracking_domains,
        fields=tuple(sorted(sealed)),
    )


def find_undeclared(template: Template, declared: Declared) -> list[str]:
    """List what a template has that the terms do not say, in words; empty if nothing.

    Its subject line is one of those that stand in the title: several templates of a
    standing send have theirs there, one behind the other.
    """
    part, found = declare(template), []
    if part.sender != declared.sender:
        found.append("another sender")
    if part.reply_to != declared.reply_to:
        found.append("another reply address")
    titles = f"{_BETWEEN_TITLES}{declared.title}{_BETWEEN_TITLES}"
    if f"{_BETWEEN_TITLES}{part.title}{_BETWEEN_TITLES}" not in titles:
        found.append("another subject line")
    for what, mine, said in (
        ("links to", part.links, declared.links),
        ("readers are told to", part.tracking, declared.tracking),
        ("the sealed field", part.fields, declared.fields),
    ):
        found += [f"{what} {name}" for name in mine if name not in said]
    return found


def format_mailbox(mailbox: Mailbox | None) -> str:
    """Write a mailbox as terms do: ``Name <name@domain>``, or the address alone."""
    if mailbox is None:
        return ""
    named = f"{mailbox.name} <{mailbox.address}>"
    return named if mailbox.name else mailbox.address
