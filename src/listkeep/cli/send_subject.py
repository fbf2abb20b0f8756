"""What a person signs of a send, beside its list, cap and window."""

from typing import Any

from listkeep.core.registry.mail_names import format_words
from listkeep.core.registry.sending import SendKind


def write_subject(
    templates: list[Any], *, pace: int, triggers: list[str]
) -> dict[str, str]:
    """Say of templates what people sign beside their digests: the subject of a send."""
    from listkeep.core.mail import declare  # noqa: PLC0415 - starts fast

    said = declare(templates)
    kind = SendKind.STANDING if triggers else SendKind.CAMPAIGN
    subject = {
        "kind": kind.value,
        "templates": format_words(each.digest for each in templates),
        "from": said.sender,
        "reply_to": said.reply_to,
        "title": said.title,
        "links": format_words(said.links),
        "tracking": format_words(said.tracking),
        "fields": format_words(said.fields),
        "pace": str(pace),
    }
    return {**subject, "triggers": format_words(triggers)} if triggers else subject
