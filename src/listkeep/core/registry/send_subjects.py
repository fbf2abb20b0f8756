"""Write what people sign of a send beside its list, cap and window: its subject.

Console and command line say it of the same templates, of which they know different
things, and ``sending.parse_send`` reads it. The dock holds each template against it
(``mail.find_undeclared``) and takes no other.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from listkeep.core.errors import Code, MalformedError

from .mail_names import format_words
from .sending import SendKind

_BETWEEN_TITLES = " / "  # as core/mail reads it, which the registry does not load


class Said(Protocol):
    """What one template says of itself, each part in its one spelling."""

    @property
    def sender(self) -> str:
        """From."""

    @property
    def reply_to(self) -> str:
        """Reply-To, or nothing."""

    @property
    def title(self) -> str:
        """Its subject line."""

    @property
    def links(self) -> Sequence[str]:
        """Domains its links lead to."""

    @property
    def tracking(self) -> Sequence[str]:
        """Domains that learn of its readers."""

    @property
    def fields(self) -> Sequence[str]:
        """Sealed fields that are filled in."""


def write_send_subject(
    templates: Mapping[str, Said], *, pace: int, triggers: Sequence[str] = ()
) -> dict[str, str]:
    """Say of templates, by their digests, what people sign; triggers make it standing.

    The keeper adds the route's domain of return addresses.

    Raises:
        MalformedError: They are from different senders, or there is none.
    """
    said = list(templates.values())
    if len({(each.sender, each.reply_to) for each in said}) != 1:
        raise MalformedError(
            "the templates of one send have one sender and one reply address",
            code=Code.TEMPLATE_INVALID,
            hint="ask for a send of its own for each sender",
        )
    kind = SendKind.STANDING if triggers else SendKind.CAMPAIGN
    subject = {
        "kind": kind.value,
        "templates": format_words(templates),
        "from": said[0].sender,
        "reply_to": said[0].reply_to,
        "title": _BETWEEN_TITLES.join(dict.fromkeys(each.title for each in said)),
        "links": format_words(name for each in said for name in each.links),
        "tracking": format_words(name for each in said for name in each.tracking),
        "fields": format_words(name for each in said for name in each.fields),
        "pace": str(pace),
    }
    return {**subject, "triggers": format_words(triggers)} if triggers else subject
